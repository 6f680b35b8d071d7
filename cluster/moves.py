"""Moving an item within its site, so that its old address and everything that named it lead to the new place.

Invariants:
- Pure: a `Source` is read and `Changes` come out; what is refused raises before anything is made.
- Ids stay. In every file only the fields and link targets that named the item change; all other bytes stay.
- Files beside the item stay where they are; the moved item names them from the top of `content/`.
- Configuration is never rewritten: `config_mentions` tells where it names the item.

What an item's file names is found here, without rendering it: `cluster.edits` asks the same questions.
Called by `zhanqun mv` and the editor.
"""

from __future__ import annotations

import html
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cluster import item as item_file
from cluster.content_type import ContentType, is_site_path
from cluster.errors import ContentError
from cluster.frontmatter import Value
from cluster.issues import Issue
from cluster.item import Document
from cluster.references import cut, locate
from cluster.site import Cluster
from cluster.source import Entry, Source, config_files
from cluster.validation import Place, find_place, item_key, read_item
from cluster.writing import Changes

Rename = Callable[[str], str]


# ---- moving ------------------------------------------------------------------------------------------------


def move_item(source: Source, cluster: Cluster, old: str, new: str) -> Changes:
    """What moving an item changes; `old` and `new` are paths with or without `content/` and `.md`.

    Raises:
        ContentError: there is no such item, the new place is taken or not allowed, or on another site.
    """
    entries = {entry.path: entry for entry in source.entries()}
    move = _plan(entries, item_path(old), item_path(new))
    data = _moved(move, read_entry(source, entries, move.old), cluster)
    _, issues = read_item(move.new, data, cluster)
    _refuse([issue for issue in issues if issue.leaves_out])
    return {move.old: None, move.new: data, **_renamed_elsewhere(move, source, entries, cluster)}


@dataclass(frozen=True, slots=True)
class _Move:
    """Both places as paths below the repository; `old_url` is empty when the old file could have no page."""

    old: str
    new: str
    old_url: str
    new_url: str

    @property
    def words(self) -> re.Pattern[bytes]:
        """What every file that names the item holds: its slug."""
        return re.compile(re.escape(posixpath.basename(self.old).removesuffix(".md").encode()))

    @property
    def changes_folder(self) -> bool:
        """Whether what stood beside the item no longer does."""
        return posixpath.dirname(self.old) != posixpath.dirname(self.new)


def item_path(text: str) -> str:
    """The path below the repository that a person means, given with or without `content/` and `.md`."""
    path = text.strip().removeprefix("./").strip("/")
    path = path if path.startswith("content/") else f"content/{path}"
    return path if path.endswith(".md") else f"{path}.md"


def read_entry(source: Source, entries: Mapping[str, Entry], path: str) -> bytes:
    """The bytes of the item at `path`.

    Raises:
        ContentError: there is no such file.
    """
    entry = entries.get(path)
    if entry is None or not entry.is_regular:
        raise ContentError(
            f"There is no item {path}. Check the spelling; paths look like portal/news/2026/x.",
            f"没有内容 {path}。请核对路径，写法如 portal/news/2026/x。",
        )
    return source.read(entry)


def _plan(entries: Mapping[str, Entry], old: str, new: str) -> _Move:
    if new in entries:
        raise ContentError(
            f"{new} exists already. Choose another name, or remove that item first.",
            f"{new} 已经存在。请换一个名称，或先删除那一篇。",
        )
    if old.split("/")[1] != new.split("/")[1]:
        raise ContentError(
            f"{new} is on another site. Make a new item there, then remove {old} with 'zhanqun rm'.",
            f"{new} 属于另一个站点。请在那里新建一篇，再用 zhanqun rm 删除 {old}。",
        )
    place = find_place(new)
    if isinstance(place, Issue):
        raise _refusal([place])
    return _Move(old, new, _live_url(old), place.url)


def _live_url(path: str) -> str:
    """The URL path of the item at `path`, empty when a file there never has a page."""
    place = find_place(path)
    return place.url if isinstance(place, Place) and is_site_path(place.url) else ""


def _refuse(issues: list[Issue]) -> None:
    if issues:
        raise _refusal(issues)


def _refusal(issues: list[Issue]) -> ContentError:
    english = " ".join(f"{issue.place()}: {issue.text('en')}" for issue in issues)
    chinese = " ".join(f"{issue.place()}：{issue.text('zh')}" for issue in issues)
    return ContentError(f"Nothing was moved. {english}", f"没有移动。{chinese}")


