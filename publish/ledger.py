"""The ledger, `data/publish.db` (SQLite, format 3 in `user_version`): what was published, asked for, held.

- A release number is recorded as pending before anything is delivered, and belongs to that record for ever.
- A receipt says that a delivery did its part; a confirmation says which release a target itself is known to have.
- At most one job of a kind is pending and at most one hold of a kind is in force.
- Every call is one short transaction on a connection of its own; all times are arguments, aware, kept as UTC.

Called by the publish actions, the worker, the command line and, later, the editor.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cluster.errors import BusyError, FormatError
from cluster.lock import LOCK_SECONDS, lock_within
from cluster.release import Kind, Release
from publish.receiver import Receipt
from publish.state import ClusterState

FORMAT = 3
WAIT_SECONDS = 30
# How the outcome of a job that failed begins; the reasons follow, by language.
_FAILED = "failed: "


class State(StrEnum):
    """Of a release: recorded, live at a target at least once, or overtaken by another before it was."""

    PENDING = "pending"
    LIVE = "live"
    ABANDONED = "abandoned"


class HoldKind(StrEnum):
    """Why automatic publishing stands still."""

    BRAKE = "brake"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A release in the ledger: who made it, when, and how many pages it changed."""

    release: Release
    state: State
    who: str
    at: datetime
    pages_changed: int


