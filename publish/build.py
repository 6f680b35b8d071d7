"""A build: one state of the content at one moment becomes blobs and a manifest, by one Pelican run a site.

gather (configuration, index) → check → render every site → write the manifest. Nothing is published here; a build that
fails leaves the last manifest as it was. The same state, moment and program give the same manifest.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.metadata
import json
import logging
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cluster.aside import write_aside
from cluster.blobs import BlobStore
from cluster.content_type import template_issues
from cluster.errors import BuildError, BusyError, ConfigError, ContentError, FormatError
from cluster.index import Index
from cluster.index.ingest import dump_issue, parse_issue
from cluster.index.schema import delete_index, refuse_when_busy
from cluster.issues import Issue
from cluster.manifest import Entry, Manifest
from cluster.media import MediaStore
from cluster.settings import DEFAULT_PORT, url_at
from cluster.site import Cluster, Site, load_cluster
from cluster.source import Source, config_files
from plugins.pages.job import Job, Sink, next_moment
from plugins.pages.settings import pelican_settings
from plugins.pages.sinks import BlobSink

_PROGRAM = Path(__file__).parent.parent
_ROOMS = ("cluster", "plugins", "publish")
_LIBRARIES = ("pelican", "markdown", "jinja2", "nh3", "brotli", "babel", "feedgenerator")
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
    def manifest(self) -> Path:
        """The last build's manifest."""
        return self.var / "manifest"

    @property
    def index(self) -> Path:
        """The index."""
        return self.var / "index.db"

    @property
    def state(self) -> Path:
        """What the last build was made of."""
        return self.var / "build.json"


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build made. `next_moment` is the stamp at which the output changes by itself, else empty."""

    manifest: Manifest
    commit: str
    now: str
    pages_total: int
    pages_written: int
    pages_removed: int
    issues: tuple[Issue, ...]
    next_moment: str
    cluster: Cluster

    @property
    def exit_code(self) -> int:
        """0 clean, 3 with issues."""
        return 3 if self.issues else 0

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`, without the seconds."""
        return {
            "commit": self.commit,
            "now": self.now,
            "root": self.manifest.root(),
            "pages_total": self.pages_total,
            "pages_written": self.pages_written,
            "pages_removed": self.pages_removed,
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
    cluster, issues = load_cluster(files)
    if theme is not None:
        types = {path: data for path, data in files.items() if path.startswith("sites/types/")}
        issues = (*issues, *template_issues(types, _item_templates(theme)))
    if cluster is None or issues:
        raise MisconfiguredError(tuple(sorted(issues)))
    return replace(cluster, url=url or url_at(cluster.url, port))


def _item_templates(theme: Path) -> frozenset[str]:
    return frozenset(file.stem for file in (theme / "templates").glob("*.html")) - _PAGES


def build(source: Source, rooms: Rooms, order: Order, progress: Progress = lambda _: None) -> Outcome:
    """Builds the state of the content and writes the manifest (not when only some sites were asked for)."""
    cluster = read_cluster(source, order.url, port=order.port, theme=rooms.theme)
    _require_sites(cluster, order.sites)
    with build_lock(rooms.var):
        earlier = read_manifest(rooms.manifest)
        recipe = _recipe(source, rooms, cluster)
        if not order.full and not order.sites:
            unchanged = _unchanged(rooms, order, cluster, source, recipe, earlier)
            if unchanged is not None:
                return unchanged
        if order.full:
            delete_index(rooms.index)
        known = {} if order.full else _as_mapping(earlier)
        outcome = _healing(rooms.index, lambda: _made(_Work(source, rooms, order, cluster, known), earlier, progress))
        if not order.sites:
            _remember(rooms, recipe, outcome)
        return outcome


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


def _made(work: _Work, earlier: Manifest, progress: Progress) -> Outcome:
    """Brings the index up to the content, renders the sites, and forgets bodies that no item has any more."""
    index = Index(work.rooms.index)
    try:
        progress("index")
        index.update(work.source, work.cluster)
        rendered = _render(work, progress)
        if not work.order.sites:
            index.sweep_bodies(frozenset[str]().union(*(part.bodies for part in rendered)))
        return _outcome(work.source, work.order, work.cluster, index, rendered, earlier)
    finally:
        index.close()


def _require_sites(cluster: Cluster, keys: tuple[str, ...]) -> None:
    unknown = [key for key in keys if key not in cluster.sites]
    if unknown:
        known = " ".join(cluster.sites)
        raise ConfigError(
            f"There is no site '{unknown[0]}'. Choose from: {known}.",
            f"没有站点“{unknown[0]}”。可选：{known}。",
        )


@dataclass(frozen=True, slots=True)
class _Rendered:
    entries: Mapping[str, Entry]
    issues: tuple[Issue, ...]
    bodies: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Work:
    """What every site's run of one build shares."""

    source: Source
    rooms: Rooms
    order: Order
    cluster: Cluster
    earlier: Mapping[str, Entry]

    def render(self, key: str) -> _Rendered:
        """One site."""
        index = Index(self.rooms.index)
        try:
            sink = BlobSink(self.rooms.blobs, key, self.earlier)
            job = make_job(self.source, self.cluster, self.cluster.sites[key], index, self.rooms, self.order.now, sink)
            run_pelican(job, self.rooms.var)
            return _Rendered(sink.entries, tuple(job.findings.issues), frozenset(index.used_bodies))
        finally:
            index.close()

    def render_apart(self, key: str) -> _Rendered:
        """One site in another process, which must not share the source's pipes with this one."""
        return replace(self, source=self.source.reopened()).render(key)


def _render(work: _Work, progress: Progress) -> list[_Rendered]:
    """Every wanted site, in as many processes as the order allows."""
    keys = [key for key in work.cluster.sites if not work.order.sites or key in work.order.sites]
    if work.order.jobs == 1 or len(keys) == 1:
        return [_announced(work, key, progress) for key in keys]
    with ProcessPoolExecutor(work.order.jobs, mp_context=multiprocessing.get_context("fork")) as pool:
        running = {pool.submit(work.render_apart, key): key for key in keys}
        for future in as_completed(running):
            progress(running[future])
        return [future.result() for future in running]


def _announced(work: _Work, key: str, progress: Progress) -> _Rendered:
    progress(key)
    return work.render(key)


def make_job(source: Source, cluster: Cluster, site: Site, index: Index, rooms: Rooms, now: str, sink: Sink) -> Job:
    """The job of one site."""
    return Job(
        cluster=cluster,
        site=site,
        source=source,
        index=index,
        media=MediaStore(rooms.media),
        now=now,
        sink=sink,
        theme=rooms.theme,
        filled=index.filled_lists(site.key, now),
    )


def run_pelican(job: Job, scratch: Path) -> None:
    """Runs Pelican over one job in this process.

    Raises:
        BuildError: Pelican, a plugin or a template failed; plain Pelican would only log some of these.
        ContentError: the content cannot be read any more.
        sqlite3.Error: the index is damaged.
    """
    from pelican import Pelican  # heavy: 0.2 s that a status or a rollback need not pay
    from pelican.log import console
    from pelican.settings import read_settings

    content = scratch / "empty"
    content.mkdir(parents=True, exist_ok=True)
    settings = pelican_settings(job, content=content, output=scratch / "output")
    console.quiet = True
    with _errors_gathered() as errors:
        try:
            Pelican(read_settings(override=settings)).run()
        except (ContentError, sqlite3.Error):
            raise
        except Exception as error:  # whatever a theme or a third-party plugin raises voids the build
            raise _failed(job.site.key, f"{type(error).__name__}: {error}") from error
    if errors:
        raise _failed(job.site.key, errors[0])


def _failed(site: str, what: str) -> BuildError:
    return BuildError(
        f"The site '{site}' could not be built: {what}. Nothing was published.",
        f"站点“{site}”构建失败：{what}。没有发布。",
    )


@contextmanager
def _errors_gathered() -> Iterator[list[str]]:
    """Collects what Pelican only logs as an error, so that it becomes one."""
    errors: list[str] = []

    class Gather(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(record.getMessage())

    gather, logger = Gather(logging.ERROR), logging.getLogger("pelican")
    logger.addHandler(gather)
    try:
        yield errors
    finally:
        logger.removeHandler(gather)


def _outcome(
    source: Source, order: Order, cluster: Cluster, index: Index, rendered: list[_Rendered], earlier: Manifest
) -> Outcome:
    entries = _not_asked_for(order, earlier)
    entries |= {path: entry for part in rendered for path, entry in part.entries.items()}
    manifest = Manifest.of(entries)
    changes = manifest.compare(earlier)
    issues = {*index.issues(order.now), *(issue for part in rendered for issue in part.issues)}
    return Outcome(
        manifest=manifest,
        commit=source.revision,
        now=order.now,
        pages_total=_count_pages(manifest),
        pages_written=_count_pages((*changes.added, *changes.changed)),
        pages_removed=_count_pages(changes.removed),
        issues=tuple(sorted(issues)),
        next_moment=next_moment(cluster, index, order.now),
        cluster=cluster,
    )


def _not_asked_for(order: Order, earlier: Manifest) -> dict[str, Entry]:
    """What a look at some sites leaves as it was: all others, and the assets they share."""
    if not order.sites:
        return {}
    return {path: entry for path, entry in _as_mapping(earlier).items() if path.split("/")[0] not in order.sites}


def _count_pages(paths: Any) -> int:
    return sum(1 for path in paths if path.endswith(".html"))


# ---- what the last build was made of --------------------------------------------------------------------------------


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file, an empty one when it is missing or damaged: it is derived."""
    try:
        return Manifest.parse(path.read_bytes())
    except (FileNotFoundError, FormatError):
        return Manifest.of({})


def _as_mapping(manifest: Manifest) -> dict[str, Entry]:
    return {path: manifest[path] for path in manifest}


def _recipe(source: Source, rooms: Rooms, cluster: Cluster) -> str:
    """A hash of everything but `now` that the output follows from: content, large files, program, theme, address."""
    digest = hashlib.sha256(f"{source.revision}\0{cluster.fingerprint}\0{cluster.url}\0".encode())
    digest.update(f"{loaded_program()}\0{_hash_of([rooms.theme])}\0".encode())
    for name in sorted(file.name for file in rooms.media.glob("*")):
        digest.update(f"{name}\0".encode())
    return digest.hexdigest()


@functools.cache
def loaded_program() -> str:
    """A hash of the program and its libraries as this process runs them: an upgrade meanwhile does not change it.

    A process that lives long asks when it starts.
    """
    libraries = "".join(f"{library} {importlib.metadata.version(library)}\0" for library in _LIBRARIES)
    return libraries + _hash_of(_PROGRAM / room for room in _ROOMS)


def _hash_of(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(file for file in folder.rglob("*") if _is_source(file)):
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _is_source(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"


def _unchanged(
    rooms: Rooms, order: Order, cluster: Cluster, source: Source, recipe: str, earlier: Manifest
) -> Outcome | None:
    """The last build's outcome when it still holds: same recipe, and no item appeared or expired since."""
    state = read_state(rooms.state)
    if state is None or state.recipe != recipe or state.root != earlier.root() or not rooms.blobs.root.is_dir():
        return None
    if not state.now <= order.now < (state.next_moment or "~"):
        return None
    return Outcome(
        manifest=earlier,
        commit=source.revision,
        now=order.now,
        pages_total=_count_pages(earlier),
        pages_written=0,
        pages_removed=0,
        issues=state.issues,
        next_moment=state.next_moment,
        cluster=cluster,
    )


@dataclass(frozen=True, slots=True)
class State:
    """What the last build was made of and what it told, as `var/build.json` keeps it."""

    recipe: str
    root: str
    now: str
    next_moment: str
    issues: tuple[Issue, ...]


def read_state(path: Path) -> State | None:
    """The state in a file, None when it is missing or damaged: it is derived."""
    try:
        data = json.loads(path.read_text("utf-8"))
        issues = tuple(parse_issue(text) for text in data["issues"])
        recipe, root, now, until = (str(data[name]) for name in ("recipe", "root", "now", "next_moment"))
        return State(recipe, root, now, until, issues)
    except (FileNotFoundError, ValueError, TypeError, LookupError):
        return None


def _remember(rooms: Rooms, recipe: str, outcome: Outcome) -> None:
    """Writes the manifest first: a state file without its manifest does not fit and is not believed."""
    rooms.blobs.sync()
    write_aside(rooms.manifest, outcome.manifest.dump())
    state = {
        "recipe": recipe,
        "root": outcome.manifest.root(),
        "now": outcome.now,
        "next_moment": outcome.next_moment,
        "issues": [dump_issue(issue) for issue in outcome.issues],
    }
    write_aside(rooms.state, json.dumps(state, ensure_ascii=False).encode())


@contextmanager
def build_lock(var: Path) -> Iterator[None]:
    """Holds the one lock on what is derived in `var`, which a killed process gives up. Raises: BusyError."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another build works in {var}. Wait until it has finished.",
                f"另一个构建正在使用 {var}。请等它结束。",
            ) from error
        yield
