"""From a Markdown file to an item: its place, form, type and fields checked against the cluster's configuration.

Pure: path and bytes in, an item and issues out. What needs other items (links, references, duplicate ids) is checked
where those are known: `cluster.index` and `plugins.pages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cluster import item as item_file
from cluster.content_type import ContentType, type_fields
from cluster.issues import Issue
from cluster.site import SLUG, Cluster, Site

_YEAR = re.compile(r"[1-9][0-9]{3}")
_SLUG = re.compile(SLUG)
_RESERVED_SLUG = re.compile(r"index|feed|list-[0-9]+(?:-[0-9]+)?")
# The same for people.
RESERVED = "index / feed / list-N / list-M-N"
_COPIED = ("title", "date", "updated", "expires", "topic", "law", "id")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item's file lies: `year` is 0 for a standing item."""

    site: str
    column: str
    year: int
    slug: str

    @property
    def url(self) -> str:
        """The item's URL path on its site."""
        folder = f"/{self.column}/{self.year}/" if self.year else f"/{self.column}/"
        return f"{folder}{self.slug}.html"


@dataclass(frozen=True, slots=True)
class Item:
    """One valid item. `path` lies below the repository; dates are stamps (`cluster.clock.stamp`) or empty."""

    path: str
    place: Place
    type: str
    id: str
    title: str
    date: str
    updated: str
    expires: str
    topic: str
    law: str
    lists: tuple[tuple[str, str], ...]
    fields: Mapping[str, Any]
    body: str
    body_line: int


def url_of(path: str) -> str:
    """The URL path of the item in a well-formed file, as `Place.url` gives it, without looking at the parts again."""
    return f"/{path.split('/', 2)[2].removesuffix('.md')}.html"


def item_key(path: str) -> str:
    """The item's path below `content/`, which is its id when it gives none."""
    return path.removeprefix("content/")


def read_item(path: str, data: bytes, cluster: Cluster) -> tuple[Item | None, list[Issue]]:
    """The item in a file and what should be mended; no item when it must be left out."""
    place = find_place(path)
    if isinstance(place, Issue):
        return None, [place]
    document, issues = item_file.read(path, data)
    if document is None:
        return None, issues
    kind = _kind(document, cluster)
    if isinstance(kind, Issue):
        return None, [*issues, kind]
    typed = type_fields(kind, document.front.values, document.front.lines, path)
    issues += [*typed.issues, *_check_place(path, place, kind, cluster)]
    issues += _check_year(path, place, kind, typed.fields, document.front.lines)
    if any(issue.leaves_out for issue in issues):
        return None, issues
    site = cluster.sites[place.site]
    lists, also_issues = _lists(path, place, typed.fields, cluster, document.front.lines)
    topic, topic_issues = _topic(path, site, typed.fields, document.front.lines)
    values = {name: str(typed.fields.get(name, "")) for name in _COPIED} | {"topic": topic}
    values["id"] = values["id"] or item_key(path)
    made = Item(
        path=path,
        place=place,
        type=kind.name,
        lists=lists,
        fields=typed.fields,
        body=document.body,
        body_line=document.body_line,
        **values,
    )
    return made, [*issues, *also_issues, *topic_issues]


def find_place(path: str) -> Place | Issue:
    """The place that a path names, or the issue with it."""
    parts = path.split("/")
    if len(parts) < 4 or parts[0] != "content" or not path.endswith(".md"):
        return Issue.of("path-bad", path, 0)
    slug = parts[-1].removesuffix(".md")
    if not is_slug(slug):
        return Issue.of("slug-bad", path, 0, slug=slug, reserved=RESERVED)
    dated = _YEAR.fullmatch(parts[-2]) is not None
    column = "/".join(parts[2 : -2 if dated else -1])
    if not column:
        return Issue.of("path-bad", path, 0)
    return Place(parts[1], column, int(parts[-2]) if dated else 0, slug)


def is_slug(text: str) -> bool:
    """Whether a file may have this stem: it is one of an address, and no other page's."""
    return _SLUG.fullmatch(text) is not None and _RESERVED_SLUG.fullmatch(text) is None


def _kind(document: item_file.Document, cluster: Cluster) -> ContentType | Issue:
    name = document.front.values.get("type", "article")
    if isinstance(name, str) and name in cluster.types:
        return cluster.types[name]
    line = document.front.lines.get("type", 1)
    return Issue.of("type-unknown", document.path, line, "type", type=name, known=" / ".join(sorted(cluster.types)))


def _check_place(path: str, place: Place, kind: ContentType, cluster: Cluster) -> Iterator[Issue]:
    site = cluster.sites.get(place.site)
    if site is None:
        yield Issue.of("site-unknown", path, 0, site=place.site)
    elif place.column not in site.columns:
        yield Issue.of("column-unknown", path, 0, site=place.site, column=place.column)
    if kind.dated and not place.year:
        example = f"content/{place.site}/{place.column}/2026/{place.slug}.md"
        yield Issue.of("year-folder-missing", path, 0, type=kind.name, example=example)
    if not kind.dated and place.year:
        yield Issue.of("year-folder-unwanted", path, 0, type=kind.name)


def _check_year(
    path: str, place: Place, kind: ContentType, fields: Mapping[str, Any], lines: Mapping[str, int]
) -> Iterator[Issue]:
    year = str(fields.get("date", ""))[:4]
    if kind.dated and place.year and year and int(year) != place.year:
        yield Issue.of("year-folder", path, lines.get("date", 0), "date", folder=place.year, year=year)


def _lists(
    path: str, place: Place, fields: Mapping[str, Any], cluster: Cluster, lines: Mapping[str, int]
) -> tuple[tuple[tuple[str, str], ...], list[Issue]]:
    """The (site, column) pairs that list the item: its own column and those named in `also`."""
    found = {(place.site, place.column)}
    issues = []
    for name in fields.get("also", ()):
        site_key, _, column = name.rpartition(":")
        site = cluster.sites.get(site_key or place.site)
        if site is not None and column in site.columns:
            found.add((site.key, column))
        else:
            issues.append(Issue.of("also-unknown", path, lines["also"], "also", column=name))
    return tuple(sorted(found)), issues


def _topic(path: str, site: Site, fields: Mapping[str, Any], lines: Mapping[str, int]) -> tuple[str, list[Issue]]:
    topic = str(fields.get("topic", ""))
    if not topic or topic in site.topics:
        return topic, []
    return "", [Issue.of("topic-unknown", path, lines["topic"], "topic", topic=topic)]
