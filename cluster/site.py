"""The cluster's configuration: sites, columns, home blocks, topics, gone addresses and content types.

`load_cluster` reads all of `sites/` and gathers every mistake before anything is used; a cluster with a mistake is
never built. Pure: it is given the files' bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cluster.clock import parse_date, stamp
from cluster.content_type import ContentType, is_site_path, load_types
from cluster.glossary import GLOSSARY, Term, load_glossary
from cluster.issues import Issue
from cluster.toml import Table

SLUG = r"[a-z0-9][a-z0-9-]{0,79}"
COLUMN_KINDS = (
    "news", "notice", "policy", "interpretation", "disclosure", "service", "interaction", "overview", "data",
    "statute", "deputy", "meeting", "topic", "channel", "gallery",
)  # fmt: skip
LANGUAGES = ("zh-Hans", "en")
INTAKES = ("open", "reviewed")
RESERVED_SITES = ("assets", "types")
# Where a column's pages in traditional characters lie.
TRADITIONAL = "zh-hant"
RESERVED_COLUMNS = ("assets", "topics", "leave", "files", TRADITIONAL)
HELP_PAGES = ("about", "accessibility", "contact", "correction", "privacy")
# 47号 annex: ten digits, or "bm" and eight digits for ministries.
SITE_ID = r"\d{10}|bm\d{8}"


@dataclass(frozen=True, slots=True)
class Column:
    """A node of a site's tree; `path` is its place in the tree and in the URL, `line` its line in `site.toml`.

    `counterpart` names the column of a site in another language that holds the like: `english:news`.
    """

    path: str
    title: str
    description: str
    keywords: tuple[str, ...]
    kind: str
    owner: str
    update_days: int
    hidden: bool
    line: int
    counterpart: str = ""

    @property
    def parent(self) -> str:
        """The path of the column above, empty at the first level."""
        return self.path.rpartition("/")[0]

    @property
    def url(self) -> str:
        """The column's URL path."""
        return f"/{self.path}/"


@dataclass(frozen=True, slots=True)
class HomeBlock:
    """One block of a home page as data; `items` are the block's rows."""

    block: str
    title: str
    columns: tuple[str, ...]
    count: int
    items: tuple[Mapping[str, str], ...]
    text: str
    note: str
    image: str
    image_alt: str
    url: str
    label: str
    line: int


@dataclass(frozen=True, slots=True)
class TopicSection:
    """A section of a topic: the topic's items of `column`, or all that no other section shows."""

    title: str
    column: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A campaign's own small front page."""

    name: str
    title: str
    summary: str
    image: str
    image_alt: str
    starts: datetime | None
    ends: datetime | None
    sections: tuple[TopicSection, ...]

    def is_over(self, now: str) -> bool:
        """Whether the topic has ended by a stamp."""
        return self.ends is not None and stamp(self.ends) <= now


@dataclass(frozen=True, slots=True)
class Site:
    """One host name with its columns.

    `traditional` are the columns that are shown in traditional characters too, with all below them.
    """

    key: str
    name: str
    short_name: str
    tagline: str
    host: str
    language: str
    description: str
    keywords: tuple[str, ...]
    main: str
    accent: str
    site_id: str
    icp: str
    police: str
    organizer: str
    operator: str
    phone: str
    email: str
    address: str
    columns: Mapping[str, Column]
    home: tuple[HomeBlock, ...]
    topics: Mapping[str, Topic]
    gone: tuple[str, ...]
    help: Mapping[str, str]
    traditional: tuple[str, ...] = ()

    @property
    def config_path(self) -> str:
        """Where the site is described."""
        return f"sites/{self.key}/site.toml"

    def children(self, path: str) -> Iterator[Column]:
        """The columns right below `path`, in order; below `""` the first level."""
        return (column for column in self.columns.values() if column.parent == path)

    def ancestors(self, path: str) -> tuple[Column, ...]:
        """The columns from the first level down to `path` itself."""
        parts = path.split("/")
        return tuple(self.columns["/".join(parts[: n + 1])] for n in range(len(parts)))

    def is_traditional(self, path: str) -> bool:
        """Whether a column's pages are shown in traditional characters too."""
        return any(path == one or path.startswith(f"{one}/") for one in self.traditional)


