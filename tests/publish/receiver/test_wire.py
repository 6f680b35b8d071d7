"""The receiver's part of the wire, against an inside that misbehaves: what is live stays as it is."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cluster.bundle import HEADER
from cluster.errors import ClusterError, FormatError, RefusedError, TargetError
from cluster.listings import EMPTY
from publish.delivery.conversation import Conversation, write_offer
from publish.delivery.parcel import Parcel, offer_of
from publish.receiver import Receipt
from publish.receiver.limits import LIMITS
from publish.receiver.places import Places
from publish.receiver.receive import Hello, Receiver
from publish.receiver.trust import TrustState
from publish.receiver.wire import GREETING, HASH_BYTES, Channel, Timeouts, answer, dump_hello, parse_hello
from tests.publish.delivery.signed import NOW, SignedCity

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.bin": bytes(range(256)) * 200}
QUICK = Timeouts(silence=1, work=1)


@pytest.fixture
def city(tmp_path: Path) -> SignedCity:
    return SignedCity(tmp_path / "inside")


@pytest.fixture
def receiver(tmp_path: Path, city: SignedCity) -> Receiver:
    places = Places.from_www(tmp_path / "dmz/www")
    TrustState(places.state / "tuf").set_up(city.trust.root())
    return Receiver(places, now=lambda: NOW)


class Pipes:
    """Two pipes between an inside and a receiver that answers in a thread."""

    def __init__(self, receiver: Receiver, timeouts: Timeouts) -> None:
        self.incoming, self._mouth = os.pipe()
        self._ear, self.outgoing = os.pipe()
        self.outcome: Receipt | ClusterError | None = None
        self._thread = threading.Thread(target=self._answer, args=(receiver, timeouts))
        self._thread.start()

    def _answer(self, receiver: Receiver, timeouts: Timeouts) -> None:
        try:
            self.outcome = answer(Channel.of(self._ear, self._mouth, timeouts.silence), receiver, timeouts=timeouts)
        except ClusterError as error:
            self.outcome = error
        finally:
            os.close(self._mouth)
            os.close(self._ear)

    def say(self, data: bytes) -> None:
        with suppress(BrokenPipeError):
            os.write(self.outgoing, data)

    def hang_up(self) -> None:
        if self.outgoing >= 0:
            os.close(self.outgoing)
        self.outgoing = -1

    def ended(self) -> Receipt | ClusterError | None:
        self._thread.join(30)
        return self.outcome

    def heard(self) -> bytes:
        parts = []
        while data := os.read(self.incoming, 1 << 16):
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        self.hang_up()
        self.ended()
        os.close(self.incoming)


@pytest.fixture
def pipes(receiver: Receiver) -> Iterator[Pipes]:
    pipes = Pipes(receiver, QUICK)
    yield pipes
    pipes.close()


def hold(receiver: Receiver, parcel: Parcel) -> Receipt:
    """A whole conversation, well-behaved."""
    pipes = Pipes(receiver, Timeouts())
    try:
        conversation = Conversation("here", Channel.of(pipes.incoming, pipes.outgoing, 30))
        return conversation.deliver(parcel, conversation.hello(), timedelta(days=3))
    finally:
        pipes.close()


def told(heard: bytes) -> dict[str, Any]:
    """The error at the end of what was heard."""
    _, _, rest = heard.rpartition(b"\nerror ") if b"\nerror " in heard else heard.rpartition(b"}error ")
    value = json.loads(rest.partition(b"\n")[2])
    assert isinstance(value, dict)
    return value


def test_both_parts_together_make_a_release_live(city, receiver, tmp_path):
    parcel = city.parcel(ONE)
    receipt = hold(receiver, parcel)
    assert (receipt.number, receipt.root, receipt.at) == (1, parcel.release.root, NOW)
    assert (tmp_path / "dmz/www/current/portal/index.html").read_bytes() == b"<p>one</p>"


def test_an_inside_that_only_asks_is_told_and_nothing_is_written(pipes, tmp_path):
    pipes.hang_up()
    assert pipes.ended() is None
    heard = pipes.heard()
    assert heard.startswith(GREETING + b"hello ")
    assert json.loads(heard.rpartition(b"\n")[2]) == {"number": 0, "root": EMPTY, "root_version": 1}
    assert not (tmp_path / "dmz/www").exists()


def test_what_travels_is_little_more_than_the_blobs(city, receiver):
    """The table of the issue: 1.2 x the blobs' bytes + the metadata + 150 bytes a path + 64 KB."""
    pages = {f"portal/news/2026/page-{number}.html": os.urandom(1000) for number in range(300)}
    parcel = city.parcel(pages)
    counted: list[int] = []

    class Counting(Channel):
        def write(self, data: bytes) -> int:
            counted.append(len(data))
            return Channel.write(self, data)

    pipes = Pipes(receiver, Timeouts())
    plain = Channel.of(pipes.incoming, pipes.outgoing, 30)
    conversation = Conversation("here", Counting(plain.reader, plain.incoming, plain.outgoing, plain.patience))
    conversation.deliver(parcel, conversation.hello(), timedelta(days=3))
    pipes.close()
    blobs = sum(parcel.size_of(entry.brotli) for entry in parcel.delta(EMPTY).files())
    metadata = sum(map(len, parcel.sign(timedelta(days=3), 1).values()))
    assert sum(counted) + 32 * len(pages) <= blobs + metadata + 150 * len(pages) + 4096


