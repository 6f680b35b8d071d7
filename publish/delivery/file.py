"""`file:` targets: a folder, such as a USB stick, that carries bundles where no line leads.

- `<number>.bundle` is written aside, then put in place; it holds everything that the target lacks by the receipt that
  lies in the folder (`receipt.json`, written by `zhanqun receive BUNDLE`), and the whole release without one.
- A bundle stands by itself: the newest is enough, so older ones go when it is there.
- The folder must be there already: a stick that is not mounted is told, instead of filling the disk below.

Opened by `publish.delivery.open_target`.
"""

from __future__ import annotations

import errno
import math
import os
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from cluster import bundle
from cluster.blobs import damaged
from cluster.errors import ClusterError, TargetError
from cluster.listings import EMPTY
from cluster.release import file_stem
from publish.delivery.conversation import CHUNK, write_heading
from publish.delivery.parcel import Parcel, Progress, hashes_that_travel, offer_of
from publish.receiver import Receipt
from publish.receiver.receipt_file import read_receipt
from publish.receiver.receive import Hello, Offer
from publish.validity import VALIDITY

SUFFIX = ".bundle"
ASIDE = ".tmp-"
_BUNDLE = re.compile(r"([0-9]{8})\.bundle")
_STRIDE = 1 << 20


@dataclass(frozen=True, slots=True)
class FileTarget:
    """A folder of bundles; `now` dates the receipts, which here say that the bundle has been written."""

    url: str
    folder: Path
    now: Callable[[], datetime]
    expiry: timedelta = VALIDITY.carried

    @classmethod
    def below(cls, base: Path, url: str, folder: str, now: Callable[[], datetime]) -> FileTarget:
        """The target at `folder` (`file:FOLDER` or `file:///FOLDER`), below `base` unless it is absolute."""
        return cls(url, base / folder.removeprefix("//"), now)

    def hello(self) -> Hello:
        """What the target had when the receipt in the folder was written; nothing without one."""
        self._refuse_missing_folder()
        with self._told():
            found = read_receipt(self.folder)
        return found[0] if found else Hello(0, EMPTY, 0)

    def deliver(self, parcel: Parcel) -> Receipt:
        """Writes the release's bundle; it is on the disk when this returns."""
        offer, load = offer_of(parcel, self.hello(), self.expiry)
        number = parcel.release.number
        with self._told():
            self._wipe(_is_begun)
            aside = self.folder / f"{ASIDE}{file_stem(number)}{SUFFIX}"
            with aside.open("wb") as file:
                self._write(file, parcel, offer, hashes_that_travel(load))
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.folder / f"{file_stem(number)}{SUFFIX}")
            self._wipe(lambda name: _number_of(name) < number)
            _sync_folder(self.folder)
        return Receipt(self.url, number, parcel.release.root, self.now())

    def lend(self, id: str) -> bytes:
        """Nothing: what the target keeps is out of reach."""
        raise _out_of_reach(self.url)

    def _write(self, file: BinaryIO, parcel: Parcel, offer: Offer, blobs: Sequence[str]) -> None:
        sizes = array("Q", map(parcel.size_of, blobs))
        bundle.write_begin(file)
        write_heading(file, offer)
        done, told = file.tell(), 0
        whole = done + sum(sizes)
        for index, (sha, size) in enumerate(zip(blobs, sizes, strict=True)):
            if done - told >= _STRIDE:
                told = done
                parcel.tell(Progress(self.url, done, whole, index))
            path = parcel.blobs.path(sha)
            with path.open("rb") as blob:
                try:
                    bundle.write_member(file, "blob", sha, size, _pieces(blob))
                except ValueError as error:
                    raise damaged(path) from error
            done += size
        bundle.write_end(file)
        parcel.tell(Progress(self.url, done, whole, len(blobs)))

    def _wipe(self, is_unneeded: Callable[[str], bool]) -> None:
        for path in self.folder.iterdir():
            if is_unneeded(path.name):
                path.unlink()

    def _refuse_missing_folder(self) -> None:
        if not self.folder.is_dir():
            raise _no_folder(self.url, self.folder)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what the file system refuses; a bundle that was begun is gone then."""
        try:
            yield
        except OSError as error:
            self._forget_the_begun()
            raise _cannot_write(self.url, error) from error
        except ClusterError:
            self._forget_the_begun()
            raise

    def _forget_the_begun(self) -> None:
        with suppress(OSError):
            self._wipe(_is_begun)


def _number_of(name: str) -> float:
    """The number of a bundle of ours; nothing that is somebody else's is older."""
    match = _BUNDLE.fullmatch(name)
    return int(match[1]) if match else math.inf


def _is_begun(name: str) -> bool:
    return name.startswith(ASIDE) and name.endswith(SUFFIX)


def _pieces(blob: BinaryIO) -> Iterator[bytes]:
    while data := blob.read(CHUNK):
        yield data


def _sync_folder(folder: Path) -> None:
    """Puts names on the disk; file systems that cannot (some sticks) have said all they can with the file's own."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _no_folder(url: str, folder: Path) -> TargetError:
    return TargetError(
        f"{url}: there is no folder {folder}. Plug in and mount the medium, or make the folder.",
        f"{url}：没有文件夹 {folder}。请插入并挂载移动介质，或新建该文件夹。",
    )


def _out_of_reach(url: str) -> TargetError:
    return TargetError(
        f"{url}: what this target has cannot be read from here.",
        f"{url}：无法从此处读取该目标已有的内容。",
    )


def _cannot_write(url: str, error: OSError) -> TargetError:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        advice = ("Make room on the medium or take a larger one", "请清理介质空间或更换更大的介质")
    elif error.errno == errno.EFBIG:
        advice = ("Its file system takes no files this large (FAT: 4 GB); format it as exFAT or ext4",
                  "其文件系统不支持这么大的文件（FAT 上限 4 GB），请改用 exFAT 或 ext4")  # fmt: skip
    else:
        advice = ("Check that the medium is there and not write-protected", "请检查介质是否插好、是否写保护")
    return TargetError(
        f"{url}: {reason}. {advice[0]}, then publish again; no broken bundle was left.",
        f"{url}：{reason}。{advice[1]}，然后重新发布；未留下不完整的发布包。",
    )
