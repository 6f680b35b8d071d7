"""What must stand where in a target's web root, as the signed releases say: wants by path.

- The newest record in the vault is what must be live; every record there is a release that must be whole.
- A blob's and a listing's place follows from its name, so one that no release needs may lie there if it is true.
- While the receiver works (`in_flight`) what is unknown may be its next release: that is left alone, but never inside
  a directory that is settled. The same holds where the vault cannot say all (`is_whole` is false).
- Releases in the web root from before the vault's first cannot be judged, and are left: nothing of them is live.

Reads the vault through `Vaulted`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cluster.errors import FormatError
from cluster.listings import ASIDE, EMPTY, dump_listing
from cluster.manifest import ASSETS, Directory, Entry
from cluster.release import Release, file_stem
from publish.guard.vaulted import Vaulted
from publish.receiver import reload
from publish.receiver.place import FORMAT
from publish.receiver.places import INCOMING, LOCK

_HASH = re.compile(r"[0-9a-f]{64}")
_HASHES = re.compile(rb"[0-9a-f]{64}")
_FAN = re.compile(r"[0-9a-f]{2}")
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_FOLDERS = ("blobs", "listings", "trees", "releases", ASSETS)
# The receiver's own notes, and what an administrator may have: not signed, and never served.
_FREE = frozenset({INCOMING, "assets.json", "lost+found"})
_CACHED = 64


@dataclass(frozen=True, slots=True)
class Blob:
    """A file with these bytes: a link to the blob of its hash, or a copy like it."""

    sha: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The listing with this id."""

    id: str


@dataclass(frozen=True, slots=True)
class Text:
    """A small file with these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Plain:
    """A regular file whose bytes no signature covers."""


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link; `also` are targets that are right as well while the receiver works."""

    to: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inner:
    """A directory, whose contents have wants of their own."""


@dataclass(frozen=True, slots=True)
class Free:
    """Something that no signature covers: left as it is."""


Want = Blob | Listing | Text | Plain | Link | Inner | Free