@dataclass(frozen=True, slots=True)
class Cluster:
    """All sites and what they share. `fingerprint` is the hash of every file under `sites/`.

    `types_fingerprint` is that of the content types alone; `compress` says whether text gets a precompressed sibling.
    """

    name: Mapping[str, str]
    domain: str
    url: str
    intake: str
    keep_releases: int
    sites: Mapping[str, Site]
    types: Mapping[str, ContentType]
    fingerprint: str
    types_fingerprint: str
    compress: bool = True
    glossary: tuple[Term, ...] = ()
    issues: tuple[Issue, ...] = field(default=())

    def __hash__(self) -> int:
        return hash((self.fingerprint, self.url))

    def address(self, site: Site) -> str:
        """The site's absolute address without a trailing slash."""
        return self.url.replace("{host}", site.host)


def load_cluster(files: Mapping[str, bytes]) -> tuple[Cluster | None, tuple[Issue, ...]]:
    """The cluster in `path → bytes` of all files below `sites/`, or None with every issue found."""
    issues: list[Issue] = []
    type_files = {path: data for path, data in files.items() if path.startswith("sites/types/")}
    types = load_types(type_files, issues)
    main = _parse(files, "sites/cluster.toml", issues)
    if main is None:
        return None, tuple(issues)
    keys = _site_keys(main)
    sites = {key: _load_site(key, files, issues) for key in keys}
    cluster = Cluster(
        name=_names(main),
        domain=main.text("domain"),
        url=main.text("url", pattern=r"https?://\{host\}(:\d+)?", hint="http://{host}:8080"),
        intake=main.choice("intake", INTAKES, "open"),
        keep_releases=main.whole("keep_releases", 10),
        sites={key: site for key, site in sites.items() if site is not None},
        types=types,
        fingerprint=_fingerprint(files),
        types_fingerprint=_fingerprint(type_files),
        compress=_compress(main),
        glossary=load_glossary(files[GLOSSARY], issues) if GLOSSARY in files else (),
    )
    if cluster.keep_releases < 1:
        main.note("config-value", "keep_releases", value=cluster.keep_releases, hint="≥ 1")
    main.close()
    issues.extend(_duplicate_hosts(cluster))
    issues.extend(_wrong_counterparts(cluster))
    return (None if issues else cluster), tuple(sorted(set(issues)))


def _site_keys(main: Table) -> tuple[str, ...]:
    """The names of the sites' folders, which are also directories of a release, beside `assets`."""
    keys = main.texts("sites")
    for key in keys:
        if not re.fullmatch(SLUG, key) or key in RESERVED_SITES:
            main.note("config-value", "sites", value=key, hint="a-z, 0-9, -; " + " / ".join(RESERVED_SITES) + " ✗")
        elif keys.count(key) > 1:
            main.note("config-duplicate", "sites", value=key)
    return tuple(dict.fromkeys(keys))


def _names(main: Table) -> dict[str, str]:
    table = main.table("name")
    names = {"zh": table.text("zh"), "en": table.text("en")}
    table.close()
    return names


def _compress(main: Table) -> bool:
    table = main.table("build", required=False)
    wanted = table.flag("compress", default=True)
    table.close()
    return wanted


def _parse(files: Mapping[str, bytes], path: str, issues: list[Issue]) -> Table | None:
    if path not in files:
        issues.append(Issue.of("config-file-missing", path))
        return None
    return Table.parse(path, files[path], issues)


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()


def _duplicate_hosts(cluster: Cluster) -> Iterator[Issue]:
    hosts: set[str] = set()
    for site in cluster.sites.values():
        if site.host in hosts:
            yield Issue.of("config-duplicate", site.config_path, 1, "host", value=site.host)
        hosts.add(site.host)


