"""What a page shows, read from its HTML as far as the rules for government websites speak of it.

`read_page` notes the pieces named in `WANTED` (a tag, a class, or either inside a class) with their text; it builds no
tree, so a thousand pages take seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
WANTED = (
    "title",
    "h1",
    "main",
    ".brand-name",
    ".pub-date",
    ".content-source",
    ".page-head .lead",
    ".breadcrumb li",
    ".items li",
    ".block",
    ".empty",
    ".validity .badge",
    ".versions a",
    ".versions li",
    ".warning a",
    ".toc a",
    ".main-nav a",
    ".site-footer a",
    ".owner dd",
    ".marks img",
    ".site-id",
    ".icp",
    ".police",
)


def _by_last() -> dict[str, list[tuple[str, str]]]:
    """Tag or class → the class it must be in and the name of `WANTED`."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for wanted in WANTED:
        above, _, last = wanted.rpartition(" ")
        rows.setdefault(last, []).append((above.removeprefix("."), wanted))
    return rows


_BY_LAST = _by_last()


@dataclass(frozen=True, slots=True)
class Piece:
    """One element: its attributes and its text with single blanks."""

    attributes: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page; `kind` is the theme's (home, column, list, article …), `alternates` by language, `ids` as often as they are given."""

    path: str
    kind: str
    language: str
    metas: Mapping[str, str]
    canonical: str
    alternates: Mapping[str, str]
    ids: Counter[str]
    pieces: Mapping[str, list[Piece]]

    @property
    def site(self) -> str:
        """The site's key."""
        return self.path.partition("/")[0]

    def texts(self, wanted: str) -> list[str]:
        """The texts of all pieces of a name of `WANTED`."""
        assert wanted in WANTED
        return [piece.text for piece in self.pieces.get(wanted, [])]

    def text(self, wanted: str) -> str:
        """The text of the first such piece, empty when there is none."""
        return next(iter(self.texts(wanted)), "")

    def links(self, wanted: str) -> list[str]:
        """The addresses of all such links."""
        return [piece.attributes.get("href", "") for piece in self.pieces.get(wanted, [])]


def read_page(path: str, html: str) -> ReadPage:
    """The page at a manifest's path."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    kind = next((name.removeprefix("page-") for name in reader.body if name.startswith("page-")), "")
    return ReadPage(
        path, kind, reader.language, reader.metas, reader.canonical, reader.alternates, reader.ids, reader.pieces
    )


@dataclass(slots=True, eq=False)
class _Open:
    """An element that is not yet closed; `texts` collects for each name it is wanted under."""

    tag: str
    classes: tuple[str, ...]
    attributes: dict[str, str]
    wanted: list[str]
    texts: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.metas: dict[str, str] = {}
        self.alternates: dict[str, str] = {}
        self.ids: Counter[str] = Counter()
        self.pieces: dict[str, list[Piece]] = {}
        self.body: list[str] = []
        self.canonical = self.language = ""
        self._open: list[_Open] = []
        self._listening: list[_Open] = []
        self._inside: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._note_head(tag, attributes)
        if "id" in attributes:
            self.ids[attributes["id"]] += 1
        classes = tuple(attributes.get("class", "").split())
        element = _Open(tag, classes, attributes, self._wanted(tag, classes))
        self._open.append(element)
        self._inside.update(classes)
        if element.wanted:
            self._listening.append(element)
        if tag in _VOID:
            self._close()

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._close() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for element in self._listening:
            element.texts.append(data)

    def _wanted(self, tag: str, classes: tuple[str, ...]) -> list[str]:
        """The names of `WANTED` that an element bears, where it stands."""
        own = (tag, *(f".{name}" for name in classes))
        rows = (row for name in own for row in _BY_LAST.get(name, ()))
        return [wanted for above, wanted in rows if not above or self._inside[above] > 0]

    def _close(self) -> str:
        element = self._open.pop()
        self._inside.subtract(element.classes)
        if element.wanted:
            self._listening.remove(element)
            piece = Piece(element.attributes, " ".join("".join(element.texts).split()))
            for wanted in element.wanted:
                self.pieces.setdefault(wanted, []).append(piece)
        return element.tag

    def _note_head(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "meta" and "name" in attributes:
            self.metas[attributes["name"]] = attributes.get("content", "")
        elif tag == "link" and attributes.get("rel") == "canonical":
            self.canonical = attributes.get("href", "")
        elif tag == "link" and "hreflang" in attributes:
            self.alternates[attributes["hreflang"]] = attributes.get("href", "")
        elif tag == "html":
            self.language = attributes.get("lang", "")
        elif tag == "body":
            self.body = attributes.get("class", "").split()
