"""Hashes in little memory: a list is the list that was put in, a unique one each once, and both are small."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publish.receiver.hashes import SIZE, Hashes, UniqueHashes

ZEROS, ONES = "0" * 64, "f" * 64
shas = st.integers(0, 40).map(lambda number: hashlib.sha256(str(number).encode()).hexdigest())
# Alike in the bytes by which they are looked for first.
alike = st.integers(0, 40).map(lambda number: f"{number:064x}"[::-1])
lists = st.lists(shas | alike, max_size=60)


def made(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@given(lists)
def test_a_list_gives_back_what_was_put_in(shas):
    hashes = Hashes(shas)
    assert list(hashes) == shas
    assert len(hashes) == len(shas)
    assert [hashes[place] for place in range(len(shas))] == shas
    assert hashes[1:-1] == tuple(shas[1:-1])


@given(lists)
def test_a_list_is_written_and_read_in_thirty_two_bytes_each(shas):
    data = Hashes(shas).dump()
    assert len(data) == SIZE * len(shas)
    assert list(Hashes.parse(data)) == shas


@given(lists)
def test_unique_hashes_are_those_of_first_use_each_in_its_place(shas):
    hashes = UniqueHashes(shas)
    assert list(hashes) == list(dict.fromkeys(shas))
    assert [hashes.find(sha) for sha in hashes] == list(range(len(hashes)))
    assert [hashes.add(sha) for sha in shas] == [list(hashes).index(sha) for sha in shas]


@given(lists, lists)
def test_unique_hashes_know_themselves_and_no_others(shas, others):
    hashes = UniqueHashes(shas)
    assert {sha for sha in others if sha in hashes} == set(others) & set(shas)


STRANGE = ["", "x", "0" * 63, "0" * 65, "A" * 64, f"{ONES[:-1]} ", "0" * 62 + " 0", f"{ZEROS}\n", "中" * 64]


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_hash_is_not_among_them(name):
    hashes = UniqueHashes([ZEROS, ONES, "a" * 64])
    assert hashes.find(name) is None
    assert name not in hashes
    assert 7 not in hashes


def test_a_place_beyond_the_end_is_none():
    with pytest.raises(IndexError):
        Hashes([ZEROS])[1]


def test_many_hashes_take_some_fifty_bytes_each_and_are_all_found():
    count = 20_000
    tracemalloc.start()
    hashes = UniqueHashes(map(made, range(count)))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(hashes) == count
    assert size < 60 * count
    assert all(hashes.find(made(number)) == number for number in range(0, count, 97))
    assert made(count) not in hashes
