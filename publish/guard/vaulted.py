"""Reading the vault: records by number, listings and blobs by hash. What is damaged or lacking is noted, never used.

Listings and blobs name themselves by their hashes; a record is the receiver's word that it was verified, and the hash
of the newest one stands in the state folder. Nothing is written to the vault here. A listing that the vault lacks may
still stand unharmed in the web root: it is then taken from there, checked against its name.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from cluster.aside import write_aside
from cluster.blobs import BlobStore
from cluster.errors import FormatError, RefusedError
from cluster.listings import Listings
from cluster.manifest import ASSETS, Directory, Entry
from cluster.release import NUMBER_DIGITS, Release, file_stem
from publish.guard.folder import Folder, copy_bytes, sha256_of, write_all
from publish.receiver.places import Places
from publish.receiver.remembered import Remembered
from publish.receiver.store import read_pieces
from publish.receiver.unpack import unpack
from publish.receiver.vault import Vault

_LISTING_MOST = 256 << 20
_TOP_MOST = 1 << 16
_BLOB_NAME = 62
_TOP_MARK = f" {ASSETS}\n".encode()


@dataclass(slots=True)
class Vaulted:
    """The vault of one target; `lacking` are the hashes that were asked for in vain, or found damaged."""

    places: Places
    lacking: set[str] = field(default_factory=set)
    _tops: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def blobs(self) -> BlobStore:
        """The second copies of the blobs."""
        return BlobStore(self.places.vault / "blobs")

    @property
    def listings(self) -> Listings:
        """The second copies of the listings."""
        return Listings(self.places.vault / "listings")

    def numbers(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The numbers of the releases that were taken and are kept, oldest first; and those not yet taken.

        A record that a killed receiver left is newer than what `state/releases.json` says was taken.
        """
        try:
            names = [path.name for path in (self.places.vault / "releases").iterdir()]
        except FileNotFoundError:
            return (), ()
        stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
        numbers = sorted(int(stem) for stem in stems if stem.isdecimal() and len(stem) == NUMBER_DIGITS)
        highest = self._remembered().number or (numbers[-1] if numbers else 0)
        return tuple(each for each in numbers if each <= highest), tuple(each for each in numbers if each > highest)

    def _remembered(self) -> Remembered:
        try:
            return Remembered.read(self.places.state)
        except (FormatError, OSError):
            return Remembered()

    def record(self, number: int) -> tuple[Release, bytes] | None:
        """A record and its bytes; None when it is damaged or gone."""
        try:
            data = (self.places.vault / "releases" / f"{file_stem(number)}.json").read_bytes()
            release = Release.parse(data)
        except (OSError, FormatError):
            return None
        remembered = self._remembered()
        if release.number != number or (number == remembered.number and not remembered.is_of(data)):
            return None
        return release, data

    def older_in_www(self, lowest: int) -> frozenset[str]:
        """The releases in the web root from before the vault's first: it was lost, or the target is older than it."""
        try:
            names = {path.name.removesuffix(".json") for path in (self.places.www / "releases").iterdir()}
        except OSError:
            return frozenset()
        stems = (name for name in names if name.isdecimal() and len(name) == NUMBER_DIGITS)
        return frozenset(stem for stem in stems if int(stem) < lowest)

    def unused_assets(self) -> dict[str, Entry] | None:
        """The files under `assets/` that no kept release uses any more; None when that note is damaged."""
        try:
            return {path: unused.entry for path, unused in Vault(self.places.vault).unused().items()}
        except (FormatError, OSError):
            return None

    def listing(self, id: str, path: str = "") -> Directory:
        """A listing by its id. Raises: FormatError when neither vault nor web root has it whole."""
        try:
            directory = self.listings.read(id, path)
            self.lacking.discard(id)
            return directory
        except (FormatError, UnicodeDecodeError):
            self.lacking.add(id)
        store = Listings(self._recovered)
        if id not in store and (data := self._from_www(id)) is not None:
            write_aside(self._recovered / id, data)
        return store.read(id, path)

    def is_whole_listing(self, id: str) -> bool:
        """Whether the vault's copy of a listing can be read."""
        try:
            self.listings.read(id)
        except (FormatError, UnicodeDecodeError):
            return False
        return True

    @property
    def _recovered(self) -> Path:
        """Listings that only the web root had whole; in the quarantine, so that a purge takes them too."""
        return self.places.state / "quarantine" / "listings"

    def is_spare_tree(self, id: str) -> bool:
        """Whether a directory is of a release that was forgotten, and only waits for the receiver's sweep."""
        if id in self.listings:
            return True
        return any(id in self._tops_of(path) for path in self._listing_paths())

    def _listing_paths(self) -> list[Path]:
        try:
            return list(self.listings.root.iterdir())
        except FileNotFoundError:
            return []

    def _tops_of(self, path: Path) -> frozenset[str]:
        """The id that a listing has without `assets`: what stands under `trees/` for the top of a release."""
        if path.name not in self._tops:
            self._tops[path.name] = frozenset()
            try:
                if path.stat().st_size < _TOP_MOST and _TOP_MARK in path.read_bytes():
                    self._tops[path.name] = frozenset({self.listings.read(path.name).without(ASSETS).id})
            except (OSError, FormatError, UnicodeDecodeError):
                pass
        return self._tops[path.name]

    def _from_www(self, id: str) -> bytes | None:
        try:
            with Folder.open(self.places.www) as www, www.enter("listings") as folder:
                data = folder.read(id, _LISTING_MOST)
        except OSError:
            return None
        return data if data is not None and hashlib.sha256(data).hexdigest() == id else None

    def listing_bytes(self, id: str) -> bytes | None:
        """The bytes of a listing, unchecked: for searching."""
        for folder in (self.listings.root, self._recovered):
            try:
                return (folder / id).read_bytes()
            except OSError:
                continue
        return None

    def blobs_in(self, fan: str) -> list[str]:
        """The names of the vault's blobs in one of its folders."""
        try:
            return [name for name in os.listdir(self.blobs.root / fan) if len(name) == _BLOB_NAME]  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            return []

    def has(self, sha: str) -> bool:
        """Whether a blob seems to be here."""
        return sha in self.blobs

    def size_of(self, sha: str) -> int:
        """The bytes of a blob, 0 when it is not here."""
        try:
            return os.stat(f"{self.places.vault}/blobs/{sha[:2]}/{sha[2:]}").st_size  # noqa: PTH116 - a million times
        except OSError:
            return 0

    def is_whole(self, sha: str) -> bool:
        """Whether the vault's copy of a blob has the bytes of its name; notes it when not."""
        try:
            fd = os.open(f"{self.places.vault}/blobs/{sha[:2]}/{sha[2:]}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            is_whole = False
        else:
            try:
                is_whole = sha256_of(fd) == sha
            except OSError:
                is_whole = False
            finally:
                os.close(fd)
        (self.lacking.discard if is_whole else self.lacking.add)(sha)
        return is_whole

    def copy(self, sha: str, place: int, entry: Entry | None) -> bool:
        """Writes a blob's bytes to a descriptor; False when no whole copy is here, with anything written.

        `entry` is a file that has this blob: of a text the vault may have the brotli bytes alone.
        """
        try:
            source = os.open(self.blobs.path(sha), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            source = -1
        if source >= 0:
            try:
                is_whole = copy_bytes(source, place) == sha
            finally:
                os.close(source)
            if is_whole:
                self.lacking.discard(sha)
                return True
            os.ftruncate(place, 0)
            os.lseek(place, 0, os.SEEK_SET)
            self.lacking.add(sha)
        if entry is not None and entry.raw == sha and entry.brotli and self._unpack(entry, place):
            return True
        self.lacking.add(sha)
        return False

    def read_text(self, entry: Entry) -> str | None:
        """A small file as text; None when the vault has no whole copy."""
        fd = os.memfd_create("text")
        with os.fdopen(fd, "r", encoding="utf-8", errors="replace", newline="") as file:
            if not self.copy(entry.raw, fd, entry):
                return None
            os.lseek(fd, 0, os.SEEK_SET)
            return file.read()

    def _unpack(self, entry: Entry, place: int) -> bool:
        """Writes the raw bytes from the brotli ones, never more than the signed size."""
        digest = hashlib.sha256()
        try:
            pieces = read_pieces(str(self.blobs.path(entry.brotli or "")))
            for data in unpack(pieces, entry.size, entry.raw):
                digest.update(data)
                write_all(place, data)
        except (OSError, RefusedError):
            return False
        return digest.hexdigest() == entry.raw
