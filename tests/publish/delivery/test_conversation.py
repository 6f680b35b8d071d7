"""The inside's part of the wire, against ends that misbehave: nothing leaves that does not belong to the release."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.errors import BusyError, ClusterError, FormatError, RefusedError, TargetError
from publish.delivery.conversation import Conversation, NotGreetedError
from publish.delivery.parcel import Parcel, hashes_that_travel
from publish.receiver import Receipt
from publish.receiver.receive import Hello
from publish.receiver.wire import GREETING, Channel, SilenceError, Timeouts
from tests.publish.delivery.signed import NOW, SignedCity

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.txt": b"a"}
QUICK = Timeouts(connect=0, hello=1, silence=1, work=1)
HELLO = {"number": 0, "root": "0" * 64, "root_version": 1}


def frame(word: str, value: object) -> bytes:
    body = json.dumps(value).encode()
    return f"{word} {len(body)}\n".encode() + body


def wanted(*hashes: str) -> bytes:
    return f"wanted {len(hashes)}\n".encode() + b"".join(map(bytes.fromhex, hashes))


class OtherEnd:
    """A target that says what it was told to say, whatever it hears."""

    def __init__(self) -> None:
        self.incoming, self._mouth = os.pipe()
        self._ear, self.outgoing = os.pipe()

    def says(self, data: bytes, *, hangs_up: bool = True) -> None:
        os.write(self._mouth, data)
        if hangs_up:
            os.close(self._mouth)
            self._mouth = -1

    def stops_listening(self) -> None:
        os.close(self._ear)
        self._ear = -1

    def heard(self) -> bytes:
        return os.read(self._ear, 1 << 20)

    def close(self) -> None:
        for descriptor in (self.incoming, self._mouth, self._ear, self.outgoing):
            if descriptor >= 0:
                os.close(descriptor)


@pytest.fixture
def end() -> Iterator[OtherEnd]:
    end = OtherEnd()
    yield end
    end.close()


@pytest.fixture
def conversation(end: OtherEnd) -> Conversation:
    return Conversation("ssh://dmz/srv", Channel.of(end.incoming, end.outgoing, QUICK.silence), QUICK)


@pytest.fixture
def city(tmp_path: Path) -> SignedCity:
    return SignedCity(tmp_path)


@pytest.fixture
def parcel(city: SignedCity) -> Parcel:
    return city.parcel(ONE)


def deliver(conversation: Conversation, parcel: Parcel) -> Receipt:
    return conversation.deliver(parcel, Hello(0, "0" * 64, 1), timedelta(days=3))


def blobs_of(parcel: Parcel) -> tuple[str, ...]:
    return hashes_that_travel(parcel.delta("0" * 64).files())


def test_the_wanted_blobs_are_sent_in_the_order_of_the_wish(end, conversation, parcel, city):
    shas = blobs_of(parcel)
    receipt = {"number": 1, "root": parcel.release.root, "at": NOW.isoformat()}
    end.says(wanted(*reversed(shas)), hangs_up=False)
    with pytest.raises(SilenceError):  # all was sent, and no receipt came
        deliver(conversation, parcel)
    heard = end.heard()
    sent = [f"{len(city.blobs.read(sha))}\n".encode() + city.blobs.read(sha) for sha in reversed(shas)]
    assert heard.startswith(b"offer 10\nzhanqun-bundle 1\n")
    assert heard.endswith(b"end - 0\n" + b"".join(sent))
    end.says(wanted() + frame("receipt", receipt))
    assert deliver(conversation, parcel) == Receipt("ssh://dmz/srv", 1, parcel.release.root, NOW)


def test_a_blob_of_another_release_is_not_sent(end, conversation, parcel, city):
    secret = city.blobs.put(b"not yet published")
    end.says(wanted(*blobs_of(parcel), secret))
    with pytest.raises(TargetError, match="not of release 1"):
        deliver(conversation, parcel)
    assert b"not yet published" not in end.heard()


def test_a_blob_that_the_target_lost_is_sent_though_it_did_not_change(end, conversation, city):
    first = city.parcel(ONE)
    second = city.parcel(ONE | {"portal/b.txt": b"b"})
    raw = first.listings.find(first.release.root, "portal/index.html").raw
    end.says(wanted(raw), hangs_up=False)
    with pytest.raises(SilenceError):
        conversation.deliver(second, Hello(1, first.release.root, 1), timedelta(days=3))
    assert b"<p>one</p>" in end.heard()


def test_a_target_that_hangs_up_while_we_send_is_heard_first(end, conversation, parcel):
    told = {"kind": "refused", "code": "bit", "en": "A bit flipped.", "zh": "位翻转。"}
    end.says(wanted(*blobs_of(parcel)) + frame("error", told))
    with pytest.raises(RefusedError) as refused:
        deliver(conversation, parcel)
    assert (refused.value.english, refused.value.chinese, refused.value.code) == ("A bit flipped.", "位翻转。", "bit")


def test_a_last_word_counts_more_than_a_broken_pipe(end, conversation, parcel):
    end.says(frame("error", {"kind": "busy", "code": "", "en": "Somebody writes.", "zh": "正在写入。"}))
    end.stops_listening()
    with pytest.raises(BusyError, match="Somebody writes"):
        deliver(conversation, parcel)


def test_a_pipe_that_breaks_without_a_word_is_a_broken_pipe(end, conversation, parcel):
    end.says(b"")
    end.stops_listening()
    with pytest.raises(BrokenPipeError):
        deliver(conversation, parcel)


def test_another_releases_receipt_is_not_believed(end, conversation, parcel):
    end.says(wanted() + frame("receipt", {"number": 1, "root": "ab" * 32, "at": NOW.isoformat()}))
    with pytest.raises(TargetError, match="another content"):
        deliver(conversation, parcel)


def test_a_target_that_says_nothing_is_not_waited_for(end, conversation, parcel):
    with pytest.raises(SilenceError):
        deliver(conversation, parcel)


def test_a_target_that_takes_nothing_is_not_waited_for(end, conversation, city):
    parcel = city.parcel({"portal/a.bin": os.urandom(1 << 20)})
    end.says(wanted(*blobs_of(parcel)), hangs_up=False)
    with pytest.raises(SilenceError):
        deliver(conversation, parcel)


GREETINGS: dict[str, tuple[bytes, type[Exception]]] = {
    "another version": (b"zhanqun-wire 2\n", NotGreetedError),
    "a login's words": (b"Welcome to Ubuntu\n", NotGreetedError),
    "a line without end": (b"x" * 10_000, NotGreetedError),
    "nothing": (b"", EOFError),
    "a greeting and no more": (GREETING, EOFError),
    "half a hello": (GREETING + b"hello 100\n{", EOFError),
    "half a line": (GREETING + b"hel", EOFError),
    "a hello as large as a house": (GREETING + b"hello 999999999\n", FormatError),
    "a receipt instead": (GREETING + frame("receipt", {}), FormatError),
    "no JSON": (GREETING + b"hello 1\n{", FormatError),
    "nested without end": (GREETING + b"hello 60000\n" + b"[" * 60_000, FormatError),
    "a root that is a path": (GREETING + frame("hello", HELLO | {"root": "../../x"}), FormatError),
    "a negative number": (GREETING + frame("hello", HELLO | {"number": -1}), FormatError),
    "a number as text": (GREETING + frame("hello", HELLO | {"number": "1"}), FormatError),
    "an error": (GREETING + frame("error", {"kind": "target", "code": "", "en": "No.", "zh": "否。"}), TargetError),
    "an error that is none": (GREETING + frame("error", {"kind": 7}), FormatError),
    "an error with a code that is none": (
        GREETING + frame("error", {"kind": "refused", "code": "\x1b[31m", "en": "", "zh": ""}),
        FormatError,
    ),
}


@pytest.mark.parametrize(("said", "error"), GREETINGS.values(), ids=GREETINGS.keys())
def test_what_is_no_hello_is_refused(end, conversation, said, error):
    end.says(said)
    with pytest.raises(error):
        conversation.hello()


ANSWERS: dict[str, tuple[bytes, type[Exception]]] = {
    "more hashes than there are files": (b"wanted 99999999\n", FormatError),
    "a negative count": (b"wanted -1\n", FormatError),
    "half a hash": (b"wanted 1\nabc", EOFError),
    "a receipt before its time": (frame("receipt", {}), FormatError),
    "a receipt without a root": (wanted() + frame("receipt", {"number": 1, "at": NOW.isoformat()}), FormatError),
    "a receipt without a time": (wanted() + frame("receipt", {"number": 1, "root": "0" * 64, "at": ""}), FormatError),
    "a receipt without a zone": (
        wanted() + frame("receipt", {"number": 1, "root": "0" * 64, "at": "2026-11-20T09:00"}),
        FormatError,
    ),
    "a hash that nobody has": (wanted("ab" * 32), TargetError),
}


@pytest.mark.parametrize(("said", "error"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_strange_answer_ends_the_delivery(end, conversation, parcel, said, error):
    end.says(said)
    with pytest.raises(error):
        deliver(conversation, parcel)


def test_a_targets_words_cannot_play_with_the_terminal(end, conversation):
    words = "\x1b]0;evil\x07\u202eback\nwards" + "x" * 10_000
    end.says(GREETING + frame("error", {"kind": "target", "code": "", "en": words, "zh": words}))
    with pytest.raises(ClusterError) as told:
        conversation.hello()
    assert told.value.english.startswith("]0;evil back wards")
    assert told.value.english.isprintable()
    assert len(told.value.english) <= 2000


def test_a_lent_listing_is_checked_against_its_name(end, conversation, parcel):
    end.says(b"listing 3\nabc")
    with pytest.raises(FormatError, match="damaged"):
        conversation.lend_tree(parcel.release.root)
