"""`python -m bench.publish --work DIR`: how long a built release takes to be live, and what travels.

Over the corpus of `bench.engine`, with compression. Measured: the first publish (time, peak memory); thirty
edited articles at once, from the finished build to the receipt, power-loss safe (`syncfs` before the switch); the
switch of a rollback alone; the bytes of a bundle. Medians with least and most, CPU of all processes beside wall time.
Writes `publish.md` and `publish.json`.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import click

from bench import edits
from bench.corpus import NOW, Corpus
from bench.engine import about
from bench.forms import content
from bench.generators import JOBS, our_environment
from bench.measure import measure
from bench.stage import ROOT, Stage
from bench.warm import used_cpu
from cluster.aside import write_aside
from cluster.bundle import read_members
from cluster.clock import current_time, parse_date, stamp
from cluster.delta import travelling
from cluster.settings import load_settings
from publish import release
from publish.build import Outcome
from publish.delivery.directory import DirectoryTarget
from publish.receiver import Receipt
from publish.receiver.receipt_file import write_receipt
from publish.receiver.receive import Receiver
from publish.workspace import Workspace

PAGES = 30
_PUBLISHED_WITH_ISSUES = 3
# Of the issue: brotli bytes, TUF metadata, this per changed path, and this for everything else.
_BYTES_A_PATH, _BYTES_BESIDE, _FACTOR = 150, 64 * 1024, 1.2


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one action, and of them until the new release was live."""

    wall: float
    cpu: float
    live: float = 0.0
    live_cpu: float = 0.0
    paths: int = 0


@dataclass(frozen=True, slots=True)
class Weighed:
    """A bundle's bytes, and what it may weigh."""

    bundle: int
    brotli: int
    metadata: int
    paths: int

    @property
    def allowed(self) -> float:
        """The bound of the issue."""
        return _FACTOR * self.brotli + self.metadata + _BYTES_A_PATH * self.paths + _BYTES_BESIDE


