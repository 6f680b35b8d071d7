"""Compressed bytes from outside: what went in comes out, and a bomb never does."""

from __future__ import annotations

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.errors import RefusedError
from publish.receiver.unpack import split_lines, unpack


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)] or [b""]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 700), st.integers(1, 300))
def test_what_was_packed_comes_out_however_it_arrives(data, times, size):
    whole = data * times
    packed = brotli.compress(whole, quality=5)
    assert b"".join(unpack(cut(packed, size), len(whole), "x")) == whole


def test_a_long_text_comes_out_whole():
    whole = b"".join(f"- portal/{number:09}\n".encode() for number in range(200_000))
    assert b"".join(unpack([brotli.compress(whole)], len(whole), "x")) == whole


def test_not_a_byte_more_than_the_limit_is_unpacked():
    packed = brotli.compress(b"\0" * 50_000_000, quality=1)
    came: list[int] = []
    with pytest.raises(RefusedError) as refused:
        came.extend(map(len, unpack(cut(packed, 64), 1_000_000, "x")))
    assert refused.value.code == "bomb"
    assert sum(came) <= 1_000_000


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-1], id="cut"),
        pytest.param(lambda data: data + b"x", id="something behind it"),
        pytest.param(lambda data: b"", id="nothing"),
        pytest.param(lambda data: b"\xff\xff plain", id="plain text"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_damaged_bytes_are_refused(damage, size):
    packed = damage(brotli.compress(b"hello hello hello"))
    with pytest.raises(RefusedError) as refused:
        list(unpack(cut(packed, size), 1000, "x"))
    assert refused.value.code == "compressed"


@given(st.lists(st.binary(max_size=20)), st.integers(1, 9))
def test_lines_are_those_of_the_whole_text(parts, size):
    text = b"\n".join(parts)
    lines = list(split_lines(cut(text, size), 1000, "x"))
    assert b"".join(lines) == text
    assert all(line.index(b"\n") == len(line) - 1 for line in lines[:-1])


@pytest.mark.parametrize("text", [b"a" * 11, b"b\n" + b"a" * 11 + b"\n"], ids=["without an end", "with an end"])
def test_a_line_beyond_the_longest_is_refused(text):
    with pytest.raises(RefusedError) as refused:
        list(split_lines(cut(text, 3), 10, "x"))
    assert refused.value.code == "too-big"
