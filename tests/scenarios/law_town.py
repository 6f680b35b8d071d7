"""A small cluster in a real repository that is built two ways: on what the last build left, and into an empty folder.

- Content is bytes by path; an edit is one commit on `main`. `now`, the theme and the large files stand beside it.
- A clean build is made once for a tree, a moment, a theme and the large files. Clean builds share blobs among
  themselves and nothing with the town's own `var`.
- Only `publish.build.build` and its `Outcome` are used, so that any engine can be held to the Law.

Called by `tests.scenarios.law`, `test_law` and `tests.tools.soak`.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import signal
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pelican import signals

from cluster import item as item_file
from cluster.blobs import BlobStore
from cluster.errors import ClusterError
from cluster.gitstore import GitSource, GitStore
from cluster.issues import Issue
from cluster.manifest import Entry
from cluster.settings import DEFAULT_PORT
from cluster.source import FolderSource, Source
from publish.build import Order, Outcome, Rooms, build
from tests.builders import NOW, REPOSITORY, commit_files, commit_link, make_store, make_toml, write_tree

FILM = b"film" * 700_000
MOST_CLEAN_BUILDS = 300
_TEXT = (".html", ".xml", ".json", ".css", ".txt", "_redirects")

Files = Mapping[str, bytes]
Changes = Mapping[str, bytes | None]
Engine = Callable[[Source, Rooms, Order], Outcome]


@dataclass(frozen=True, slots=True)
class Built:
    """What the Law speaks of: the files, their root, issues and next moment; or the kind of error that stopped it all.

    `pages_written` and `pages_removed` are told against the build before, so a clean build's are others.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    root: str = ""
    pages_total: int = 0
    issues: tuple[Issue, ...] = ()
    next_moment: str = ""
    refused: str = ""
    pages_written: int = field(default=0, compare=False)
    pages_removed: int = field(default=0, compare=False)

    def of_site(self, key: str) -> Built:
        """The files of one site alone."""
        entries = {path: entry for path, entry in self.entries.items() if path.startswith(f"{key}/")}
        return Built(entries, refused=self.refused)

    def written_since(self, earlier: Built) -> list[str]:
        """The paths that came, changed or went."""
        either = {**earlier.entries, **self.entries}
        return [path for path in sorted(either) if earlier.entries.get(path) != self.entries.get(path)]


def attempt(engine: Engine, source: Source, rooms: Rooms, order: Order) -> Built:
    """What the engine makes, or the kind of its refusal.

    Raises:
        AssertionError: it contradicts itself: the root or the number of pages is not that of the files.
    """
    try:
        outcome = engine(source, rooms, order)
    except ClusterError as error:
        return Built(refused=type(error).__name__)
    manifest, told = outcome.manifest, outcome.as_dict()
    entries = {path: manifest[path] for path in manifest}
    assert told["root"] == manifest.root(), "the root is not that of the files"
    assert told["pages_total"] == sum(map(is_page, entries)), f"{told['pages_total']} pages is not their number"
    return Built(
        entries,
        root=told["root"],
        pages_total=told["pages_total"],
        issues=tuple(outcome.issues),
        next_moment=outcome.next_moment,
        pages_written=outcome.pages_written,
        pages_removed=outcome.pages_removed,
    )


def is_page(path: str) -> bool:
    """Whether a file counts as a page."""
    return path.endswith(".html")


@dataclass(frozen=True, slots=True)
class State:
    """All that the output follows from, as hashes."""

    content: str
    theme: str


class CleanBuilds:
    """Clean builds below one folder, the latest of them kept.

    They share blobs, which are named by their bytes, and the templates compiled for the same theme.
    """

    def __init__(self, root: Path) -> None:
        self.blobs = BlobStore(root / "blobs")
        self._root = root
        self._known: dict[State, Built] = {}

    def of(self, state: State, source: Source, rooms: Rooms, now: str) -> Built:
        """What a build of this state into an empty folder gives."""
        if state not in self._known:
            if len(self._known) == MOST_CLEAN_BUILDS:
                self._known.clear()
                shutil.rmtree(self._root)
            self._known[state] = self._build(state, source, rooms, now)
        return self._known[state]

    def _build(self, state: State, source: Source, rooms: Rooms, now: str) -> Built:
        var = self._root / "var"
        shutil.rmtree(var, ignore_errors=True)
        var.mkdir(parents=True)
        for name, shared in (("blobs", self.blobs.root), ("templates", self._root / f"templates-{state.theme}")):
            shared.mkdir(exist_ok=True)
            (var / name).symlink_to(shared)
        return attempt(build, source, Rooms(var, rooms.media, rooms.theme), Order(now=now, jobs=1))


