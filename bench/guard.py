"""`python -m bench.guard --work DIR`: what the guard needs at a large web root, and how fast it undoes an alteration.

A target of so many made-up pages (each with its compressed sibling, a hundred in a directory) is filled through the
receiver, with a few releases kept; then `zhanqun guard` runs beside it as a process of its own. Measured: the seconds
and CPU until all folders are watched and until the first full round has ended; memory and inotify watches; the time
from an alteration (in place, by rename, deleted, added, `current` turned) until it is undone, at rest and during the
first round; the CPU at rest, with its rolling re-hash. The target is made once and stays in DIR; the guard's own notes
are thrown away at every run. Prints a table; with `--report` writes `guard.json` and `guard.md`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import click

from bench.corpus import NOW
from bench.engine import about
from bench.errors import BenchError
from bench.measure import pss
from bench.space import Need, require_space
from bench.stage import ROOT
from cluster.aside import write_aside
from cluster.blobs import BlobStore, compress
from cluster.clock import parse_date
from cluster.delta import Delta
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from cluster.release import Release
from publish.guard.notes import read_status
from publish.receiver.offer import Offer
from publish.receiver.places import Places
from publish.receiver.receive import Receiver
from publish.receiver.trust import Accepted

IN_A_FOLDER = 100
CHANGED = 30
MUST_SECONDS = 2.0
# An alteration that is not undone by then is told as lost.
_PATIENCE = 60.0
_POLL = 0.005
# What the guard leaves in the state folder, beside the quarantine.
_NOTES = ("guard.json", "incidents.jsonl", "missing.json")
_EVIL = b"<h1>evil</h1>"
_BESIDE = Need(200_000_000, 20_000)


# ---- the target -----------------------------------------------------------------------------------------------------


class Trusting:
    """A trust that takes every record: what is measured here begins behind it."""

    root_version = 1

    def check(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> Accepted:
        """Takes it."""
        return Accepted(())

    def remember(self, accepted: Accepted) -> None:
        """Remembers nothing."""


@dataclass(slots=True)
class Town:
    """A target below one folder, and the inside that fills it; `files` pages of about `size` bytes."""

    folder: Path
    files: int
    size: int
    number: int = 0
    root: str = EMPTY
    bytes: int = 0
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """The three places of the target."""
        return Places.from_www(self.folder / "www")

    @property
    def blobs(self) -> BlobStore:
        """The inside's blobs."""
        return BlobStore(self.folder / "inside" / "blobs")

    def fill(self, releases: int) -> None:
        """The first release, and then more, each of which changes a few pages."""
        pages = {path_of(number): number for number in range(self.files)}
        self._publish({path: self._entry(number, 0) for path, number in sorted(pages.items())})
        for release in range(1, releases):
            some = Random(release).sample(range(self.files), CHANGED)
            self._publish({path_of(number): self._entry(number, release) for number in sorted(some)})
        shutil.rmtree(self.folder / "inside")

    def _entry(self, number: int, edition: int) -> Entry:
        data = body_of(number, edition, self.size)
        return Entry(self.blobs.put(data), self.blobs.put(compress(data)), len(data))

    def _publish(self, changed: Mapping[str, Entry]) -> None:
        old, before = self.root, dict(sorted(changed.items()))
        self.root = Listings(self.folder / "inside" / "listings").change(old, before.items())
        self.bytes += sum(
            entry.size - (self.entries[path].size if path in self.entries else 0) for path, entry in before.items()
        )
        self.entries |= before
        self.number += 1
        record = Release(self.number, "bench", parse_date(NOW), self.root, len(self.entries), self.bytes).dump()
        delta = Delta(None if old == EMPTY else old, self.root, tuple(before.items()))
        self._deliver(Offer({}, record, compress(b"".join(delta.dump()))))

    def _deliver(self, offer: Offer) -> None:
        receiver = Receiver(self.places, now=lambda: parse_date(NOW), trust=Trusting())
        with receiver.receiving(offer) as delivery:
            for sha in tuple(delivery.wanted):
                with self.blobs.path(sha).open("rb") as file:
                    delivery.take(sha, os.fstat(file.fileno()).st_size, file.read)
            delivery.finish()


def path_of(number: int) -> str:
    """Where a page lies: three levels of folders, as a city has them."""
    folder = number // IN_A_FOLDER
    return f"site{folder % 7}/{folder // 7 % 20:02d}/{folder:05d}/{number % IN_A_FOLDER:02d}.html"


