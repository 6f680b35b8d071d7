"""One look at the web root: which paths are not as signed. Changes nothing.

A look takes what it has seen of a blob for granted until its end, so every round of looking needs a new one. `deep`
reads the bytes of every file; otherwise a file that is linked to its blob is told by mode, mtime and inode.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from cluster.blobs import mtime_of
from cluster.errors import FormatError
from publish.guard import Fault, Found
from publish.guard.folder import Folder
from publish.guard.signed import Blob, Inner, Link, Listing, Plain, Signed, Text, Want

FILE_MODE = 0o444
_WRITABLE = 0o022
_BY_ALL = 0o002


@dataclass(slots=True)
class Sight:
    """A look at an open web root."""

    www: Folder
    signed: Signed
    deep: bool = True
    read_bytes: int = 0
    unseen: set[str] = field(default_factory=set)
    _blobs: dict[str, int] = field(default_factory=dict)

    def look(self, paths: Iterable[str]) -> list[Fault]:
        """The faults at these paths, and of folders among them also in their direct contents.

        Paths that could not be looked at are `unseen` then.
        """
        found: dict[str, Fault] = {}
        for path in paths:
            try:
                faults = self._look(path)
            except FormatError:  # a listing that neither vault nor web root has: told with the wants
                continue
            except OSError:  # it was taken away while we looked, or the disk does not let us
                self.unseen.add(path)
                continue
            for fault in faults:
                found.setdefault(fault.path, fault)
        return list(found.values())

    def _look(self, path: str) -> list[Fault]:
        if not path:
            return self._contents(self.www, "")
        return self._look_below(self.www, "", path)

    def _look_below(self, here: Folder, passed: str, rest: str) -> list[Fault]:
        """The first fault on the way to a path, or those there."""
        name, _, further = rest.partition("/")
        step = f"{passed}/{name}" if passed else name
        faults = self._at(here, name, step)
        if faults or not isinstance(self.signed.want(step), Inner) or here.facts(name) is None:
            return faults
        with here.enter(name) as inner:
            return self._look_below(inner, step, further) if further else self._contents(inner, step)

    def _contents(self, folder: Folder, path: str) -> list[Fault]:
        start = f"{path}/" if path else ""
        names = {*folder.names(), *self.signed.required(path)}
        return [fault for name in sorted(names) for fault in self._at(folder, name, f"{start}{name}")]

    def _at(self, folder: Folder, name: str, path: str) -> list[Fault]:
        """What is wrong with one name in an open folder."""
        want, facts = self.signed.want(path), folder.facts(name)
        if facts is None:
            return self._missing(path, want)
        if want is None:
            # The receiver empties a folder of `assets/` before it goes; nothing is served from an empty one.
            is_left = path.startswith("assets/") and stat.S_ISDIR(facts.st_mode) and folder.is_empty(name)
            return [] if is_left else [Fault(path, Found.ADDED)]
        found: Found | None = None
        match want:
            case Inner():
                # The receiver makes a folder closed to all and then opens it to the web server.
                may_be_closed = self.signed.in_flight and not path.startswith("trees/")
                found = _folder_fault(facts.st_mode, may_be_closed=may_be_closed)
            case Plain():
                found = None if stat.S_ISREG(facts.st_mode) else Found.KIND
            case Link(to, also):
                found = _link_fault(folder, name, facts.st_mode, (to, *also))
            case Text(data):
                is_right = folder.read(name, len(data)) == data
                found = _small_fault(facts.st_mode, is_right=is_right)
            case Listing(id):
                found = _small_fault(facts.st_mode, is_right=folder.sha256(name) == id)
            case Blob(sha) if path.startswith("blobs/"):
                found = self._blob_fault(folder, name, sha)
            case Blob(sha):
                return self._link_to_blob(folder, name, path, sha)
        return [Fault(path, found)] if found else []

    def _missing(self, path: str, want: Want | None) -> list[Fault]:
        if path.startswith("blobs/"):
            # A blob may be one that nobody needs any more: the mender knows.
            blobs = [path] if isinstance(want, Blob) else [f"{path}/{name}" for name in self.signed.required(path)]
            return [Fault(blob, Found.MISSING) for blob in blobs]
        return [Fault(path, Found.MISSING)] if self.signed.is_required(path) else []

    def _link_to_blob(self, folder: Folder, name: str, path: str, sha: str) -> list[Fault]:
        faults = []
        inode = self._inode_of(sha)
        if not inode:
            faults.append(Fault(f"blobs/{sha[:2]}/{sha[2:]}", Found.ALTERED))
        facts = folder.facts(name)
        if facts is None or facts.st_ino != inode:
            # A copy of its own is right too: a file system allows so many links and no more.
            found = file_fault(folder, name, sha, deep=True)
            if found and not self._is_coming(folder, name, path):
                faults.append(Fault(path, found))
        return faults

    def _is_coming(self, folder: Folder, name: str, path: str) -> bool:
        """Whether a file under `assets/` may be that of a release on its way, at the path of an older one."""
        may_be = self.signed.in_flight and path.startswith("assets/")
        return may_be and self.signed.vaulted.has(folder.sha256(name) or "-")

    def _inode_of(self, sha: str) -> int:
        """The inode of a sound blob, 0 when it is not sound."""
        if sha not in self._blobs:
            self._blobs[sha] = 0
            try:
                with self.www.walk_to(f"blobs/{sha[:2]}") as fan:
                    self._blob_fault(fan, sha[2:], sha)
            except OSError:
                pass
        return self._blobs[sha]

    def _blob_fault(self, folder: Folder, name: str, sha: str) -> Found | None:
        found, facts = file_fault(folder, name, sha, deep=self.deep), folder.facts(name)
        self._blobs[sha] = 0 if found or facts is None else facts.st_ino
        self.read_bytes += facts.st_size if self.deep and facts else 0
        return found


def file_fault(folder: Folder, name: str, sha: str, *, deep: bool) -> Found | None:
    """What is wrong with a file that must have the bytes of a hash, read-only, with the mtime of the hash."""
    facts = folder.facts(name)
    if facts is None:
        return Found.MISSING
    if not stat.S_ISREG(facts.st_mode):
        return Found.KIND
    if deep and folder.sha256(name) != sha:
        return Found.ALTERED
    if stat.S_IMODE(facts.st_mode) != FILE_MODE:
        return Found.MODE
    return None if int(facts.st_mtime) == mtime_of(sha) else Found.ALTERED


def _folder_fault(mode: int, *, may_be_closed: bool) -> Found | None:
    if not stat.S_ISDIR(mode):
        return Found.KIND
    is_open = may_be_closed or mode & 0o555 == 0o555
    return Found.MODE if mode & _WRITABLE or not is_open else None


def _link_fault(folder: Folder, name: str, mode: int, right: tuple[str, ...]) -> Found | None:
    if not stat.S_ISLNK(mode):
        return Found.KIND
    return None if folder.link_target(name) in right else Found.LINK


def _small_fault(mode: int, *, is_right: bool) -> Found | None:
    if not stat.S_ISREG(mode):
        return Found.KIND
    if not is_right:
        return Found.ALTERED
    return Found.MODE if mode & _BY_ALL else None
