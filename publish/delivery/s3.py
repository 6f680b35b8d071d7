"""`s3://` targets: the pages themselves in a bucket of an S3-compatible store, for whoever serves from there.

- A mirror has no receiver: this program writes the objects, in an order that never leads a reader into nothing
  (`publish.delivery.mirror`). Each object is replaced as one; going back is a difference like any other.
- A delivery that is cut leaves a bucket between two releases and says so in the state object; the next one, of
  whichever release, ends with exactly that release's tree.
- There is one publisher: the lock of the inside. A bucket with other things in it is not taken over.

Opened by `publish.delivery.open_target`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from cluster.errors import FormatError, RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.manifest import Entry
from cluster.release import Release
from publish.delivery.bucket import LIMITS, Address, Bucket, BucketLimits, Present, etag_of_file
from publish.delivery.mirror import (
    STATE,
    STATE_HEADERS,
    STUB_HEADERS,
    Headers,
    MirrorState,
    Plan,
    Stub,
    etag_of,
    foreign_names,
    form_of,
    headers_of,
    make_plan,
)
from publish.delivery.parcel import Parcel, Progress
from publish.receiver import Receipt
from publish.receiver.receive import Hello


@dataclass(frozen=True, slots=True)
class S3Target:
    """A mirror in a bucket; `now` dates the receipts and the shared files that nothing uses any more."""

    url: str
    bucket: Bucket
    now: Callable[[], datetime]

    @classmethod
    def at(cls, url: str, now: Callable[[], datetime], limits: BucketLimits = LIMITS) -> Self:
        """The mirror that a URL names. Raises: TargetError when it is not written as it should be."""
        return cls(url, Bucket(Address.parse(url), limits), now)

    def hello(self) -> Hello:
        """What is live there; a mirror trusts nobody and has no root of trust. Raises: TargetError, FormatError."""
        state = self._state()
        live = state.live if state else None
        return Hello(live.number, live.root, 0) if live else Hello(0, EMPTY, 0)

    def lend(self, id: str) -> bytes:
        """Nothing: a mirror keeps pages, no listings."""
        raise TargetError(
            f"{self.url}: a mirror keeps no listings. Publish with --accept-removals if the removals are meant.",
            f"{self.url}：镜像不保存目录清单。如确认删除无误，请用 --accept-removals 发布。",
        )

    def deliver(self, parcel: Parcel) -> Receipt:
        """Makes the mirror what the release is.

        Raises:
            RefusedError: the mirror is further on than this release.
            TargetError: something did not arrive, or the bucket belongs to somebody else; the next try goes on.
            FormatError: a blob is lost or damaged inside, or the state object is of another version.
        """
        state, release, form = self._state(), parcel.release, form_of(self.bucket.address.encoding)
        if state is not None and state.live is not None:
            _refuse_replay(self.url, state.live, release)
            if state.live == release and state.towards is None and state.form == form:
                return self._receipt(release)
        present = None
        if state is None:
            present = dict(self.bucket.list())
            self._refuse_foreign(present, parcel)
            # Objects whose headers nobody knows are written again, however often this is cut.
            state = MirrorState(form="" if present else form)
        self._bring(parcel, state, form, present)
        return self._receipt(release)

    def _bring(self, parcel: Parcel, state: MirrorState, form: str, present: Mapping[str, Present] | None) -> None:
        """The delivery: state, files stage by stage, removals, state."""
        at, under_way = self.now(), state.beginning(parcel.release)
        plan = make_plan(parcel, state, form, at)
        is_resumed = state.towards is not None and len(plan.uploads) >= self.bucket.limits.resumed_files
        if present is None:
            present = dict(self.bucket.list()) if plan.is_whole or is_resumed else {}
        if plan.is_whole:
            plan = plan.against(present, at, is_purge=under_way.purge_due)
        self._put_state(under_way)
        upload = _Upload(self, parcel, plan, present if state.form == form else {}, _Meter(parcel, self.url))
        upload.begin()
        for _, keys in plan.stages():
            self._each(keys, upload.write)
        self._each(sorted(plan.removals), self.bucket.delete)
        if under_way.purge_due:
            self.bucket.abandon_uploads()
            self.bucket.delete_older_versions()
        self._put_state(MirrorState(form, live=parcel.release, unused_since=plan.unused_since))

    def _state(self) -> MirrorState | None:
        data = self.bucket.read(STATE)
        try:
            return MirrorState.parse(data) if data is not None else None
        except FormatError as error:
            raise FormatError(f"{self.url}: {error.english}", f"{self.url}：{error.chinese}") from error

    def _put_state(self, state: MirrorState) -> None:
        self.bucket.put(STATE, state.dump(), STATE_HEADERS)

    def _refuse_foreign(self, present: Mapping[str, Present], parcel: Parcel) -> None:
        """Leaves a bucket alone that has other things in it than a mirror of this cluster."""
        if not present:
            return
        sites = [name for name, _ in parcel.listings.read(parcel.release.root).children]
        if foreign := foreign_names(present, (f"{name}/" for name in sites)):
            raise _foreign(self.url, min(foreign))

    def _each(self, keys: Iterable[str], work: Callable[[str], None]) -> None:
        _in_threads(keys, work, self.bucket.limits.threads)

    def _receipt(self, release: Release) -> Receipt:
        return Receipt(self.url, release.number, release.root, self.now())


@dataclass(slots=True)
class _Meter:
    """How far a delivery is, added up from several threads."""

    parcel: Parcel
    url: str
    done_bytes: int = 0
    all_bytes: int = 0
    blobs: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> None:
        with self._lock:
            self.done_bytes += count
            self.blobs += 1
            self.tell()

    def tell(self) -> None:
        self.parcel.tell(Progress(self.url, self.done_bytes, self.all_bytes, self.blobs))


@dataclass(frozen=True, slots=True)
class _Upload:
    """The files of one delivery on their way; what is `present` with the same bytes is passed over."""

    target: S3Target
    parcel: Parcel
    plan: Plan
    present: Mapping[str, Present]
    meter: _Meter

    def begin(self) -> None:
        self.meter.all_bytes = sum(self._size(body) for body in self.plan.uploads.values())
        self.meter.tell()

    def write(self, key: str) -> None:
        body = self.plan.uploads[key]
        if isinstance(body, Stub):
            self._write_bytes(key, body.dump(), STUB_HEADERS)
        else:
            self._write_file(key, body)
        self.meter.add(self._size(body))

    def _write_file(self, key: str, entry: Entry) -> None:
        bucket, sha, is_packed = self.target.bucket, self._sha(entry), self._sha(entry) != entry.raw
        size = self.parcel.size_of(sha)  # says what to do when the inside has lost it
        headers = headers_of(key, bucket.address.encoding if is_packed else None)
        if size <= bucket.limits.part_bytes:
            self._write_bytes(key, self.parcel.blobs.read(sha), headers)
            return
        file = self.parcel.blobs.path(sha)
        if not self._is_there(key, etag_of_file(file, bucket.limits.part_bytes, sha), size):
            bucket.put_file(key, file, headers)

    def _write_bytes(self, key: str, data: bytes, headers: Headers) -> None:
        if not self._is_there(key, etag_of([hashlib.md5(data, usedforsecurity=False).digest()]), len(data)):
            self.target.bucket.put(key, data, headers)

    def _is_there(self, key: str, etag: str, size: int) -> bool:
        return self.present.get(key) == Present(etag, size)

    def _sha(self, entry: Entry) -> str:
        """The bytes that are written for a file."""
        return entry.brotli if self.target.bucket.address.encoding and entry.brotli else entry.raw

    def _size(self, body: Entry | Stub) -> int:
        """The bytes that a file is on the way."""
        if isinstance(body, Stub):
            return len(body.dump())
        sha = self._sha(body)
        return body.size if sha == body.raw else self.parcel.size_of(sha)


def _in_threads(keys: Iterable[str], work: Callable[[str], None], threads: int) -> None:
    """Does the work for each key; the first that fails stops the others and is raised."""
    waiting, lock, stop = iter(keys), threading.Lock(), threading.Event()

    def run() -> None:
        while not stop.is_set():
            with lock:
                key = next(waiting, None)
            if key is None:
                return
            try:
                work(key)
            except BaseException:
                stop.set()
                raise

    with ThreadPoolExecutor(threads) as pool:
        try:
            for future in [pool.submit(run) for _ in range(threads)]:
                future.result()
        finally:
            stop.set()


def _refuse_replay(url: str, live: Release, release: Release) -> None:
    if release.number < live.number or (release.number == live.number and release != live):
        raise RefusedError(
            f"{url}: release {live.number} is live there, so release {release.number} is refused: numbers only grow. "
            "Restore data/publish.db from the newest backup, then publish again.",
            f"{url}：该处已上线第 {live.number} 号，拒绝第 {release.number} 号：编号只能递增。"
            "请从最新备份恢复 data/publish.db，然后重新发布。",
            "replayed",
        )


def _foreign(url: str, name: str) -> TargetError:
    return TargetError(
        f"{url}: '{name}' there is not of this cluster, and a mirror deletes what it does not know. "
        "Choose an empty prefix, or move these objects away.",
        f"{url}：其中的“{name}”不属于本站群，而镜像会删除不认识的对象。请换一个空的前缀，或先移走这些对象。",
    )