@dataclass(frozen=True, slots=True)
class OpenPurge:
    """A purge that a target is not known to have done: its release, and since when that has been open."""

    target: str
    number: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """Something the worker is asked to do."""

    id: int
    kind: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A standing stop of automatic publishing, with its reason in both languages."""

    kind: HoldKind
    zh: str
    en: str
    since: datetime
    cleared_at: datetime | None = None
    cleared_by: str | None = None

    def text(self, language: str) -> str:
        """The reason in `zh` or `en`."""
        return self.zh if language.startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Ledger:
    """The records in one SQLite file, made when first used."""

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the one publish lock, which a killed process gives up; waits for one step of a sweep.

        Raises:
            BusyError: another publish has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as file:
            if not lock_within(file, LOCK_SECONDS):
                raise _publishing()
            yield

    # Releases

    def next_number(self, above: int = 0) -> int:
        """The lowest number higher than every recorded one and than `above`."""
        with self._transaction() as db:
            (highest,) = db.execute("SELECT coalesce(max(number), 0) FROM releases").fetchone()
        return max(int(highest), above) + 1

    def record(self, release: Release, *, who: str, at: datetime, pages_changed: int) -> None:
        """Records a new release as pending. Raises: FormatError when its number is taken."""
        with self._transaction() as db:
            try:
                db.execute(
                    "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        release.number,
                        release.root,
                        release.dump(),
                        State.PENDING,
                        who,
                        _text(at),
                        pages_changed,
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise _number_taken(release.number) from error

    def mark_live(self, number: int) -> None:
        """Says that a target confirmed the release; pending ones below it are thereby abandoned."""
        with self._transaction() as db:
            db.execute("UPDATE releases SET state = 'live' WHERE number = ?", (number,))
            db.execute("UPDATE releases SET state = 'abandoned' WHERE number < ? AND state = 'pending'", (number,))

    def releases(self, most: int = -1) -> list[Recorded]:
        """The releases ever recorded, newest first; no more than `most` when it is given."""
        with self._transaction() as db:
            rows = db.execute(f"{_SELECT_RELEASES} ORDER BY number DESC LIMIT ?", (most,)).fetchall()
        return [_recorded(row) for row in rows]

    def latest(self) -> Recorded | None:
        """The release with the highest number, whatever became of it."""
        with self._transaction() as db:
            row = db.execute(f"{_SELECT_RELEASES} ORDER BY number DESC LIMIT 1").fetchone()
        return _recorded(row) if row else None

    def live(self) -> Recorded | None:
        """The newest release that a target confirmed."""
        with self._transaction() as db:
            row = db.execute(f"{_SELECT_RELEASES} WHERE state = 'live' ORDER BY number DESC LIMIT 1").fetchone()
        return _recorded(row) if row else None

    def last_purge(self) -> int:
        """The number of the newest purge, 0 when there was none; looks into records without reading them."""
        words = f'"kind": "{Kind.PURGE}"'.encode()
        with self._transaction() as db:
            row = db.execute("SELECT max(number) FROM releases WHERE instr(record, ?)", (words,)).fetchone()
        return int(row[0] or 0)

    # Receipts

    def receive(self, receipt: Receipt) -> None:
        """Keeps a target's answer."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?)",
                (receipt.target, receipt.number, receipt.root, _text(receipt.at)),
            )

    def receipts(self) -> dict[str, Receipt]:
        """The newest answer of every target, by its URL."""
        with self._transaction() as db:
            rows = db.execute("SELECT target, number, root, at FROM receipts ORDER BY number").fetchall()
        return {target: Receipt(target, number, root, _time(at)) for target, number, root, at in rows}

    # Confirmations

    def confirm(self, target: str, number: int, at: datetime) -> None:
        """Notes that a target is known to have this release, or a later one; what is known already stays."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO confirmations VALUES (?, ?, ?) ON CONFLICT (target) DO UPDATE "
                "SET number = excluded.number, at = excluded.at WHERE excluded.number > number",
                (target, number, _text(at)),
            )

    def confirmations(self) -> dict[str, int]:
        """The highest release that each target is known to have, by its URL."""
        with self._transaction() as db:
            return dict(db.execute("SELECT target, number FROM confirmations"))

    def open_purges(self) -> list[OpenPurge]:
        """The targets that were sent something older than the newest purge and are not known to have done it."""
        number = self.last_purge()
        if not number:
            return []
        with self._transaction() as db:
            (since,) = db.execute("SELECT at FROM releases WHERE number = ?", (number,)).fetchone()
            rows = db.execute(
                "SELECT DISTINCT target FROM receipts WHERE number < ?1 AND target NOT IN "
                "(SELECT target FROM confirmations WHERE number >= ?1) ORDER BY target",
                (number,),
            ).fetchall()
        return [OpenPurge(target, number, _time(since)) for (target,) in rows]

    # Jobs

    def enqueue(self, kind: str, at: datetime) -> int:
        """Asks for a job and returns its id: that of the pending one of this kind when there is one."""
        with self._transaction() as db:
            row = db.execute("SELECT id FROM jobs WHERE kind = ? AND state = 'pending'", (kind,)).fetchone()
            if row is None:
                row = db.execute(
                    "INSERT INTO jobs (kind, state, asked_at) VALUES (?, 'pending', ?) RETURNING id",
                    (kind, _text(at)),
                ).fetchone()
        return int(row[0])

    def take(self, at: datetime) -> Job | None:
        """The pending job that was asked for first, now running; None when there is nothing to do."""
        with self._transaction() as db:
            row = db.execute(
                "UPDATE jobs SET state = 'running', started_at = ? WHERE id = "
                "(SELECT min(id) FROM jobs WHERE state = 'pending') RETURNING id, kind, asked_at",
                (_text(at),),
            ).fetchone()
        return Job(row[0], row[1], _time(row[2])) if row else None

    def finish(self, id_: int, outcome: str, at: datetime) -> None:
        """Notes how a running job ended."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET state = 'done', outcome = ?, finished_at = ? WHERE id = ?",
                (outcome, _text(at), id_),
            )

    def fail(self, id_: int, *, zh: str, en: str, at: datetime) -> None:
        """Notes why a running job failed."""
        self.finish(id_, _FAILED + json.dumps({"zh": zh, "en": en}, ensure_ascii=False), at)

    def last_failure(self, language: str) -> str:
        """Why the newest finished job failed, in `zh` or `en`; empty when it did not."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT outcome FROM jobs WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
        outcome = str(row[0]) if row else ""
        if not outcome.startswith(f"{_FAILED}{{"):  # or of an older version, whose next job says it anew
            return ""
        why: dict[str, str] = json.loads(outcome.removeprefix(_FAILED))
        return why["zh" if language.startswith("zh") else "en"]

    def recover_jobs(self) -> int:
        """Makes jobs that a killed worker left running pending again; returns how many there were.

        A worker calls it at its start, under its own lock.
        """
        with self._transaction() as db:
            left = db.execute("SELECT id, kind FROM jobs WHERE state = 'running' ORDER BY id").fetchall()
            db.execute("UPDATE jobs SET state = 'done', outcome = 'killed' WHERE state = 'running'")
            for id_, kind in left:
                db.execute(
                    "UPDATE jobs SET state = 'pending', outcome = NULL, started_at = NULL WHERE id = ? "
                    "AND NOT EXISTS (SELECT 1 FROM jobs WHERE kind = ? AND state = 'pending')",
                    (id_, kind),
                )
        return len(left)

    # Holds

    def hold(self, kind: HoldKind, *, zh: str, en: str, at: datetime) -> None:
        """Stops automatic publishing; a hold of this kind in force takes the new reason."""
        with self._transaction() as db:
            changed = db.execute(
                "UPDATE holds SET zh = ?, en = ? WHERE kind = ? AND cleared_at IS NULL", (zh, en, kind)
            )
            if changed.rowcount == 0:
                db.execute("INSERT INTO holds (kind, zh, en, since) VALUES (?, ?, ?, ?)", (kind, zh, en, _text(at)))

    def holds(self, kind: HoldKind | None = None) -> list[Hold]:
        """The holds in force, oldest first; only those of one kind when it is given."""
        return [hold for hold in self.all_holds() if hold.cleared_at is None and kind in (None, hold.kind)]

    def all_holds(self) -> list[Hold]:
        """Every hold there ever was, oldest first."""
        with self._transaction() as db:
            rows = db.execute("SELECT kind, zh, en, since, cleared_at, cleared_by FROM holds ORDER BY id").fetchall()
        return [
            Hold(HoldKind(kind), zh, en, _time(since), _time(cleared) if cleared else None, by)
            for kind, zh, en, since, cleared, by in rows
        ]

    def clear(self, kind: HoldKind, *, at: datetime, by: str) -> bool:
        """Ends the hold of this kind; says whether there was one."""
        with self._transaction() as db:
            cleared = db.execute(
                "UPDATE holds SET cleared_at = ?, cleared_by = ? WHERE kind = ? AND cleared_at IS NULL",
                (_text(at), by, kind),
            )
        return cleared.rowcount > 0

    # The cluster's state

    def state(self) -> ClusterState:
        """What every release shows beside its content."""
        with self._transaction() as db:
            row = db.execute("SELECT grey, zh, en FROM state").fetchone()
        return ClusterState(bool(row[0]), row[1], row[2]) if row else ClusterState()

    def set_state(self, state: ClusterState) -> None:
        """Keeps it for every release from now on."""
        with self._transaction() as db:
            db.execute("DELETE FROM state")
            db.execute("INSERT INTO state VALUES (?, ?, ?)", (state.grey, state.zh, state.en))

    # The file

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                with db:  # commits, or rolls back when the body raises
                    db.execute("BEGIN IMMEDIATE")
                    self._prepare(db)
                    yield db
        except sqlite3.OperationalError as error:
            raise _in_use(self.path, error) from error
        except sqlite3.DatabaseError as error:
            raise _damaged(self.path, error) from error

    def _prepare(self, db: sqlite3.Connection) -> None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version == 0 and tables == 0:
            for statement in _TABLES:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {FORMAT}")
        elif version in _UPGRADES:
            for statement in (each for old in sorted(_UPGRADES) if old >= version for each in _UPGRADES[old]):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {FORMAT}")
        elif version != FORMAT:
            raise _unknown_format(self.path, version)


_STATE = "CREATE TABLE state (grey INTEGER NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL)"
_CONFIRMATIONS = "CREATE TABLE confirmations (target TEXT PRIMARY KEY, number INTEGER NOT NULL, at TEXT NOT NULL)"
# What makes each older format the next one. Until format 3 a receipt stood for a confirmation, which is not true of a
# bundle that somebody was to carry there.
_UPGRADES: Mapping[int, tuple[str, ...]] = {
    1: (_STATE,),
    2: (
        _CONFIRMATIONS,
        "INSERT INTO confirmations SELECT target, max(number), max(at) FROM receipts "
        "WHERE target NOT LIKE 'file:%' GROUP BY target",
    ),
}
_TABLES = (
    _STATE,
    _CONFIRMATIONS,
    "CREATE TABLE releases (number INTEGER PRIMARY KEY, root TEXT NOT NULL, record BLOB NOT NULL, "
    "state TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL, pages_changed INTEGER NOT NULL)",
    "CREATE TABLE receipts (target TEXT NOT NULL, number INTEGER NOT NULL, root TEXT NOT NULL, "
    "at TEXT NOT NULL, PRIMARY KEY (target, number))",
    "CREATE TABLE jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, state TEXT NOT NULL, "
    "asked_at TEXT NOT NULL, started_at TEXT, finished_at TEXT, outcome TEXT)",
    "CREATE UNIQUE INDEX one_pending_job ON jobs (kind) WHERE state = 'pending'",
    "CREATE TABLE holds (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, zh TEXT NOT NULL, "
    "en TEXT NOT NULL, since TEXT NOT NULL, cleared_at TEXT, cleared_by TEXT)",
    "CREATE UNIQUE INDEX one_hold ON holds (kind) WHERE cleared_at IS NULL",
)
_SELECT_RELEASES = "SELECT record, state, who, at, pages_changed FROM releases"


def _recorded(row: tuple[bytes, str, str, str, int]) -> Recorded:
    record, state, who, at, pages_changed = row
    return Recorded(Release.parse(record), State(state), who, _time(at), pages_changed)


def _text(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no zone")
    return at.astimezone(UTC).isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _publishing() -> BusyError:
    return BusyError(
        "Another publish is running. Wait until it is done and try again.",
        "另一个发布正在进行。请等待其完成后重试。",
    )


def _in_use(path: Path, error: sqlite3.Error) -> BusyError:
    return BusyError(
        f"{path}: {error}. Close what else has this file open, check its folder's permissions, try again.",
        f"{path}：{error}。请关闭占用该文件的程序，确认文件夹可写，然后重试。",
    )


def _damaged(path: Path, error: sqlite3.Error) -> FormatError:
    return FormatError(f"{path}: {error}. Restore this file from the backup.", f"{path}：{error}。请从备份恢复该文件。")


def _number_taken(number: int) -> FormatError:
    return FormatError(
        f"Release number {number} is already recorded. Publish again to take the next.",
        f"第 {number} 号发布版本已有记录。请重新发布以取得下一个编号。",
    )


def _unknown_format(path: Path, version: int) -> FormatError:
    return FormatError(
        f"{path}: format {version}, but this program reads format {FORMAT}. Upgrade the program.",
        f"{path}：格式为 {version}，本程序只能读取格式 {FORMAT}。请升级程序。",
    )
