"""The delta: read as it was written, and every line that does not belong in one refused with its number."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.delta import HEADER, Delta, travelling
from cluster.errors import FormatError
from cluster.manifest import Entry

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.text("abz-.0中文 ~", min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=2, max_size=4).map("/".join)
entries = st.builds(Entry, raw=hashes, brotli=st.none() | hashes, size=st.integers(0, 10**15))
deltas = st.builds(
    lambda old, new, files: Delta(old, new, tuple(sorted(files.items()))),
    st.none() | hashes,
    hashes,
    st.dictionaries(paths, st.none() | entries, max_size=20),
)


def dumped(delta: Delta) -> bytes:
    return b"".join(delta.dump())


def lines(data: bytes) -> list[bytes]:
    """The lines as a stream gives them."""
    return list(io.BytesIO(data))


def parsed(text: Iterable[bytes]) -> Delta:
    """The delta read to its end."""
    delta = Delta.parse(text)
    return replace(delta, entries=tuple(delta.entries))


@given(deltas)
def test_what_is_written_is_read_back(delta):
    again = parsed(lines(dumped(delta)))
    assert again == delta
    assert dumped(again) == dumped(delta)


@given(deltas)
def test_the_files_are_those_that_are_there_now(delta):
    assert list(delta.files()) == [entry for _, entry in delta.entries if entry]


@given(deltas, st.data())
def test_a_delta_that_is_cut_within_a_line_is_refused(delta, data):
    whole = dumped(delta)
    cut = data.draw(st.integers(0, len(whole) - 1))
    if whole[:cut].endswith(b"\n") and whole[:cut].count(b"\n") >= 2:
        assert len(parsed(lines(whole[:cut])).entries) < len(delta.entries)  # the signed root tells this one
    else:
        with pytest.raises(FormatError, match="delta:"):
            parsed(lines(whole[:cut]))


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    with pytest.raises(FormatError):
        parsed(lines(noise))


@given(st.lists(st.binary(max_size=120), max_size=5))
def test_noise_after_a_good_beginning_is_refused_or_read_as_written(noise):
    head = [f"{HEADER}\n".encode(), f"- {A}\n".encode()]
    try:
        delta = parsed([*head, *noise])
    except FormatError:
        return
    assert dumped(delta) == b"".join([*head, *noise])


def test_the_text_has_the_form_of_the_formats():
    delta = Delta(None, A, (("s/a.html", Entry(B, C, 7)), ("s/b.png", Entry(B, None, 0)), ("s/c", None)))
    assert dumped(delta).decode() == (f"zhanqun-delta 1\n- {A}\n+ {B} {C} 7 s/a.html\n+ {B} - 0 s/b.png\n- s/c\n")


def test_compressed_bytes_travel_where_there_are_some():
    assert travelling(Entry(A, B, 1)) == B
    assert travelling(Entry(A, None, 1)) == A


def put(path: str, *, raw: str = A, brotli: str = "-", size: str = "1") -> str:
    return f"+ {raw} {brotli} {size} {path}\n"


HEADS = {
    "nothing at all": (b"", 1, "middle of a line"),
    "another format": (b"zhanqun-delta 2\n", 1, "first line"),
    "a byte order mark": (f"\ufeff{HEADER}\n- {A}\n".encode(), 1, "first line"),
    "a carriage return": (f"{HEADER}\r\n- {A}\r\n".encode(), 1, "first line"),
    "no second line": (f"{HEADER}\n".encode(), 2, "middle of a line"),
    "no new root": (f"{HEADER}\n- -\n".encode(), 2, "no line"),
    "a root that is no hash": (f"{HEADER}\n- {'A' * 64}\n".encode(), 2, "no line"),
    "a root that is a path": (f"{HEADER}\n../../etc {A}\n".encode(), 2, "no line"),
    "three roots": (f"{HEADER}\n{A} {A} {A}\n".encode(), 2, "no line"),
    "a cut root": (f"{HEADER}\n- {A}".encode(), 2, "middle of a line"),
}


@pytest.mark.parametrize(("data", "line", "reason"), HEADS.values(), ids=HEADS.keys())
def test_a_wrong_head_is_refused_with_its_line(data, line, reason):
    with pytest.raises(FormatError, match=f"delta:{line}: .*{reason}"):
        Delta.parse(lines(data))


HOSTILE = {
    "an absolute path": put("/etc/passwd"),
    "a parent in the middle": put("s/../../x"),
    "a parent at the end": put("s/.."),
    "the folder itself": put("s/./x"),
    "a file at the top": put("current"),
    "an empty name": put("s//x"),
    "a slash at the end": put("s/x/"),
    "no path": put(""),
    "a back-slash": put("s/..\\x"),
    "a nul": put("s/x\0.html"),
    "an escape": put("s/x\x1b[2J"),
    "a carriage return": put("s/x\r"),
    "a next-line character": put("s/x\x85"),
    "a name of 253 bytes": put("s/" + "x" * 253),
    "a name of 84 wide characters": put("s/" + "中" * 85),
    "a drive": put("C:"),
    "removal of an absolute path": "- /etc/passwd\n",
    "removal of a parent": "- s/../../x\n",
    "removal of nothing": "- \n",
    "removal without a space": "-s/x\n",
    "an upper-case hash": put("s/x", raw="A" * 64),
    "a short hash": put("s/x", raw="a" * 63),
    "a hash that is a path": put("s/x", raw="../../../x"),
    "a long brotli hash": put("s/x", brotli="a" * 65),
    "a negative size": put("s/x", size="-1"),
    "a size with a plus": put("s/x", size="+1"),
    "a size with a zero before": put("s/x", size="01"),
    "a size in other digits": put("s/x", size="１"),
    "a size of seventeen digits": put("s/x", size="1" + "0" * 16),
    "a size of a million digits": put("s/x", size="9" * 1_000_000),
    "a fraction": put("s/x", size="1.5"),
    "a symlink": f"l {A} - 1 s/x\n",
    "a tree": f"tree {A} s\n",
    "two spaces": put("s/x").replace(" ", "  ", 1),
    "a tab": put("s/x").replace(" ", "\t", 1),
    "an empty line": "\n",
    "a comment": "# s/x\n",
    "a cut line": put("s/x")[:-1],
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_line_is_refused_with_its_number(line):
    whole = f"{HEADER}\n- {A}\n{put('a/a')}{line}".encode()
    with pytest.raises(FormatError, match="^delta:4: "):
        parsed(lines(whole))


NOT_UTF8 = {
    "a stray byte": b"s/\xff",
    "half a character": "s/中".encode()[:-1],
    "a surrogate": b"s/\xed\xa0\x80",
    "an overlong slash": b"s/..\xc0\xafx",
}


@pytest.mark.parametrize("path", NOT_UTF8.values(), ids=NOT_UTF8.keys())
def test_a_path_that_is_not_utf8_is_refused(path):
    whole = f"{HEADER}\n- {A}\n".encode() + f"+ {A} - 1 ".encode() + path + b"\n"
    with pytest.raises(FormatError, match="^delta:3: "):
        parsed(lines(whole))


ORDERS = {
    "twice": ("s/a", "s/a"),
    "backwards": ("s/b", "s/a"),
    "a folder before its dot": ("s/a/x", "s/a.html"),
    "by code units instead of bytes": ("s/\U0001f600", "s/\uffe5"),
}


@pytest.mark.parametrize("pair", ORDERS.values(), ids=ORDERS.keys())
def test_paths_out_of_order_are_refused(pair):
    whole = f"{HEADER}\n- {A}\n{put(pair[0])}- {pair[1]}\n".encode()
    with pytest.raises(FormatError, match="^delta:4: .*order"):
        parsed(lines(whole))


def test_reading_stops_at_the_first_wrong_line():
    taken = []

    def endless():
        yield f"{HEADER}\n".encode()
        yield f"- {A}\n".encode()
        while True:
            taken.append(1)
            yield b"- s/x\n"

    with pytest.raises(FormatError, match="^delta:4: "):
        parsed(endless())
    assert len(taken) == 2


def test_the_head_is_read_at_once_and_the_entries_when_they_are_asked_for():
    taken = []

    def counted() -> Iterator[bytes]:
        for line in (f"{HEADER}\n", f"- {A}\n", put("s/a"), put("s/b")):
            taken.append(line)
            yield line.encode()

    delta = Delta.parse(counted())
    assert len(taken) == 2
    assert next(iter(delta.entries)) == ("s/a", Entry(A, None, 1))
    assert len(taken) == 3


def test_a_delta_of_any_length_is_written_and_read_in_the_same_little_memory():
    class Endless:
        """The entries of a large city, made when they are asked for."""

        def __iter__(self) -> Iterator[tuple[str, Entry | None]]:
            return ((f"s/{number:08}.html", Entry(A, B, number)) for number in range(count))

    def lines_of(delta: Delta) -> Iterator[bytes]:
        for piece in delta.dump():
            yield from piece.splitlines(keepends=True)

    peaks = []
    for count in (2_000, 40_000):
        tracemalloc.start()
        read = sum(1 for _ in Delta.parse(lines_of(Delta(None, C, Endless()))).entries)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read == count
    assert peaks[1] < peaks[0] + 50_000
