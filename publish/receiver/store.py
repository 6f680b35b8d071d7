"""A folder of blobs, listings and release records: what the web root and the vault have in common.

- What is new lies under `.incoming` (blobs) and `.tmp-place` (everything else) until it is on the disk; only then does
  `give_names` rename it. So whatever has its final name is whole, after a kill or a power cut at any moment.
- Blobs under `.incoming` outlive a cut transfer: the next one checks them and goes on from there.

Called by `publish.receiver.place` and `publish.receiver.vault`; whoever calls holds the target's lock.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from cluster.blobs import CHUNK, BlobStore, damaged, mtime_of
from cluster.errors import FormatError, TargetError
from cluster.listings import Listings, dump_listing
from cluster.manifest import Directory
from cluster.release import file_stem
from publish.receiver.disk import empty_folder, make_folder, write_durably, write_new
from publish.receiver.hashes import UniqueHashes
from publish.receiver.places import ASIDE, INCOMING, OWN_NAMES

# What a fresh folder or file system may hold before the first release.
_NOT_OURS_BUT_FINE = OWN_NAMES | {"lost+found"}
_BATCH = 10_000
_HASH = re.compile(r"[0-9a-f]{64}")


class Store:
    """One such folder, whose format is the line `header`."""

    def __init__(self, root: Path, header: str, at: Callable[[str], None]) -> None:
        self.root = root
        self.header = header
        self.blobs = BlobStore(root / "blobs")
        self.listings = Listings(root / "listings")
        self.releases = root / "releases"
        self.incoming = root / INCOMING
        self.aside = root / ASIDE
        self.at = at

    # Opening

    def open(self) -> None:
        """Refuses a folder that is not ours, and wipes what a killed run left, but for blobs that came whole."""
        make_folder(self.root)
        empty_folder(self.aside)
        if not (self.root / "format").exists():
            self.found()
        elif (self.root / "format").read_text("utf-8", "replace").strip() != self.header:
            raise unknown_format(self.root / "format", self.header)
        for folder in (self.blobs.root, self.listings.root, self.releases, self.incoming):
            make_folder(folder)

    def found(self) -> None:
        """Makes an empty folder ours. Raises: TargetError when other things are in it."""
        if strangers := {path.name for path in self.root.iterdir()} - _NOT_OURS_BUT_FINE:
            raise _not_ours(self.root, min(strangers))
        self.write("format", f"{self.header}\n".encode())
        self.at("format")

    def close(self) -> None:
        """Removes what lies aside."""
        shutil.rmtree(self.aside, ignore_errors=True)

    # Blobs

    def holds(self, sha: str) -> bool:
        """Whether the blob has come in, or is here."""
        return os.path.exists(f"{self.incoming}/{sha}") or sha in self.blobs  # noqa: PTH110 - once for every file

    def path_of(self, sha: str) -> str:
        """Where the bytes of a blob lie at this moment."""
        came = f"{self.incoming}/{sha}"
        return came if os.path.exists(came) else f"{self.blobs.root}/{sha[:2]}/{sha[2:]}"  # noqa: PTH110

    def copy_from(self, other: Store, sha: str) -> None:
        """Takes a blob in from another store. Raises: FormatError when it is damaged there."""
        source = other.path_of(sha)
        if not bring(sha, read_pieces(source), self):
            raise damaged(Path(source))

    def drop_incoming(self, sha: str) -> None:
        """Takes away what came in as this blob, if anything did."""
        (self.incoming / sha).unlink(missing_ok=True)

    def came_in(self) -> UniqueHashes:
        """The blobs that came in earlier, whole or not; removes what was never one."""
        found = UniqueHashes()
        with os.scandir(self.incoming) as entries:
            for entry in entries:
                if _HASH.fullmatch(entry.name):
                    found.append(entry.name)
                else:
                    os.unlink(entry.path)  # noqa: PTH108
        return found

    def came_whole(self, sha: str) -> bool:
        """Whether a blob that came in earlier is what its name says; removes one that is not."""
        place = Path(f"{self.incoming}/{sha}")
        digest = hashlib.sha256()
        for piece in read_pieces(str(place)):
            digest.update(piece)
        if digest.hexdigest() == sha:
            # A kill may have come between its last byte and these.
            place.chmod(0o444)
            os.utime(place, (mtime_of(sha), mtime_of(sha)))
            return True
        place.unlink()
        return False

    def sweep_blobs(self, keep: Collection[str]) -> int:
        """Removes every blob but these; returns how many went."""
        gone = 0
        for folder in list(self.blobs.root.iterdir()):
            with os.scandir(folder) as entries:
                unwanted = [entry.path for entry in entries if folder.name + entry.name not in keep]
            for path in unwanted:
                os.unlink(path)  # noqa: PTH108 - once for every file
            gone += len(unwanted)
        return gone

    # Listings and records

    def put_listing(self, directory: Directory) -> None:
        """Lays a listing aside unless it is here."""
        place = self.aside / "listings" / directory.id
        if directory.id not in self.listings and not place.exists():
            make_folder(place.parent)
            place.write_bytes(dump_listing(directory))

    def put_record(self, number: int, record: bytes) -> None:
        """Lays a release record aside."""
        make_folder(self.aside / "releases")
        write_new([str(self.aside / "releases" / f"{file_stem(number)}.json")], [record])

    def numbers(self) -> list[int]:
        """The numbers of the releases whose records are here, lowest first."""
        return sorted(int(path.stem) for path in self.releases.glob("*.json") if path.stem.isdigit())

    def record(self, number: int) -> bytes | None:
        """The record of a release, byte for byte; None when it is not here."""
        try:
            return (self.releases / f"{file_stem(number)}.json").read_bytes()
        except FileNotFoundError:
            return None

    def keep(self, numbers: Collection[int]) -> None:
        """Drops the records of all other releases, and what stands beside a record under its number."""
        stems = {file_stem(number) for number in numbers}
        dropped = [path for path in self.releases.iterdir() if path.name.partition(".")[0] not in stems]
        for path in sorted(dropped, key=lambda path: path.suffix != ".json"):  # the record first: it says "kept"
            path.unlink()
            self.at("forgot")

    # Names

    def give_names(self) -> None:
        """Renames the blobs that came in and the listings laid aside; they must be on the disk by now."""
        self._name_blobs()
        self._name("listings")

    def name_records(self) -> None:
        """Renames the records laid aside, and what stands beside them."""
        self._name("releases")

    def _name(self, kind: str) -> None:
        if (self.aside / kind).is_dir():
            for path in (self.aside / kind).iterdir():
                path.replace(self.root / kind / path.name)
                self.at("named")

    def _name_blobs(self) -> None:
        while names := _some_names(self.incoming):
            for sha in names:
                place = f"{self.blobs.root}/{sha[:2]}/{sha[2:]}"
                try:
                    os.replace(f"{self.incoming}/{sha}", place)  # noqa: PTH105 - once for every file
                except FileNotFoundError:
                    make_folder(Path(place).parent)
                    os.replace(f"{self.incoming}/{sha}", place)  # noqa: PTH105
                self.at("named")
        # A folder that held hundreds of thousands of names stays slow to look through.
        self.incoming.rmdir()
        make_folder(self.incoming)

    def write(self, name: str, data: bytes) -> None:
        """Writes a small file aside, waits until it is on the disk, and puts it in its place."""
        write_durably(self.root / name, data, aside=self.aside / Path(name).name)


def bring(sha: str, pieces: Iterable[bytes], *stores: Store) -> bool:
    """Takes a blob into these stores at once; False, and nothing is left of it, when its bytes are not its name's."""
    digest = hashlib.sha256()
    try:
        write_new([f"{store.incoming}/{sha}" for store in stores], _hashed(pieces, digest.update), mtime=mtime_of(sha))
    except BaseException:
        for store in stores:
            store.drop_incoming(sha)
        raise
    if digest.hexdigest() == sha:
        return True
    for store in stores:
        store.drop_incoming(sha)
    return False


def read_pieces(path: str) -> Iterator[bytes]:
    """The bytes of a file."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - once for every file
        while piece := file.read(CHUNK):
            yield piece


def _hashed(pieces: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _some_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, _BATCH)]


def unknown_format(path: Path, header: str) -> FormatError:
    """The error for a folder of another format."""
    return FormatError(
        f"{path}: unknown format; this program writes '{header}'. Upgrade it.",
        f"{path}：格式未知；本程序写入“{header}”。请升级程序。",
    )


def _not_ours(root: Path, stranger: str) -> TargetError:
    return TargetError(
        f"{root}: this folder holds other things ('{stranger}'). Name an empty or a new folder.",
        f"{root}：文件夹中有其他内容（“{stranger}”）。请指定一个空的或新的文件夹。",
    )
