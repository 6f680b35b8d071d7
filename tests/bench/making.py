"""What the tests of the benchmark share: a small corpus and made-up results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.corpus import Corpus
from bench.results import Results, Sample

SMALL = 60


def make_corpus(size: int = SMALL, seed: int = 1) -> Corpus:
    return Corpus(size, seed)


def make_results(rows: Mapping[str, Iterable[float]] | None = None, **figures: int) -> Results:
    """Results whose rows have samples of these CPU seconds; `figures` are given to every sample."""
    results = Results(about={"seed": 1})
    for name, seconds in (rows or {}).items():
        size, row, who = name.split("/")
        for cpu in seconds:
            results.add(int(size), row, who, Sample(wall=cpu, cpu=cpu, **figures))
    return results
