"""What the harness puts under fault: deliveries of a small city to a target, and what must be live after each.

- A `Scene` is what happened in peace and the one move that is disturbed. After any fault the target is `old` or `new`.
- Everything goes through the public `Receiver`, with the real trust: the moves are those of a publish.

Import only after `tests.faults.layer.install`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cluster.blobs import BlobStore, compress, mtime_of
from cluster.delta import Delta
from cluster.errors import ClusterError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Directory, Entry, Manifest
from cluster.release import Kind, Release, file_stem
from publish.receiver.limits import LIMITS
from publish.receiver.places import Places
from publish.receiver.receive import Offer, Receiver
from publish.receiver.trust import TrustState
from publish.trust import Trust
from tests.faults.model import Disk, read_disk, write_disk

# The step at which the receiver has accepted the metadata and asks for blobs.
BELIEVED = "believed"
# The step at which it has taken the first root.
TRUSTED = "trusted"
NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
Files = Mapping[str, str]

ONE: Files = {
    "portal/index.html": "<h1>home</h1>",
    "portal/_mode.css": "/* as always */",
    "portal/news/a.html": "<p>a</p>",
    "portal/news/2026/b.html": "<p>b</p>",
    "portal/photo.png": "picture",
    "congress/index.html": "<h1>congress</h1>",
    "assets/gov.1.css": "body{color:red}",
    "assets/search/s1/00.bin": "shard",
}
TWO: Files = {**ONE, "portal/news/a.html": "<p>A</p>", "portal/news/c.html": "<p>c</p>", "assets/gov.2.css": "body{}"}
THREE: Files = {path: text for path, text in TWO.items() if path not in ("assets/gov.1.css", "portal/news/2026/b.html")}
GREY: Files = {"portal/_mode.css": "html{filter:grayscale(1)}"}


@dataclass(frozen=True, slots=True)
class Move:
    """One release on its way: its number, its files, what the state of the cluster puts over them, how many to keep."""

    number: int
    files: Files
    kind: Kind = Kind.PUBLISH
    of: int | None = None
    over: Files = field(default_factory=dict)
    keep: int = 5
    # Whether a sweep of everything comes after it, or the one at rest, in the smallest steps.
    is_sweeping: bool = False
    is_resting: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What happens in peace, then the move under fault, and one more that must work afterwards."""

    name: str
    before: tuple[Move, ...]
    move: Move

    @property
    def after(self) -> Move:
        """The next publish."""
        return Move(self.move.number + 1, {**THREE, "portal/next.html": "<p>next</p>"})


SCENES = (
    Scene("the first release", (), Move(1, ONE)),
    Scene("a release", (Move(1, ONE),), Move(2, TWO)),
    Scene("a release that drops older ones", (Move(1, ONE), Move(2, TWO)), Move(3, THREE, keep=1, is_sweeping=True)),
    Scene("a sweep at rest", (Move(1, ONE), Move(2, TWO)), Move(3, THREE, keep=1, is_resting=True)),
    Scene("a rollback", (Move(1, ONE), Move(2, TWO)), Move(3, ONE, Kind.ROLLBACK, of=1)),
    Scene("grey mode", (Move(1, ONE), Move(2, TWO)), Move(3, TWO, Kind.STATE, of=2, over=GREY)),
    Scene("a purge", (Move(1, ONE), Move(2, TWO)), Move(3, THREE, Kind.PURGE)),
)


class Inside:
    """The inside: blobs, listings and keys, in a folder that is not under fault."""

    def __init__(self, root: Path) -> None:
        self.blobs = BlobStore(root / "blobs")
        self.listings = Listings(root / "listings")
        self.root = root

    def entry(self, path: str, text: str) -> Entry:
        """A file of the city; text has a compressed sibling."""
        data = text.encode()
        packed = None if path.endswith((".png", ".bin")) else self.blobs.put(compress(data))
        return Entry(self.blobs.put(data), packed, len(data))

    def release(self, move: Move) -> Release:
        """The record of a move; the listings of its content are kept here."""
        files = {path: self.entry(path, text) for path, text in move.files.items()}
        manifest = Manifest.of(files)
        self.listings.change(EMPTY, files.items())
        overlay = tuple(sorted((path, self.entry(path, text)) for path, text in move.over.items()))
        made = Release.publishing(move.number, manifest, commit="c0ffee", now=NOW)
        return Release(
            made.number, made.commit, made.now, made.root, made.files, made.bytes, move.kind, move.of, overlay
        )

    def delta(self, old: str, release: Release) -> bytes:
        """The brotli bytes of what leads from the tree `old` to a release; none when it is the same."""
        if old == release.root:
            return b""
        known = old != EMPTY and self.listings.holds(old)
        changes = self.listings.differences(old if known else EMPTY, release.root)
        delta = Delta(old if known else None, release.root, tuple((change.path, change.new) for change in changes))
        return compress(b"".join(delta.dump()))

    def pack(self, move: Move, old: str, root_version: int) -> tuple[Release, bytes, bytes, dict[str, bytes]]:
        """The release of a move, its record, delta and signatures."""
        release = self.release(move)
        record = release.dump()
        trust = self.trust()
        metadata = trust.sign(record, at=NOW, expiry=timedelta(days=3), root_version=root_version)
        return release, record, self.delta(old, release), metadata

    def trust(self) -> Trust:
        """The keys, made when they are first asked for."""
        trust = Trust.of(self.root)
        trust.ensure(NOW)
        return trust


