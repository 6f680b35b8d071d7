"""What one Pelican run is given: one site of one state of the content at one moment, and where its output goes.

The job travels in Pelican's settings under `ZHANQUN`. `Findings` is what a page notes while it is composed: files it
needs beside it, addresses it leaves for, issues.
"""

from __future__ import annotations

import gettext
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cluster.clock import parse_date, stamp
from cluster.index import Finding, Index, IndexedItem, SiteOutputs, Touch
from cluster.index.ingest import dump_issue
from cluster.issues import Issue
from cluster.manifest import Entry as FileEntry
from cluster.media import MediaStore
from cluster.pool import Pool
from cluster.site import Cluster, Column, Site, Topic
from cluster.source import Entry, Source
from plugins.pages.language import catalogue
from plugins.pages.pagination import Pages
from plugins.pictures.store import PictureStore
from plugins.pictures.variants import settings


class Sink(Protocol):
    """Where output goes; paths are URL paths without the leading slash, below the site or `assets/`."""

    def begin(self, folder: Path) -> None:
        """Called once before the first file with Pelican's output folder."""

    def put(self, path: str, data: bytes, known: FileEntry | None) -> FileEntry:
        """Takes one file, whose hashes of the last time may be known, and gives its hashes."""

    def put_file(self, path: str, file: Path) -> FileEntry:
        """Takes one large file without holding it in memory."""

    def finish(self) -> None:
        """Called once after the last file."""


@dataclass(slots=True)
class Findings:
    """What pages noted: files to place (output path → content file), external addresses, issues.

    `pictures` are the files that are drawn or cleaned first: output path → content file and width, 0 for its own.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    pictures: dict[str, tuple[Entry, int]] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    issues: list[Issue] = field(default_factory=list)

    def notes(self) -> tuple[Finding, ...]:
        """The same as the index keeps them."""
        if not (self.files or self.pictures or self.leaving or self.issues):
            return ()
        drawn = sorted(self.pictures.items())
        return (
            *(Finding("file", path, json.dumps([one.path, one.blob])) for path, one in sorted(self.files.items())),
            *(Finding("file", path, json.dumps([*one[:2], width, settings()])) for path, (one, width) in drawn),
            *(Finding("leave", url) for url in sorted(self.leaving)),
            *(Finding("issue", "", text) for text in dict.fromkeys(map(dump_issue, self.issues))),
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """Which pages a run looks at: all, or those that the touches lead to.

    With `structure` also every page that is neither an item's nor a numbered list: the configuration of home page,
    topics or withdrawn addresses is other than before. `frame` is what the chrome was made of the last time.
    """

    everything: bool = True
    structure: bool = False
    touches: tuple[Touch, ...] = ()
    frame: str = ""


@dataclass(frozen=True)
class Job:
    """One site at one moment.

    `views`, `pages` and `measures` remember what columns, lists and files look like, `texts` the files of items about
    to be rendered, by blob; `bodies` gathers what was rendered and is worth keeping, `frame` the hash of the chrome.
    """

    cluster: Cluster
    site: Site
    source: Source
    index: Index
    media: MediaStore
    now: str
    sink: Sink
    theme: Path
    outputs: SiteOutputs
    scope: Scope = Scope()
    pool: Pool | None = None
    pictures: PictureStore = field(default_factory=PictureStore)
    frame: list[str] = field(default_factory=list)
    views: dict[str, Any] = field(default_factory=dict)
    pages: dict[tuple[str, str], Pages] = field(default_factory=dict)
    measures: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    bodies: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The site's absolute address."""
        return self.cluster.address(self.site)

    @property
    def words(self) -> gettext.NullTranslations:
        """The theme's catalogue of the site's language."""
        return catalogue(self.theme / "translations", self.site.language)

    def is_shown(self, column: Column) -> bool:
        """Whether the column has a page and is named anywhere: it, or a column below it, holds something."""
        return self.index.is_filled(self.site.key, column.path)

    def is_in_navigation(self, column: Column) -> bool:
        """Whether the column is named in the header of every page: first level, wanted there, and not empty."""
        return not column.parent and not column.hidden and self.is_shown(column)

    def shown_columns(self) -> Iterator[Column]:
        """All columns that have a page, in the order of the configuration."""
        return (column for column in self.site.columns.values() if self.is_shown(column))

    def is_over(self, topic: Topic) -> bool:
        """Whether the topic has ended."""
        self.index.saw(f"topic:{self.site.key}:{topic.name}")
        return topic.is_over(self.now)

    def url_of(self, item: IndexedItem) -> str:
        """The item's address as this site's pages write it: a path, or absolute when it lives on another host."""
        if item.site == self.site.key:
            return item.url
        return self.cluster.address(self.cluster.sites[item.site]) + item.url


def empty_navigation(job: Job) -> list[Issue]:
    """The issue for every column that would stand in the navigation if it held something."""
    return [
        Issue.of("column-empty", job.site.config_path, column.line, "hidden", column=column.path)
        for column in job.site.columns.values()
        if not column.parent and not column.hidden and not job.is_shown(column)
    ]


def next_moment(cluster: Cluster, index: Index, now: str) -> str:
    """The next stamp at which the output changes by itself: an item's date or expiry, a topic's end; else empty."""
    ends = [stamp(topic.ends) for site in cluster.sites.values() for topic in site.topics.values() if topic.ends]
    moments = [moment for moment in (index.next_moment(now), *ends) if moment > now]
    return min(moments, default="")


def moment(text: str) -> str:
    """A date given from outside as the stamp the index compares with."""
    return stamp(parse_date(text))
