"""The guard under fault: a target that was tampered with is being mended, and the mending is killed.

After a kill every live file is as it was found or as it is signed, never a third thing; the next look mends the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ClusterError
from publish.guard.guard import Guard
from tests.faults.model import Disk, read_disk, write_disk
from tests.faults.subjects import (
    NOW,
    ONE,
    TWO,
    Inside,
    Move,
    Scene,
    Wanted,
    deliver,
    judge,
    no_step,
    places_in,
    state_flaw,
    unwhole,
    wanted_of,
)

EVIL = b"<h1>evil</h1>"
SCENE = Scene("the guard, mending", (Move(1, ONE), Move(2, TWO)), Move(2, TWO))


def tamper(www: Path) -> None:
    """What somebody who can write everywhere in the web root might do."""
    live = www / "current"
    in_place = live / "portal/index.html"
    in_place.chmod(0o644)
    in_place.write_bytes(EVIL)
    other = live / "portal/evil"
    other.write_bytes(EVIL)
    other.replace(live / "congress/index.html")
    (live / "portal/news/a.html").unlink()
    (live / "portal/added.html").write_bytes(EVIL)
    (www / "assets/gov.2.css").unlink()
    (www / "assets/gov.2.css").write_bytes(EVIL)
    (www / "assets/strange.js").write_bytes(EVIL)
    (www / "current").unlink()
    (www / "current").symlink_to("releases/00000001")


@dataclass(frozen=True, slots=True)
class GuardStage:
    """A target that was tampered with, ready to be mended."""

    scene: Scene
    inside: Inside
    target: Path
    candidates: Mapping[str, Wanted | None]

    @classmethod
    def set(cls, folder: Path) -> GuardStage:
        """Two releases in peace, then the attack."""
        inside = Inside(folder / "inside")
        (folder / "target").mkdir(parents=True)
        for move in SCENE.before:
            deliver(inside, folder / "target", move)
        tamper(folder / "target/www")
        return cls(SCENE, inside, folder / "target", {"old": None, "new": wanted_of(inside, SCENE.move)})

    def copy(self, folder: Path) -> Path:
        """A target of its own."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_disk(read_disk(self.target)[0], folder)
        return folder

    def play(self, folder: Path, at: Callable[[str], None] = no_step) -> None:
        """One look at everything, which mends what it finds."""
        Guard(places_in(folder), now=lambda: NOW, at=at).check()

    def state(self, folder: Path) -> str:
        """`new` when all is mended, `old` when some of the damage is still there, or `broken: …`."""
        disk = read_disk(folder)[0]
        if judge(disk, {"new": self.candidates["new"]}) == "new" and not unwhole(disk):
            return "new"
        return self._third_thing(disk) or "old"

    def _third_thing(self, disk: Disk) -> str:
        signed = {text.encode() for text in (*ONE.values(), *TWO.values())}
        for name, node in (disk.file_nodes("www/releases/00000002") or {}).items():
            if not name.endswith(".br") and node.data not in (*signed, EVIL):
                return f"broken: {name} is neither what was found nor what is signed"
        return ""

    def recovers(self, folder: Path) -> str:
        """Empty when the next look mends everything and the next delivery works."""
        try:
            self.play(folder)
        except (ClusterError, OSError) as error:
            return f"the next look fails: {error}"
        disk = read_disk(folder)[0]
        state = judge(disk, {"new": self.candidates["new"]})
        if reason := "" if state == "new" else state:
            return f"after the next look: {reason}"
        if reason := unwhole(disk) or state_flaw(disk):
            return f"after the next look: {reason}"
        deliver(self.inside, folder, self.scene.after)
        state = judge(read_disk(folder)[0], {"live": wanted_of(self.inside, self.scene.after)})
        return "" if state == "live" else f"after the next release: {state}"