def no_step(_: str) -> None:
    """Nothing happens at a step."""


def places_in(folder: Path) -> Places:
    """The three places of the target in a folder."""
    return Places.from_www(folder / "www")


def receiver_in(inside: Inside, folder: Path, at: Callable[[str], None] = no_step) -> Receiver:
    """The receiver of the target in a folder, which trusts the inside's keys from the first contact on."""
    places = places_in(folder)
    trusted = TrustState(places.state / "tuf")
    if not trusted.root_version:
        trusted.set_up(inside.trust().root())
        at(TRUSTED)
    return Receiver(places, now=lambda: NOW, at=at, limits=replace(LIMITS, sweep_names=4, sweep_blobs=3))


def deliver(inside: Inside, folder: Path, move: Move, at: Callable[[str], None] = no_step) -> None:
    """The whole of one delivery to the target in `folder`: hello, offer, blobs, switch, sweep."""
    receiver = receiver_in(inside, folder, at)
    hello = receiver.hello()
    _, record, delta, metadata = inside.pack(move, hello.root, hello.root_version)
    with receiver.receiving(Offer(metadata, record, delta, move.keep)) as delivery:
        at(BELIEVED)
        for sha in delivery.wanted:
            data = inside.blobs.read(sha)
            delivery.take(sha, len(data), io.BytesIO(data).read)
        delivery.finish()
    if move.is_sweeping:
        receiver.sweep()
    if move.is_resting:
        receiver.sweep_at_rest(lambda: True)


# ---- what must be there ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a release looks like from outside: the served files and the assets, siblings included, by path."""

    number: int
    record: bytes
    served: Mapping[str, bytes]
    assets: Mapping[str, bytes]
    listings: frozenset[str]
    blobs: frozenset[str]


def wanted_of(inside: Inside, move: Move) -> Wanted:
    """What must be live after a move, and in the vault."""
    release = inside.release(move)
    seen = {**move.files, **move.over}
    all_files = {path: data for path, text in seen.items() for path, data in _with_sibling(path, text)}
    roots = [release.root, inside.listings.change(release.root, release.overlay)]
    content = {data for path, text in move.files.items() for _, data in _with_sibling(path, text)}
    return Wanted(
        release.number,
        release.dump(),
        {path: data for path, data in all_files.items() if not path.startswith("assets/")},
        {path.removeprefix("assets/"): data for path, data in all_files.items() if path.startswith("assets/")},
        frozenset(inside.listings.reachable(roots[:1])),
        frozenset(map(_sha, content | set(all_files.values()))),
    )


def _with_sibling(path: str, text: str) -> list[tuple[str, bytes]]:
    data = text.encode()
    return [(path, data)] if path.endswith((".png", ".bin")) else [(path, data), (f"{path}.br", compress(data))]


@cache
def _sha(data: bytes) -> str:
    return sha256(data).hexdigest()


def judge(disk: Disk, candidates: Mapping[str, Wanted | None]) -> str:
    """Which of the candidates is live (None: nothing is), or `broken: …` with what is wrong."""
    if disk.find("www/current", follow=False) is None:
        names = [name for name, wanted in candidates.items() if wanted is None]
        return names[0] if names else "broken: nothing is live"
    current = disk.nodes[disk.find("www/current", follow=False) or 0]
    number = current.target.rpartition("/")[2]
    stems = {name: file_stem(wanted.number) for name, wanted in candidates.items() if wanted}
    for name, wanted in candidates.items():
        if wanted and stems[name] < number and _is_kept(disk, stems[name]):
            kept = disk.files(f"www/releases/{stems[name]}") or {}
            if reason := _differs(kept, wanted.served, "a kept release"):
                return reason
    for name, wanted in candidates.items():
        if wanted and stems[name] == number:
            return _flaw(disk, number, wanted) or name
    return f"broken: current leads to {current.target!r}"


