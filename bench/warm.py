"""A warm worker's builds, as a program of its own: `python -m bench.warm SIZE SEED FOLDER KIND NUMBER…`.

Each number is an edit of that kind: it is committed, then the build alone is measured. Only CPU of this process and of
the children it waited for counts. The first edit warms the process up and is not told. Prints one JSON list.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.corpus import NOW, Corpus
from bench.edits import changes_of
from bench.generators import JOBS, our_environment
from bench.results import Sample
from bench.stage import ROOT, Stage
from cluster.clock import parse_date, stamp
from cluster.settings import load_settings
from publish.workspace import Workspace


class Worker:
    """A process that builds one stage again and again."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.workspace = Workspace(load_settings(ROOT, our_environment(stage)))
        self._order = self.workspace.order(stamp(parse_date(NOW)), jobs=JOBS)

    def build(self) -> Sample:
        """One build, measured."""
        started, cpu = time.perf_counter(), used_cpu()
        outcome = self.workspace.build(self._order)
        return Sample(time.perf_counter() - started, used_cpu() - cpu, written=len(outcome.written))

    def edit(self, kind: str, number: int) -> Sample:
        """Commits an edit and builds."""
        self.stage.commit(changes_of(self.stage.corpus, kind, number))
        return self.build()


def used_cpu() -> float:
    """CPU seconds of this process and of the children it waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(arguments: list[str]) -> None:
    """Runs the edits that the arguments name."""
    size, seed, folder, kind, *numbers = arguments
    worker = Worker(Stage(Path(folder), Corpus(int(size), int(seed))))
    worker.build()
    samples = [worker.edit(kind, int(number)) for number in numbers]
    print(json.dumps([asdict(sample) for sample in samples[1:]]))


if __name__ == "__main__":
    main(sys.argv[1:])