def _wrong_counterparts(cluster: Cluster) -> Iterator[Issue]:
    """The counterparts that are no column of a site in another language."""
    for site in cluster.sites.values():
        for column in site.columns.values():
            key, _, path = column.counterpart.partition(":")
            other = cluster.sites.get(key)
            if column.counterpart and (other is None or path not in other.columns or other.language == site.language):
                hint = "english:news"
                yield Issue.of(
                    "config-value", site.config_path, column.line, "counterpart", value=column.counterpart, hint=hint
                )


def _load_site(key: str, files: Mapping[str, bytes], issues: list[Issue]) -> Site | None:
    table = _parse(files, f"sites/{key}/site.toml", issues)
    if table is None:
        return None
    colors, codes, owner = table.table("colors"), table.table("codes"), table.table("owner")
    color = {"pattern": r"#[0-9a-fA-F]{6}", "hint": "#0b4a8f"}
    columns = _load_columns(table)
    site = Site(
        key=key,
        name=table.text("name"),
        short_name=table.text("short_name"),
        tagline=table.text("tagline", ""),
        host=table.text("host", pattern=r"[a-z0-9.-]+", hint="portal.yunze.localhost"),
        language=table.choice("language", LANGUAGES, "zh-Hans"),
        description=table.text("description"),
        keywords=table.texts("keywords", ()),
        main=colors.text("main", **color),
        accent=colors.text("accent", **color),
        site_id=codes.text("site_id", pattern=SITE_ID, hint="9999000001"),
        icp=codes.text("icp"),
        police=codes.text("police"),
        organizer=owner.text("organizer"),
        operator=owner.text("operator"),
        phone=owner.text("phone"),
        email=owner.text("email"),
        address=owner.text("address"),
        columns=columns,
        home=tuple(_load_block(row, columns) for row in table.tables("home")),
        topics=_load_topics(key, files, columns, issues),
        gone=_load_gone(key, files, issues),
        help=_load_help(table),
        traditional=_load_traditional(table, columns),
    )
    for part in (table, colors, codes, owner):
        part.close()
    return site


def _load_help(table: Table) -> dict[str, str]:
    """The paths of the site's own help pages, by name."""
    part = table.table("help", required=False)
    paths = {name: part.text(name, "", pattern=r"/[^\s]+", hint="/help/contact.html") for name in HELP_PAGES}
    part.close()
    return {name: path for name, path in paths.items() if path}


def _load_traditional(table: Table, columns: Mapping[str, Column]) -> tuple[str, ...]:
    """The columns to show in traditional characters too, none on a site in another language."""
    named = table.texts("traditional", ())
    for name in named:
        if name not in columns:
            table.note("config-value", "traditional", value=name, hint="[[columns]] path")
    if named and table.text("language", "zh-Hans") != "zh-Hans":
        table.note("config-value", "traditional", value=", ".join(named), hint='language = "zh-Hans"')
    return tuple(name for name in named if name in columns)


def _load_columns(table: Table) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for row in table.tables("columns"):
        column = _load_column(row)
        if column.path in columns:
            row.note("config-duplicate", "path", value=column.path)
        elif column.parent and column.parent not in columns:
            row.note("config-parent", "path", value=column.path)
        columns[column.path] = column
    return columns


def _load_column(row: Table) -> Column:
    path = row.text("path", pattern=rf"{SLUG}(/{SLUG})*", hint="news/notices")
    names = path.split("/")
    if names[0] in RESERVED_COLUMNS or any(re.fullmatch(r"\d{4}", name) for name in names):
        row.note("config-value", "path", value=path, hint=" / ".join((*RESERVED_COLUMNS, "2026")) + " ✗")
    column = Column(
        path=path,
        title=row.text("title"),
        description=row.text("description"),
        keywords=row.texts("keywords", ()),
        kind=row.choice("kind", COLUMN_KINDS),
        owner=row.text("owner"),
        update_days=row.whole("update_days", 0),
        hidden=row.flag("hidden"),
        line=row.line("path"),
        counterpart=row.text("counterpart", ""),
    )
    row.close()
    return column