OFFERS: dict[str, tuple[bytes, type[ClusterError]]] = {
    "another word": (b"hello\n", FormatError),
    "a line without end": (b"offer " + b"1" * 500, FormatError),
    "nothing to be kept": (b"offer 0\n", FormatError),
    "another version of the bundle": (b"offer 3\nzhanqun-bundle 2\n", FormatError),
    "a blob out of turn": (b"offer 3\n" + HEADER + b"blob " + b"a" * 64 + b" 1\nx", ClusterError),
    "a record as large as a house": (b"offer 3\n" + HEADER + b"record release.json 999999999\n", ClusterError),
    "a delta as large as a city": (b"offer 3\n" + HEADER + b"delta delta.br 9999999999\n", ClusterError),
    "a path as a name": (b"offer 3\n" + HEADER + b"metadata ../../x 1\nx", ClusterError),
    "no record": (b"offer 3\n" + HEADER + b"end - 0\n", ClusterError),
    "a listing that is a path": (b"lend ../../../etc/passwd\n", FormatError),
    "a listing that is not here": (b"lend " + b"a" * 64 + b"\n", TargetError),
}


@pytest.mark.parametrize(("said", "error"), OFFERS.values(), ids=OFFERS.keys())
def test_a_strange_offer_is_refused_and_the_inside_is_told(pipes, tmp_path, said, error):
    pipes.say(said)
    assert isinstance(pipes.ended(), error)
    value = told(pipes.heard())
    assert value["en"]
    assert value["zh"]
    assert not (tmp_path / "dmz/www/current").exists()


def test_too_many_members_are_refused(pipes):
    pipes.say(b"offer 3\n" + HEADER)
    for number in range(LIMITS.metadata_members + 2):
        pipes.say(f"metadata {number}.root.json 1\nx".encode())
    pipes.hang_up()
    assert isinstance(pipes.ended(), ClusterError)


def test_an_inside_that_falls_silent_frees_the_target(pipes):
    pipes.say(b"offer 3\n" + HEADER)
    assert isinstance(pipes.ended(), TargetError)
    assert "nothing for too long" in told(pipes.heard())["en"]


def offer_alone(parcel: Parcel) -> bytes:
    """What an inside says before it sends blobs."""
    out = io.BytesIO()
    out.write(f"offer {parcel.keep}\n".encode())
    write_offer(out, offer_of(parcel, Hello(0, EMPTY, 1), timedelta(days=3))[0])
    return out.getvalue()


def test_an_inside_that_falls_silent_before_its_blobs_frees_the_lock(city, receiver):
    parcel = city.parcel(ONE)
    pipes = Pipes(receiver, QUICK)
    pipes.say(offer_alone(parcel))
    assert isinstance(pipes.ended(), TargetError)
    pipes.close()
    assert hold(receiver, parcel).number == 1


def test_blobs_that_were_taken_before_a_cut_are_not_wanted_again(city, receiver):
    parcel = city.parcel(ONE | {"portal/z.bin": b"z" * 50_000})
    pipes = Pipes(receiver, QUICK)
    pipes.say(offer_alone(parcel))
    heard = b""
    while b"wanted 3\n" not in heard or len(heard.partition(b"wanted 3\n")[2]) < 3 * HASH_BYTES:
        heard += os.read(pipes.incoming, 1 << 16)
    first, second = (heard.partition(b"wanted 3\n")[2][at : at + HASH_BYTES].hex() for at in (0, HASH_BYTES))
    whole, half = (city.blobs.read(sha) for sha in (first, second))
    pipes.say(f"{len(whole)}\n".encode() + whole + f"{len(half)}\n".encode() + half[: len(half) // 2])
    pipes.hang_up()
    assert isinstance(pipes.ended(), ClusterError)
    pipes.close()
    city.told.clear()
    hold(receiver, parcel)
    assert city.told[-1].blobs == 2


def test_an_inside_that_hangs_up_in_the_middle_leaves_what_is_live(city, receiver, tmp_path):
    hold(receiver, city.parcel(ONE))
    pipes = Pipes(receiver, QUICK)
    pipes.say(b"offer 3\n" + HEADER + b"record release.json 100\n{")
    pipes.hang_up()
    assert isinstance(pipes.ended(), ClusterError)
    pipes.close()
    assert receiver.hello().number == 1
    assert (tmp_path / "dmz/www/current/portal/index.html").read_bytes() == b"<p>one</p>"


def test_a_refusal_comes_with_its_code(city, receiver):
    hold(receiver, city.parcel(ONE))
    city.at = NOW - timedelta(days=400)
    with pytest.raises(RefusedError) as refused:
        hold(receiver, city.parcel(ONE | {"portal/b.txt": b"b"}))
    assert refused.value.code
    assert receiver.hello() == Hello(1, receiver.hello().root, 1)


HELLOS = [Hello(0, EMPTY, 0), Hello(7, "5" * 64, 2), Hello(7, EMPTY, 2, lacks=3)]


@pytest.mark.parametrize("hello", HELLOS, ids=["new", "all well", "something was lost"])
def test_what_a_target_says_of_itself_comes_over_as_it_was(hello):
    assert parse_hello(json.loads(json.dumps(dump_hello(hello)))) == hello


def test_an_inside_of_an_earlier_version_understands_a_target_that_is_well():
    assert set(dump_hello(HELLOS[1])) == {"number", "root", "root_version"}
    assert parse_hello(dump_hello(HELLOS[1]) | {"lacks": "many"}) == HELLOS[1]
