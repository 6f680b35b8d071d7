"""A publishing office with plain words for pages, and its targets in one folder: what tests of releases share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import brotli

from cluster.blobs import BlobStore, compress
from cluster.delta import Delta
from cluster.errors import TargetError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry, Manifest
from cluster.release import Release
from publish.delivery import Hello, Parcel, Progress, Receipt
from publish.delivery.directory import DirectoryTarget
from publish.ledger import Ledger
from publish.office import Built, Office
from publish.outcome import Outcome
from publish.receiver.disk import Disk, no_step
from publish.receiver.places import Places
from publish.receiver.receive import Receiver
from publish.release import change_state, publish, rollback
from publish.state import ClusterState
from publish.trust import Trust

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FAST = Disk(sync=lambda folder: None)
NOTICE = '<html lang="zh-Hans"><p class="notice-text">目前没有重要通知。</p>'
ONE = {"portal/index.html": "home", "portal/news/a.html": "a", "congress/index.html": "c", "assets/s.css": "style"}
TWO = {**ONE, "portal/news/a.html": "A"}
THREE = {**ONE, "portal/news/b.html": "b"}
MANY = {**ONE, **{f"portal/news/{n}.html": "x" for n in range(60)}}
SHOWN = {**ONE, "portal/_mode.css": "p {}", "portal/notice.html": NOTICE, "congress/notice.html": NOTICE}
GREY = ClusterState(grey=True)
BANNER = ClusterState(zh="今晚停水 <九点>", en="No water & no ice")
SECRET = "the-secret-of-the-mayor"
LEAKED = {**SHOWN, "portal/news/leak.html": f"<p>{SECRET}</p>", "assets/leak.js": f"// {SECRET}"}


@dataclass(frozen=True, slots=True)
class FastTarget(DirectoryTarget):
    """A folder that is not waited for, and that names its steps."""

    at: Callable[[str], None] = no_step

    @property
    def receiver(self) -> Receiver:
        """The receiver of this folder."""
        return Receiver(self.places, now=self.now, disk=FAST, at=self.at, name=self.url)


@dataclass
class City:
    """A publishing office and its targets in one folder, each with its own web root, state and vault."""

    root: Path
    names: tuple[str, ...] = ("dmz",)
    now: datetime = NOW
    told: list[Progress] = field(default_factory=list)

    def office(self, at_step: Callable[[str], None] = no_step) -> Office:
        """The office as it is opened for one action."""
        targets = tuple(
            FastTarget(f"dir:{name}", Places.from_www(self.root / name / "www"), lambda: self.now, at=at_step)
            for name in self.names
        )
        return Office(
            self.ledger, self.listings, self.blobs, targets, self.sign, keep=4, tell=self.told.append, at_step=at_step
        )

    def sign(self, record: bytes, at: datetime, expiry: timedelta, root_version: int) -> dict[str, bytes]:
        trust = Trust.of(self.root / "data")
        trust.ensure(at)
        return trust.sign(record, at=at, expiry=expiry, root_version=root_version)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.root / "data/publish.db")

    @property
    def listings(self) -> Listings:
        return Listings(self.root / "var/listings")

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(self.root / "var/blobs")

    def built(self, files: dict[str, str], commit: str = "c0ffee") -> Built:
        entries = {path: self.entry(text.encode()) for path, text in files.items()}
        manifest = Manifest.of(entries)
        root = self.listings.change(EMPTY, manifest.entries.items())
        pages = {
            site: sum(path.startswith(f"{site}/") and path.endswith(".html") for path in files)
            for site in manifest.sites()
        }
        return Built(root, pages, commit, NOW)

    def entry(self, data: bytes) -> Entry:
        return Entry(self.blobs.put(data), self.blobs.put(compress(data)), len(data))

    def publish(self, files: dict[str, str], **options: bool) -> Outcome:
        return publish(self.office(), self.built(files), at=self.now, who="王", **options)

    def rollback(self, number: int | None = None) -> Outcome:
        return rollback(self.office(), number, at=self.now, who="李")

    def show(self, state: ClusterState) -> Outcome:
        return change_state(self.office(), state, at=self.now, who="赵")

    def page(self, path: str, name: str = "dmz") -> str:
        file = self.root / name / "www/current" / path
        return file.read_text("utf-8") if file.is_file() else ""

    def visible(self, name: str = "dmz") -> dict[str, str]:
        paths = [path for path in {**ONE, **TWO, **THREE} if not path.startswith("assets/")]
        return {path: self.page(path, name) for path in paths if self.page(path, name)}

    def live_number(self, name: str = "dmz") -> int:
        return int((self.root / name / "www/current").readlink().name)

    def lose_var(self) -> None:
        shutil.rmtree(self.root / "var")


class Board:
    """A target that only writes down what it was told, to show that the actions need no more than the protocol."""

    url = "board:hall"
    # How far it says it is, when not the last that it was told.
    carried: int | None = None

    def __init__(self) -> None:
        self.told: list[Release] = []
        self.deltas: list[Delta] = []

    def hello(self) -> Hello:
        told = [release for release in self.told if self.carried is None or release.number <= self.carried]
        return Hello(told[-1].number, told[-1].root, 1) if told else Hello(0, EMPTY, 0)

    def deliver(self, parcel: Parcel) -> Receipt:
        delta = parcel.delta(self.hello().root)
        self.deltas.append(replace(delta, entries=tuple(delta.entries)))
        self.told.append(parcel.release)
        return Receipt(self.url, parcel.release.number, parcel.release.root, NOW)

    def lend(self, id: str) -> bytes:
        raise TargetError("nothing is kept here", "未保留")


def pages(files: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in files.items() if not path.startswith("assets/")}


def portal_of(city: City) -> str:
    return dict(city.listings.read(city.ledger.live().release.root).children)["portal"]


def break_target(city: City, name: str) -> Callable[[], None]:
    """Makes a target refuse everything; the answer mends it."""
    folder, hidden = city.root / name, city.root / f"{name}.hidden"
    if folder.exists():
        folder.rename(hidden)
    folder.write_text("in the way")

    def mend() -> None:
        folder.unlink()
        if hidden.exists():
            hidden.rename(folder)

    return mend


def holding(folder: Path, secret: str = SECRET) -> list[str]:
    """The files below a folder that hold the secret, in plain words, compressed, or in their name."""
    needle = secret.encode()
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (needle in path.read_bytes() or needle in unpacked(path.read_bytes()))
    ]


def unpacked(data: bytes) -> bytes:
    try:
        return brotli.decompress(data)
    except brotli.error:
        return b""
