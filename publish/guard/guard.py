"""The guard of one target: looks where something changed, mends under the receiver's lock, goes on for ever.

- It looks without the lock. What seems wrong is looked at again under the lock, and only that is mended: a publish
  that runs is neither disturbed nor mistaken for an attack.
- A lock that is not given back in time keeps nothing from being mended that was settled before; what is unknown waits
  for the receiver, and at last for nobody.
- Without a single record in the vault there is nothing to compare with, and nothing is touched.
- Its decisions need no date. A wrong clock and an inside that is off change nothing.

Called by `zhanqun guard`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.errors import ClusterError, TargetError
from publish.guard import LIMITS, Done, Fault, Found, Incident, Limits
from publish.guard.folder import Folder
from publish.guard.lock import receiver_lock
from publish.guard.mend import ASIDE, Mender, clean
from publish.guard.notes import Notes
from publish.guard.patrol import Patrol, steps
from publish.guard.quarantine import Quarantine
from publish.guard.sight import Sight
from publish.guard.signed import Signed, read_signed
from publish.guard.vaulted import Vaulted
from publish.guard.watches import Watches
from publish.receiver.disk import no_step
from publish.receiver.places import Places

_SETTLE = 0.03
_SIGN_OF_LIFE = 30.0
_LATER_MOST = 50_000


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found and did, and how many hashes the vault lacks."""

    incidents: tuple[Incident, ...]
    missing: int

    @property
    def exit_code(self) -> int:
        """0 clean, 3 when everything was mended, 1 when something could not be."""
        if any(one.done in (Done.FAILED, Done.TOLD) for one in self.incidents):
            return 1
        return 3 if self.incidents else 0

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {"incidents": [one.as_dict() for one in self.incidents], "missing": self.missing}