class Town:
    """A cluster in a folder with `content.git`, `var`, `media` and `theme`.

    `files` is what `main` holds, `last` what the last build made, `edits` counts all that a build may have to notice.
    """

    def __init__(
        self, root: Path, files: Files, cleans: CleanBuilds, *, now: str = NOW, engine: Engine = build
    ) -> None:
        self.root = root
        self.files = dict(files)
        self.last = Built()
        self.edits = 0
        self._is_settled = False
        self._now = now
        self._cleans = cleans
        self._engine = engine
        self._store = GitStore(root / "content.git")

    @classmethod
    def founded(cls, root: Path, files: Files, *, engine: Engine = build, cleans: CleanBuilds | None = None) -> Town:
        """A new town whose `main` has one commit; nothing is built yet, and the large files are missing."""
        make_store(root, files).close()
        shutil.copytree(REPOSITORY / "themes" / "gov", root / "theme")
        (root / "media").mkdir()
        return cls(root, files, cleans or CleanBuilds(root / "clean"), engine=engine)

    def copied(self, root: Path, *, engine: Engine | None = None) -> Town:
        """The same town elsewhere, with what it has built; the clean builds are shared."""
        shutil.copytree(self.root, root, ignore=_leave_out("clean", "blobs"), dirs_exist_ok=True)
        if self.rooms.blobs.root.is_dir():
            # A blob never changes, so a second name is as good as a copy.
            shutil.copytree(self.rooms.blobs.root, root / "var" / "blobs", copy_function=os.link)
        town = Town(root, self.files, self._cleans, now=self.now, engine=engine or self._engine)
        town.last, town._is_settled = self.last, self._is_settled
        return town

    def close(self) -> None:
        """Ends the git processes kept for reading."""
        self._store.close()

    @property
    def rooms(self) -> Rooms:
        """Where the town is built."""
        return Rooms(self.root / "var", self.root / "media", self.root / "theme")

    @property
    def head(self) -> str:
        """The commit that `main` names."""
        head = self._store.head()
        assert head is not None
        return head

    @property
    def items(self) -> list[str]:
        """The paths of all items, in order."""
        return sorted(path for path in self.files if path.startswith("content/") and path.endswith(".md"))

    @property
    def sites(self) -> list[str]:
        """The keys of the sites that the cluster has."""
        keys: list[str] = tomllib.loads(self.files["sites/cluster.toml"].decode())["sites"]
        return keys

    @property
    def now(self) -> str:
        """The moment as of which it is built, a stamp."""
        return self._now

    @now.setter
    def now(self, moment: str) -> None:
        self.edits += moment != self._now
        self._now = moment

    # ---- edits ----------------------------------------------------------------------------------------------------

    def commit(self, changes: Changes) -> None:
        """One commit with those of the changes that change something."""
        real = {path: data for path, data in changes.items() if self.files.get(path) != data}
        if not real:
            return
        self.edits += 1
        commit_files(self._store, real)
        self.files |= {path: data for path, data in real.items() if data is not None}
        for path in (path for path, data in real.items() if data is None):
            del self.files[path]

    def turn_into(self, files: Files) -> None:
        """One commit after which `main` holds just these files."""
        self.commit(dict.fromkeys(self.files) | dict(files))

    def link(self, path: str, target: str) -> None:
        """Commits a symbolic link, which `files` cannot tell: the next change of the path makes a file of it."""
        self.edits += 1
        commit_link(self._store, path, target)
        self.files[path] = b""

    def seed_anew(self) -> None:
        """A new repository with the same files, whose one commit has nothing to do with those before."""
        self.edits += 1
        self._store.close()
        shutil.rmtree(self.root / "content.git")
        make_store(self.root, self.files).close()
        self._store = GitStore(self.root / "content.git")

    def change_item(self, path: str, fields: Mapping[str, Any], *, to: str = "") -> None:
        """Commits an item with other fields (None removes one, `body` is the text), perhaps at another place."""
        document, _ = item_file.read(path, self.files[path])
        if document is None:
            return
        values = {**document.front.values, **fields}
        body = values.pop("body", document.body)
        data = item_file.compose({name: value for name, value in values.items() if value is not None}, body)
        self.commit({path: None} | {to or path: data})

    def change_config(self, path: str, change: Callable[[dict[str, Any]], object]) -> None:
        """Commits a TOML file after `change` has worked on its table."""
        table = tomllib.loads(self.files[path].decode())
        change(table)
        self.commit({path: make_toml(table)})

    def change_theme(self, name: str, more: str) -> None:
        """Appends to a file of the theme, or starts one."""
        self.edits += 1
        file = self.rooms.theme / name
        file.write_text((file.read_text("utf-8") if file.is_file() else "") + more, "utf-8")

    def restore_theme(self) -> None:
        """Makes the theme the program's own again."""
        self.edits += 1
        shutil.rmtree(self.rooms.theme)
        shutil.copytree(REPOSITORY / "themes" / "gov", self.rooms.theme)

    def bring_film(self, data: bytes = FILM) -> None:
        """Puts the large file's bytes where the build reads them."""
        self.edits += 1
        (self.rooms.media / hashlib.sha256(FILM).hexdigest()).write_bytes(data)

    def take_film(self) -> None:
        """Takes the large file's bytes away."""
        self.edits += 1
        (self.rooms.media / hashlib.sha256(FILM).hexdigest()).unlink(missing_ok=True)

    # ---- what is derived ------------------------------------------------------------------------------------------

    def lose_var(self) -> None:
        """Deletes all that was derived."""
        self.edits += 1
        self._is_settled = False
        shutil.rmtree(self.rooms.var, ignore_errors=True)

    def lose_part(self, number: int) -> str:
        """Deletes one of the things in `var`, a database with its companions; returns its name."""
        self.edits += 1
        self._is_settled = False
        names = sorted({file.name.split("-")[0] for file in self.rooms.var.glob("[!.]*")})
        if not names:
            return ""
        name = names[number % len(names)]
        for file in self.rooms.var.glob(f"{name}*"):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        return name

    def sweep(self) -> None:
        """Removes the blobs that the last build does not use, as publishing does after a whole one."""
        if not self._is_settled:
            return
        self.edits += 1
        used = {sha for entry in self.last.entries.values() for sha in (entry.raw, entry.brotli) if sha}
        self.rooms.blobs.sweep(used)

    # ---- builds ---------------------------------------------------------------------------------------------------

    def build(
        self,
        source: Source | None = None,
        *,
        sites: tuple[str, ...] = (),
        full: bool = False,
        jobs: int = 1,
        port: int = DEFAULT_PORT,
    ) -> Built:
        """Builds `main`, or another source, on what the last build left."""
        order = Order(now=self.now, port=port, sites=sites, full=full, jobs=jobs)
        self._is_settled = False
        built = attempt(self._engine, source or GitSource(self._store, self.head), self.rooms, order)
        if not sites and not built.refused:
            self.last = built
            self._is_settled = True
        return built

    def clean(self) -> Built:
        """What a build of `main` into an empty folder gives."""
        return self._cleans.of(self._state(self.files), GitSource(self._store, self.head), self.rooms, self.now)

    def check(self, *, full: bool = False, jobs: int = 1) -> Built:
        """Builds `main` both ways and holds the first to the second."""
        before = self.last if self._is_settled and not full else None
        made = self._hold(self.build(full=full, jobs=jobs), self.clean())
        if before is not None and not made.refused:
            _hold_counts(made, before)
        return made

    def check_folder(self) -> Built:
        """The same with the content in a plain folder."""
        shutil.rmtree(self.root / "folder", ignore_errors=True)
        return self._hold(self.build(FolderSource(write_tree(self.root / "folder", self.files))), self.clean())

    def check_commit(self, commit: str, files: Files) -> Built:
        """The same with another commit than `main`, which holds these files."""
        wanted = self._cleans.of(self._state(files), GitSource(self._store, commit), self.rooms, self.now)
        return self._hold(self.build(GitSource(self._store, commit)), wanted)

    def check_site(self, key: str) -> None:
        """Looks at one site alone and holds its part to the clean build's."""
        self._hold(self.build(sites=(key,)).of_site(key), self.clean().of_site(key))

    def interrupted(self, after: int) -> None:
        """Builds and is stopped from the keyboard once `after` items were rendered."""
        with _plugin(_Countdown(after, _stop_from_keyboard)), suppress(KeyboardInterrupt):
            self.build()

    def killed(self, after: int) -> bool:
        """Builds in another process that is killed once `after` items were rendered; whether it was."""
        self._is_settled = False
        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1] == signal.SIGKILL
        try:
            self._store = GitStore(self._store.path)
            with _plugin(_Countdown(after, _kill)):
                self.build()
        finally:
            os._exit(0)

    def _state(self, files: Files) -> State:
        """The state in which the town is when `main` holds these files."""
        media = {file.name: b"%d" % file.stat().st_size for file in self.rooms.media.iterdir()}
        return State(_hash(self.now, files, media), _hash("", read_folder(self.rooms.theme)))

    def _hold(self, made: Built, wanted: Built) -> Built:
        told = [*_missing(made, self.rooms.blobs), *difference(made, wanted, self.rooms.blobs, self._cleans.blobs)]
        if told:
            raise AssertionError("\n".join(["not what a clean build makes:", *told]))
        return made


