"""Importing again: the items that are new or other than what the content holds, each where it lies now.

- An item is known by its id, wherever in `content/` it was moved to; it is never made twice.
- Where the rules put an item, a changed date moves it; where a person put it, only its year folder follows.
  Its old address leads to the new one.
- The rules make their own fields and the body. All other fields are the city's and stay.

Pure: a `Source` is read and `Changes` come out. Called by the command line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cluster import item as item_file
from cluster.clock import parse_date
from cluster.content_type import is_site_path
from cluster.frontmatter import Value
from cluster.importers.markdown import ImportedItem, item_place
from cluster.importers.rules import Rules
from cluster.item import Document
from cluster.source import Source
from cluster.validation import Place, find_place
from cluster.writing import Changes

_REDIRECTS = "redirect_from"
_YEAR_FOLDER = re.compile(r"/[0-9]{4}(?=/[^/]+$)")
# A field `id` in any of YAML's forms, so that only files worth it are parsed.
_ID = re.compile(rb"\bid[\"']?[ \t]*:[ \t]*[\"']?([^\s\"',}]+)")


@dataclass(frozen=True, slots=True)
class _Known:
    """An item of the content that has an id of the import."""

    path: str
    document: Document


def update_items(source: Source, place: str, items: Iterable[ImportedItem], rules: Rules) -> Changes:
    """What changes when the items, made by `rules` for the column `place` (`congress/fagui/falv`), come in."""
    items = tuple(items)
    taken = {entry.path for entry in source.entries()}
    known = _known_items(source, {item.id: f"content/{item.path}" for item in items})
    changes: dict[str, bytes | None] = {}
    for item in items:
        before = known.get(item.id)
        if before is None:
            changes[f"content/{item.path}"] = item.data
        else:
            changes.update(_update(item, before, _new_path(item, before, place, rules, taken), rules))
    return changes


def _known_items(source: Source, wanted: Mapping[str, str]) -> dict[str, _Known]:
    """The content's items by id; of several with one id the one where the import puts it, else the first by path."""
    known: dict[str, _Known] = {}
    for entry in source.entries():
        if not (entry.path.startswith("content/") and entry.path.endswith(".md") and entry.is_regular):
            continue
        data = source.read(entry)
        if not any(found.decode("utf-8", "replace") in wanted for found in _ID.findall(data)):
            continue
        document, _ = item_file.read(entry.path, data)
        id = document.front.values.get("id", "") if document else ""
        if document and isinstance(id, str) and id in wanted and (id not in known or wanted[id] == entry.path):
            known[id] = _Known(entry.path, document)
    return known


def _new_path(item: ImportedItem, before: _Known, place: str, rules: Rules, taken: Collection[str]) -> str:
    """Where the item goes; it stays where it is when another item is in the way."""
    wanted = f"content/{item.path}"
    if before.path != f"content/{item_place(place, item.source, _date(before.document), rules)}":
        # A person moved it: the folder and the name are theirs.
        year = _YEAR_FOLDER.search(wanted)
        wanted = _YEAR_FOLDER.sub(year[0], before.path) if year else before.path
    return before.path if wanted in taken else wanted


def _date(document: Document) -> str:
    value = document.front.values.get("date", "")
    try:
        parse_date(value if isinstance(value, str) else "")
    except ValueError:
        return "0001-01-01"
    return str(value)


def _update(item: ImportedItem, before: _Known, path: str, rules: Rules) -> Changes:
    """The item's file with what the rules made and what the city added; nothing when that is what is there."""
    made = {field.name for field in rules.fields}
    kept = {name: value for name, value in before.document.front.values.items() if name not in made}
    redirects = _redirects(before, item, path)
    data = item_file.rewrite(item.data, {**kept, _REDIRECTS: redirects} if redirects else kept)
    document, _ = item_file.read(path, data)
    if path == before.path and document is not None and _says_the_same(document, before.document):
        return {}
    return {before.path: None, path: data}


def _says_the_same(one: Document, other: Document) -> bool:
    return one.front.values == other.front.values and one.body.strip("\n") == other.body.strip("\n")


def _redirects(before: _Known, item: ImportedItem, path: str) -> list[Value]:
    """The old addresses of the item: those it had, those the rules give, and the one it leaves."""
    made, _ = item_file.read(path, item.data)
    old = [] if path == before.path else [_url(before.path)]
    rows = [*_rows(before.document), *(_rows(made) if made else ()), *old]
    return [row for row in dict.fromkeys(rows) if row not in ("", _url(path))]


def _rows(document: Document) -> list[str]:
    value = document.front.values.get(_REDIRECTS)
    rows = value if isinstance(value, list) else [value] if value else []
    return [row for row in rows if isinstance(row, str)]


def _url(path: str) -> str:
    """The item's URL path, empty for a file that never had a page."""
    place = find_place(path)
    return place.url if isinstance(place, Place) and is_site_path(place.url) else ""