@dataclass(slots=True)
class Signed:
    """What the signed releases want; made by `read_signed`."""

    vaulted: Vaulted
    in_flight: bool = False
    newer: tuple[str, ...] = ()
    older: frozenset[str] = frozenset()
    live: str = ""
    is_whole: bool = True
    faults: list[str] = field(default_factory=list)
    records: dict[str, bytes] = field(default_factory=dict)
    tops: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    trees: dict[str, str] = field(default_factory=dict)
    made: dict[str, Directory] = field(default_factory=dict)
    listing_ids: set[str] = field(default_factory=set)
    assets: dict[str, tuple[str, Entry]] = field(default_factory=dict)
    asset_folders: set[str] = field(default_factory=set)
    maps: dict[str, Entry] = field(default_factory=dict)
    _cache: dict[str, dict[str, Want]] = field(default_factory=dict)

    def want(self, path: str) -> Want | None:
        """What must, or may, stand at a path; None for what nobody signed."""
        first, _, rest = path.partition("/")
        if not rest:
            return self._want_at_top(first)
        name = path.rpartition("/")[2]
        if first == "trees":
            return self._want_of_tree(rest)
        if first == ASSETS:
            return self._want_of_asset(path)
        if name.startswith(ASIDE):
            return Free()
        if first == "blobs":
            return _want_of_blob(rest)
        if first == "listings":
            return Listing(rest) if _HASH.fullmatch(rest) else None
        if first == "releases":
            return self._want_of_release(rest)
        if first == reload.FOLDER:
            return self._want_of_map(rest)
        return Free() if first == "closed" and _SITE.fullmatch(rest) else None

    def required(self, folder: str) -> Iterator[str]:
        """The names that must be in a folder; of blobs, those that must be if a release needs them."""
        if not folder:
            yield from (
                "format",
                *_FOLDERS,
                *(["current"] if self.live else []),
                *([reload.FOLDER] if self.maps else []),
            )
        elif folder == reload.FOLDER:
            yield from () if self.in_flight else self.maps
        elif folder == "trees":
            yield from self.trees
        elif folder == "listings":
            yield from self.listing_ids
        elif folder == "releases":
            yield from self.records
            yield from self.tops
        elif folder.startswith("trees/"):
            yield from self._names(folder[6:])
        elif folder.startswith("blobs/") and not self.in_flight:
            yield from self.vaulted.blobs_in(folder[6:])
        elif folder in self.asset_folders:
            start = len(folder) + 1
            inside = (path[start:] for path in (*self.assets, *self.asset_folders) if path.startswith(f"{folder}/"))
            yield from (name for name in inside if "/" not in name)

    def is_required(self, path: str) -> bool:
        """Whether something must stand at a path; of a blob this cannot be told from its path alone."""
        folder, _, name = path.rpartition("/")
        return name in self.required(folder) and not self._may_go(path)

    def _may_go(self, path: str) -> bool:
        """Whether it is a compressed sibling under `assets/` whose file is about to become one that has none."""
        is_sibling = path.startswith(f"{ASSETS}/") and path.endswith(".br")
        return self.in_flight and is_sibling and path.removesuffix(".br") in self.assets

    def folders(self) -> Iterator[str]:
        """Every folder whose contents can be looked at one by one, without those of the blobs."""
        yield from ("", "releases", "trees", "blobs", "listings", "closed", reload.FOLDER)
        yield from sorted(self.asset_folders | {ASSETS})
        yield from (f"trees/{id}" for id in list(self.trees))

    def page(self, path: str) -> str:
        """The path that visitors know, with the site's name before it; empty for what has none."""
        first, _, rest = path.partition("/")
        if first == ASSETS:
            return path
        id, _, name = rest.partition("/")
        if first != "trees" or id not in self.trees:
            return ""
        return "/".join(part for part in (self.trees[id], name) if part)

    def uses(self, shas: Set[str]) -> tuple[dict[str, str], dict[str, Entry]]:
        """Where these blobs are linked, path → hash, and a file that each belongs to; read from all listings."""
        places: dict[str, str] = {}
        entries: dict[str, Entry] = {}
        for id in self._trees_with(shas):
            for name, entry in self._files_of(id):
                for sha, place in _links(f"trees/{id}/{name}", entry):
                    if sha in shas:
                        places[place] = sha
                        entries[sha] = entry
        for path, (sha, entry) in self.assets.items():
            if sha in shas:
                places[path] = sha
                entries[sha] = entry
        return places, entries

    def _files_of(self, id: str) -> tuple[tuple[str, Entry], ...]:
        try:
            return self.directory(id).files
        except FormatError:  # told with the faults of the vault
            return ()

    def _trees_with(self, shas: Set[str]) -> Iterator[str]:
        few = [sha.encode() for sha in shas] if len(shas) <= 16 else []
        many = {sha.encode() for sha in shas}
        for id in self.trees:
            data = dump_listing(self.made[id]) if id in self.made else self.vaulted.listing_bytes(id) or b""
            if any(sha in data for sha in few) if few else not many.isdisjoint(_HASHES.findall(data)):
                yield id

    def directory(self, id: str) -> Directory:
        """A directory of the served trees. Raises: FormatError."""
        return self.made[id] if id in self.made else self.vaulted.listing(id)

    def _want_at_top(self, name: str) -> Want | None:
        if name == "format":
            return Text(f"{FORMAT}\n".encode())
        if name == "current" and self.live:
            return Link(f"releases/{self.live}", tuple(f"releases/{stem}" for stem in self.newer))
        if name == LOCK:
            return Plain()
        if name in _FOLDERS or name in ("closed", reload.FOLDER):
            return Inner()
        return Free() if name in _FREE or name.startswith(ASIDE) else None

    def _want_of_tree(self, rest: str) -> Want | None:
        id, _, name = rest.partition("/")
        if id in self.trees:
            return self._names(id).get(name) if name else Inner()
        if not _HASH.fullmatch(id):
            return None
        return Free() if self.older or self.vaulted.is_spare_tree(id) else self._unknown()

    def _want_of_asset(self, path: str) -> Want | None:
        if path in self.asset_folders:
            return Inner()
        if path in self.assets:
            return Blob(self.assets[path][0])
        return self._unknown()

    def _want_of_release(self, name: str) -> Want | None:
        if name in self.records:
            return Text(self.records[name])
        if name in self.tops:
            return Link(f"../trees/{self.tops[name]}")
        return Free() if name.removesuffix(".json") in self.unread | self.older else self._unknown()

    def _want_of_map(self, name: str) -> Want | None:
        """The redirect map of a site, as it follows from the live release."""
        if self.in_flight or name == reload.DUE:
            return Free()
        if name not in self.maps:
            return self._unknown()
        entry = self.maps[name]
        text = self.vaulted.read_text(entry)
        if text is None:
            return Free()
        return Text(f"{reload.HEADER} {entry.raw}\n{reload.redirect_maps(text)}".encode())

    def _unknown(self) -> Want | None:
        return Free() if self.in_flight or not self.is_whole else None

    def _names(self, id: str) -> dict[str, Want]:
        if (known := self._cache.get(id)) is not None:
            return known
        directory = self.directory(id)
        wants: dict[str, Want] = {name: Link(f"../{child}") for name, child in directory.children}
        for name, entry in directory.files:
            wants |= {place: Blob(sha) for sha, place in _links(name, entry)}
        if len(self._cache) >= _CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[id] = wants
        return wants


def read_signed(
    vaulted: Vaulted,
    numbers: Collection[int],
    *,
    newer: Iterable[int] = (),
    in_flight: bool = False,
    children: dict[str, tuple[tuple[str, str], ...]] | None = None,
) -> Signed:
    """Reads what these releases of the vault want; `children` remembers between calls what a directory leads to."""
    signed = Signed(vaulted, in_flight, tuple(file_stem(number) for number in newer))
    signed.older = vaulted.older_in_www(min(numbers))
    reader = _Reader(signed, {} if children is None else children)
    for number in sorted(numbers, reverse=True):  # the newest first: its paths are those that visitors know
        stem = file_stem(number)
        signed.live = signed.live or stem
        kept = vaulted.record(number)
        if kept is None:
            signed.is_whole = False
            signed.unread.add(stem)
            signed.faults.append(f"releases/{stem}.json")
            continue
        release, data = kept
        signed.records[f"{stem}.json"] = data
        reader.read(release, stem)
    reader.read_unused_assets()
    return signed


