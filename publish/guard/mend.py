"""Putting back what is not as signed: always a new file, made aside and renamed, never the damaged one written over.

- A damaged file may be linked at many places. A new blob is made from the vault, then every place that had the old
  inode gets a link to the new one.
- What nobody signed is renamed out of the web root first, then copied into the quarantine, then removed.
- Bytes are checked against their names while they are copied: nothing unchecked is ever linked.

Called by the guard, when it has the turn if that can be had.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from cluster.blobs import mtime_of
from cluster.errors import FormatError
from cluster.listings import dump_listing
from cluster.manifest import Entry
from publish.guard import Done, Fault, Found, Incident
from publish.guard.folder import Folder, copy_bytes, write_all
from publish.guard.quarantine import Quarantine
from publish.guard.sight import FILE_MODE, file_fault
from publish.guard.signed import Blob, Inner, Link, Listing, Plain, Signed, Text
from publish.receiver.disk import no_step

ASIDE = ".tmp-guard"
_TEXT_MODE = 0o644


@dataclass(slots=True)
class Mender:
    """Mends one open web root; `incidents` is what it did."""

    www: Folder
    signed: Signed
    quarantine: Quarantine
    now: Callable[[], datetime]
    at: Callable[[str], None] = no_step
    incidents: list[Incident] = field(default_factory=list)
    _count: int = 0

    def mend(self, faults: Iterable[Fault]) -> None:
        """Mends these faults as far as it can; each that was there gives an incident."""
        waiting = list(faults)
        self._mend_blobs([fault for fault in waiting if isinstance(self.signed.want(fault.path), Blob)])
        for fault in waiting:
            if not isinstance(self.signed.want(fault.path), Blob):
                self._mend_one(fault)

    def _mend_one(self, fault: Fault) -> None:
        try:
            note = self._put_right(fault)
        except (OSError, FormatError) as error:
            self._tell(fault, Done.FAILED, str(error))
            return
        self._tell(fault, Done.REMOVED if fault.found is Found.ADDED else Done.RESTORED, note)

    def _put_right(self, fault: Fault) -> str:
        """Makes a path what it must be. Raises: OSError; FormatError when the vault lacks what it needs."""
        folder_path, _, name = fault.path.rpartition("/")
        want = self.signed.want(fault.path)
        with self.www.walk_to(folder_path) as folder, self._aside() as aside:
            match want:
                case None | Plain():  # whoever needs the file makes it
                    return self._take_away(folder, name, fault.path, aside)
                case Inner() if fault.found is Found.MODE:
                    folder.open_to_all(name)
                    return ""
                case Inner():
                    made = self._new_folder(fault.path, aside)
                case Link(to):
                    made = self._name()
                    os.symlink(to, made, dir_fd=aside.fd)
                case Text(data):
                    made = self._new_file(aside, data)
                case Listing(id):
                    made = self._new_file(aside, self._listing(id))
                case _:
                    return ""
            note = self._place(aside, made, folder, name, fault.path)
            self.at("restored")
            return note

    # Blobs and what is linked to them

    def _mend_blobs(self, faults: list[Fault]) -> None:
        wanted = {want.sha for fault in faults if isinstance(want := self.signed.want(fault.path), Blob)}
        if not wanted:
            return
        places, entries = self.signed.uses(wanted)
        found = {fault.path: fault.found for fault in faults}
        sound = {sha for sha in wanted if self._has_sound_blob(sha, found, entries)}
        for path, sha in sorted(places.items()):
            self._link_again(path, sha, found.get(path), is_sound=sha in sound)

    def _has_sound_blob(self, sha: str, found: dict[str, Found], entries: dict[str, Entry]) -> bool:
        """Makes a blob anew unless it is sound; one that nothing needs and nobody has is removed."""
        path = f"blobs/{sha[:2]}/{sha[2:]}"
        fault = Fault(path, found.get(path, Found.ALTERED))
        try:
            with self._fan(sha) as fan:
                wrong = file_fault(fan, sha[2:], sha, deep=True)
                if wrong is None:
                    return True
                if wrong is Found.MISSING and sha not in entries:
                    return False  # swept by the receiver
                fault = Fault(path, wrong)
                with self._aside() as aside:
                    made = self._new_blob(aside, sha, entries.get(sha), fan)
                    if made:
                        self._tell(fault, Done.RESTORED, self._place(aside, made, fan, sha[2:], path))
                        self.at("renewed")
                        return True
                    if sha not in entries:
                        self._tell(fault, Done.REMOVED, self._take_away(fan, sha[2:], path, aside))
                        return False
        except OSError as error:
            self._tell(fault, Done.FAILED, str(error))
            return False
        self._tell(fault, Done.FAILED, "")
        return False

    @contextmanager
    def _fan(self, sha: str) -> Iterator[Folder]:
        """The folder of a blob, which is made when it is not there."""
        with self.www.walk_to("blobs") as blobs:
            if blobs.facts(sha[:2]) is None:
                os.mkdir(sha[:2], 0o755, dir_fd=blobs.fd)
                with blobs.enter(sha[:2]) as fan:
                    os.fchmod(fan.fd, 0o755)
            with blobs.enter(sha[:2]) as fan:
                yield fan

    def _new_blob(self, aside: Folder, sha: str, entry: Entry | None, fan: Folder) -> str:
        """A new file with the bytes of a hash; an empty name when neither vault nor web root has them."""
        made = self._name()
        place = aside.new_file(made)
        try:
            is_whole = self.signed.vaulted.copy(sha, place, entry) or self._copy_from_www(fan, sha, place)
            if is_whole:
                os.fchmod(place, FILE_MODE)
                os.utime(place, (mtime_of(sha), mtime_of(sha)))
        finally:
            os.close(place)
        if is_whole:
            return made
        os.unlink(made, dir_fd=aside.fd)
        return ""

    def _copy_from_www(self, fan: Folder, sha: str, place: int) -> bool:
        """Copies the present blob, when it is its mode or date alone that is wrong."""
        try:
            source = fan.open_file(sha[2:])
        except OSError:
            return False
        try:
            os.ftruncate(place, 0)
            os.lseek(place, 0, os.SEEK_SET)
            return copy_bytes(source, place) == sha
        finally:
            os.close(source)

    def _link_again(self, path: str, sha: str, found: Found | None, *, is_sound: bool) -> None:
        """Links one place to the sound blob unless it is right already."""
        folder_path, _, name = path.rpartition("/")
        try:
            with self.www.walk_to(folder_path) as folder:
                wrong = file_fault(folder, name, sha, deep=True)
                if wrong is None:
                    return
                if not is_sound:
                    self._tell(Fault(path, wrong), Done.FAILED, "")
                    return
                with self._aside() as aside:
                    made = self._linked(aside, sha)
                    note = self._place(aside, made, folder, name, path)
            self._tell(Fault(path, wrong), Done.RESTORED, note)
            self.at("restored")
        except OSError as error:
            if found is not None or error.errno != errno.ENOENT:  # a folder that is gone is a fault of its own
                self._tell(Fault(path, found or Found.ALTERED), Done.FAILED, str(error))

    def _linked(self, aside: Folder, sha: str) -> str:
        """A new link to a blob, or a copy where the file system has no more links for it. Raises: OSError."""
        made = self._name()
        with self._fan(sha) as fan:
            try:
                os.link(sha[2:], made, src_dir_fd=fan.fd, dst_dir_fd=aside.fd, follow_symlinks=False)
                return made
            except OSError as error:
                if error.errno != errno.EMLINK:
                    raise
            place = aside.new_file(made)
            try:
                if not self._copy_from_www(fan, sha, place):
                    raise OSError(errno.EIO, "damaged while it was copied", sha)
                os.fchmod(place, FILE_MODE)
                os.utime(place, (mtime_of(sha), mtime_of(sha)))
            finally:
                os.close(place)
        return made

    # Folders and small files

    def _new_folder(self, path: str, aside: Folder) -> str:
        """A new directory; one of a release has all its contents before it gets its name."""
        made = self._name()
        os.mkdir(made, 0o755, dir_fd=aside.fd)
        first, _, id = path.partition("/")
        with aside.enter(made) as folder:
            os.fchmod(folder.fd, 0o755)
            if first == "trees" and id:
                self._fill(folder, id, aside)
        return made

    def _fill(self, folder: Folder, id: str, aside: Folder) -> None:
        directory = self.signed.directory(id)
        wanted = {sha for _, entry in directory.files for sha in (entry.raw, entry.brotli) if sha}
        entries = {sha: entry for _, entry in directory.files for sha in (entry.raw, entry.brotli) if sha}
        sound = {sha for sha in wanted if self._has_sound_blob(sha, {}, entries)}
        for name, entry in directory.files:
            for sha, place in ((entry.raw, name), (entry.brotli, f"{name}.br")):
                if sha in sound:
                    os.rename(self._linked(aside, sha), place, src_dir_fd=aside.fd, dst_dir_fd=folder.fd)
        for name, child in directory.children:
            os.symlink(f"../{child}", name, dir_fd=folder.fd)

    def _new_file(self, aside: Folder, data: bytes) -> str:
        made = self._name()
        place = aside.new_file(made)
        try:
            write_all(place, data)
            os.fchmod(place, _TEXT_MODE)
        finally:
            os.close(place)
        return made

    def _listing(self, id: str) -> bytes:
        return dump_listing(self.signed.vaulted.listing(id))

    # Names

    @contextmanager
    def _aside(self) -> Iterator[Folder]:
        """Our own folder in the web root, which nobody else may look into."""
        facts = self.www.facts(ASIDE)
        if facts is not None and not stat.S_ISDIR(facts.st_mode):
            os.unlink(ASIDE, dir_fd=self.www.fd)
            facts = None
        if facts is not None and (stat.S_IMODE(facts.st_mode) != 0o700 or facts.st_uid != os.geteuid()):
            shutil.rmtree(ASIDE, dir_fd=self.www.fd)
            facts = None
        if facts is None:
            os.mkdir(ASIDE, 0o700, dir_fd=self.www.fd)
        with self.www.enter(ASIDE) as aside:
            yield aside

    def _name(self) -> str:
        self._count += 1
        return f"{os.getpid()}-{self._count}"

    def _place(self, aside: Folder, made: str, folder: Folder, name: str, path: str) -> str:
        """Renames what was made to where it belongs; a folder that stands there goes to the quarantine first."""
        facts, note = folder.facts(name), ""
        if facts is not None:
            is_folder = stat.S_ISDIR(facts.st_mode)
            will_be_folder = stat.S_ISDIR((aside.facts(made) or facts).st_mode)
            if is_folder or will_be_folder:
                note = self._take_away(folder, name, path, aside)
        os.rename(made, name, src_dir_fd=aside.fd, dst_dir_fd=folder.fd)
        if aside.facts(made) is not None:  # a rename onto a link to the same file leaves both
            os.unlink(made, dir_fd=aside.fd)
        return note

    def _take_away(self, folder: Folder, name: str, path: str, aside: Folder) -> str:
        """Renames something out of the web root, keeps a copy in the quarantine, removes it. Raises: OSError."""
        found = self._name()
        os.rename(name, found, src_dir_fd=folder.fd, dst_dir_fd=aside.fd)
        self.at("taken-away")
        try:
            note = self.quarantine.take(aside, found, path, self.now())
        except OSError as error:
            note = f"not kept: {error.strerror or error}"
        facts = aside.facts(found)
        if facts is not None and stat.S_ISDIR(facts.st_mode):
            shutil.rmtree(found, dir_fd=aside.fd)
        elif facts is not None:
            os.unlink(found, dir_fd=aside.fd)
        self.at("removed")
        return note

    def _tell(self, fault: Fault, done: Done, note: str) -> None:
        page = self.signed.page(fault.path)
        self.incidents.append(Incident(self.now(), fault.path, fault.found, done, page, note))


def clean(www: Folder, *, is_alone: bool) -> None:
    """Removes the guard's own folder, with what a killed guard left in it unless another one may be at work."""
    if www.facts(ASIDE) is None:
        return
    with contextlib.suppress(OSError):
        if is_alone:
            shutil.rmtree(ASIDE, dir_fd=www.fd)
        else:
            os.rmdir(ASIDE, dir_fd=www.fd)
