"""Removing an item for good: its file goes, its address answers 410, files that only it used go with it.

Pure: a `Source` is read and `Changes` come out. What is already in `gone.toml` stays byte for byte.
Called by `zhanqun rm` and the editor.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cluster import item as item_file
from cluster.content_type import is_site_path
from cluster.errors import ContentError
from cluster.moves import config_mentions, item_path, items_naming, read_entry, targets_of
from cluster.references import locate
from cluster.site import Cluster, Site
from cluster.source import Entry, Source
from cluster.validation import Place, find_place
from cluster.writing import Changes, toml_text


def remove_item(source: Source, cluster: Cluster, path: str, reason: str) -> Changes:
    """What removing the item at `path` (with or without `content/` and `.md`) for this reason changes.

    Raises:
        ContentError: there is no such item, no reason, or `gone.toml` cannot be added to.
    """
    _check_reason(reason)
    path = item_path(path)
    entries = {entry.path: entry for entry in source.entries()}
    data = read_entry(source, entries, path)
    companions = _companions(source, entries, cluster, path, data)
    return {**dict.fromkeys([path, *companions]), **_gone(source, entries, cluster, path, data, reason)}


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ContentError(
            "A removal needs a reason, which stays in gone.toml. Write --reason 'why it goes'.",
            "删除须写明理由，理由会留在 gone.toml 里。请写 --reason “为何删除”。",
        )


# ---- the address -------------------------------------------------------------------------------------------


def _gone(
    source: Source, entries: Mapping[str, Entry], cluster: Cluster, path: str, data: bytes, reason: str
) -> Changes:
    """The site's `gone.toml` with the item's addresses; nothing for a file that never had a page."""
    place = find_place(path)
    site = cluster.sites.get(place.site) if isinstance(place, Place) else None
    if site is None or not isinstance(place, Place):
        return {}
    config = f"sites/{site.key}/gone.toml"
    before = source.read(entries[config]) if config in entries else b"format = 1\n"
    rows = _new_rows(site, [place.url, *_old_addresses(path, data)])
    return {config: _appended(config, before, rows, reason)} if rows else {}


def _old_addresses(path: str, data: bytes) -> list[str]:
    """The addresses that led to the item until now, which would be dead links without a word."""
    document, _ = item_file.read(path, data)
    value = document.front.values.get("redirect_from") if document else None
    return [row for row in value if isinstance(row, str)] if isinstance(value, list) else []


def _new_rows(site: Site, urls: list[str]) -> list[str]:
    return [url for url in dict.fromkeys(urls) if url not in site.gone and is_site_path(url)]


def _appended(config: str, before: bytes, urls: list[str], reason: str) -> bytes:
    """The file with one `[[gone]]` row for each address after all that it holds."""
    words = toml_text(" ".join(reason.split()))
    rows = "".join(f"\n[[gone]]\npath = {toml_text(url)}\nreason = {words}\n" for url in urls)
    after = before + (b"" if before.endswith(b"\n") else b"\n") + rows.encode()
    if _gone_paths(after) != [*(_gone_paths(before) or []), *urls]:
        raise ContentError(
            f"{config} cannot be added to. Write its entries as [[gone]] tables and repeat.",
            f"{config} 无法追加。请把其中各条写成 [[gone]] 表后重试。",
        )
    return after


def _gone_paths(data: bytes) -> list[Any] | None:
    """The addresses in a `gone.toml`, None when it cannot be read."""
    try:
        rows = tomllib.loads(data.decode("utf-8")).get("gone", [])
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return [row.get("path") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None


# ---- files beside the item ---------------------------------------------------------------------------------


def _companions(source: Source, entries: Mapping[str, Entry], cluster: Cluster, path: str, data: bytes) -> list[str]:
    """The files in the item's folder that it names and that nothing else does."""
    named = _named_files(path, data, cluster) or frozenset()
    beside = {
        file
        for file in named
        if file in entries and posixpath.dirname(file) == posixpath.dirname(path) and not file.endswith(".md")
    }
    if beside:
        beside -= _used_elsewhere(source, entries, cluster, path, beside)
    return sorted(file for file in beside if not config_mentions(source, file))


def _used_elsewhere(
    source: Source, entries: Mapping[str, Entry], cluster: Cluster, path: str, files: set[str]
) -> set[str]:
    used: set[str] = set()
    words = _pattern(files)
    for other, data in items_naming(source, entries, words):
        if other != path:
            named = _named_files(other, data, cluster)
            # An item that cannot be read may name any of them: keep what it may need when it is mended.
            used |= files if named is None else files & named
    return used


def _pattern(files: set[str]) -> re.Pattern[bytes]:
    """Finds a file's name as written or with escapes, whose spelling cannot be foreseen."""
    names = [posixpath.basename(file) for file in files]
    words = [re.escape(name.encode()) for name in names]
    if any(quote(name) != name for name in names):
        words += [rb"%[0-9A-Fa-f]{2}", rb"&[#a-z]"]
    return re.compile(rb"|".join(words))


def _named_files(path: str, data: bytes, cluster: Cluster) -> frozenset[str] | None:
    """The paths that an item's links, pictures and fields lead to; None when its file cannot be read."""
    document, _ = item_file.read(path, data)
    if document is None:
        return None
    return frozenset(locate(target, path) for target in targets_of(document, cluster))