class _Reader:
    """Walks the trees of one release after the other."""

    def __init__(self, signed: Signed, children: dict[str, tuple[tuple[str, str], ...]]) -> None:
        self._signed = signed
        self._children = children

    def read(self, release: Release, stem: str) -> None:
        top = self._top(release)
        if top is None:
            self._signed.unread.add(stem)
            return
        assets = dict(top.children).get(ASSETS)
        served = top.without(ASSETS)
        self._signed.made[served.id] = served
        self._signed.tops[stem] = served.id
        if stem == self._signed.live:
            self._read_maps(served)
        self._walk(served.id, "", is_served=True)
        if assets:
            self._read_assets(assets, ASSETS)
        self._walk(release.root, "", is_served=False)

    def _top(self, release: Release) -> Directory | None:
        """The top directory with the overlay's bodies in the directories of their sites."""
        top = self._directory(release.root, "")
        if top is None:
            return None
        children = dict(top.children)
        for site in sorted({path.partition("/")[0] for path, _ in release.overlay}):
            before = self._directory(children.get(site, EMPTY), site)
            if before is None:
                return None
            bodies = {path.partition("/")[2]: entry for path, entry in release.overlay if path.startswith(f"{site}/")}
            files = tuple(sorted((dict(before.files) | bodies).items()))
            made = Directory.of(site, files, before.children)
            self._signed.made[made.id] = made
            children[site] = made.id
        return Directory.of("", top.files, tuple(sorted(children.items())))

    def _walk(self, root: str, path: str, *, is_served: bool) -> None:
        """Notes every directory below `root`: as a tree that is served, or as a listing that is kept."""
        waiting = [(root, path)]
        while waiting:
            id, here = waiting.pop()
            if id == EMPTY and not is_served:
                continue
            if id in (self._signed.trees if is_served else self._signed.listing_ids):
                continue
            children = self._children_of(id, here)
            if children is None:
                continue
            if is_served:
                self._signed.trees[id] = here
            else:
                self._signed.listing_ids.add(id)
            waiting += [(child, f"{here}/{name}" if here else name) for name, child in children]

    def _children_of(self, id: str, path: str) -> tuple[tuple[str, str], ...] | None:
        if id not in self._children:
            directory = self._directory(id, path)
            if directory is None:
                return None
            self._children[id] = directory.children
        return self._children[id]

    def _read_maps(self, served: Directory) -> None:
        for site, id in served.children:
            directory = self._directory(id, site)
            entry = dict(directory.files).get(reload.REDIRECTS) if directory else None
            if entry is not None:
                self._signed.maps[reload.map_path(Path(), site).name] = entry

    def _read_assets(self, id: str, path: str) -> None:
        directory = self._directory(id, path)
        if directory is None:
            return
        self._signed.asset_folders.add(path)
        for name, entry in directory.files:
            self._want_asset(f"{path}/{name}", entry)
        for name, child in directory.children:
            self._read_assets(child, f"{path}/{name}")

    def read_unused_assets(self) -> None:
        """Files that no kept release uses, for tabs that were opened earlier."""
        unused = self._signed.vaulted.unused_assets()
        if unused is None:
            self._signed.is_whole = False
            self._signed.faults.append("unused.json")
            return
        for path, entry in unused.items():
            self._signed.asset_folders.update(str(folder) for folder in PurePosixPath(path).parents if folder.name)
            self._want_asset(path, entry)

    def _want_asset(self, path: str, entry: Entry) -> None:
        """Wants a file under `assets/`, unless a newer release has another one there."""
        if path not in self._signed.assets:
            for sha, place in _links(path, entry):
                self._signed.assets[place] = (sha, entry)

    def _directory(self, id: str, path: str) -> Directory | None:
        if id in self._signed.made:
            return self._signed.made[id]
        try:
            return self._signed.vaulted.listing(id, path)
        except FormatError:
            self._signed.is_whole = False
            if f"listings/{id}" not in self._signed.faults:
                self._signed.faults.append(f"listings/{id}")
            return None


def _links(place: str, entry: Entry) -> Iterator[tuple[str, str]]:
    """What stands on the disk for a file: hash and name of it and of its brotli sibling."""
    yield entry.raw, place
    if entry.brotli:
        yield entry.brotli, f"{place}.br"


def _want_of_blob(rest: str) -> Want | None:
    fan, _, name = rest.partition("/")
    if not _FAN.fullmatch(fan):
        return None
    if not name:
        return Inner()
    return Blob(fan + name) if _HASH.fullmatch(fan + name) else None
