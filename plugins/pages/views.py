"""What a template sees: the nouns of a page, already resolved to words and URLs.

The names here are the contract between `plugins.pages` and a theme; `docs/theme.md` tells which template gets
which of them. Views hold no database and do no work: everything is decided before a template runs.
URLs on the same site are paths (`/news/`), URLs on other hosts are absolute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Link:
    """A title that leads somewhere; `external` when it leaves the cluster (the URL is then the leaving notice)."""

    title: str
    url: str
    external: bool = False


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """A page in another language, whose code is `language`; the title is in that language."""

    language: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its alternative text; `width` and `height` in pixels, 0 when unknown.

    `srcset` names its smaller WebP variants, empty where it has none.
    """

    url: str
    alt: str
    width: int = 0
    height: int = 0
    srcset: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for download; `kind` is the extension in capitals (`PDF`), `size` in bytes."""

    title: str
    url: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class ItemLink:
    """An item as a list shows it; `elsewhere` is the other site's short name when its page lives on another host.

    `language` is the code of the item's language where that is not the page's, else empty.
    """

    title: str
    url: str
    date: datetime | None
    summary: str
    column: Link
    image: Picture | None = None
    elsewhere: str = ""
    documents: int = 0
    badge: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A heading of the body; `articles` are the statute's articles below it, before the next heading."""

    id: str
    title: str
    level: int
    articles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a law; `current` marks the newest, `here` the page being shown."""

    title: str
    url: str
    date: datetime
    current: bool
    here: bool


@dataclass(frozen=True, slots=True)
class NewerOriginal:
    """The original of a translation, which was changed after it was translated.

    `changed` is its last update, None where it tells none; then `published` is its date.
    """

    link: Link
    language: str
    changed: datetime | None
    published: datetime | None


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column; `children` are its visible or non-empty sub-columns. `name` and `slug` serve Pelican themes."""

    path: str
    title: str
    url: str
    description: str
    keywords: tuple[str, ...]
    kind: str
    owner: str
    children: tuple[Link, ...] = ()
    siblings: tuple[Link, ...] = ()
    parent: Link | None = None

    @property
    def name(self) -> str:
        """Pelican's word for the title of a category."""
        return self.title

    @property
    def slug(self) -> str:
        """Pelican's word for the path of a category."""
        return self.path


@dataclass(slots=True)
class ArticleView:
    """An item on its own page. Mutable: third-party plugins may change it on Pelican's per-item signals."""

    title: str
    url: str
    content: Markup
    date: datetime | None
    category: ColumnView
    source_path: str
    template: str
    type: str
    updated: datetime | None = None
    source: str = ""
    author: str = ""
    editor: str = ""
    summary: str = ""
    keywords: tuple[str, ...] = ()
    image: Picture | None = None
    attachments: tuple[Attachment, ...] = ()
    previous: Link | None = None
    next: Link | None = None
    original: LanguageLink | None = None
    translations: tuple[tuple[str, Link], ...] = ()
    interprets: Link | None = None
    interpretations: tuple[Link, ...] = ()
    topic: Link | None = None
    newer: NewerOriginal | None = None
    toc: tuple[TocEntry, ...] = ()
    versions: tuple[Version, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pager:
    """Neighbours of a list page: `newer` and `older` are URLs or empty.

    On a numbered page `year`, `number`, and, where the year is divided, `month` say which it is; `name` says so in
    words. On the column page they are 0 and empty.
    """

    newer: str = ""
    older: str = ""
    year: int = 0
    month: int = 0
    number: int = 0
    name: str = ""
    years: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnList:
    """The newest items of one column, as a home block shows them."""

    column: ColumnView
    items: tuple[ItemLink, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its words."""

    label: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One service or link of a grid."""

    title: str
    url: str
    icon: str = ""
    external: bool = False


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic; `over` once its end lies before now."""

    name: str
    title: str
    summary: str
    url: str
    image: Picture | None
    starts: datetime | None
    ends: datetime | None
    over: bool


@dataclass(frozen=True, slots=True)
class TopicSection:
    """A titled part of a topic's page."""

    title: str
    items: tuple[ItemLink, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a home page; `kind` is the `block` of `site.toml`, and only its own fields are filled."""

    kind: str
    title: str = ""
    url: str = ""
    label: str = ""
    text: str = ""
    note: str = ""
    image: Picture | None = None
    lists: tuple[ColumnList, ...] = ()
    tiles: tuple[Tile, ...] = ()
    figures: tuple[Figure, ...] = ()
    topics: tuple[TopicView, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as its pages know it; `url` is its address without a trailing slash, `domain` the cluster's for cookies.

    `other_language` is the first site of the cluster in another language; its title is that language's code.
    `counterparts` maps columns to the column that holds the like in another language, where that has a page.
    """

    key: str
    name: str
    short_name: str
    tagline: str
    url: str
    host: str
    domain: str
    language: str
    description: str
    keywords: tuple[str, ...]
    colors: dict[str, str]
    site_id: str
    icp: str
    police: str
    organizer: str
    operator: str
    phone: str
    email: str
    address: str
    navigation: tuple[Link, ...]
    help: dict[str, str]
    sisters: tuple[Link, ...]
    other_language: Link | None = None
    counterparts: dict[str, LanguageLink] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """The page being rendered: what its head and frame need.

    `kind` is one of home, column, list, article, topic, topics, sitemap, search, leave, notice, 404, 410;
    `title` is for the window, `heading` for the page itself; `path` is its URL path, `canonical` its absolute URL;
    `tags` are the rule's meta tags as (name, content). `languages` are the same page in other languages or scripts,
    named in their own words; `counterpart` is the column to go to where there is none.
    """

    kind: str
    path: str
    canonical: str
    title: str
    heading: str
    tags: tuple[tuple[str, str], ...]
    breadcrumb: tuple[Link, ...] = ()
    description: str = ""
    alternates: tuple[tuple[str, str], ...] = ()
    feeds: tuple[Link, ...] = ()
    noindex: bool = False
    languages: tuple[LanguageLink, ...] = ()
    counterpart: LanguageLink | None = None

    def tagged(self, tags: tuple[tuple[str, str], ...], description: str) -> Page:
        """The same with its tags; `dataclasses.replace` would cost a tenth of a common page."""
        return Page(
            self.kind, self.path, self.canonical, self.title, self.heading, tags, self.breadcrumb, description,
            self.alternates, self.feeds, self.noindex, self.languages, self.counterpart,
        )  # fmt: skip
