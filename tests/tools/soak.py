"""Holds the Law (incremental output == clean build) with random sequences of edits, as long as one likes.

`python -m tests.tools.soak --minutes 60 [--seed 1000]` goes from seed to seed and stops at the first broken one, with
the shortest sequence it finds and the difference. Lists and sitemaps are divided early (`short_lists`). `tests/scenarios/test_law.py` does the same with a few seeds.
"""

from __future__ import annotations

import argparse
import copy
import functools
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from publish.build import build
from tests.plugins.paging import short_lists
from tests.scenarios.law import Law, Step
from tests.scenarios.law_content import first_files
from tests.scenarios.law_town import Engine, Town

# How often a sequence is run again to shorten it.
MOST_ATTEMPTS = 80


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard one seed is tried: sequences (the first is a trivial one) and edits in each."""

    sequences: int
    edits: int


@dataclass(frozen=True, slots=True)
class Trial:
    """Steps of the machine, with so many edits to a build."""

    pace: int
    steps: tuple[Step, ...]

    def without(self, start: int, size: int) -> Trial:
        """The trial lacking some successive steps."""
        return replace(self, steps=self.steps[:start] + self.steps[start + size :])

    def __str__(self) -> str:
        lines = (
            f"{name}({', '.join(f'{one}={value!r}' for one, value in values.items())})" for name, values in self.steps
        )
        return "\n".join([f"every {self.pace} edit(s) a build:", *lines])


class LawBrokenError(AssertionError):
    """The message is the shortest sequence found, and what is wrong after it."""


def found_town(root: Path, engine: Engine = build) -> Town:
    """The town of the Law, built once."""
    town = Town.founded(root, first_files(), engine=engine)
    town.check()
    return town


def try_law(town: Town, effort: Effort, seed: int) -> int:
    """Holds copies of the town to the Law with the sequences of a seed; returns the number of comparisons.

    Raises:
        LawBrokenError: two builds differed, or one ended with an error that is not the cluster's.
    """

    class LawOfTown(Law):
        first = town

    tried = settings(
        max_examples=effort.sequences,
        stateful_step_count=effort.edits,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(LawOfTown), settings=tried)
    except Exception as error:  # whatever an engine raises breaks the Law
        raise broken(town, Trial(LawOfTown.latest[0], tuple(LawOfTown.latest[1])), error, seed) from error
    return LawOfTown.comparisons


def broken(town: Town, trial: Trial, error: Exception, seed: int) -> LawBrokenError:
    """The error for a trial of a seed that fails, told by the shortest one found."""
    trial, error = shortened(town, trial, error)
    return LawBrokenError(f"seed {seed}, {trial}\n{type(error).__name__}: {error}")


def shortened(town: Town, trial: Trial, error: Exception) -> tuple[Trial, Exception]:
    """The trial without the steps that are not needed for an error of the same kind, and that error.

    Hypothesis shrinks what it drew; leaving out whole steps takes a tenth of the builds.
    """
    search = _Search(town, trial, error)
    search.fails(replace(trial, pace=1))
    size = len(trial.steps)
    while size:
        # From the end, so that what stands before keeps its number.
        starts = reversed(range(0, len(search.trial.steps), size))
        shrunk = [search.fails(search.trial.without(start, size)) for start in starts]
        size = size if size == 1 and any(shrunk) else size // 2
    return search.trial, search.error


@dataclass(slots=True)
class _Search:
    """The best trial so far."""

    town: Town
    trial: Trial
    error: Exception
    attempts: int = 0

    def fails(self, trial: Trial) -> bool:
        """Whether another trial ends in the same kind of error, which makes it the best one."""
        self.attempts += 1
        found = run_again(self.town, trial) if self.attempts <= MOST_ATTEMPTS else None
        if type(found) is not type(self.error):
            return False
        self.trial, self.error = trial, found
        return True


def run_again(town: Town, trial: Trial) -> Exception | None:
    """Takes the steps of a trial on a new copy; the error in which it ends."""

    class LawOfTown(Law):
        first = town

    law = LawOfTown()
    law.pace = trial.pace
    try:
        for name, values in trial.steps:
            getattr(law, name)(**copy.deepcopy(values))
            law.incremental_equals_clean()
    except Exception as error:  # noqa: BLE001 - as in `try_law`
        return error
    finally:
        law.teardown()
    return None


def soak(town: Town, effort: Effort, seeds: Iterable[int], tell: Callable[[str], None]) -> None:
    """Tries seed after seed and tells each. Raises: LawBrokenError at the first that fails."""
    for seed in seeds:
        tell(f"seed {seed}: {try_law(town, effort, seed)} comparisons")


def _until(first: int, end: float) -> Iterator[int]:
    """Seeds from the first on, at least one, as long as the monotonic clock has not reached `end` seconds."""
    yield first
    for seed in itertools.count(first + 1):
        if time.monotonic() >= end:
            return
        yield seed


def main(arguments: Sequence[str] | None = None) -> int:
    """Soaks; the exit code is 1 when the Law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the next ones follow")
    parser.add_argument("--edits", type=int, default=40, help="edits in a sequence")
    options = parser.parse_args(arguments)
    seeds = _until(options.seed, time.monotonic() + 60 * options.minutes)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        try:
            with short_lists():
                soak(found_town(Path(folder)), Effort(2, options.edits), seeds, functools.partial(print, flush=True))
        except LawBrokenError as error:
            print(f"BROKEN\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
