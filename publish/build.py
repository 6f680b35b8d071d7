"""A build: one state of the content at one moment becomes blobs and a manifest, by one Pelican run a site.

read the configuration → bring the index up → build every site that anything leads to → tell. Nothing is published
here. Each site is committed as a whole, with the line of the journal it has come up to, after its blobs are on the
disk: a build that fails or is killed leaves every site as it was or as it shall be, and the next one goes on from
there. The same state, moment and program give the same manifest, whatever was built before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from cluster.blobs import BlobStore
from cluster.content_type import template_issues
from cluster.errors import BuildError, BusyError, ConfigError
from cluster.index import Index, Touch
from cluster.index.ingest import parse_issue
from cluster.index.outputs import Built
from cluster.index.schema import delete_index, refuse_when_busy
from cluster.index.settle import NOT_BUILT
from cluster.issues import Issue
from cluster.lock import LOCK_SECONDS, lock_within
from cluster.manifest import ASSETS, Manifest
from cluster.media import MediaStore
from cluster.pool import Pool, fork_pool
from cluster.settings import DEFAULT_PORT, url_at
from cluster.site import Cluster, Site, load_cluster
from cluster.source import Source, config_files
from cluster.spool import SpooledSource, spooling
from plugins.pages.changes import has_changes
from plugins.pages.job import Job, Scope, Sink, next_moment
from plugins.pages.sinks import BlobSink
from plugins.pictures.store import PictureStore
from publish.pelican_run import run_pelican
from publish.recipe import site_parts, site_recipe, theme_hash

# The theme's templates of pages that the engine makes; the others are for items.
_PAGES = frozenset(
    ("base", "home", "column", "list", "topic", "topics", "sitemap", "search", "leave", "notice", "404", "410")
)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rooms:
    """The folders a build works in: `var` holds what it derives, `media` the large files it reads."""

    var: Path
    media: Path
    theme: Path

    @property
    def blobs(self) -> BlobStore:
        """The blob store."""
        return BlobStore(self.var / "blobs")

    @property
    def index(self) -> Path:
        """The index."""
        return self.var / "index.db"


@dataclass(frozen=True, slots=True)
class Order:
    """What to build: the moment as a stamp; for a look at some sites only, their keys; `jobs` processes at most.

    `url` replaces the cluster's, else `port` does the default port in it.
    """

    now: str
    url: str = ""
    port: int = DEFAULT_PORT
    sites: tuple[str, ...] = ()
    full: bool = False
    jobs: int = 1


@dataclass(frozen=True)
class Outcome:
    """What a build made. `next_moment` is the stamp at which the output changes by itself, else empty."""

    index: Path
    root: str
    commit: str
    now: str
    pages_total: int
    written: frozenset[str]
    removed: frozenset[str]
    issues: tuple[Issue, ...]
    next_moment: str
    cluster: Cluster

    @cached_property
    def manifest(self) -> Manifest:
        """All files, read when they are first asked for. Raises: BusyError when there was another build meanwhile."""
        manifest, root = read_output(self.index)
        if root != self.root:
            raise BusyError(
                "Another build has finished meanwhile. Build again.", "期间又完成了另一次构建。请重新构建。"
            )
        return manifest

    @property
    def pages_written(self) -> int:
        """How many pages are new or other than before."""
        return _count_pages(self.written)

    @property
    def pages_removed(self) -> int:
        """How many pages are no more."""
        return _count_pages(self.removed)

    @property
    def exit_code(self) -> int:
        """0 clean, 3 with issues."""
        return 3 if self.issues else 0

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`, without the seconds."""
        return {
            "commit": self.commit,
            "now": self.now,
            "root": self.root,
            "pages_total": self.pages_total,
            "pages_written": self.pages_written,
            "pages_removed": self.pages_removed,
            "files_written": len(self.written),
            "next_moment": self.next_moment,
            "issues": [issue.as_dict() for issue in self.issues],
        }


