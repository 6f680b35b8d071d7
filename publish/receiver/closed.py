"""Closed sites: `www/closed/<site>` is there as long as the web server answers 503 for that site.

Independent of releases, and of the inside: `zhanqun receive --close SITE` and `--open SITE` in the DMZ. The markers
survive every publish and rollback.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

from cluster.errors import TargetError

FOLDER = "closed"
_ASIDE = ".tmp-"
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


def close_site(www: Path, site: str, at: datetime) -> bool:
    """Closes a site; says whether it was open. Raises: TargetError, also when there is no such site."""
    _refuse_strange(www, site)
    if not (www / "current" / site).is_dir():
        raise _no_such_site(www, site)
    marker = www / FOLDER / site
    if marker.exists():
        return False
    try:
        _make_folder(marker.parent)
        aside = marker.with_name(f"{_ASIDE}{site}")
        aside.write_text(f"{at.isoformat()}\n", "utf-8")
        aside.chmod(0o644)
        aside.replace(marker)
        _sync_folder(marker.parent)
    except OSError as error:
        raise _cannot_write(marker, error) from error
    return True


def open_site(www: Path, site: str) -> bool:
    """Opens a site again; says whether it was closed. Raises: TargetError."""
    _refuse_strange(www, site)
    marker = www / FOLDER / site
    try:
        marker.unlink()
        _sync_folder(marker.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _cannot_write(marker, error) from error
    return True


def closed_sites(www: Path) -> tuple[str, ...]:
    """The names of the closed sites, sorted."""
    try:
        return tuple(sorted(path.name for path in (www / FOLDER).iterdir() if _SITE.fullmatch(path.name)))
    except FileNotFoundError:
        return ()


def _refuse_strange(www: Path, site: str) -> None:
    if not (www / "format").is_file():
        raise _no_target(www)
    if _SITE.fullmatch(site) is None:
        raise _no_such_site(www, site)


def _make_folder(folder: Path) -> None:
    """A folder that the web server may look into, whatever the umask is."""
    if not folder.is_dir():
        aside = folder.with_name(f"{_ASIDE}{folder.name}")  # the guard must not see it with another mode
        aside.mkdir(exist_ok=True)
        aside.chmod(0o755)
        aside.replace(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_target(www: Path) -> TargetError:
    return TargetError(
        f"{www}: nothing has been published here. Name the web root with --www.",
        f"{www}：这里没有发布过任何内容。请用 --www 指定网站根目录。",
    )


def _no_such_site(www: Path, site: str) -> TargetError:
    try:
        names = sorted(path.name for path in (www / "current").iterdir() if path.is_dir())
    except OSError:
        names = []
    return TargetError(
        f"{site!r}: no such site here. There are: {' '.join(names) or '-'}.",
        f"{site!r}：没有这个站点。现有站点：{' '.join(names) or '-'}。",
    )


def _cannot_write(marker: Path, error: OSError) -> TargetError:
    return TargetError(
        f"{marker}: {error.strerror or error}. Run this as the owner of the web root.",
        f"{marker}：{error.strerror or error}。请以网站根目录的所有者身份运行。",
    )
