"""The bundle: what is written is read, and whatever is cut, swapped or made up is refused."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.bundle import HEADER, KINDS, Member, read_members, write_begin, write_end, write_member
from cluster.errors import FormatError

SHA = "a" * 64
Written = tuple[str, str, bytes]
names = st.from_regex(r"[0-9A-Za-z._-]{1,80}", fullmatch=True)
bodies = st.binary(max_size=200)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
bundles = st.builds(
    lambda metadata, record, delta, blobs: [
        *[("metadata", name, body) for name, body in metadata],
        *[("record", "-", body) for body in record],
        *[("delta", "-", body) for body in delta],
        *[("blob", name, body) for name, body in blobs],
    ],
    st.lists(st.tuples(names, bodies), max_size=3),
    st.lists(bodies, max_size=1),
    st.lists(bodies, max_size=1),
    st.lists(st.tuples(hashes, bodies), max_size=4),
)
EXAMPLE: list[Written] = [
    ("metadata", "2.root.json", b"{}"),
    ("metadata", "timestamp.json", b"{}\nrecord - 3\n"),
    ("record", "-", b"record"),
    ("delta", "-", b""),
    ("blob", SHA, b"\0\xff\n"),
    ("blob", "b" * 64, b"end - 0\n"),
]


def written(members: Iterable[Written], *, end: bool = True) -> bytes:
    stream = io.BytesIO()
    write_begin(stream)
    for kind, name, body in members:
        write_member(stream, kind, name, len(body), [body[:3], body[3:]])
    if end:
        write_end(stream)
    return stream.getvalue()


def read(data: bytes) -> list[Written]:
    return [(member.kind, member.name, member.read()) for member in read_members(io.BytesIO(data))]


class Dripping(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 < size <= 1 << 20, "nobody asks a stranger for this much at once"
        return super().read(min(size, 3))


@given(bundles)
def test_what_is_written_is_read_back(members):
    assert read(written(members)) == members


@given(bundles, st.integers(1, 7))
def test_members_are_read_in_pieces_of_any_size(members, piece):
    found = []
    for member in read_members(Dripping(written(members))):
        found.append((member.kind, member.name, b"".join(iter(lambda m=member: m.read(piece), b""))))
        assert member.read() == member.read(1) == b""
    assert found == members


@given(bundles)
def test_members_that_are_not_read_are_passed_over(members):
    stream = io.BytesIO(written(members) + b"next")
    assert [(member.kind, member.name, member.size) for member in read_members(stream)] == [
        (kind, name, len(body)) for kind, name, body in members
    ]
    assert stream.read() == b"next"


@given(bundles)
def test_members_read_in_part_are_passed_over_for_the_rest(members):
    assert [member.read(1) for member in read_members(io.BytesIO(written(members)))] == [
        body[:1] for _, _, body in members
    ]


def test_a_large_member_arrives_whole_from_a_slow_pipe():
    body = bytes(range(256)) * 40
    assert next(read_members(Dripping(written([("blob", SHA, body)])))).read() == body


@pytest.mark.parametrize("cut", range(len(written(EXAMPLE))))
def test_a_bundle_cut_at_any_byte_is_told_as_cut(cut):
    with pytest.raises(FormatError, match="ends too early"):
        read(written(EXAMPLE)[:cut])


def test_a_member_gives_no_byte_of_the_next():
    members = read_members(io.BytesIO(written(EXAMPLE)))
    first = next(members)
    assert first.read(10**9) == b"{}"
    assert next(members).name == "timestamp.json"


HUGE = "9" * 16


@pytest.mark.parametrize("kind", ["metadata", "record", "delta", "blob"])
def test_an_announced_size_costs_no_memory_before_the_bytes_come(kind):
    stream = Dripping(HEADER + f"{kind} {SHA} {HUGE}\n".encode() + b"x" * 100)
    member = next(read_members(stream))
    assert member.size == int(HUGE)
    with pytest.raises(FormatError, match="ends too early"):
        member.read()


def test_passing_over_a_huge_member_costs_no_memory():
    with pytest.raises(FormatError, match="ends too early"):
        list(read_members(Dripping(HEADER + f"blob {SHA} {HUGE}\n".encode() + b"x" * 100)))


UNKNOWN = {
    "another format": b"zhanqun-bundle 2\n",
    "a format of two digits": b"zhanqun-bundle 11\n",
    "an archive": b"PK\3\4" + bytes(60),
    "a web page": b"<!doctype html>\n<html>",
    "a carriage return": b"zhanqun-bundle 1\r\n",
    "an endless line": b"z" * 10_000,
}


@pytest.mark.parametrize("data", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_no_bundle_is_told_as_such(data):
    with pytest.raises(FormatError, match="no bundle of format 1"):
        read(data)


BAD = {
    "an unknown kind": b"link x 0\n",
    "a kind of the future": b"patches x 0\n",
    "a path as name": b"metadata ../../x 0\n",
    "a name with a space": b"metadata a b 0\n",
    "a name with a nul": b"metadata a\0b 0\n",
    "a name that is not ASCII": "metadata 中 0\n".encode(),
    "an empty name": b"metadata  0\n",
    "a name of 81 characters": b"metadata " + b"x" * 81 + b" 0\n",
    "no size": b"metadata x\n",
    "a negative size": b"metadata x -1\n",
    "a size with a zero before": b"metadata x 01\n",
    "a size in words": b"metadata x many\n",
    "a size of 17 digits": b"metadata x 1" + b"0" * 16 + b"\n",
    "an endless line": b"metadata " + b"x" * 100_000,
    "an empty line": b"\n",
    "a carriage return": b"end - 0\r\n",
    "an upper-case kind": b"END - 0\n",
    "a blob that is no hash": b"blob index.html 0\n",
    "a blob in upper-case": b"blob " + b"A" * 64 + b" 0\n",
    "an end with a name": b"end x 0\n",
    "an end with a size": b"end - 1\nx",
    "a second header": HEADER,
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD.keys())
def test_a_line_that_does_not_belong_there_is_refused(line):
    with pytest.raises(FormatError, match="does not belong"):
        read(HEADER + line)
    with pytest.raises(FormatError, match="does not belong"):
        read(written(EXAMPLE, end=False) + line)


@pytest.mark.parametrize("later", KINDS[1:-1])
def test_members_in_another_order_are_refused(later):
    for earlier in KINDS[: KINDS.index(later)]:
        with pytest.raises(FormatError, match="does not belong"):
            read(written([(later, SHA, b""), (earlier, "x", b"")]))


@pytest.mark.parametrize("kind", ["record", "delta"])
def test_a_second_record_or_delta_is_refused(kind):
    with pytest.raises(FormatError, match="does not belong"):
        read(written([(kind, "-", b"one"), (kind, "-", b"two")]))


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    with pytest.raises(FormatError):
        read(noise)


@given(st.binary(max_size=200))
def test_noise_after_the_first_line_is_refused_or_ends_properly(noise):
    try:
        read(HEADER + noise)
    except FormatError:
        return
    assert b"end - 0\n" in noise


def test_a_writer_that_miscounts_is_told():
    with pytest.raises(ValueError, match="3 bytes instead of 4"):
        write_member(io.BytesIO(), "blob", SHA, 4, [b"abc"])


def test_a_member_of_no_bytes_touches_no_stream():
    class Closed(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError

    assert Member("delta", "-", 0, Closed()).read() == b""
