"""The rows of the benchmark: what is done to a stage, how often, and what is kept of it.

Cold builds of all generators are taken in turns, so that a noisy minute falls on all of them. Every other row begins
with what the last build left. A row that has its samples is passed over, which makes a run resumable.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench import edits
from bench.forms import content, hugo
from bench.forms.folder import write_folder
from bench.generators import HUGO, OURS, PELICAN, Generator, Ours, our_environment
from bench.measure import Measured, measure
from bench.results import Results, Sample
from bench.stage import ROOT, Stage

COLD, COMPRESSED, RAW, REBUILD, STILL, THEME = "cold", "compressed", "raw", "rebuild", "still", "theme"
ONE_ARTICLE = ("added", "edited", "deleted")
DISK, WARM = "disk", "warm"
_SMALL = 100_000  # up to here cold builds are repeated
_STOCK_PELICAN_MOST = 10_000  # its time grows with the square


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many samples rows get."""

    cold: int = 3
    article: int = 10
    hundred: int = 3

    def cold_at(self, size: int) -> int:
        """How many cold builds, theme edits and rebuilds: one of a cluster that takes minutes."""
        return self.cold if size <= _SMALL else 1


@dataclass(frozen=True, slots=True)
class Bench:
    """One size at work: the stage, who builds it, what is known so far and where it is saved."""

    stage: Stage
    generators: Mapping[str, Generator]
    repeats: Repeats
    results: Results
    file: Path
    tell: Callable[[str], None]

    @property
    def size(self) -> int:
        """How many items."""
        return self.stage.corpus.size

    @property
    def ours(self) -> Ours:
        """This program."""
        return Ours()

    def lacks(self, row: str, who: str, count: int) -> int:
        """How many samples of a row are still to be taken."""
        return count - len(self.results.of(self.size, row, who))

    def keep(self, row: str, who: str, sample: Sample) -> None:
        """Adds a sample, saves everything, and tells it."""
        self.results.add(self.size, row, who, sample)
        self.results.save(self.file)
        memory = f", {sample.peak / 1e6:.0f} MB" if sample.peak else ""
        self.tell(f"{self.size:,} {row} {who}: {sample.cpu:.2f} CPU s, {sample.wall:.2f} s{memory}")


def run_all(bench: Bench) -> None:
    """Every row of one size."""
    take_cold(bench)
    _raw(bench)
    if _has_work(bench):
        bench.ours.run(bench.stage)  # whatever an interrupted run left is built before anything is measured
    _still(bench)
    for row in ONE_ARTICLE:
        _edits(bench, row, bench.repeats.article)
    _edits(bench, "empty", 1)
    _edits(bench, "hundred", bench.repeats.hundred)
    for row in ONE_ARTICLE:
        _warm(bench, row)
    _rebuild(bench)
    _theme(bench)
    _compressed(bench)


# ---- everything -----------------------------------------------------------------------------------------------------


def take_cold(bench: Bench) -> None:
    """Cold builds of everybody in turns."""
    for turn in range(bench.repeats.cold_at(bench.size)):
        for who, generator in bench.generators.items():
            too_big = who == PELICAN and bench.size > _STOCK_PELICAN_MOST
            if not too_big and bench.lacks(COLD, who, turn + 1) > 0:
                generator.forget(bench.stage)
                measured = generator.build(bench.stage)
                made = generator.made(bench.stage)
                sample = replace(_sample(measured), written=made.files, files=made.files, pages=made.pages)
                bench.keep(COLD, who, sample)


def _compressed(bench: Bench) -> None:
    """Ours with the precompressed siblings, which the peers do not make."""
    if bench.lacks(COMPRESSED, OURS, 1) <= 0:
        return
    path = "sites/cluster.toml"
    bench.stage.commit({path: content.cluster_toml(bench.stage.corpus, compress=True)})
    bench.ours.forget(bench.stage)
    bench.keep(COMPRESSED, OURS, _sample(bench.ours.build(bench.stage)))
    bench.stage.commit({path: content.cluster_toml(bench.stage.corpus, compress=False)})
    bench.ours.forget(bench.stage)


