"""Rows are taken in turns, once, and go on after an interruption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.edits import changes_of
from bench.generators import Generator, Made
from bench.leak import growth
from bench.measure import Measured
from bench.results import Results
from bench.rows import Bench, Repeats, take_cold
from bench.stage import Stage
from cluster.gitstore import GitStore
from tests.bench.making import make_corpus


@dataclass(frozen=True, slots=True)
class Noting:
    """A generator that only notes that it was asked."""

    name: str
    notes: list[str]

    def forget(self, stage: Stage) -> None:
        self.notes.append(f"{self.name} forgets")

    def build(self, stage: Stage) -> Measured:
        self.notes.append(f"{self.name} builds")
        return Measured(2.0, 1.0, 10**6, None, "")

    def made(self, stage: Stage) -> Made:
        return Made(files=12, pages=10)


def make_bench(tmp_path: Path, results: Results, notes: list[str], *, size: int = 60) -> Bench:
    generators: dict[str, Generator] = {name: Noting(name, notes) for name in ("ours", "hugo", "pelican")}
    stage = Stage(tmp_path, make_corpus(size))
    return Bench(stage, generators, Repeats(cold=2), results, tmp_path / "engine.json", lambda _: None)


def test_cold_builds_are_taken_in_turns_each_from_nothing(tmp_path: Path) -> None:
    notes: list[str] = []
    take_cold(make_bench(tmp_path, Results(), notes))
    turn = [f"{name} {what}" for name in ("ours", "hugo", "pelican") for what in ("forgets", "builds")]
    assert notes == turn * 2


def test_a_row_that_has_its_samples_is_passed_over(tmp_path: Path) -> None:
    take_cold(make_bench(tmp_path, Results(), []))
    kept = Results.parse((tmp_path / "engine.json").read_text("utf-8"))
    del kept.rows["60/cold/hugo"][1]
    notes: list[str] = []
    take_cold(make_bench(tmp_path, kept, notes))
    assert notes == ["hugo forgets", "hugo builds"]


def test_stock_pelican_stays_away_from_big_clusters(tmp_path: Path) -> None:
    notes: list[str] = []
    take_cold(make_bench(tmp_path, Results(), notes, size=20_000))
    assert "pelican builds" not in notes


def test_an_edit_s_number_is_used_once_even_after_a_restart(tmp_path: Path) -> None:
    numbers = [Stage(tmp_path, make_corpus()).next_number() for _ in range(3)]
    assert numbers == [1, 2, 3]


def test_a_stage_is_written_once_and_its_edits_are_commits(tmp_path: Path) -> None:
    told: list[str] = []
    stage = Stage(tmp_path, make_corpus())
    stage.prepare(("hugo-apart",), told.append)
    commit = stage.commit(changes_of(stage.corpus, "added", stage.next_number()))
    stage.prepare(("hugo-apart",), told.append)
    with GitStore(stage.repository) as store:
        assert store.head() == commit
    assert told == ["writing 60 items for ours", "writing 60 items for hugo"]


def test_a_new_run_takes_the_edits_of_the_last_one_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, make_corpus())
    stage.prepare((), lambda _: None)
    with GitStore(stage.repository) as store:
        corpus = store.head()
    stage.commit(changes_of(stage.corpus, "deleted", stage.next_number()))
    stage.restart()
    with GitStore(stage.repository) as store:
        assert store.head() == corpus
    assert stage.next_number() == 1


@pytest.mark.parametrize(
    ("memory", "grown"),
    [([100] * 100, 0.0), ([90] * 10 + [100] * 80 + [105] * 10, 0.05), ([50] * 10 + [100] * 90, 0.0)],
    ids=["flat", "grows at the end", "the warm-up does not count"],
)
def test_growth_compares_the_end_with_what_follows_the_warm_up(memory: list[int], grown: float) -> None:
    assert growth(memory) == pytest.approx(grown)