class City:
    """A cluster with a folder and a stick as targets, published from this process as a worker would."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        (folder / "usb").mkdir(parents=True, exist_ok=True)
        settings = load_settings(ROOT, our_environment(stage))
        self.workspace = Workspace(replace(settings, targets=()))

    def build(self) -> Outcome:
        """Builds `main`."""
        return self.workspace.build(self.workspace.order(stamp(parse_date(NOW)), jobs=JOBS))

    def publish(self, built: Outcome, targets: tuple[str, ...] = ()) -> tuple[Timed, release.Outcome]:
        """Publishes a build; from the build to the switch, and to the receipt."""
        moments: dict[str, tuple[float, float]] = {}
        office = self.workspace.office((self._www(moments), *self.workspace.targets(targets)), 10)
        started, cpu = time.perf_counter(), used_cpu()
        outcome = release.publish(
            office, self.workspace.as_built(built), at=current_time(), who="bench", resume=True, accept_removals=True
        )
        live, live_cpu = moments["switched"]
        paths = sum(1 for _ in outcome.changes)
        timed = Timed(time.perf_counter() - started, used_cpu() - cpu, live - started, live_cpu - cpu, paths)
        if outcome.failures or outcome.release is None:
            raise SystemExit(f"not published: {outcome.failures}")
        self.workspace.mark_released(outcome.release.root)
        return timed, outcome

    def _www(self, moments: dict[str, tuple[float, float]]) -> DirectoryTarget:
        """The folder, which notes at what moment and CPU second each step of its receiver was done."""
        target = _Watched.below(self.folder, f"dir:{self.folder / 'www'}", "www", current_time)
        _Watched.moments = moments
        return target

    def edit(self, number: int) -> None:
        """Commits thirty edited articles."""
        files: dict[str, bytes | None] = {}
        for one in range(number * PAGES, (number + 1) * PAGES):
            files |= dict(content.item_files(edits.edited(self.stage.corpus, one)))
        self.stage.commit(files)

    def rollback(self) -> tuple[Timed, float]:
        """Goes back one release; the whole action, and the seconds of the switch alone, its sync included."""
        moments: dict[str, tuple[float, float]] = {}
        office = self.workspace.office((self._www(moments),), 10)
        started, cpu = time.perf_counter(), used_cpu()
        release.rollback(office, at=current_time(), who="bench")
        timed = Timed(time.perf_counter() - started, used_cpu() - cpu)
        return timed, moments["switched"][0] - moments["synced"][0]

    def weigh(self, built: Outcome) -> Weighed:
        """Publishes to the folder and onto a stick that knows what the folder had before, and weighs the bundle."""
        www = self._www({})
        hello, usb = www.hello(), self.folder / "usb"
        write_receipt(usb, Receipt(www.url, hello.number, hello.root, current_time()), hello)
        _, outcome = self.publish(built, (f"file:{usb}",))
        blobs, paths = self._travelling(hello.root, outcome.release.root if outcome.release else "")
        (file,) = usb.glob("*.bundle")
        with file.open("rb") as stream:
            metadata = sum(one.size for one in read_members(stream) if one.kind in ("metadata", "record"))
        size = file.stat().st_size
        file.unlink()
        return Weighed(size, blobs, metadata, paths)

    def _travelling(self, old: str, new: str) -> tuple[int, int]:
        changes = list(self.workspace.listings.differences(old, new))
        place = self.workspace.rooms.blobs.path
        blobs = {travelling(one.new) for one in changes if one.new}
        return sum(place(sha).stat().st_size for sha in blobs), len(changes)


class _Watched(DirectoryTarget):
    """A folder whose receiver's steps are timed."""

    moments: ClassVar[dict[str, tuple[float, float]]] = {}

    @property
    def receiver(self) -> Receiver:
        """The receiver of this folder."""
        return Receiver(self.places, now=self.now, at=self._note)

    def _note(self, step: str) -> None:
        self.moments[step] = (time.perf_counter(), used_cpu())


# ---- the rows -------------------------------------------------------------------------------------------------------


def first_publish(city: City) -> dict[str, float]:
    """Everything at once, as the command does it, with the build already there."""
    targets = {"ZHANQUN_TARGETS": f"dir:{city.folder / 'www'}"}
    command = [sys.executable, "-m", "cli", "publish", "--now", NOW, "--json"]
    taken = measure(
        command, cwd=ROOT, environment=our_environment(city.stage) | targets, accept=(0, _PUBLISHED_WITH_ISSUES)
    )
    return {"wall": taken.wall, "cpu": taken.cpu, "peak": taken.peak}


def thirty(city: City, runs: int) -> list[Timed]:
    """Thirty edited articles, again and again; the first warms the process up and is not told."""
    found = []
    for _ in range(runs + 1):
        city.edit(city.stage.next_number())
        timed, _ = city.publish(city.build())
        found.append(timed)
    return found[1:]


