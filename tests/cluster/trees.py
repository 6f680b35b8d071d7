"""Content in memory for the tests of the index: trees that tell differences, random edits, and every question at once.

An answer holds items as their own pages see them; `as_others_see` takes away what only those see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from cluster.index import Index, IndexedItem, Period
from cluster.index.query import Neighbour
from cluster.site import Cluster
from cluster.source import Entry, blob_id
from tests.builders import NOW, make_article, make_page

NEWS = "content/portal/news/2026"
NOTICES = "content/portal/news/notices/2025"
LATER = "2027-06-01T00:00:00+08:00"
# Before and after every date, expiry and topic end that `EDITS` and the shared cluster know.
MOMENTS = ("2025-01-01T00:00:00+08:00", "2026-02-15T00:00:00+08:00", NOW, "2026-12-10T00:00:00+08:00", LATER)


class Tree:
    """A source in memory; it can tell the difference to every earlier tree that it was made from."""

    def __init__(self, files: Mapping[str, bytes], earlier: Tree | None = None) -> None:
        self.files = dict(files)
        self._known = {**(earlier._known if earlier else {}), self.revision: self.files}

    @cached_property
    def revision(self) -> str:
        listing = "\n".join(f"{entry.path} {entry.blob}" for entry in self._entries)
        return blob_id(listing.encode())

    @cached_property
    def _entries(self) -> list[Entry]:
        return [Entry(path, blob_id(data)) for path, data in sorted(self.files.items())]

    def entries(self, under: str = "") -> Iterable[Entry]:
        return [entry for entry in self._entries if not under or entry.path.startswith(f"{under}/")]

    def changes_since(self, revision: str) -> Iterable[Entry] | None:
        if (before := self._known.get(revision)) is None:
            return None
        gone = [Entry(path, "", "000000") for path in sorted(before.keys() - self.files.keys())]
        changed = [entry for entry in self._entries if before.get(entry.path) != self.files[entry.path]]
        return gone + changed

    def read(self, entry: Entry) -> bytes:
        return self.files[entry.path]

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        for entry in entries:
            size = self.size(entry)
            yield entry, self.read(entry) if size <= limit else None, size

    def size(self, entry: Entry) -> int:
        return len(self.files[entry.path])

    def reopened(self) -> Tree:
        return self

    def edited(self, changes: Mapping[str, bytes | None]) -> Tree:
        """The next tree; None takes a file away."""
        files = {path: data for path, data in {**self.files, **changes}.items() if data is not None}
        return Tree(files, self)


def settle(index: Index, cluster: Cluster, files: Mapping[str, bytes], now: str = NOW) -> Index:
    """The index brought up to these files at a moment."""
    index.update(Tree(files), cluster, now)
    return index


def paths(items: Iterable[IndexedItem | Neighbour | None]) -> list[str]:
    """The stems of the items' files, empty for none."""
    return [item.path.rpartition("/")[2].removesuffix(".md") if item else "" for item in items]


def dated(name: str, date: str, **fields: Any) -> dict[str, bytes]:
    """An article of 2026 in the news, any other in the notices of 2025."""
    return {f"{NEWS if date.startswith('2026') else NOTICES}/{name}.md": make_article(date=date, **fields)}


# ---- random edits ---------------------------------------------------------------------------------------------------

REFERENCES = ("x1", "portal/news/2026/a.md", f"{NEWS}/a.md", "portal/news/2026/b.md", "english/news/2026/e.md", "none")
OLD_PATHS = ("/old", "/older/", "/news/2026/b.html")
_DATES = ("2026-02-01", "2026-02-01T00:00", "2026-03-01T08:00", "2026-04-01", "2026-12-01")
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["甲", "乙"]),
    "body": st.sampled_from(["一。", "二。\n\n三。"]),
    "updated": st.just("2026-04-02"),
    "id": st.sampled_from(["x1", "x1", "x2", "portal/news/2026/b.md"]),
    "expires": st.sampled_from(["2026-10-01", "2026-12-05", "2026-12-31"]),
    "also": st.sampled_from([["residents"], ["english:news"], ["nowhere"]]),
    "topic": st.sampled_from(["river", "nowhere"]),
    "interprets": st.sampled_from(REFERENCES),
    "translation_of": st.sampled_from([f"/{REFERENCES[1]}", *REFERENCES]),
    "redirect_from": st.sampled_from([["/old"], ["/old", "/older/"]]),
}
_LAWS = {"type": st.just("statute"), "law": st.sampled_from(["甲法", "甲法", "乙法"])}


def make_dated_page(date: str) -> bytes:
    """A standing item with a date."""
    return make_article(date=date, source=None, type="page")


def _articles(*dates: str) -> st.SearchStrategy[bytes]:
    date = {"date": st.sampled_from(dates)}
    articles = st.fixed_dictionaries(date, optional=_FIELDS)
    laws = st.fixed_dictionaries(date | _LAWS, optional=_FIELDS)
    broken = st.sampled_from([b"broken", make_article(date="soon"), make_article(date="2024-01-01")])
    return st.one_of(*[(articles | laws).map(lambda fields: make_article(**fields))] * 5, broken)