class Guard:
    """Guards the web root of one target; `tell` gets every incident at once."""

    def __init__(
        self,
        places: Places,
        *,
        now: Callable[[], datetime],
        limits: Limits = LIMITS,
        tell: Callable[[Incident], None] | None = None,
        at: Callable[[str], None] = no_step,
    ) -> None:
        self.places = places
        self._now = now
        self._limits = limits
        self._tell = tell or (lambda _: None)
        self._at = at
        self._vaulted = Vaulted(places)
        self._notes = Notes(places.state, limits)
        self._quarantine = Quarantine(places.state / "quarantine", limits)
        self._children: dict[str, tuple[tuple[str, str], ...]] = {}
        self._signed: Signed | None = None
        self._signed_as: object = None
        self._settled: tuple[int, ...] = ()
        self._held_since: float | None = None
        self._later: set[str] = set()
        self._told: set[Fault] = set()
        self._fresh: set[str] = set()
        self._troubles: set[str] = set()
        self._written: tuple[object, ...] = ()
        self._count = 0
        self._checked_at: datetime | None = None

    # One look at everything

    def check(self) -> Report:
        """Looks at everything once, web root and vault, and mends. Raises: TargetError without a signed release."""
        signed = self._strict()
        if signed is None:
            raise _nothing_signed(self.places)
        self._clean_up()
        incidents = [*self.attend([""])]
        for paths, _ in steps(self.places.www, signed):
            incidents += self.attend(paths)
        incidents += self._tell_vault(signed)
        self._checked_at = self._now()
        self._write_status()
        return Report(tuple(incidents), len(self._vaulted.lacking))

    # Going on for ever

    def run(self, stop: threading.Event) -> None:
        """Guards until `stop` is set. Raises: TargetError when the kernel gives no watch at all."""
        with contextlib.suppress(OSError):
            self._clean_up()
        patrol_vault = Vaulted(self.places)
        with _opened_watches(self.places) as watches:
            patrol = Patrol(
                self.places.www, lambda: self._for_patrol(patrol_vault), watches.ring, self._patrol_ended, self._limits
            )
            thread = threading.Thread(target=patrol.run, name="patrol", daemon=True)
            thread.start()
            try:
                while not stop.is_set():
                    try:
                        self._turn(watches, patrol, patrol_vault)
                    except (OSError, ClusterError) as error:  # a disk that is full or away must not end the guard
                        self._tell_trouble(str(error))
                        stop.wait(self._limits.tick)
            finally:
                patrol.stopped.set()
                patrol.hurry()
                thread.join()

    def _turn(self, watches: Watches, patrol: Patrol, patrol_vault: Vaulted) -> None:
        """One round of the loop: what changed, what waits, what the patrol learnt."""
        watches.follow()
        changed, has_lost = watches.take(self._limits.tick)
        if changed:
            time.sleep(_SETTLE)  # one attack makes several events
            changed |= watches.take(0)[0]
        if has_lost:
            patrol.hurry()
            changed |= {"", "releases", "trees", "assets"}
        if self._later and not changed:
            changed, self._later = self._later, set()
        if self._strict() is None:
            return
        changed, self._fresh = changed | self._fresh, set()
        self._settle_when_free()
        if changed:
            self.attend(changed)
        if watches.is_short:
            self._tell_trouble("sysctl fs.inotify.max_user_watches is too low: raise it, then start the guard again")
        self._vaulted.lacking |= set(patrol_vault.lacking)
        if self._signed is not None:
            self._record(self._tell_vault(self._signed))
        self._write_status()

    def attend(self, paths: Iterable[str]) -> list[Incident]:
        """Looks at these paths and mends what is wrong there; gives what was done."""
        waiting = set(paths)
        signed = self._strict()
        if signed is None or not waiting:
            return []
        incidents: list[Incident] = []
        with self._web_root() as www:
            if not Sight(www, signed).look(waiting):
                return []
            with receiver_lock(www, self._limits.lock_wait) as is_ours:
                incidents = self._mend(www, waiting, is_ours=is_ours)
        self._record(incidents)
        return incidents

    def _mend(self, www: Folder, paths: set[str], *, is_ours: bool) -> list[Incident]:
        """Looks again and mends until nothing is wrong any more, or nothing more can be done."""
        incidents: list[Incident] = []
        signed = self._settle(paths, is_ours=is_ours)
        if signed is None:
            return []
        waiting, tried = set(paths), set()
        mender = Mender(www, signed, self._quarantine, self._now, self._at)
        for _ in range(self._limits.rounds):
            faults = [fault for fault in Sight(www, signed).look(waiting) if fault not in tried]
            if not faults:
                break
            mender.incidents.clear()
            mender.mend(faults)
            incidents += [one for one in mender.incidents if self._is_new(one)]
            tried |= {Fault(one.path, one.found) for one in mender.incidents if one.done is Done.FAILED}
            waiting = {fault.path for fault in faults}
        clean(www, is_alone=is_ours)
        return incidents

    def _clean_up(self) -> None:
        """Removes what a killed guard left, unless another may be at work. Raises: OSError."""
        with self._web_root() as www:
            if www.facts(ASIDE) is not None:
                with receiver_lock(www, self._limits.lock_wait) as is_ours:
                    clean(www, is_alone=is_ours)

    def _settle_when_free(self) -> None:
        """Notes after a publish, once its lock is given back, that its release is settled."""
        numbers = self._vaulted.numbers()[0]
        if numbers != self._settled:
            with self._web_root() as www, receiver_lock(www, 0) as is_ours:
                if is_ours:
                    self._settled = numbers

    def _settle(self, paths: set[str], *, is_ours: bool) -> Signed | None:
        """What must be, for as much as can be said at this moment: less while somebody holds the lock."""
        if is_ours:
            self._held_since = None
            self._settled = self._vaulted.numbers()[0]
            return self._strict()
        now = time.monotonic()
        self._held_since = self._held_since or now
        self._later = (self._later | paths) if len(self._later) < _LATER_MOST else {"", "trees", "assets", "releases"}
        if now - self._held_since > self._limits.lock_patience:
            return self._strict()
        return self._in_flight()

    # What must be

    def _strict(self) -> Signed | None:
        """What the vault's records say now; None without any."""
        numbers, newer = self._vaulted.numbers()
        if not numbers:
            return None
        state = (numbers, newer, _stamp(self.places.vault / "unused.json"))
        if self._signed is None or state != self._signed_as:
            known = self._signed.trees if self._signed else {}
            self._signed = self._read(numbers, newer)
            self._signed_as = state
            self._forget_lacking(self._signed)
            # A tree that waited for the sweep may be served again without having been touched.
            self._fresh = {f"trees/{id}" for id in self._signed.trees.keys() - known.keys()} if known else set()
        return self._signed

    def _in_flight(self) -> Signed | None:
        """What was settled before the receiver began, without what it has dropped since."""
        numbers = sum(self._vaulted.numbers(), ())
        settled = [number for number in numbers if number in self._settled]
        if not settled:  # it was held when the guard began: the newest may be on its way
            settled = list(numbers[:-1])
        if not settled:
            return None
        newer = [number for number in numbers if number > settled[-1]]
        return read_signed(self._vaulted, settled, newer=newer, in_flight=True, children=self._children)

    def _read(self, numbers: tuple[int, ...], newer: tuple[int, ...]) -> Signed:
        signed = read_signed(self._vaulted, numbers, newer=newer, in_flight=bool(newer), children=self._children)
        needed = signed.trees.keys() | signed.listing_ids
        for id in self._children.keys() - needed:
            del self._children[id]
        return signed

    def _for_patrol(self, vaulted: Vaulted) -> Signed | None:
        numbers, newer = vaulted.numbers()
        if not numbers:
            return None
        signed = read_signed(vaulted, numbers, newer=newer, in_flight=bool(newer))
        self._forget_lacking(signed)
        return signed

    @staticmethod
    def _forget_lacking(signed: Signed) -> None:
        """Drops what the vault has again, and what nothing needs any more."""
        vaulted = signed.vaulted
        if vaulted.lacking:
            blobs = frozenset(vaulted.lacking)
            _, needed = signed.uses(blobs)
            listings = signed.listing_ids | signed.trees.keys()
            for sha in blobs:
                if sha in needed:
                    vaulted.is_whole(sha)
                elif sha not in listings or sha in vaulted.listings:
                    vaulted.lacking.discard(sha)

    @contextmanager
    def _web_root(self) -> Iterator[Folder]:
        """The open web root, made again when somebody took it away. Raises: OSError."""
        with contextlib.suppress(FileExistsError):
            self.places.www.mkdir(mode=0o755)
            self.places.www.chmod(0o755)
        with Folder.open(self.places.www) as www:
            yield www

    # What is told

    def _is_new(self, incident: Incident) -> bool:
        """Whether it was not told before; what cannot be mended is told once, until it was."""
        fault = Fault(incident.path, incident.found)
        if incident.done not in (Done.FAILED, Done.TOLD):
            self._told = {told for told in self._told if told.path != incident.path}
            return True
        is_new = fault not in self._told
        self._told.add(fault)
        return is_new

    def _tell_vault(self, signed: Signed) -> list[Incident]:
        """What is wrong with the vault itself, each once."""
        paths = [*signed.faults, *sorted(self._vaulted.lacking)]
        told = [Incident(self._now(), f"vault: {path}", Found.VAULT, Done.TOLD) for path in paths]
        return [one for one in told if self._is_new(one)]

    def _record(self, incidents: list[Incident]) -> None:
        for incident in incidents:
            self._tell(incident)
        self._count += len(incidents)
        with contextlib.suppress(OSError):  # a full disk must not end the guard; what was done stands on the console
            self._notes.add(incidents)
            if incidents:
                self._notes.lacking(self._vaulted.lacking)

    def _tell_trouble(self, note: str) -> None:
        """Tells what keeps the guard from its work, each once."""
        if note not in self._troubles:
            self._troubles.add(note)
            self._record([Incident(self._now(), str(self.places.www), Found.TROUBLE, Done.FAILED, note=note)])

    def _patrol_ended(self) -> None:
        self._checked_at = self._now()

    def _write_status(self) -> None:
        """Writes the status when something in it changed, and now and then as a sign of life."""
        minute = int(time.monotonic() // _SIGN_OF_LIFE)
        written = (self._checked_at, self._count, frozenset(self._vaulted.lacking), minute)
        if written == self._written:
            return
        self._written = written
        with contextlib.suppress(OSError):
            self._notes.lacking(self._vaulted.lacking)
            self._notes.status(
                self._now(), checked_at=self._checked_at, incidents=self._count, missing=len(self._vaulted.lacking)
            )


def _opened_watches(places: Places) -> Watches:
    try:
        return Watches(places.www)
    except OSError as error:
        raise TargetError(
            f"{places.www}: no watches to be had ({error.strerror}). Raise sysctl fs.inotify.max_user_instances.",
            f"{places.www}：内核无法再提供监视（{error.strerror}）。请调高 sysctl fs.inotify.max_user_instances。",
        ) from error


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ino


def _nothing_signed(places: Places) -> TargetError:
    return TargetError(
        f"{places.vault}: no signed release here, so nothing is guarded. Publish once, or name the vault with --vault.",
        f"{places.vault}：没有已签名的发布版本，无法守护。请先发布一次，或用 --vault 指定备份库。",
    )