def rows_of(city: City, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Every row."""
    rows: dict[str, Any] = {"size": city.stage.corpus.size, "first": first_publish(city)}
    tell(f"first publish: {rows['first']}")
    rows["thirty"] = [asdict(one) for one in thirty(city, runs)]
    tell(f"thirty pages: {[round(one['wall'], 2) for one in rows['thirty']]}")
    city.edit(city.stage.next_number())
    weighed = city.weigh(city.build())
    rows["bundle"] = asdict(weighed) | {"allowed": weighed.allowed}
    tell(f"bundle: {rows['bundle']}")
    back = [city.rollback() for _ in range(max(5, min(runs, 8)))]
    rows["rollback"] = [asdict(timed) | {"switch": switch} for timed, switch in back]
    tell(f"rollback: {[round(one['switch'], 4) for one in rows['rollback']]}")
    return rows


# ---- the report -----------------------------------------------------------------------------------------------------


def report(rows: dict[str, Any], known: dict[str, Any]) -> str:
    """The page, whole."""
    first, bundle = rows["first"], rows["bundle"]
    machine, versions = known["machine"], known["versions"]
    live, switch = (statistics.median(row[name] for row in rows[of]) for of, name in _TIMES)
    table = [
        (
            "thirty changed pages, built → live through `dir:`",
            _spread(rows["thirty"], "live", "s"),
            _must("1.5 s", live <= 1.5),
        ),
        ("the same, CPU", _spread(rows["thirty"], "live_cpu", "s"), ""),
        ("the same until the receipt", _spread(rows["thirty"], "wall", "s"), ""),
        ("paths that change with them", _spread(rows["thirty"], "paths", ""), ""),
        ("rollback, the switch with its sync", _spread(rows["rollback"], "switch", "s"), _must("0.1 s", switch <= 0.1)),
        ("rollback, the whole action; the longest with a sweep", _spread(rows["rollback"], "wall", "s"), ""),
        (
            "first publish of everything, peak memory of all processes",
            f"{first['peak'] / 2**20:,.0f} MiB",
            _must("500 MiB", first["peak"] <= 500 * 2**20),
        ),
        ("the same, wall · CPU", f"{first['wall']:.0f} s · {first['cpu']:.0f} s", ""),
        (
            "bytes of a bundle of thirty pages",
            f"{bundle['bundle']:,}",
            _must(f"{bundle['allowed']:,.0f}", bundle["bundle"] <= bundle["allowed"]),
        ),
        (
            "of them brotli · metadata · changed paths",
            f"{bundle['brotli']:,} · {bundle['metadata']:,} · {bundle['paths']}",
            "",
        ),
    ]
    lines = ["# Publishing: measured", "", "Written whole by `python -m bench.publish`; do not edit.", ""]
    lines += [f"A cluster of {rows['size']:,} items with compression. Medians, least and most in brackets.", ""]
    lines += ["|  |  | must |", "| --- | ---: | ---: |", *(f"| {a} | {b} | {c} |" for a, b, c in table), ""]
    lines += [
        f"- {machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB, Linux {machine['kernel']}",
        f"- commit {versions['commit']} · Python {versions['Python']}",
        "",
    ]
    return "\n".join(lines)


_TIMES = (("thirty", "live"), ("rollback", "switch"))


def _must(bound: str, is_met: bool) -> str:
    return f"≤ {bound}: {'met' if is_met else '**missed**'}"


def _spread(rows: list[dict[str, float]], name: str, unit: str) -> str:
    values = [row[name] for row in rows]
    digits = 0 if not unit else 3
    middle, least, most = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} {unit} ({least}–{most})".replace("  ", " ")


@click.command()
@click.option(
    "--work", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder of bench.engine."
)
@click.option("--size", default=10_000, show_default=True, help="How many items.")
@click.option("--runs", default=10, show_default=True, help="Samples of each row.")
@click.option("--report", "folder", type=click.Path(path_type=Path, file_okay=False), help="Where publish.md goes.")
def main(work: Path, size: int, runs: int, folder: Path | None) -> None:
    """Measures publishing."""
    stage = Stage((work / str(size)).resolve(), Corpus(size, 1))
    stage.prepare((), click.echo)
    stage.commit({"sites/cluster.toml": content.cluster_toml(stage.corpus, compress=True)})
    place = work.resolve() / f"publish-{size}"
    shutil.rmtree(place, ignore_errors=True)
    for ledger in stage.data.glob("publish.db*"):  # what an earlier run published, and held at its end
        ledger.unlink()
    city = City(stage, place)
    city.build()
    rows = rows_of(city, runs, click.echo)
    if folder is not None:
        known = about(work, (), 1)
        write_aside(folder / "publish.json", json.dumps({"about": known, **rows}, indent=1).encode() + b"\n")
        write_aside(folder / "publish.md", report(rows, known).encode())


if __name__ == "__main__":
    main()
