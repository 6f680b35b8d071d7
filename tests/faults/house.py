"""The inside under fault: a small cluster with a commit to publish, and its targets in one folder.

A build and its delivery may die anywhere. Afterwards a target shows the old release or the new one, every bundle that has
its name is whole, and the next run, which is the same one again, makes the new release live without anybody's help.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from cluster.bundle import read_members
from cluster.errors import ClusterError
from cluster.settings import load_settings
from publish.delivery.parcel import Target
from publish.receiver.places import Places
from publish.receiver.receive import Receiver, receive_bundle
from publish.receiver.trust import TrustState
from publish.workspace import Workspace
from tests.builders import ARTICLE, make_article
from tests.faults.subjects import Move, Scene, no_step
from tests.publish.small_city import City, standing_clock

Shown = Mapping[str, str]
SECOND = "content/portal/news/2026/second.md"
CHANGES: Mapping[str, bytes | None] = {
    ARTICLE: make_article("汛期水位正常", id="6f1c2a9e0b7d4c35"),
    SECOND: make_article("云泽河两岸植树", "2026-11-17", id="6f1c2a9e0b7d4c39"),
}
AFTER: Mapping[str, bytes | None] = {SECOND: make_article("云泽河两岸植树万株", "2026-11-17", id="6f1c2a9e0b7d4c39")}


def workspace_of(folder: Path) -> Workspace:
    """The cluster in a folder, with a web root and a stick beside it."""
    targets = {"ZHANQUN_TARGETS": "dir:dmz/www file:usb"}
    return Workspace(load_settings(folder, targets), clock=standing_clock)


def publish_main(workspace: Workspace, targets: tuple[Target, ...], at: Callable[[str], None] = no_step) -> str:
    """Builds and publishes what `main` is now; what went wrong, or empty."""
    moment = workspace.clock()
    built = workspace.build(workspace.order(moment.isoformat(), jobs=1))
    office = replace(workspace.office(targets, 10), at_step=at)
    outcome = workspace.publish(office, built, at=moment, who="test", accept_removals=True)
    return "; ".join(failure.english for failure in outcome.failures)


def shown_in(www: Path) -> Shown:
    """The hash of every file that is live below a web root, by path; nothing when nothing is live."""
    live = www / "current"
    return {str(file.relative_to(live)): _sha(file) for file in _files(live)} if live.exists() else {}


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for each in folder.iterdir():
        found += _files(each) if each.is_dir() else [each]
    return found


def _sha(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def copied(source: Path, folder: Path) -> Path:
    """A house of its own, hard links and dates as they are."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(folder)], check=True)
    return folder


@dataclass(frozen=True, slots=True)
class HouseStage:
    """A published cluster (`before`), and as `target` the same with a commit that is not live yet.

    `candidates` are the old and the new live tree, `after` that of the next commit.
    """

    scene: Scene
    before: Path
    target: Path
    candidates: Mapping[str, Shown]
    after: Shown

    @classmethod
    def set(cls, folder: Path) -> HouseStage:
        """The first release in peace, then a commit; what follows is tried out once on a copy."""
        before = folder / "before"
        City.founded(before)
        (before / "usb").mkdir()
        publish_main(workspace_of(before), workspace_of(before).targets())
        old = shown_in(before / "dmz/www")
        house = copied(before, folder / "target")
        City(house).commit(CHANGES)
        tried = copied(house, folder / "tried")
        publish_main(workspace_of(tried), workspace_of(tried).targets())
        new = shown_in(tried / "dmz/www")
        City(tried).commit(AFTER)
        publish_main(workspace_of(tried), workspace_of(tried).targets())
        scene = Scene("the inside: build, dir: and file:", (), Move(2, {}))
        return cls(scene, before, house, {"old": old, "new": new}, shown_in(tried / "dmz/www"))

    def copy(self, folder: Path) -> Path:
        """A house of its own."""
        return copied(self.target, folder)

    def play(self, folder: Path, at: Callable[[str], None] = no_step) -> None:
        """The build and the deliveries that are disturbed."""
        workspace = workspace_of(folder)
        publish_main(workspace, workspace.targets(), at)

    def state(self, folder: Path) -> str:
        """`old`, `new` or `broken: …`."""
        shown = shown_in(folder / "dmz/www")
        found = [name for name, wanted in self.candidates.items() if shown == wanted]
        if not found:
            return "broken: the live tree is neither the old nor the new one"
        for file in (folder / "usb").glob("[!.]*.bundle"):  # one that is begun has another name
            if reason := _flaw_of_bundle(file):
                return f"broken: {file.name} {reason}"
        return found[0]

    def recovers(self, folder: Path) -> str:
        """Empty when the next run makes the new release live everywhere, and the one after it its own."""
        for shown, changes in ((self.candidates["new"], {}), (self.after, AFTER)):
            if changes:
                City(folder).commit(changes)
            try:
                reason = publish_main(workspace_of(folder), workspace_of(folder).targets())
            except (ClusterError, OSError) as error:
                return f"the next run fails: {error}"
            if reason or shown_in(folder / "dmz/www") != shown:
                return f"the next run leaves something else live: {reason}"
        return self._stick_leads_to(folder, self.after)

    def _stick_leads_to(self, folder: Path, shown: Shown) -> str:
        """Carries the stick to a web root that has nothing, as the technician would."""
        places = Places.from_www(folder / "far/www")
        TrustState(places.state / "tuf").set_up(workspace_of(folder).trust.root())
        newest = max((folder / "usb").glob("[!.]*.bundle"))
        try:
            with newest.open("rb") as stream:
                receive_bundle(stream, Receiver(places, now=standing_clock))
        except (ClusterError, OSError) as error:
            return f"{newest.name} is refused: {error}"
        return "" if shown_in(places.www) == shown else f"{newest.name} shows something else"


def _flaw_of_bundle(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            for member in read_members(stream):
                while member.read(1 << 16):
                    pass
    except ClusterError as error:
        return str(error)
    return ""
