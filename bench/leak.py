"""`python -m bench.leak`: does a warm worker's memory grow? One process builds a thousand times, an edit each.

Memory is the process's own PSS after each build. The growth compares the mean of the first tenth after the warm-up with
that of the last tenth. The figure goes into the results file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import fmean

import click

from bench.corpus import Corpus
from bench.errors import BenchError
from bench.generators import Ours, our_environment
from bench.measure import measure, pss
from bench.results import Results
from bench.rows import ONE_ARTICLE
from bench.stage import ROOT, Stage
from bench.warm import Worker
from cluster.errors import ClusterError

_WARM_UP = 10  # of a hundred builds
_LEAST = 20


@click.command()
@click.option("--size", default=10_000, show_default=True, help="How many items.")
@click.option("--builds", default=1000, show_default=True, help="How many builds.")
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), required=True, help="The work folder.")
@click.option("--seed", default=1, show_default=True, help="The corpus's seed.")
@click.option("--inside", is_flag=True, hidden=True, help="The measured process itself.")
def main(size: int, builds: int, work: Path, seed: int, inside: bool) -> None:
    """Builds again and again in one process and tells how much its memory grows."""
    stage = Stage((work / str(size)).resolve(), Corpus(size, seed))
    try:
        if inside:
            click.echo(" ".join(map(str, _build_often(stage, builds))))
            return
        if builds < _LEAST:
            raise BenchError(f"Give at least --builds {_LEAST}.", f"--builds 至少为 {_LEAST}。")
        stage.prepare((), click.echo)
        Ours().run(stage)  # the cold build is not the worker's
        words = [sys.executable, "-m", "bench.leak", "--inside", "--size", str(size), "--builds", str(builds)]
        command = [*words, "--seed", str(seed), "--work", str(work.resolve())]
        told = measure(command, cwd=ROOT, environment=our_environment(stage)).output
        _keep(work / "engine.json", size, [int(word) for word in told.split()])
    except ClusterError as error:
        click.echo(error.english, err=True)
        sys.exit(error.exit_code)


def _build_often(stage: Stage, builds: int) -> list[int]:
    """The process's memory in bytes after every build."""
    worker = Worker(stage)
    worker.build()
    found = []
    for turn in range(builds):
        worker.edit(ONE_ARTICLE[turn % 2], stage.next_number())
        found.append(pss(os.getpid()))
    return found


def growth(memory: list[int]) -> float:
    """The share by which memory grew between the first tenth after the warm-up and the last tenth."""
    tenth = len(memory) // 10
    start = len(memory) * _WARM_UP // 100
    return fmean(memory[-tenth:]) / fmean(memory[start : start + tenth]) - 1


def _keep(file: Path, size: int, memory: list[int]) -> None:
    results = Results.parse(file.read_text("utf-8")) if file.is_file() else Results()
    grown = growth(memory)
    few = memory[:: max(1, len(memory) // 100)]
    results.leak[str(size)] = {"builds": len(memory), "growth": grown, "memory": few}
    results.save(file)
    click.echo(f"{len(memory):,} builds of {size:,} items: {grown:+.1%}, {memory[-1] / 1e6:.0f} MB at the end")


if __name__ == "__main__":
    main()
