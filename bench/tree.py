"""The sites and columns of the made-up cluster, and where an item lies in them.

25 columns for up to 10,000 items, 80 for up to 100,000, 600 beyond, over seven sites, two or three levels deep. One
second-level column of the first site stays empty: the benchmark publishes its first article. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from bench.words import voice_of

COLUMNS = ((10_000, 25), (100_000, 80))
MOST_COLUMNS = 600
FIRST_LEVEL = 12  # at most, on one site
_RESERVE = "reserve"
_NAMES = (
    "news", "policy", "notices", "disclosure", "services", "interaction", "data", "planning", "education", "health",
    "work", "housing", "water", "roads", "farms", "market", "culture", "safety", "budget", "meetings",
)  # fmt: skip
_KINDS = ("news", "policy", "notice", "disclosure", "service", "interaction", "data")


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column of the made-up cluster; `weight` is its share of items, 0 for the empty one."""

    path: str
    title: str
    description: str
    kind: str
    weight: float

    @property
    def parent(self) -> str:
        """The path of the column above, empty at the first level."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class SiteShape:
    """A site of the made-up cluster."""

    key: str
    name: str
    short_name: str
    language: str
    share: float
    main: str
    accent: str
    columns: tuple[ColumnShape, ...] = ()

    @property
    def host(self) -> str:
        """The site's host name."""
        return f"{self.key}.bench.localhost"

    @property
    def address(self) -> str:
        """The site's absolute address without a trailing slash."""
        return f"http://{self.host}:8080"

    @property
    def organizer(self) -> str:
        """Who runs the site."""
        return f"{self.name}编辑部" if self.language != "en" else f"Editors of {self.name}"

    def children(self, path: str) -> tuple[ColumnShape, ...]:
        """The columns right below `path`, without the empty one."""
        return tuple(column for column in self.columns if column.parent == path and column.weight)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item lies; `date` as front matter writes it, `2026-11-18T09:30`."""

    number: int
    site: str
    column: str
    date: str
    slug: str

    @property
    def year(self) -> str:
        """The year folder."""
        return self.date[:4]

    @property
    def stem(self) -> str:
        """Site, column, year and slug: the item's path below `content/` without its ending."""
        return f"{self.site}/{self.column}/{self.year}/{self.slug}"

    @property
    def url(self) -> str:
        """The URL path on the item's own site."""
        return f"/{self.column}/{self.year}/{self.slug}.html"


SITES = (
    SiteShape("portal", "云泽市人民政府", "云泽市政府", "zh-Hans", 0.45, "#0b4a8f", "#b3261e"),
    SiteShape("congress", "云泽市人民代表大会", "云泽人大", "zh-Hans", 0.15, "#8f1d1d", "#8a5a00"),
    SiteShape("coal-power", "云泽煤电", "云泽煤电", "zh-Hans", 0.08, "#37474f", "#b3261e"),
    SiteShape("tourism", "云泽旅游", "云泽旅游", "zh-Hans", 0.08, "#00695c", "#b3261e"),
    SiteShape("apple", "霞岭金果", "霞岭金果", "zh-Hans", 0.08, "#9c2b2b", "#2e6b2e"),
    SiteShape("cattle", "赤牧红牛", "赤牧红牛", "zh-Hans", 0.08, "#6d3b1f", "#b3261e"),
    SiteShape("english", "Yunze, China", "Yunze", "en", 0.08, "#0b4a8f", "#b3261e"),
)


def columns_for(size: int) -> int:
    """How many columns a cluster of `size` items has."""
    return next((columns for most, columns in COLUMNS if size <= most), MOST_COLUMNS)


def make_tree(columns: int, seed: int) -> tuple[SiteShape, ...]:
    """The seven sites with `columns` columns in all, beside the empty one of the first site."""
    counts = [max(2, round(columns * site.share)) for site in SITES]
    counts[0] += columns - sum(counts)
    sites = (
        _with_columns(site, count, Random(f"{seed}/{site.key}")) for site, count in zip(SITES, counts, strict=True)
    )
    return tuple(sites)


def _with_columns(site: SiteShape, count: int, rng: Random) -> SiteShape:
    paths = list(_paths(count))
    inner = {path.rpartition("/")[0] for path in paths}
    ranks = list(range(1, len(paths) + 1))
    rng.shuffle(ranks)
    columns = [
        _column(site, path, n, rng, weight=0.02 if path in inner else 1 / (rank + 2))
        for n, (path, rank) in enumerate(zip(paths, ranks, strict=True))
    ]
    total = sum(column.weight for column in columns)
    shares = [_weighing(column, column.weight * site.share / total) for column in columns]
    if site.key == SITES[0].key:
        shares.append(_column(site, f"{paths[0]}/{_RESERVE}", len(paths), rng, weight=0.0))
    return SiteShape(
        site.key, site.name, site.short_name, site.language, site.share, site.main, site.accent, tuple(shares)
    )


def _weighing(column: ColumnShape, weight: float) -> ColumnShape:
    return ColumnShape(column.path, column.title, column.description, column.kind, weight)


def _paths(count: int) -> Iterator[str]:
    """Paths, parents first: some first-level columns, about five below each, the rest on the third level."""
    first = max(1, min(FIRST_LEVEL, round(count**0.5)))
    seconds = min(count - first, first * 5)
    tops = [_name(n) for n in range(first)]
    second = [f"{tops[n % first]}/{_name(n // first)}" for n in range(seconds)]
    third = [f"{second[n % seconds]}/{_name(n // seconds)}" for n in range(count - first - seconds)]
    yield from (*tops, *second, *third)


def _name(number: int) -> str:
    turn, at = divmod(number, len(_NAMES))
    return f"{_NAMES[at]}-{turn + 1}" if turn else _NAMES[at]


def _column(site: SiteShape, path: str, number: int, rng: Random, *, weight: float) -> ColumnShape:
    voice = voice_of(site.language)
    modifier, noun, other = (*voice.modifiers.draw(rng, 1), *voice.nouns.draw(rng, 2))
    title = f"{modifier}{voice.gap}{noun}"
    title = title.capitalize() if voice.is_english else title
    end = f" and {other} of the city." if voice.is_english else f"和{other}，由主管部门按时更新。"
    return ColumnShape(path, title, f"{title}{end}", _KINDS[number % len(_KINDS)], weight)