class MisconfiguredError(BuildError):
    """`sites/` has mistakes: nothing is built; `issues` and the text name them all."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        english, chinese = (
            "".join(f"\n{issue.place()}: {issue.text(language)}" for issue in issues) for language in ("en", "zh")
        )
        super().__init__(
            f"sites/ has {len(issues)} mistake(s); nothing was built.{english}",
            f"sites/ 的配置有 {len(issues)} 处错误，没有构建。{chinese}",
        )
        self.issues = issues

    def __reduce__(self) -> tuple[type[MisconfiguredError], tuple[Any, ...]]:
        """It travels between processes by its issues, from which both texts follow."""
        return type(self), (self.issues,)


def read_cluster(source: Source, url: str = "", *, port: int = DEFAULT_PORT, theme: Path | None = None) -> Cluster:
    """The cluster's configuration in a state of the content, checked against the theme where one is given.

    Raises:
        MisconfiguredError: with every mistake.
    """
    files = config_files(source)
    cluster, issues = _loaded(tuple(sorted(files.items())))
    if theme is not None:
        types = {path: data for path, data in files.items() if path.startswith("sites/types/")}
        issues = (*issues, *template_issues(types, _item_templates(theme)))
    if cluster is None or issues:
        raise MisconfiguredError(tuple(sorted(issues)))
    return replace(cluster, url=url or url_at(cluster.url, port))


@lru_cache(maxsize=2)
def _loaded(files: tuple[tuple[str, bytes], ...]) -> tuple[Cluster | None, tuple[Issue, ...]]:
    """What these files configure: a process that lives long reads hundreds of columns once, not at every build."""
    return load_cluster(dict(files))


def _item_templates(theme: Path) -> frozenset[str]:
    return frozenset(file.stem for file in (theme / "templates").glob("*.html")) - _PAGES


def build(source: Source, rooms: Rooms, order: Order, progress: Progress = lambda _: None) -> Outcome:
    """Builds the state of the content: what changed since the last build, or everything where that is unknown."""
    cluster = read_cluster(source, order.url, port=order.port, theme=rooms.theme)
    _require_sites(cluster, order.sites)
    with build_lock(rooms.var):
        if order.full or not rooms.blobs.root.is_dir():
            delete_index(rooms.index)
        with spooling(rooms.var / "spool") as spool:
            work = _Work(SpooledSource(source, spool), rooms, order, cluster, progress)
            return _healing(rooms.index, work.build)


def _healing(index: Path, make: Callable[[], Outcome]) -> Outcome:
    """What `make` gives; when the index turns out to be damaged, once more with a new one."""
    try:
        return make()
    except sqlite3.DatabaseError as error:
        refuse_when_busy(index, error)
        delete_index(index)
    try:
        return make()
    except sqlite3.DatabaseError as error:
        refuse_when_busy(index, error)
        raise BuildError(
            f"{index} cannot be used: {error}. Check the disk and build again.",
            f"{index} 无法使用：{error}。请检查磁盘后重新构建。",
        ) from error


def _require_sites(cluster: Cluster, keys: tuple[str, ...]) -> None:
    unknown = [key for key in keys if key not in cluster.sites]
    if unknown:
        known = " ".join(cluster.sites)
        raise ConfigError(
            f"There is no site '{unknown[0]}'. Choose from: {known}.",
            f"没有站点“{unknown[0]}”。可选：{known}。",
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """One build."""

    source: SpooledSource
    rooms: Rooms
    order: Order
    cluster: Cluster
    progress: Progress
    written: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def build(self) -> Outcome:
        """Brings the index up to the content, then every wanted site up to the index."""
        index = Index(self.rooms.index)
        try:
            self._update(index)
            theme = theme_hash(self.rooms.theme)
            for site in self.cluster.sites.values():
                if not self.order.sites or site.key in self.order.sites:
                    self._build_site(index, site, theme)
            index.forget_touches()
            return self._outcome(index)
        finally:
            index.close()

    def _update(self, index: Index) -> None:
        self.progress("index")
        index.update(self.source.source, self.cluster, self.order.now, self._pool, self.source.spool)
        index.note_media(sorted(file.name for file in self.rooms.media.glob("*")))
        for key in index.outputs.built().keys() - self.cluster.sites.keys():
            with index.writing():
                self._count(key, *index.outputs.forget_site(key))

    def _build_site(self, index: Index, site: Site, theme: str) -> None:
        """One site, unless nothing leads to it."""
        built, touch = index.outputs.built().get(site.key), index.last_touch()
        recipe, parts = site_recipe(self.cluster, site.key, theme), site_parts(self.cluster, site.key)
        job = self._job(index, site, _scope(index, built, recipe, parts))
        with index.writing():
            if has_changes(job):
                self.progress(site.key)
                run_pelican(job, self.rooms.var)
                self.rooms.blobs.sync()
            frame = job.frame[0] if job.frame else job.scope.frame
            job.outputs.finish(touch, recipe, json.dumps(dict(parts)), frame)
        self._count(site.key, job.outputs.written, job.outputs.removed)

    def _job(self, index: Index, site: Site, scope: Scope) -> Job:
        sink = BlobSink(self.rooms.blobs, compressed=self.cluster.compress)
        job = make_job(self.source, self.cluster, site, index, self.rooms, self.order.now, sink)
        return replace(job, scope=scope, pool=self._pool)

    @property
    def _pool(self) -> Pool | None:
        return fork_pool(self.order.jobs)

    def _count(self, site: str, written: set[str], removed: set[str]) -> None:
        self.written.update(_in_manifest(site, path) for path in written - removed)
        self.removed.update(_in_manifest(site, path) for path in removed - written)

    def _outcome(self, index: Index) -> Outcome:
        until = next_moment(self.cluster, index, self.order.now)
        index.outputs.remember_next_moment(until)
        return Outcome(
            index=self.rooms.index,
            root=index.outputs.root(),
            commit=self.source.revision,
            now=self.order.now,
            pages_total=sum(built.pages for built in index.outputs.built().values()),
            written=frozenset(self.written),
            removed=frozenset(self.removed),
            issues=_all_issues(index, self.order.now),
            next_moment=until,
            cluster=self.cluster,
        )


def _scope(index: Index, built: Built | None, recipe: str, parts: Mapping[str, str]) -> Scope:
    """What a site must look at: everything when its recipe changed, else where the journal leads."""
    if built is None or built.touch == NOT_BUILT or built.recipe != recipe:
        return Scope()
    known = json.loads(built.parts)
    differing = {name for name in known.keys() | parts.keys() if known.get(name) != parts.get(name)}
    touches = (*index.touches(built.touch), *(Touch("key", name=name) for name in sorted(differing)))
    return Scope(everything=False, structure=bool(differing), touches=touches, frame=built.frame)


def make_job(source: Source, cluster: Cluster, site: Site, index: Index, rooms: Rooms, now: str, sink: Sink) -> Job:
    """The job of one site, over all of it."""
    media = MediaStore(rooms.media)
    outputs = index.site_outputs(site.key)
    pictures = PictureStore(rooms.var / "pictures")
    return Job(cluster, site, source, index, media, now, sink, rooms.theme, outputs, pictures=pictures)


def _in_manifest(site: str, path: str) -> str:
    return path if path.startswith(f"{ASSETS}/") else f"{site}/{path}"


def _count_pages(paths: frozenset[str]) -> int:
    return sum(1 for path in paths if path.endswith(".html"))


def read_output(index: Path) -> tuple[Manifest, str]:
    """The manifest of the last build and its root; an empty one when there was none."""
    opened = Index(index)
    try:
        return opened.outputs.manifest(), opened.outputs.root()
    finally:
        opened.close()


@dataclass(frozen=True, slots=True)
class State:
    """What the last build told."""

    root: str
    now: str
    next_moment: str
    issues: tuple[Issue, ...]


def read_state(rooms: Rooms) -> State | None:
    """What the last build told, None when there was none; a damaged index is taken for none: it is derived."""
    if not rooms.index.exists():
        return None
    index = Index(rooms.index)
    try:
        now = index.now
        return State(index.outputs.root(), now, index.outputs.next_moment, _all_issues(index, now)) if now else None
    except sqlite3.DatabaseError:
        return None
    finally:
        index.close()


def _all_issues(index: Index, now: str) -> tuple[Issue, ...]:
    return tuple(sorted({*index.issues(now), *map(parse_issue, index.outputs.issues())}))


@contextmanager
def build_lock(var: Path) -> Iterator[None]:
    """Holds the one lock on what is derived in `var`, which a killed process gives up; waits for a step of a sweep.

    Raises:
        BusyError: another build has it.
    """
    var.mkdir(parents=True, exist_ok=True)
    with (var / ".lock").open("w") as file:
        if not lock_within(file, LOCK_SECONDS):
            raise BusyError(
                f"Another build works in {var}. Wait until it has finished.",
                f"另一个构建正在使用 {var}。请等它结束。",
            )
        yield