# Which keys a block may have beside `block` and `title`.
_BLOCK_KEYS: Mapping[str, tuple[str, ...]] = {
    "headline": ("column", "count"),
    "columns": ("columns", "count"),
    "gallery": ("column", "count"),
    "documents": ("column", "count"),
    "services": ("items",),
    "channels": ("columns",),
    "topics": ("count",),
    "figures": ("items", "note"),
    "intro": ("text", "image", "image_alt", "url", "label"),
    "links": ("items",),
}
_ROW_KEYS: Mapping[str, tuple[str, ...]] = {
    "services": ("title", "icon", "url"),
    "figures": ("label", "value", "unit", "note"),
    "links": ("title", "url"),
}


def _load_block(row: Table, columns: Mapping[str, Column]) -> HomeBlock:
    kind = row.choice("block", tuple(_BLOCK_KEYS))
    keys = _BLOCK_KEYS.get(kind, ())
    named = row.texts("columns") if "columns" in keys else (row.text("column"),) if "column" in keys else ()
    for name in named:
        if name and name not in columns:
            row.note(
                "config-value",
                "columns" if "columns" in keys else "column",
                value=name,
                hint="[[columns]] path",
            )
    block = HomeBlock(
        block=kind,
        title=row.text("title", ""),
        columns=tuple(name for name in named if name in columns),
        count=row.whole("count", 6) if "count" in keys else 0,
        items=tuple(_load_row(item, kind) for item in row.tables("items")) if "items" in keys else (),
        text=row.text("text") if "text" in keys else "",
        note=row.text("note", "") if "note" in keys else "",
        image=row.text("image", "") if "image" in keys else "",
        image_alt=row.text("image_alt", "") if "image_alt" in keys else "",
        url=row.text("url", "") if "url" in keys else "",
        label=row.text("label", "") if "label" in keys else "",
        line=row.line(),
    )
    row.close()
    return block


def _load_row(item: Table, kind: str) -> dict[str, str]:
    optional = ("unit", "note", "icon")
    values = {key: item.text(key, "" if key in optional else None) for key in _ROW_KEYS[kind]}
    item.close()
    return values


def _load_topics(
    key: str, files: Mapping[str, bytes], columns: Mapping[str, Column], issues: list[Issue]
) -> dict[str, Topic]:
    topics: dict[str, Topic] = {}
    prefix = f"sites/{key}/topics/"
    for path in sorted(path for path in files if path.startswith(prefix) and path.endswith(".toml")):
        name = path.removeprefix(prefix).removesuffix(".toml")
        table = Table.parse(path, files[path], issues)
        if table is not None:
            topics[name] = _load_topic(name, table, columns)
    return topics


def _load_topic(name: str, table: Table, columns: Mapping[str, Column]) -> Topic:
    if not re.fullmatch(SLUG, name):
        table.note("config-value", value=name, hint="a-z, 0-9, -")
    topic = Topic(
        name=name,
        title=table.text("title"),
        summary=table.text("summary", ""),
        image=table.text("image", ""),
        image_alt=table.text("image_alt", ""),
        starts=table.value("starts", parse_date, "2026-03-01"),
        ends=table.value("ends", parse_date, "2026-12-31"),
        sections=tuple(_load_section(row, columns) for row in table.tables("sections")),
    )
    table.close()
    return topic


def _load_section(row: Table, columns: Mapping[str, Column]) -> TopicSection:
    section = TopicSection(row.text("title"), row.text("column", ""))
    if section.column and section.column not in columns:
        row.note("config-value", "column", value=section.column, hint="[[columns]] path")
    row.close()
    return section


def _load_gone(key: str, files: Mapping[str, bytes], issues: list[Issue]) -> tuple[str, ...]:
    path = f"sites/{key}/gone.toml"
    table = Table.parse(path, files[path], issues) if path in files else None
    if table is None:
        return ()
    rows = table.tables("gone")
    for row in rows:
        row.text("reason", "")
        if not is_site_path(row.text("path")):
            row.note("config-value", "path", value=row.text("path"), hint="/news/2026/x.html")
        row.close()
    table.close()
    return tuple(row.text("path") for row in rows)