_OFTEN: dict[str, st.SearchStrategy[bytes]] = {
    **{f"{NEWS}/{name}.md": _articles(*_DATES) for name in "abc"},
    "content/english/news/2026/e.md": _articles(*_DATES),
}
_CONTENTS: dict[str, st.SearchStrategy[bytes]] = {
    **_OFTEN,
    f"{NOTICES}/d.md": _articles("2025-05-01", "2025-06-01"),
    "content/portal/about/f.md": st.sampled_from([make_page(), make_page(title="领导之窗"), make_page(id="x2")]),
    # A standing item may have a date, by which it comes but in no list stands.
    "content/portal/about/h.md": st.sampled_from([make_dated_page("2026-02-01"), make_dated_page("2026-12-01")]),
    "content/portal/news/g.md": st.sampled_from([make_page(), make_page(expires="2026-10-01")]),
    f"{NEWS}/a.png": st.sampled_from([b"one picture", b"another"]),
    f"{NEWS}/Bad.md": st.just(make_article()),
}
PLACES = tuple(_CONTENTS)


def _edit(path: str) -> st.SearchStrategy[tuple[str, bytes | None]]:
    return st.tuples(st.just(path), _CONTENTS[path] | st.none())


# What one commit changes; None takes a file away.
EDITS: st.SearchStrategy[dict[str, bytes | None]] = st.lists(
    st.sampled_from(PLACES).flatmap(_edit), max_size=4, unique_by=lambda edit: edit[0]
).map(dict)
STARTS: st.SearchStrategy[dict[str, bytes]] = st.fixed_dictionaries(
    _OFTEN, optional={path: contents for path, contents in _CONTENTS.items() if path not in _OFTEN}
)
# A tree to start from and the commits after it, each seen at some moment: time runs forwards and backwards.
HISTORIES = st.tuples(STARTS, st.lists(st.tuples(EDITS, st.sampled_from(MOMENTS)), min_size=1, max_size=4))


# ---- every question -------------------------------------------------------------------------------------------------

LISTS = ("", "news", "news/notices", "residents", "about", "topic:river", "/own")
PERIODS = (*map(Period, (2025, 2026, 2027)), Period(2025, 12), Period(2026, 1), Period(2026, 2))
Question = Callable[[Index], Any]


def tracked_questions(cluster: Cluster) -> Iterator[tuple[str, Question]]:
    """What pages ask while their reads are noted, by a name each."""
    for site in cluster.sites:
        for name in LISTS:
            yield from ((f"{site} {name} {what}", ask) for what, ask in _of_list(site, name))
        for old in OLD_PATHS:
            yield f"{site} redirected {old}", lambda index, site=site, old=old: index.redirected(site, old)
        for path in PLACES:
            url = path.removeprefix(f"content/{site}").replace(".md", ".html")
            yield f"{site} at {url}", lambda index, site=site, url=url: index.at(site, url)
    for path in PLACES:
        yield f"item {path}", lambda index, path=path: index.item(path)
        yield f"file {path}", lambda index, path=path: index.file(path)
    for word in REFERENCES:
        yield f"find {word}", lambda index, word=word: index.find(word)


def _of_list(site: str, name: str) -> Iterator[tuple[str, Question]]:
    yield "is filled", lambda index: index.is_filled(site, name)
    yield "is dated", lambda index: index.is_dated(site, name)
    yield "months", lambda index: index.months(site, name)
    yield "standing", lambda index: index.standing(site, name)
    yield "latest", lambda index: index.latest(site, name)
    for count in (1, 2, 9):
        yield f"newest {count}", lambda index, count=count: index.newest(site, name, count)
    for period in PERIODS:
        for skip, count in ((0, 1), (1, 1), (1, 9)):
            yield (
                f"{period} from {skip} on {count}",
                lambda index, p=period, s=skip, c=count: index.of_period(site, name, p, skip=s, count=c),
            )


def contract(index: Index, item: IndexedItem) -> dict[str, Any]:
    """What an item's own page asks without being noted."""
    target = item.fields.get("translation_of")
    original = index.find(target) if target else None
    return {
        "own": item,
        "neighbours": index.neighbours(item),
        "referring": as_others_see([index.referring(item, field) for field in ("interprets", "translation_of")]),
        "family": as_others_see(index.referring(original, "translation_of")) if original else [],
        "versions": as_others_see(index.versions(item.law)) if item.law else [],
    }


def answers(index: Index, cluster: Cluster, now: str) -> dict[str, Any]:
    """What the index says to every question at the moment it was settled at."""
    told = {name: ask(index) for name, ask in tracked_questions(cluster)}
    told |= {"issues": index.issues(now), "next moment": index.next_moment(now)}
    for site in cluster.sites:
        told |= {f"{site} items": list(index.items(site)), f"{site} pages": list(index.own_pages(site))}
        told |= {f"{site} redirects": index.redirects(site)}
        told |= {f"contract of {item.path}": contract(index, item) for item in index.items(site)}
    return told


def as_others_see(answer: Any) -> Any:
    """An answer without what only an item's own page shows of it: its bytes and where its body begins."""
    if isinstance(answer, IndexedItem):
        return answer._replace(blob="", body_line=0)
    if isinstance(answer, list | tuple):
        return [as_others_see(one) for one in answer]
    return answer