def body_of(number: int, edition: int, size: int) -> bytes:
    """The bytes of a page, of its own in every edition."""
    words = Random(number * 1_000 + edition).choices(_WORDS, k=size // 8)
    return f"<!doctype html><title>{number}.{edition}</title><p>{' '.join(words)}</p>\n".encode()


_WORDS = tuple(
    f"{one}{two}{three}" for one in ("sun", "win", "rain") for two in ("er", "ti", "lo") for three in "abcdef"
)


def make_town(folder: Path, files: int, size: int, releases: int) -> Places:
    """The target in this folder, made unless an earlier run has made the same one. Raises: BenchError."""
    mark, wanted = folder / "made.json", {"files": files, "size": size, "releases": releases}
    if mark.is_file() and json.loads(mark.read_bytes()) == wanted:
        return Places.from_www(folder / "www")
    shutil.rmtree(folder, ignore_errors=True)
    # Raw and packed bytes in www, vault and inside, of which no file takes less than a block.
    require_space(folder, Need(6 * (size + 4096) * files, 6 * files).plus(_BESIDE))
    town = Town(folder, files, size)
    town.fill(releases)
    write_aside(mark, json.dumps(wanted).encode())
    return town.places


# ---- the guard ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watched:
    """A moment of the running guard: seconds since its start, CPU seconds, bytes of memory, inotify watches."""

    seconds: float
    cpu: float
    pss: int
    peak: int
    watches: int


@dataclass(slots=True)
class Running:
    """A guard at work."""

    places: Places
    process: subprocess.Popen[bytes]
    started: float

    @property
    def has_seen_all(self) -> bool:
        """Whether its first full round has ended."""
        return bool((read_status(self.places.state) or {}).get("checked_at"))

    def now(self) -> Watched:
        """What it has used so far. Raises: BenchError when it has ended."""
        if self.process.poll() is not None:
            raise _ended(self.process.returncode)
        proc = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        peak = int(status["VmHWM"].split()[0]) * 1024
        return Watched(time.monotonic() - self.started, self.cpu(), pss(self.process.pid), peak, self._watches(proc))

    @staticmethod
    def _watches(proc: Path) -> int:
        """See proc(5), /proc/PID/fdinfo."""
        count = 0
        for file in (proc / "fdinfo").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += file.read_bytes().count(b"inotify wd:")
        return count

    def cpu(self) -> float:
        """CPU seconds so far; see proc(5), /proc/PID/stat."""
        words = Path(f"/proc/{self.process.pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def guarding(places: Places) -> Iterator[Running]:
    """`zhanqun guard` beside a target, without notes of earlier runs."""
    for name in _NOTES:
        (places.state / name).unlink(missing_ok=True)
    shutil.rmtree(places.state / "quarantine", ignore_errors=True)
    command = [sys.executable, "-m", "cli", "guard", "--www", str(places.www)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield Running(places, process, time.monotonic())
        finally:
            process.terminate()


def watching(guard: Running) -> Watched:
    """The moment from which all folders were watched: their number grew no more for two seconds."""
    last = guard.now()
    grown = last
    while last.watches == 0 or last.seconds - grown.seconds < 2:
        time.sleep(0.05)
        last = guard.now()
        grown = last if last.watches != grown.watches else grown
    return grown


def seen_all(guard: Running) -> Watched:
    """The moment when the first full round had ended."""
    while not guard.has_seen_all:
        time.sleep(0.05)
        guard.now()
    return guard.now()


# ---- alterations ----------------------------------------------------------------------------------------------------


def in_place(page: Path) -> None:
    """Other bytes, as many."""
    page.chmod(0o644)
    with page.open("r+b") as file:
        file.write(_EVIL)


def by_rename(page: Path) -> None:
    """Another file in its place."""
    evil = page.parents[3] / "evil.tmp"  # beside the web root
    evil.write_bytes(_EVIL)
    evil.replace(page)


def deleted(page: Path) -> None:
    """Nothing in its place."""
    page.unlink()


def added(page: Path) -> None:
    """A page that nobody signed, beside it."""
    page.with_name("evil.html").write_bytes(_EVIL)


def turned(page: Path) -> None:
    """An older release made live."""
    link = page.parents[3] / "link.tmp"
    link.symlink_to("releases/00000001")
    link.replace(page.parents[2] / "current")


ALTERATIONS = (in_place, by_rename, deleted, added, turned)


def seconds_until_undone(places: Places, alter: Callable[[Path], None], number: int) -> float:
    """Alters the page and waits until everything around it is as it was. Raises: BenchError when it never is."""
    page = (places.www / "current" / path_of(number)).resolve()
    before = _look(page)
    alter(page)
    start = time.monotonic()
    while _look(page) != before:
        if time.monotonic() - start > _PATIENCE:
            raise _not_undone(alter.__name__)
        time.sleep(_POLL)
    return time.monotonic() - start


def _look(page: Path) -> tuple[object, ...]:
    """The page, what else is in its folder, and what is live."""
    try:
        data, mode = page.read_bytes(), page.stat().st_mode
    except OSError:
        data, mode = b"", 0
    live = os.readlink(page.parents[2] / "current")  # noqa: PTH115 - what stands there, no Path
    return data, mode, page.with_name("evil.html").exists(), live


def altered(
    guard: Running, files: int, runs: int, alterations: tuple[Callable[[Path], None], ...]
) -> dict[str, list[float]]:
    """Seconds until undone, of each kind; every time at another page."""
    pages = Random(files).sample(range(files), runs * len(alterations))
    found: dict[str, list[float]] = {}
    for alter in alterations:
        for _ in range(runs):
            found.setdefault(alter.__name__, []).append(seconds_until_undone(guard.places, alter, pages.pop()))
            time.sleep(0.2)
    return found


# ---- the rows -------------------------------------------------------------------------------------------------------


def rows_of(places: Places, files: int, runs: int, rest: float, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every row."""
    os.sync()
    with guarding(places) as guard:
        rows: dict[str, Any] = {"files": files, "watching": asdict(watching(guard))}
        tell(f"watching: {rows['watching']}")
        is_early = not guard.has_seen_all
        rows["during"] = altered(guard, files, runs, (in_place,)) if is_early else {}
        tell(f"undone during the first round: {rows['during']}")
        rows["round"] = asdict(seen_all(guard))
        tell(f"first round: {rows['round']}")
        rows["undone"] = altered(guard, files, runs, ALTERATIONS)
        tell(f"undone: {rows['undone']}")
        before = guard.now()
        time.sleep(rest)
        after = guard.now()
        rows["rest"] = {"seconds": after.seconds - before.seconds, "cpu": after.cpu - before.cpu, **_memory(after)}
        tell(f"at rest: {rows['rest']}")
    return rows


def _memory(moment: Watched) -> dict[str, int]:
    return {"pss": moment.pss, "peak": moment.peak, "watches": moment.watches}


def table_of(rows: dict[str, Any]) -> str:
    """The rows as a table."""
    watching, round_, rest = rows["watching"], rows["round"], rows["rest"]
    lines = [
        (
            "start until every folder is watched, wall · CPU",
            f"{watching['seconds']:.1f} s · {watching['cpu']:.1f} s",
            "",
        ),
        (
            "start until the first full round has ended, wall · CPU",
            f"{round_['seconds']:.0f} s · {round_['cpu']:.0f} s",
            "",
        ),
        ("inotify watches", f"{rest['watches']:,}", ""),
        ("memory at rest · peak", f"{rest['pss'] / 2**20:.0f} MiB · {rest['peak'] / 2**20:.0f} MiB", ""),
        *(_undone(f"undone: {_NAMES[name]}", seconds) for name, seconds in rows["undone"].items()),
        *(
            _undone(f"undone during the first round: {_NAMES[name]}", seconds)
            for name, seconds in rows["during"].items()
        ),
        ("CPU at rest with the rolling re-hash, an hour", f"{rest['cpu'] / rest['seconds'] * 3600:.0f} s", ""),
    ]
    head = [f"A web root of {rows['files']:,} pages with compressed siblings; medians, least and most in brackets.", ""]
    return "\n".join(
        [*head, "|  |  | must |", "| --- | ---: | ---: |", *(f"| {a} | {b} | {c} |" for a, b, c in lines), ""]
    )


_NAMES = {
    "in_place": "altered in place",
    "by_rename": "replaced by rename",
    "deleted": "deleted",
    "added": "added",
    "turned": "`current` turned",
}


def _undone(name: str, seconds: list[float]) -> tuple[str, str, str]:
    middle = statistics.median(seconds)
    is_met = max(seconds) <= MUST_SECONDS
    must = f"≤ {MUST_SECONDS:.0f} s: {'met' if is_met else '**missed**'}"
    return name, f"{middle:.2f} s ({min(seconds):.2f}–{max(seconds):.2f})", must


def _ended(code: int) -> BenchError:
    return BenchError(
        f"The guard ended with exit code {code}. Run `zhanqun guard` beside the target by hand to see why.",
        f"守护程序以退出码 {code} 结束。请在目标旁手动运行 `zhanqun guard` 查看原因。",
    )


def _not_undone(name: str) -> BenchError:
    return BenchError(
        f"The guard did not undo '{name}' within {_PATIENCE:.0f} s. Look at its incidents.",
        f"守护程序在 {_PATIENCE:.0f} 秒内未能恢复“{name}”。请查看其事件记录。",
    )


@click.command()
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder for the target."
)
@click.option("--files", default=20_000, show_default=True, help="How many pages.")
@click.option("--size", default=2_000, show_default=True, help="Bytes of a page.")
@click.option("--releases", default=5, show_default=True, help="How many releases are kept.")
@click.option("--runs", default=5, show_default=True, help="Alterations of each kind.")
@click.option("--rest", default=60.0, show_default=True, help="Seconds at rest.")
@click.option("--report", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where guard.md goes.")
def main(work: Path, files: int, size: int, releases: int, runs: int, rest: float, folder: Path | None) -> None:
    """Measures the guard."""
    places = make_town(work.resolve() / f"guard-{files}", files, size, releases)
    rows = rows_of(places, files, runs, rest, click.echo)
    click.echo(table_of(rows))
    if folder is not None:
        known = about(work, (), 1)
        write_aside(folder / "guard.json", json.dumps({"about": known, **rows}, indent=1).encode() + b"\n")
        write_aside(folder / "guard.md", table_of(rows).encode())


if __name__ == "__main__":
    main()
