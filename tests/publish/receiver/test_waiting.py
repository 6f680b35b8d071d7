"""What is still to come: asked for once, by the hash that travels, and no longer when it came."""

from __future__ import annotations

import hashlib
import tracemalloc

from cluster.manifest import Entry
from publish.receiver.waiting import Waiting

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def test_a_file_is_waited_for_by_the_hash_that_travels():
    waiting = Waiting()
    text, picture = Entry(A, B, 7), Entry(C, None, 0)
    assert waiting.add(text) == text
    assert waiting.add(picture) == picture
    assert tuple(waiting.hashes) == (B, C)
    assert (waiting.find(B), waiting.find(C), waiting.find(A)) == (text, picture, None)
    assert len(waiting) == 2


def test_a_hash_that_is_waited_for_keeps_its_first_file():
    waiting = Waiting()
    first = waiting.add(Entry(A, B, 7))
    assert waiting.add(Entry(C, B, 8)) == first
    assert len(waiting) == 1


def test_what_came_is_no_longer_waited_for_and_stays_among_what_was_asked():
    waiting = Waiting()
    for entry in (Entry(A, B, 7), Entry(C, None, 1)):
        waiting.add(entry)
    for _ in range(2):
        waiting.came(B)
        assert len(waiting) == 1
    assert waiting.find(B) is None
    assert tuple(waiting.hashes) == (B, C)
    waiting.came(A)  # nobody waited for it
    waiting.came("no hash")
    assert len(waiting) == 1


def test_the_largest_file_that_a_release_may_have_keeps_its_size():
    waiting = Waiting()
    assert waiting.add(Entry(A, None, 10**16 - 1)).size == 10**16 - 1
    found = waiting.find(A)
    assert found is not None
    assert found.size == 10**16 - 1


def test_many_files_are_waited_for_in_a_hundred_bytes_each():
    def made(number: int) -> str:
        return hashlib.sha256(str(number).encode()).hexdigest()

    count = 10_000
    tracemalloc.start()
    waiting = Waiting()
    for number in range(count):
        waiting.add(Entry(made(number), made(-number - 1), number))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(waiting) == count
    assert size < 100 * count