def _moved(move: _Move, data: bytes, cluster: Cluster) -> bytes:
    """The item's file at its new place: its own relative targets rebased, its old address leading to it."""
    document, issues = item_file.read(move.old, data)
    if document is None:
        raise _refusal(issues)
    data = _renamed(data, document, cluster, rename=_rename_inside(move), item=_reference(move))
    old_urls = _redirects(document.front.values.get("redirect_from"), move)
    return item_file.rewrite(data, {"redirect_from": old_urls})


def _redirects(value: Value | None, move: _Move) -> list[Value] | None:
    """The old addresses; the item's own new address is none of them, or the page would be in its own way."""
    rows = value if isinstance(value, list) else [value] if value else []
    urls = dict.fromkeys([*map(str, rows), *filter(None, [move.old_url])])
    return [url for url in urls if url != move.new_url] or None


def _renamed_elsewhere(move: _Move, source: Source, entries: Mapping[str, Entry], cluster: Cluster) -> dict[str, bytes]:
    changes = {}
    for path, data in items_naming(source, entries, move.words):
        document, _ = item_file.read(path, data) if path != move.old else (None, [])
        if document is None:
            continue
        changed = _renamed(data, document, cluster, rename=_rename_in(move, path), item=_reference(move))
        if changed != data:
            changes[path] = changed
    return changes


def items_naming(source: Source, entries: Mapping[str, Entry], words: re.Pattern[bytes]) -> Iterator[tuple[str, bytes]]:
    """The item files that hold these words anywhere: the only ones worth parsing."""
    for path, entry in entries.items():
        if path.startswith("content/") and path.endswith(".md") and entry.is_regular:
            data = source.read(entry)
            if words.search(data):
                yield path, data


# ---- one target before and after ---------------------------------------------------------------------------


def _rename_in(move: _Move, of: str) -> Rename:
    """How the item at `of` names the moved one: in the form it used, or with no change for other targets."""
    same_site = of.split("/")[1] == move.old.split("/")[1]
    folder = posixpath.dirname(move.new if of == move.old else of)

    def rename(target: str) -> str:
        path, rest = cut(target)
        if move.old_url and same_site and path == move.old_url:
            return move.new_url + rest
        if not _names(path, of, move.old):
            return target
        new = f"/{item_key(move.new)}" if path.startswith("/") else posixpath.relpath(move.new, folder)
        return new + rest

    return rename


def _names(path: str, of: str, item: str) -> bool:
    """Whether a target's path, written in the file at `of`, leads to the item."""
    return path.endswith(".md") and _is_local(path) and locate(path, of) == item


def _reference(move: _Move) -> Rename:
    """How a field that names the item by its path does so now; an id is no path and stays."""

    def rename(reference: str) -> str:
        full = reference if reference.startswith("content/") else f"content/{reference.lstrip('/')}"
        if full != move.old:
            return reference
        return reference.removesuffix(item_key(move.old)) + item_key(move.new)

    return rename


def _rename_inside(move: _Move) -> Rename:
    """How the moved item itself names others: from the top of `content/` when its folder changes."""
    rename = _rename_in(move, move.old)

    def rebase(target: str) -> str:
        stays = not move.changes_folder or _names(cut(target)[0], move.old, move.old)
        return rename(target) if stays else _rebased(rename(target), move.old)

    return rebase


def _rebased(target: str, of: str) -> str:
    path, rest = cut(target)
    if path.startswith("/") or not _is_local(path) or not _FILE_NAME.search(path):
        return target
    full = posixpath.normpath(posixpath.join(posixpath.dirname(of), path))
    return f"/{item_key(full)}{rest}" if full.startswith("content/") else target


def _is_local(path: str) -> bool:
    """Whether a target's path has no scheme and no host."""
    return not path.startswith("//") and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path) is None


# ---- what a file names -------------------------------------------------------------------------------------

