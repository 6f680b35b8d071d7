"""The guard of one target: looks where something changed, mends when it has the turn, goes on for ever.

- It looks at any time. What seems wrong is looked at again when it is the guard's turn (`publish.receiver.turn`), and
  only that is mended: a publish that runs is neither disturbed nor mistaken for an attack.
- A turn that the receiver does not give back in time keeps nothing from being mended that was settled before; what is
  unknown waits for the receiver, and at last for nobody.
- What the vault's records say is the same before a look and after it, or the look counts for nothing
  (`publish.guard.records`).
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
from typing import Any

from cluster.errors import ClusterError, TargetError
from publish.guard import LIMITS, Done, Fault, Found, Incident, Limits
from publish.guard.again import Again
from publish.guard.folder import Folder
from publish.guard.mend import ASIDE, Mender, clean
from publish.guard.notes import Notes
from publish.guard.patrol import Patrol, steps
from publish.guard.quarantine import Quarantine
from publish.guard.records import Moment, Records, read_for_patrol
from publish.guard.sight import Sight
from publish.guard.signed import Signed
from publish.guard.vaulted import Vaulted
from publish.guard.watches import Watches
from publish.receiver.disk import no_step
from publish.receiver.places import Places
from publish.receiver.turn import turn

_SETTLE = 0.03
_SIGN_OF_LIFE = 30.0
_LATER_MOST = 50_000
_ANYTHING = frozenset({"", "releases", "trees", "assets"})


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
    """Guards the web root of one target; `tell` gets every incident at once, `seconds` only ever grow."""

    def __init__(
        self,
        places: Places,
        *,
        now: Callable[[], datetime],
        limits: Limits = LIMITS,
        tell: Callable[[Incident], None] | None = None,
        at: Callable[[str], None] = no_step,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.places = places
        self._now = now
        self._limits = limits
        self._tell = tell or (lambda _: None)
        self._at = at
        self._seconds = seconds
        self._again = Again(seconds)
        self._vaulted = Vaulted(places)
        self._notes = Notes(places.state, limits)
        self._quarantine = Quarantine(places.state / "quarantine", limits)
        self._records = Records(self._vaulted)
        self._settled: tuple[int, ...] = ()
        self._held_since: float | None = None
        self._later: set[str] = set()
        self._told: set[Fault] = set()
        self._lacking: frozenset[str] = frozenset()
        self._troubles: set[str] = set()
        self._written: tuple[object, ...] = ()
        self._count = 0
        self._checked_at: datetime | None = None

    # One look at everything

    def check(self) -> Report:
        """Looks at everything once, web root and vault, and mends. Raises: TargetError without a signed release."""
        signed = self._records.strict()
        if signed is None:
            raise _nothing_signed(self.places)
        self._clean_up()
        incidents = [*self.attend([""])]
        for paths, _ in steps(self.places.www, signed):
            incidents += self.attend(paths)
            self._at("looked")
        incidents += self.attend(self._again.take())
        incidents += self._tell_vault(self._limits.turn_wait)
        self._checked_at = self._now()
        self._write_status()
        return Report(tuple(incidents), len(self._lacking))

    # Going on for ever

    def run(self, stop: threading.Event) -> None:
        """Guards until `stop` is set. Raises: TargetError when the kernel gives no watch at all."""
        with contextlib.suppress(OSError):
            self._clean_up()
        patrol_vault = Vaulted(self.places)
        with _opened_watches(self.places) as watches:
            patrol = Patrol(
                self.places.www, lambda: read_for_patrol(patrol_vault), watches.ring, self._patrol_ended, self._limits
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
            changed |= _ANYTHING
        if watches.is_short:
            self._tell_trouble("sysctl fs.inotify.max_user_watches is too low: raise it, then start the guard again")
        try:
            self._see_to(changed)
        except (OSError, ClusterError):
            self._again.add(changed)
            raise
        found = frozenset(patrol_vault.lacking)
        patrol_vault.lacking.difference_update(found)
        self._vaulted.lacking |= found
        self._record(self._tell_vault(0))
        self._write_status()

    def _see_to(self, changed: set[str]) -> None:
        """Attends to what changed and to what waits, which joins the set: it is tried again when this fails."""
        if self._records.strict() is None:
            return
        changed |= self._records.fresh | self._again.take()
        self._records.fresh = set()
        if self._settle_when_free() and not changed:
            changed |= self._later
            self._later = set()
        self.attend(changed)

    def attend(self, paths: Iterable[str]) -> list[Incident]:
        """Looks at these paths and mends what is wrong there; gives what was done."""
        waiting = set(paths)
        signed = self._records.strict() if waiting else None
        if signed is None:
            return []
        self._settle_when_free()
        incidents: list[Incident] = []
        with self._web_root() as www:
            sight = Sight(www, signed)
            if not sight.look(waiting) and not sight.unseen:
                return []
            # A receiver that was waited for once is not waited for again: the next attack is undone as fast.
            wait = 0 if self._held_since is not None else self._limits.turn_wait
            with turn(self.places.state, wait) as is_ours:
                incidents = self._mend(www, waiting, is_ours=is_ours)
        self._record(incidents)
        return incidents

    def _mend(self, www: Folder, paths: set[str], *, is_ours: bool) -> list[Incident]:
        """Looks again and mends until nothing is wrong any more, or nothing more can be done."""
        incidents: list[Incident] = []
        waiting, tried = set(paths), set[Fault]()
        self._note_turn(paths, is_ours=is_ours)
        mender: Mender | None = None
        for _ in range(self._limits.rounds):
            moment = self._records.moment()
            signed = self._what_must_be(moment, is_ours=is_ours)
            self._at("read")
            if signed is None:
                break
            sight = Sight(www, signed)
            faults = [fault for fault in sight.look(waiting) if fault not in tried]
            self._at("seen")
            if self._records.moment() != moment:  # the receiver went on meanwhile: what was wrong may be right now
                continue
            waiting = {fault.path for fault in faults} | sight.unseen
            if not waiting:
                break
            mender = mender or Mender(www, signed, self._quarantine, self._now, self._at)
            mender.signed = signed
            mender.incidents.clear()
            mender.mend(faults)
            incidents += [one for one in mender.incidents if self._is_new(one)]
            tried |= _not_mended(faults, mender.incidents)
            self._again.add(one.path for one in mender.incidents if one.done is Done.FAILED)
        else:
            self._again.add(waiting)
        clean(www, is_alone=is_ours)
        return incidents

    def _what_must_be(self, moment: Moment, *, is_ours: bool) -> Signed | None:
        if self._is_free(is_ours=is_ours):
            return self._records.strict()
        return self._records.in_flight(moment, self._settled)

    def _clean_up(self) -> None:
        """Removes what a killed guard left, unless another may be at work. Raises: OSError."""
        with self._web_root() as www:
            if www.facts(ASIDE) is not None:
                with turn(self.places.state, self._limits.turn_wait) as is_ours:
                    clean(www, is_alone=is_ours)

    # Beside the receiver

    def _settle_when_free(self) -> bool:
        """Notes after a publish, once the receiver's turn is over, what is settled; False while it is not over."""
        numbers = self._vaulted.numbers()[0]
        if numbers == self._settled and self._held_since is None:
            return True
        with turn(self.places.state, 0) as is_ours:
            if is_ours:
                self._note_turn((), is_ours=True)
            return self._is_free(is_ours=is_ours)

    def _note_turn(self, paths: Iterable[str], *, is_ours: bool) -> None:
        """Remembers what is settled, or since when the receiver has the turn and what is to be looked at after it."""
        if is_ours:
            self._held_since = None
            self._records.land()
            self._settled = self._vaulted.numbers()[0]
            return
        self._held_since = self._seconds() if self._held_since is None else self._held_since
        self._later = self._later.union(paths) if len(self._later) < _LATER_MOST else set(_ANYTHING)

    def _is_free(self, *, is_ours: bool) -> bool:
        """Whether nobody may be changing names: it is the guard's turn, or the receiver hangs."""
        if is_ours or self._held_since is None:
            return is_ours
        return self._seconds() - self._held_since > self._limits.turn_patience

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

    def _tell_vault(self, wait: float) -> list[Incident]:
        """What is wrong with the vault itself, each once; looked at again while the receiver sweeps nothing there."""
        signed = self._records.strict()
        if signed is None or not self._has_news_of_vault(signed):
            return []
        with turn(self.places.state, wait) as is_ours:
            if not self._is_free(is_ours=is_ours):
                return []
            self._records.forget()  # it may have been read while the receiver swept
            signed = self._records.strict()
        if signed is None:
            return []
        self._lacking = frozenset(self._vaulted.lacking)
        told = [Incident(self._now(), path, Found.VAULT, Done.TOLD) for path in self._vault_paths(signed)]
        with contextlib.suppress(OSError):
            self._notes.lacking(self._lacking)
        return [one for one in told if self._is_new(one)]

    def _has_news_of_vault(self, signed: Signed) -> bool:
        untold = any(Fault(path, Found.VAULT) not in self._told for path in self._vault_paths(signed))
        return untold or self._vaulted.lacking != self._lacking

    def _vault_paths(self, signed: Signed) -> list[str]:
        return [f"vault: {path}" for path in (*signed.faults, *sorted(self._vaulted.lacking))]

    def _record(self, incidents: list[Incident]) -> None:
        for incident in incidents:
            self._tell(incident)
        self._count += len(incidents)
        with contextlib.suppress(OSError):  # a full disk must not end the guard; what was done stands on the console
            self._notes.add(incidents)

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
        written = (self._checked_at, self._count, self._lacking, minute)
        if written == self._written:
            return
        self._written = written
        with contextlib.suppress(OSError):
            self._notes.lacking(self._lacking)
            self._notes.status(
                self._now(), checked_at=self._checked_at, incidents=self._count, missing=len(self._lacking)
            )


def _opened_watches(places: Places) -> Watches:
    try:
        return Watches(places.www)
    except OSError as error:
        raise TargetError(
            f"{places.www}: no watches to be had ({error.strerror}). Raise sysctl fs.inotify.max_user_instances.",
            f"{places.www}：内核无法再提供监视（{error.strerror}）。请调高 sysctl fs.inotify.max_user_instances。",
        ) from error


def _not_mended(faults: Iterable[Fault], incidents: Iterable[Incident]) -> set[Fault]:
    """The faults that failed, and those that turned out to be none, like a blob that nobody needs any more."""
    failed = {Fault(one.path, one.found) for one in incidents if one.done is Done.FAILED}
    told = {one.path for one in incidents}
    return failed | {fault for fault in faults if fault.path not in told}


def _nothing_signed(places: Places) -> TargetError:
    return TargetError(
        f"{places.vault}: no signed release here, so nothing is guarded. Publish once, or name the vault with --vault.",
        f"{places.vault}：没有已签名的发布版本，无法守护。请先发布一次，或用 --vault 指定备份库。",
    )