def _is_kept(disk: Disk, stem: str) -> bool:
    """Whether record and link are there: half forgotten is forgotten, whichever of the two survives."""
    return all(disk.find(f"www/releases/{name}", follow=False) is not None for name in (stem, f"{stem}.json"))


def _flaw(disk: Disk, number: str, wanted: Wanted) -> str:
    """What is wrong with the live release, or empty."""
    served, assets = disk.file_nodes("www/current"), disk.file_nodes("www/assets") or {}
    if served is None:
        return "broken: a link in the live tree leads nowhere"
    assets = {path: node for path, node in assets.items() if path in wanted.assets}
    for nodes, files, where in ((served, wanted.served, "the live tree"), (assets, wanted.assets, "assets")):
        if reason := _differs({path: node.data for path, node in nodes.items()}, files, where):
            return reason
        for path, node in nodes.items():
            if (node.mode, node.mtime) != (0o444, mtime_of(_sha(node.data))):
                return f"broken: {path} in {where} has mode {node.mode:o} or a date that is not its content's"
    return _lacking(disk, f"www/releases/{number}.json", wanted) or _vault_flaw(disk, number, wanted)


def trusted_snapshot(disk: Disk) -> int:
    """The version of the snapshot metadata that the receiver trusts, 0 for none."""
    metadata = _json(disk, "state/tuf/snapshot.json")
    return 0 if isinstance(metadata, str) else int(metadata.get("signed", {}).get("version", 0))


def state_flaw(disk: Disk, *, root: int = 0, snapshot: int = 0) -> str:
    """What is wrong with what the receiver remembers: damaged, behind the live release, or of several moments.

    The trusted root and snapshot must not be older than these versions. Empty for nothing.
    """
    remembered = _json(disk, "state/releases.json")
    if isinstance(remembered, str):
        return remembered
    if isinstance(unused := _json(disk, "vault/unused.json"), str):
        return unused
    current = disk.find("www/current", follow=False)
    live = int(disk.nodes[current].target.rpartition("/")[2]) if current is not None else 0
    if remembered.get("number", 0) < live:
        return f"broken: release {live} is live and {remembered.get('number', 0)} is remembered"
    versions = {}
    for role in ("root", "timestamp", "snapshot"):
        metadata = _json(disk, f"state/tuf/{role}.json")
        if isinstance(metadata, str):
            return metadata
        versions[role] = metadata.get("signed", {}).get("version", 0)
        if role == "timestamp":
            versions["meant"] = metadata.get("signed", {}).get("meta", {}).get("snapshot.json", {}).get("version", 0)
    if versions["snapshot"] > versions["meant"]:
        return "broken: the trusted snapshot is newer than the trusted timestamp"
    if versions["root"] < root or versions["snapshot"] < snapshot:
        return "broken: metadata that was accepted is forgotten"
    return ""


def _json(disk: Disk, path: str) -> Any:
    found = disk.find(path)
    try:
        return json.loads(disk.nodes[found].data) if found is not None else {}
    except ValueError:
        return f"broken: {path} is not whole"


def unwhole(disk: Disk) -> str:
    """What has its final name without being whole: the next delivery would believe it. Empty for nothing."""
    for top in ("www", "vault"):
        if (found := disk.find(f"{top}/format")) is not None and not disk.nodes[found].data.endswith(b"\n"):
            return f"broken: {top}/format is not whole"
        records = disk.find(f"{top}/releases")
        for name in disk.names.get(records, {}) if records is not None else ():
            if name.endswith(".json") and isinstance(_json(disk, f"{top}/releases/{name}"), str):
                return f"broken: the record {top}/releases/{name} is not whole"
        for path, data in (disk.files(f"{top}/blobs") or {}).items():
            if _sha(data) != path.replace("/", ""):
                return f"broken: the blob {top}/blobs/{path} is not whole"
        for name, data in (disk.files(f"{top}/listings") or {}).items():
            if _sha(data) != name and not name.startswith("."):
                return f"broken: the listing {top}/listings/{name} is not whole"
    trees = disk.find("www/trees")
    for name, id_ in disk.names.get(trees, {}).items() if trees is not None else ():
        if _tree_id(disk, id_) != name:
            return f"broken: the tree {name[:12]} is not whole"
    return ""


def _tree_id(disk: Disk, id_: int) -> str:
    """The id that follows from what is in the folder of a tree."""
    inside = {name: disk.nodes[below] for name, below in disk.names.get(id_, {}).items()}
    links = tuple(
        sorted((name, node.target.removeprefix("../")) for name, node in inside.items() if node.kind == "link")
    )
    texts = {name: node.data for name, node in inside.items() if node.kind == "file"}
    raw = sorted(name for name in texts if not (name.endswith(".br") and name[:-3] in texts))
    files = tuple((name, Entry(_sha(texts[name]), _sha_of(texts.get(f"{name}.br")), len(texts[name]))) for name in raw)
    return _id_of(files, links)


