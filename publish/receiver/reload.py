"""Redirect maps for nginx, `www/nginx/redirects-<site>.map`, and the reload that makes nginx read them.

- Maps are made from each site's `_redirects` in the served tree and written only where that file changed.
- nginx asks a map only for what is no file of the live release (docs/formats.md "Redirects"): so maps may be written
  and loaded before the switch, while the old pages still stand in their places.
- `reload-due` stands beside the maps from before the first is written until nginx was reloaded: a run that was killed
  or a command that failed is made good by the next publish.
- A line that nginx could not take is left out: no content can keep nginx from starting.

Called by the receiver with its lock held.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from cluster.blobs import BlobStore
from cluster.errors import TargetError
from cluster.listings import Listings
from cluster.manifest import ASSETS
from publish.receiver.disk import no_step

FOLDER = "nginx"
DUE = "reload-due"
REDIRECTS = "_redirects"
GONE = "410"
HEADER = "# zhanqun-redirects 1"
_SITE_OF = re.compile(r"redirects-(.+)\.map")
_SLASHES = re.compile("/+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffd]")
# Without "$", which would name a variable of nginx.
_URL_SAFE = "/:?#[]@!&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class ReloadLimits:
    """Limits of nginx: bytes of a key in its hash table and of any word in a file; seconds that a reload may take."""

    key_bytes: int = 400
    word_bytes: int = 2000
    seconds: int = 30


LIMITS = ReloadLimits()


# ---- the text of a map ----------------------------------------------------------------------------------------------


def redirect_maps(text: str) -> str:
    """The lines of an nginx `map` over `$uri` for a site's `_redirects`: old path, then where it went or `410`.

    nginx looks words up without regard to case. Paths that differ in nothing else become regular expressions, as do
    those too long for its table.
    """
    table = dict(reversed(list(_pairs(text))))  # the first line of an old path wins
    folded: dict[str, int] = {}
    for old in table:
        folded[_folded(old)] = folded.get(_folded(old), 0) + 1
    lines = []
    for old, new in sorted(table.items()):
        is_word = folded[_folded(old)] == 1 and len(old.encode()) <= LIMITS.key_bytes
        lines.append(f"{_quoted(old if is_word else _pattern(old))} {_quoted(new)};\n")
    return "".join(lines)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        words = line.split(" ")
        if len(words) != 2:
            continue
        old = _SLASHES.sub("/", unquote(words[0], errors="replace"))  # as nginx has it in $uri
        new = GONE if words[1] == GONE else quote(words[1], safe=_URL_SAFE)
        if old.startswith("/") and new and not _CONTROL.search(old) and _fits(old, new):
            yield old, new


def _fits(old: str, new: str) -> bool:
    return max(len(_quoted(_pattern(old)).encode()), len(new)) <= LIMITS.word_bytes


def _pattern(path: str) -> str:
    return rf"~^{re.escape(path)}\z"


def _folded(path: str) -> str:
    """A path as nginx's hash tables have it: only A to Z become small."""
    return path.encode().lower().decode()


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ---- the files ------------------------------------------------------------------------------------------------------


def map_path(www: Path, site: str) -> Path:
    """Where a site's map lies."""
    return www / FOLDER / f"redirects-{site}.map"


def write_maps(www: Path, listings: Listings, served: str, at: Callable[[str], None] = no_step) -> bool:
    """Brings the maps up to the tree `served`, whose blobs are in `www`; says whether a reload is due (`is_due`).

    Raises: FormatError when a listing or a blob is missing or damaged; OSError.
    """
    wanted = _redirect_files(listings, served)
    stale = [path for path in _maps(www) if _SITE_OF.fullmatch(path.name)[1] not in wanted]  # type: ignore[index]  # so chosen
    new = {site: sha for site, sha in wanted.items() if _made_from(map_path(www, site)) != sha}
    if new or stale:
        _write(www / FOLDER / DUE, b"")
        at("reload-due")
        blobs = BlobStore(www / "blobs")
        for site, sha in new.items():
            text = redirect_maps(blobs.read(sha).decode("utf-8", "replace"))
            _write(map_path(www, site), f"{HEADER} {sha}\n{text}".encode())
            at("map")
        for path in stale:
            path.unlink()
            at("map-gone")
    return is_due(www)


def is_due(www: Path) -> bool:
    """Whether maps were written that nginx has not read, by this run or an earlier one."""
    return (www / FOLDER / DUE).exists()


def _redirect_files(listings: Listings, served: str) -> Mapping[str, str]:
    """The hash of each site's `_redirects`."""
    found = {}
    for site, id in listings.read(served).children:
        if site == ASSETS:
            continue
        entry = dict(listings.read(id, site).files).get(REDIRECTS)
        if entry is not None:
            found[site] = entry.raw
    return found


def _maps(www: Path) -> list[Path]:
    folder = www / FOLDER
    return sorted(path for path in folder.iterdir() if _SITE_OF.fullmatch(path.name)) if folder.is_dir() else []


def _made_from(path: Path) -> str:
    """The hash of the `_redirects` that a map was made from; empty when there is no whole map."""
    try:
        with path.open("rb") as file:
            line = file.readline(len(HEADER) + 70).decode("ascii", "replace")
    except FileNotFoundError:
        return ""
    return line.removeprefix(f"{HEADER} ").removesuffix("\n")


def _write(path: Path, data: bytes) -> None:
    """Puts a file in its place once its bytes are on the disk; nginx's user may read it whatever the umask is."""
    if not path.parent.is_dir():
        path.parent.mkdir()
        path.parent.chmod(0o755)
    aside = path.with_name(f".tmp-{path.name}")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.chmod(0o644)
    aside.replace(path)


# ---- the reload -----------------------------------------------------------------------------------------------------


def reload(www: Path, command: str) -> None:
    """Runs the configured reload command, such as `systemctl reload nginx`, without a shell, and notes that it is done.

    Raises: TargetError when it fails; what is live stays so, and the next publish tries again.
    """
    try:
        words = shlex.split(command)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMITS.seconds
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise _not_reloaded(command, str(error)) from error
    if done.returncode != 0:
        raise _not_reloaded(command, done.stderr.strip()[-500:] or f"exit code {done.returncode}")
    (www / FOLDER / DUE).unlink(missing_ok=True)


def _not_reloaded(command: str, why: str) -> TargetError:
    return TargetError(
        f"No page is concerned, but nginx has not read the new redirects: {command!r} failed: {why}. "
        "Look at `nginx -t`; the next publish tries again.",
        f"页面不受影响，但 nginx 尚未载入新的跳转规则：{command!r} 执行失败：{why}。"
        "请用 `nginx -t` 检查；下次发布会再试。",
    )
