"""Recipes: hashes of what a site's pages are made with beside its items, so that a change of it is noticed.

The *recipe* covers what any page may show: program, libraries, theme, addresses, columns, the other sites' names. The
*parts* are configuration that only few pages show (home page, topics, withdrawn addresses, lines for issues): when only
these differ, only those pages are looked at.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cluster.site import Cluster, Column, Site

_PROGRAM = Path(__file__).parent.parent
# What makes pages; the rest of `publish` carries them away, and an upgrade of it makes no page anew.
MAKERS = ("cluster", "plugins", "publish/build.py", "publish/pelican_run.py", "publish/recipe.py")
_LIBRARIES = (
    "pelican", "markdown", "jinja2", "nh3", "brotli", "babel", "feedgenerator", "pillow", "opencc-python-reimplemented",
)  # fmt: skip


@functools.lru_cache(maxsize=64)
def site_recipe(cluster: Cluster, key: str, theme: str) -> str:
    """A hash of everything but items and parts that a site's output follows from; `theme` is the theme's own."""
    site = cluster.sites[key]
    own = replace(site, home=(), topics={}, gone=(), columns=_without_lines(site))
    others = [
        (
            other.key,
            other.host,
            other.name,
            other.short_name,
            other.language,
            other.help,
            other.traditional,
            _titles(other),
        )
        for other in cluster.sites.values()
    ]
    shared = (cluster.name, cluster.domain, cluster.url, cluster.compress, cluster.types_fingerprint)
    if site.language == "en":
        shared += (cluster.glossary,)  # type: ignore[assignment]
    words = f"{loaded_program()}\0{theme}\0{own!r}\0{others!r}\0{shared!r}"
    return hashlib.sha256(words.encode()).hexdigest()


@functools.lru_cache(maxsize=64)
def site_parts(cluster: Cluster, key: str) -> Mapping[str, str]:
    """The hash of each part of a site's configuration that only few pages show."""
    site = cluster.sites[key]
    lines = [column.line for column in site.columns.values()]
    parts = {"home": repr(site.home), "gone": repr(site.gone), "lines": repr(lines)}
    parts |= {f"topic:{site.key}:{name}": repr(topic) for name, topic in site.topics.items()}
    return {name: hashlib.sha256(words.encode()).hexdigest()[:16] for name, words in parts.items()}


def _without_lines(site: Site) -> dict[str, Column]:
    return {path: replace(column, line=0) for path, column in site.columns.items()}


def _titles(site: Site) -> list[tuple[str, str, str]]:
    return [(column.path, column.title, column.counterpart) for column in site.columns.values()]


@functools.cache
def loaded_program() -> str:
    """A hash of the program and its libraries as this process runs them: an upgrade meanwhile does not change it.

    A process that lives long asks when it starts.
    """
    libraries = "".join(f"{library} {importlib.metadata.version(library)}\0" for library in _LIBRARIES)
    return libraries + _hash_of(_PROGRAM / maker for maker in MAKERS)


def theme_hash(theme: Path) -> str:
    """A hash of every file of a theme, read again when one of them was written since."""
    files = sorted(file for file in theme.rglob("*") if _is_source(file))
    stats = ((file, file.stat()) for file in files)
    return _hash_of_states(theme, tuple((file, stat.st_mtime_ns, stat.st_size, stat.st_ino) for file, stat in stats))


@functools.lru_cache(maxsize=4)
def _hash_of_states(theme: Path, _states: tuple[tuple[Path, int, int, int], ...]) -> str:
    return _hash_of([theme])


def _hash_of(places: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(file for file in (place, *place.rglob("*")) if _is_source(file)):
            digest.update(f"{file.relative_to(place)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _is_source(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"