# Alternatives in the order in which Python-Markdown gives them meaning; code and escapes are passed over.
# Possessive and bounded, so that no text of two megabytes takes more than a moment.
# Without possessive quantifiers: Python 3.11.2, Debian 12's own, matches them wrongly.
_MENTION = re.compile(
    r"""
    (?P<ticks>`+)(?!`)(?:(?:(?!\n[ \t\r]*\n).)+?(?<!`)(?P=ticks)(?!`))?
  | \\.
  | \]\(\s*(?:<(?P<angle>[^<>\n]*)>|(?P<bare>(?:[^()\s<]|\([^()\n]*\)|[ \t]+(?=[^\s"'()]))*))
        (?:\s+(?:"[^\n]{0,500}?"|'[^\n]{0,500}?'))?\s*\)
  | ^[ ]{0,3}\[(?!\^)[^\[\]\n]*\]:[ ]*(?:\r?\n)?[ ]*<?(?P<defined>[^\s<>]+)>?[ ]*
        (?:(?:\r?\n)?[ ]*(?:"[^\n]*"|'[^\n]*'|\([^\n]*\)))?[ ]*\r?$
  | <(?P<tag>a|img|video|audio|source)\b[^<>]*>
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"(?<=\s)(?:href|src|poster)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+))", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class _Mention:
    """A link's or picture's target between two positions of a text."""

    start: int
    end: int
    target: str
    is_html: bool


def targets_of(document: Document, cluster: Cluster) -> Iterator[str]:
    """Every target in the item's links, pictures and file fields, as written."""
    kind = _kind(document, cluster)
    for field in kind.fields if kind else ():
        value = document.front.values.get(field.name)
        if field.kind == "file" and isinstance(value, str):
            yield value.strip()
        elif field.kind == "files" and isinstance(value, list):
            yield from (str(row["file"]) for row in value if isinstance(row, dict) and "file" in row)
    yield from (mention.target for mention in _mentions(document.body))


def _kind(document: Document, cluster: Cluster) -> ContentType | None:
    name = document.front.values.get("type", "article")
    return cluster.types.get(name) if isinstance(name, str) else None


def _mentions(text: str) -> Iterator[_Mention]:
    """The targets in a Markdown text, in order."""
    for match in _MENTION.finditer(text):
        if match["tag"]:
            for found in _ATTRIBUTE.finditer(text, match.start(), match.end()):
                group = found.lastindex or 0
                yield _Mention(*found.span(group), html.unescape(found[group]), True)
        for name in ("angle", "bare", "defined"):
            if match[name]:
                yield _Mention(*match.span(name), match[name], False)


def _renamed(data: bytes, document: Document, cluster: Cluster, *, rename: Rename, item: Rename) -> bytes:
    """The file with every target and item reference as the two functions say."""
    text = data.decode("utf-8")
    start = _body_start(text, document)
    data = (text[:start] + _renamed_body(text[start:], rename)).encode()
    fields = _renamed_fields(document, _kind(document, cluster), rename, item)
    return item_file.rewrite(data, fields) if fields else data


def _body_start(text: str, document: Document) -> int:
    """Where the body begins in the file as it is, whatever its line ends."""
    ends = islice(_LINE_END.finditer(text), document.body_line - 2, None)
    end = next(ends, None)
    return end.end() if end else len(text)


def _renamed_body(body: str, rename: Rename) -> str:
    out, at = [], 0
    for mention in _mentions(body):
        new = rename(mention.target)
        if new != mention.target:
            out += [body[at : mention.start], html.escape(new) if mention.is_html else new]
            at = mention.end
    return "".join([*out, body[at:]])


def _renamed_fields(document: Document, kind: ContentType | None, rename: Rename, item: Rename) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for field in kind.fields if kind else ():
        value = document.front.values.get(field.name)
        new: Value | None = value
        if field.kind in ("file", "item") and isinstance(value, str):
            new = item(value) if field.kind == "item" else rename(value)
        elif field.kind == "files" and isinstance(value, list):
            new = [_renamed_row(row, rename) for row in value]
        if new is not None and new != value:
            fields[field.name] = new
    return fields


def _renamed_row(row: Value, rename: Rename) -> Value:
    file = row.get("file") if isinstance(row, dict) else None
    return {**row, "file": rename(file)} if isinstance(row, dict) and isinstance(file, str) else row


# ---- what configuration names ------------------------------------------------------------------------------


def config_mentions(source: Source, path: str) -> tuple[str, ...]:
    """Where the files below `sites/` name the file or item at `path`, as `sites/portal/site.toml:120`."""
    found = []
    for name, data in config_files(source).items():
        text = data.decode("utf-8", "replace")
        for value in sorted(set(_texts(_parsed(text)))):
            if _config_names(value, name, path):
                lines = (n for n, line in enumerate(text.splitlines(), 1) if value in line)
                found.append(f"{name}:{next(lines, 1)}")
    return tuple(found)


def _config_names(value: str, config: str, path: str) -> bool:
    own_site = config.split("/")[1] == path.split("/")[1]
    if own_site and path.endswith(".md") and cut(value)[0] == _live_url(path):
        return not config.endswith("/gone.toml")
    return value.startswith("/") and locate(value, config) == path


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _texts(value: Any) -> Iterator[str]:
    """Every string in a TOML value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