def _hold_counts(made: Built, before: Built) -> None:
    """Holds the numbers that the brake reads to the files."""
    pages = [path for path in made.written_since(before) if is_page(path)]
    removed = sum(path not in made.entries for path in pages)
    told, found = (made.pages_written, made.pages_removed), (len(pages) - removed, removed)
    assert told == found, f"{told} pages written and removed, found {found}: {pages[:20]}"


def read_folder(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their paths in it."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _hash(word: str, *all_files: Files) -> str:
    digest = hashlib.sha256(word.encode())
    for files in all_files:
        for path, data in sorted(files.items()):
            digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def _leave_out(*names: str) -> Callable[[str, list[str]], set[str]]:
    return lambda _, found: {*names} & {*found}


@dataclass(slots=True)
class _Countdown:
    """A receiver of Pelican's signal that acts when it has counted so many items."""

    left: int
    act: Callable[[], object]

    def __call__(self, _content: object, **_: object) -> None:
        if not self.left:
            self.act()
        self.left -= 1


def _stop_from_keyboard() -> None:
    raise KeyboardInterrupt


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _plugin(receive: _Countdown) -> Iterator[None]:
    """A third-party plugin that is shown every item."""
    signals.content_object_init.connect(receive, weak=False)
    try:
        yield
    finally:
        signals.content_object_init.disconnect(receive)


# ---- telling the difference -----------------------------------------------------------------------------------------


def difference(made: Built, wanted: Built, made_blobs: BlobStore, wanted_blobs: BlobStore) -> Iterator[str]:
    """What differs, line by line, with the texts of the first pages; nothing when all is equal."""
    if made.refused != wanted.refused:
        yield f"refused: {made.refused or 'no'}, wanted: {wanted.refused or 'no'}"
    paths = made.written_since(wanted)
    for path in paths[:30]:
        yield f"{_mark(path, made, wanted)} {path}"
    if paths[30:]:
        yield f"… and {len(paths) - 30} more"
    for path in [path for path in paths if path in made.entries and path in wanted.entries][:4]:
        pair = _lines(wanted_blobs, wanted.entries[path], path), _lines(made_blobs, made.entries[path], path)
        yield from list(difflib.unified_diff(*pair, f"clean {path}", f"made {path}", lineterm="", n=1))[:30]
    yield from (f"issue too much: {_told(one)}" for one in _only(made.issues, wanted.issues))
    yield from (f"issue missing: {_told(one)}" for one in _only(wanted.issues, made.issues))
    if made.issues != wanted.issues and sorted(made.issues) == sorted(wanted.issues):
        yield "issues in another order"
    if made.next_moment != wanted.next_moment:
        yield f"next moment: {made.next_moment or 'none'}, wanted: {wanted.next_moment or 'none'}"


def _mark(path: str, made: Built, wanted: Built) -> str:
    if path not in wanted.entries:
        return "too much:"
    return "missing: " if path not in made.entries else "differs: "


def _missing(made: Built, blobs: BlobStore) -> Iterator[str]:
    """The blobs that the manifest names and the store does not have."""
    for path, entry in made.entries.items():
        for sha in (entry.raw, entry.brotli):
            if sha and sha not in blobs:
                yield f"no blob {sha} of {path}"


def _lines(blobs: BlobStore, entry: Entry, path: str) -> list[str]:
    if not path.endswith(_TEXT) or entry.raw not in blobs:
        return [f"{entry}"]
    return blobs.path(entry.raw).read_text("utf-8").splitlines()


def _only(some: Iterable[Issue], others: Iterable[Issue]) -> list[Issue]:
    known = list(others)
    return [issue for issue in some if issue not in known]


def _told(issue: Issue) -> str:
    return f"{issue.code} {issue.place()} {issue.text('en')}"
