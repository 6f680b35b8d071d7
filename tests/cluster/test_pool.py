"""Work in chunks: in order, a few at a time, and no process left behind however it ends."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.pool import AHEAD, Bench, fork_pool, in_chunks, work_through


@dataclass(frozen=True)
class Signing:
    """Says which process worked, and how often it was opened there."""

    opened_in: tuple[int, ...] = ()

    def opened(self) -> Signing:
        return Signing((*self.opened_in, os.getpid()))

    def work(self, chunk: list[int]) -> tuple[list[int], int, tuple[int, ...]]:
        return [-one for one in chunk], os.getpid(), self.opened_in


class Failing(Signing):
    """Fails at one chunk."""

    def opened(self) -> Failing:
        return self

    def work(self, chunk: list[int]) -> tuple[list[int], int, tuple[int, ...]]:
        if 3 in chunk:
            raise LookupError("三")
        return super().work(chunk)


class Dying(Failing):
    """Ends its process at one chunk."""

    def work(self, chunk: list[int]) -> tuple[list[int], int, tuple[int, ...]]:
        if 3 in chunk:
            os._exit(9)
        return super().work(chunk)


@dataclass(frozen=True)
class Marking:
    """Leaves a file for every chunk it works through, none of them at once but the first."""

    folder: Path

    def opened(self) -> Marking:
        return self

    def work(self, chunk: list[int]) -> list[int]:
        (self.folder / str(chunk[0])).touch()
        time.sleep(0.02 if chunk[0] else 0)
        return chunk


@dataclass
class Counted:
    """Chunks of one number each, and the most of them that were ever taken without their results being given."""

    count: int
    taken: int = 0
    given: int = 0
    most: int = 0

    def __iter__(self) -> Iterator[list[int]]:
        for number in range(self.count):
            self.taken += 1
            self.most = max(self.most, self.taken - self.given)
            yield [number]


def results(bench: Bench, chunks: Iterable[list[int]], jobs: int) -> list[list[int]]:
    return [done for done, _, _ in work_through(bench, chunks, fork_pool(jobs))]


def assert_no_process_is_left() -> None:
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 40])
def test_results_come_in_the_order_of_the_chunks(jobs, count):
    assert results(Signing(), ([number] for number in range(count)), jobs) == [[-number] for number in range(count)]
    assert_no_process_is_left()


def test_several_processes_work_each_with_a_bench_of_its_own():
    found = list(work_through(Signing(), ([number] for number in range(40)), fork_pool(2)))
    workers = {process for _, process, _ in found}
    assert workers
    assert len(workers) <= 2
    assert os.getpid() not in workers
    assert all(opened_in == (process,) for _, process, opened_in in found)


@pytest.mark.parametrize(
    ("jobs", "chunks"),
    [
        pytest.param(2, [[1, 2, 3]], id="a single chunk"),
        pytest.param(2, [], id="no chunk"),
        pytest.param(1, [[1], [2], [3]], id="a single job"),
        pytest.param(0, [[1], [2]], id="no job"),
    ],
)
def test_what_is_not_worth_another_process_is_done_in_this_one_with_the_bench_as_it_is(jobs, chunks):
    found = list(work_through(Signing(), iter(chunks), fork_pool(jobs)))
    assert found == [([-one for one in chunk], os.getpid(), ()) for chunk in chunks]


@pytest.mark.parametrize("jobs", [2, 3])
def test_only_a_few_chunks_are_under_way_however_many_there_are(jobs):
    chunks = Counted(60)
    for _ in work_through(Signing(), chunks, fork_pool(jobs)):
        chunks.given += 1
    assert chunks.given == chunks.taken == 60
    assert chunks.most == jobs * AHEAD


def test_one_process_takes_no_chunk_before_the_last_ones_result_is_used():
    chunks = Counted(60)
    for _ in work_through(Signing(), chunks, None):
        chunks.given += 1
    assert chunks.most <= 2


def test_where_the_processes_come_from_and_how_far_ahead_they_work_is_an_argument():
    chunks, benches = Counted(30), []

    def pool(bench: Bench) -> tuple[Executor, int]:
        benches.append(bench)
        make = fork_pool(2)
        assert make is not None
        return make(bench)[0], 7

    found, bench = [], Signing()
    for done, _, _ in work_through(bench, chunks, pool):
        chunks.given += 1
        found.append(done)
    assert found == [[-number] for number in range(30)]
    assert benches == [bench]
    assert chunks.most == 7


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_chunk_reaches_the_caller_and_no_process_is_left(jobs):
    with pytest.raises(LookupError, match="三"):
        results(Failing(), Counted(60), jobs)
    assert_no_process_is_left()


def test_the_results_before_an_error_are_given():
    got = []

    def gather() -> None:
        for done, _, _ in work_through(Failing(), Counted(60), fork_pool(2)):
            got.append(done)

    with pytest.raises(LookupError):
        gather()
    assert got == [[0], [-1], [-2]]


def test_an_error_in_what_brings_the_chunks_reaches_the_caller_and_no_process_is_left():
    def broken() -> Iterator[list[int]]:
        yield from ([number] for number in range(5))
        raise LookupError("五")

    with pytest.raises(LookupError, match="五"):
        results(Signing(), broken(), 2)
    assert_no_process_is_left()


def test_a_process_that_dies_is_told_and_no_other_is_left():
    with pytest.raises(BrokenExecutor):
        results(Dying(), Counted(60), 2)
    assert_no_process_is_left()


def test_who_stops_reading_leaves_no_process():
    chunks = Counted(1000)
    found = work_through(Signing(), chunks, fork_pool(2))
    assert next(found)[0] == [0]
    found.close()
    assert chunks.taken < 20
    assert_no_process_is_left()


def test_what_was_handed_out_and_is_not_begun_is_not_worked_when_nobody_reads_on(tmp_path):
    def far_ahead(bench: Bench) -> tuple[Executor, int]:
        make = fork_pool(2)
        assert make is not None
        return make(bench)[0], 60

    chunks = Counted(60)
    found = work_through(Marking(tmp_path), chunks, far_ahead)
    assert next(found) == [0]
    found.close()
    assert chunks.taken == 60
    assert len(list(tmp_path.iterdir())) < 50
    assert_no_process_is_left()


@given(st.lists(st.integers(), max_size=30), st.integers(1, 12))
def test_chunks_hold_everything_in_order_and_all_but_the_last_are_full(things, size):
    chunks = list(in_chunks(iter(things), size))
    assert [one for chunk in chunks for one in chunk] == things
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks)


def test_things_are_only_taken_for_the_chunk_that_is_asked_for():
    things = iter(range(100))
    chunks = in_chunks(things, 10)
    assert next(chunks) == list(range(10))
    assert next(things) == 10