def _theme(bench: Bench) -> None:
    """One more byte in the frame of every page, or one fewer."""
    template = bench.stage.theme / "templates" / "base.html"
    for _ in range(bench.lacks(THEME, OURS, bench.repeats.cold_at(bench.size))):
        text = template.read_text("utf-8")
        ends = ("\n\n</body>", "\n</body>")
        old, new = ends if ends[0] in text else ends[::-1]
        template.write_text(text.replace(old, new), "utf-8")
        bench.keep(THEME, OURS, _told(bench.ours.run(bench.stage)))


def _raw(bench: Bench) -> None:
    for _ in range(bench.lacks(RAW, DISK, bench.repeats.cold_at(bench.size))):
        if not bench.stage.var.is_dir():
            bench.ours.run(bench.stage)
        folder = bench.stage.folder / DISK
        bench.stage.put_away(folder)
        program = [sys.executable, "-m", "bench.raw", str(bench.stage.var), str(folder)]
        measured = measure(program, cwd=ROOT, environment=dict(os.environ))
        bench.keep(RAW, DISK, Sample(**json.loads(measured.output)))
        bench.stage.put_away(folder)


# ---- a little -------------------------------------------------------------------------------------------------------


def _has_work(bench: Bench) -> bool:
    rows = (STILL, *ONE_ARTICLE, "empty", "hundred")
    return any(bench.lacks(row, OURS, 1) > 0 for row in rows) or any(
        bench.lacks(row, WARM, 1) > 0 for row in ONE_ARTICLE
    )


def _still(bench: Bench) -> None:
    for _ in range(bench.lacks(STILL, OURS, bench.repeats.article)):
        bench.keep(STILL, OURS, _told(bench.ours.run(bench.stage)))


def _edits(bench: Bench, row: str, count: int) -> None:
    for _ in range(bench.lacks(row, OURS, count)):
        bench.stage.commit(edits.changes_of(bench.stage.corpus, row, bench.stage.next_number()))
        bench.keep(row, OURS, _told(bench.ours.run(bench.stage)))


def _warm(bench: Bench, row: str) -> None:
    """All samples of a row in one process; its first edit only warms it up."""
    lack = bench.lacks(row, WARM, bench.repeats.article)
    if lack <= 0:
        return
    corpus = bench.stage.corpus
    numbers = [str(bench.stage.next_number()) for _ in range(lack + 1)]
    words = [sys.executable, "-m", "bench.warm", str(corpus.size), str(corpus.seed), str(bench.stage.folder), row]
    measured = measure([*words, *numbers], cwd=ROOT, environment=our_environment(bench.stage))
    for sample in json.loads(measured.output):
        bench.keep(row, WARM, replace(Sample(**sample), peak=measured.peak))


def _rebuild(bench: Bench) -> None:
    """Hugo after one edited article, over its last output: it has no other way to bring a folder up to date."""
    if HUGO not in bench.generators:
        return
    generator = bench.generators[HUGO]
    for turn in range(bench.lacks(REBUILD, HUGO, bench.repeats.cold_at(bench.size))):
        item = edits.edited(bench.stage.corpus, turn, hugo.LINKS)
        write_folder(bench.stage.project(HUGO), hugo.item_files(item))
        bench.keep(REBUILD, HUGO, _sample(generator.build(bench.stage)))


# ---- samples --------------------------------------------------------------------------------------------------------


def _sample(measured: Measured) -> Sample:
    return Sample(measured.wall, measured.cpu, measured.peak, measured.instructions)


def _told(measured: Measured) -> Sample:
    """A sample with what `zhanqun build --json` says it has written."""
    told = json.loads(measured.output)
    return replace(_sample(measured), written=told["files_written"])