@cache
def _id_of(files: tuple[tuple[str, Entry], ...], links: tuple[tuple[str, str], ...]) -> str:
    return Directory.of("", files, links).id


def _sha_of(data: bytes | None) -> str | None:
    return None if data is None else _sha(data)


def _lacking(disk: Disk, path: str, wanted: Wanted) -> str:
    found = disk.find(path)
    data = disk.nodes[found].data if found is not None else b""
    return "" if data == wanted.record else f"broken: {path} is not the live release's record"


def _vault_flaw(disk: Disk, number: str, wanted: Wanted) -> str:
    if reason := _lacking(disk, f"vault/releases/{number}.json", wanted):
        return reason
    for kind, names in (("listings", wanted.listings), ("blobs", wanted.blobs)):
        for sha in sorted(names):
            found = disk.find(f"vault/{kind}/{sha[:2]}/{sha[2:]}" if kind == "blobs" else f"vault/{kind}/{sha}")
            if found is None or _sha(disk.nodes[found].data) != sha:
                return f"broken: the vault lacks or has damaged {kind} {sha[:12]}"
    return ""


def _differs(found: Mapping[str, bytes], wanted: Mapping[str, bytes], where: str) -> str:
    for path in sorted(found.keys() | wanted.keys()):
        if found.get(path) != wanted.get(path):
            fault = "lacks" if path not in found else "has a strange" if path not in wanted else "has a wrong"
            return f"broken: {where} {fault} {path}"
    return ""


# ---- scenes on a real disk ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """A scene, ready to be played: the target as it is before the move, and what may be live after a fault."""

    scene: Scene
    inside: Inside
    target: Path
    candidates: Mapping[str, Wanted | None]

    @classmethod
    def set(cls, scene: Scene, folder: Path) -> Stage:
        """Plays what happened in peace."""
        inside = Inside(folder / "inside")
        (folder / "target").mkdir(parents=True)
        for move in scene.before:
            deliver(inside, folder / "target", move)
        old = wanted_of(inside, scene.before[-1]) if scene.before else None
        inside.pack(scene.move, EMPTY, 0)  # so that no fault falls on the inside's own work
        return cls(scene, inside, folder / "target", {"old": old, "new": wanted_of(inside, scene.move)})

    def copy(self, folder: Path) -> Path:
        """A target of its own, hard links and all."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_disk(read_disk(self.target)[0], folder)
        return folder

    def play(self, folder: Path, at: Callable[[str], None] = no_step) -> None:
        """The move that is disturbed."""
        deliver(self.inside, folder, self.scene.move, at)

    def wanted(self, folder: Path) -> tuple[str, ...]:
        """The blobs that the target in `folder` asks for."""
        receiver = receiver_in(self.inside, folder)
        with receiver.receiving(self.offer(receiver)) as delivery:
            return delivery.wanted

    def offer(self, receiver: Receiver) -> Offer:
        """The scene's move as it is offered to a receiver."""
        hello = receiver.hello()
        _, record, delta, metadata = self.inside.pack(self.scene.move, hello.root, hello.root_version)
        return Offer(metadata, record, delta, self.scene.move.keep)

    def left_of_secrets(self, disk: Disk) -> str:
        """After a purge: a file with bytes that only older releases had. Empty for none."""
        texts = {text for move in self.scene.before for text in move.files.values()} - set(
            self.scene.move.files.values()
        )
        secrets = {data for text in texts for _, data in _with_sibling("x.html", text)}
        for names in disk.names.values():
            for name, id_ in names.items():
                if disk.nodes[id_].data in secrets:
                    return name
        return ""

    def state(self, folder: Path) -> str:
        """`old`, `new` or `broken: …`."""
        return judge(read_disk(folder)[0], self.candidates)

    def recovers(self, folder: Path) -> str:
        """Empty when the same move works now and so does the next one, else what went wrong."""
        for move in (self.scene.move, self.scene.after):
            try:
                deliver(self.inside, folder, move)
            except (ClusterError, OSError) as error:
                return f"release {move.number} is refused afterwards: {error}"
            disk = read_disk(folder)[0]
            state = judge(disk, {"live": wanted_of(self.inside, move)})
            if state != "live":
                return f"after release {move.number}: {state}"
            if reason := state_flaw(disk) or unwhole(disk):
                return f"after release {move.number}: {reason}"
            if self.scene.move.kind is Kind.PURGE and (name := self.left_of_secrets(disk)):
                return f"after release {move.number}: purged bytes are left in {name}"
        return ""
