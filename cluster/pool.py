"""Work in chunks over all cores: a bench is opened in every process, chunks go in, results come out in order.

A chunk is only handed out while few are under way, so memory does not follow the amount of work. Where the processes
come from is an argument: `fork_pool` forks this one, a city with more machines may bring another `Executor`.
"""

from __future__ import annotations

import gc
import itertools
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import closing
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
# How many chunks a process may have waiting: enough that none idles, few enough that results do not pile up.
AHEAD = 2
# A process of the pool makes hundreds of thousands of objects and hardly a cycle among them (Python's default is 700).
_COLLECT_AFTER = 50_000


class Bench(Protocol):
    """What a process works with."""

    def opened(self) -> Bench:
        """The same for another process, which must not share pipes or connections with this one."""

    def work(self, chunk: Any) -> Any:
        """The result of one chunk."""


# Makes the executor whose processes have opened the bench, and tells how many chunks may be under way.
Pool = Callable[[Bench], tuple[Executor, int]]

_opened: list[Bench] = []  # in a process of the pool, its bench


def fork_pool(jobs: int) -> Pool | None:
    """A pool of `jobs` forked processes; none for one job, which is then done in this process."""
    if jobs < 2:
        return None

    def make(bench: Bench) -> tuple[Executor, int]:
        context = multiprocessing.get_context("fork")
        return ProcessPoolExecutor(jobs, context, initializer=_open, initargs=(bench,)), jobs * AHEAD

    return make


def work_through(bench: Bench, chunks: Iterable[list[T]], pool: Pool | None) -> Iterator[Any]:
    """The results of the chunks, in their order; a single chunk is not worth another process."""
    chunks = iter(chunks)
    first = list(itertools.islice(chunks, 2))
    if pool is None or len(first) < 2:
        yield from (bench.work(chunk) for chunk in itertools.chain(first, chunks))
        return
    executor, ahead = pool(bench)
    with executor, closing(_handed_out(executor, itertools.chain(first, chunks), ahead)) as results:
        yield from results


def _handed_out(executor: Executor, chunks: Iterable[Any], ahead: int) -> Generator[Any, None, None]:
    waiting: deque[Future[Any]] = deque()
    try:
        for chunk in chunks:
            waiting.append(executor.submit(_work, chunk))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def in_chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """The things in lists of `size`, the last one shorter."""
    things = iter(things)
    while chunk := list(itertools.islice(things, size)):
        yield chunk


def _open(bench: Bench) -> None:
    gc.freeze()  # what was inherited stays shared with the parent instead of being touched by the collector
    gc.set_threshold(_COLLECT_AFTER)
    _opened[:] = [bench.opened()]


def _work(chunk: Any) -> Any:
    return _opened[0].work(chunk)
