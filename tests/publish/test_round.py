"""A release reaches every target that is up, the others when they are back, and is signed anew in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.errors import TargetError
from cluster.release import Kind
from publish.ledger import HoldKind, State
from publish.receiver import missing
from publish.release import publish, sign_again
from publish.validity import VALIDITY
from tests.publish.released_city import GREY, LATER, NOW, ONE, SHOWN, TWO, Board, City, break_target, pages


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("dmz", "mirror"))


def timestamp(city: City) -> bytes:
    return (city.root / "dmz/state/tuf/timestamp.json").read_bytes()


def test_a_failing_target_does_not_stop_the_others(two_targets):
    break_target(two_targets, "dmz")
    outcome = two_targets.publish(ONE)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:mirror"]
    (failure,) = outcome.failures
    assert failure.target == "dir:dmz"
    assert failure.text("en") in str(outcome.as_dict())
    assert failure.text("zh") != failure.text("en")
    assert two_targets.visible("mirror") == pages(ONE)


def test_a_target_that_lags_is_delivered_to_though_nothing_changed(two_targets):
    mend = break_target(two_targets, "dmz")
    first = two_targets.publish(ONE)
    mend()
    outcome = two_targets.publish(ONE)
    assert (outcome.release, outcome.is_new) == (first.release, False)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:dmz"]
    assert two_targets.visible("dmz") == pages(ONE)


def test_a_release_that_no_target_took_stays_pending_and_keeps_its_number(city):
    mend = break_target(city, "dmz")
    outcome = city.publish(ONE)
    assert (outcome.receipts, len(outcome.failures)) == ((), 1)
    assert city.ledger.live() is None
    assert city.ledger.latest().state is State.PENDING
    mend()
    again = city.publish(ONE)
    assert (again.release, again.is_new) == (outcome.release, True)
    assert city.live_number() == 1


def test_a_new_target_gets_the_live_release(city):
    city.publish(ONE)
    wider = City(city.root, ("dmz", "mirror"))
    assert [receipt.target for receipt in wider.publish(ONE).receipts] == ["dir:mirror"]
    assert wider.visible("mirror") == pages(ONE)


def test_a_state_reaches_the_targets_that_are_up_and_the_other_when_it_is_back(two_targets):
    two_targets.publish(SHOWN)
    mend = break_target(two_targets, "dmz")
    assert [failure.target for failure in two_targets.show(GREY).failures] == ["dir:dmz"]
    assert "grayscale" in two_targets.page("portal/_mode.css", "mirror")
    mend()
    two_targets.publish(SHOWN)
    assert "grayscale" in two_targets.page("portal/_mode.css")


def test_the_live_release_is_signed_anew_without_a_new_number(city):
    city.publish(ONE)
    before = timestamp(city)
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz")
    outcome = sign_again(city.office(), at=city.now)
    assert (outcome.release.number, outcome.is_new, len(outcome.receipts)) == (1, False, 1)
    assert timestamp(city) != before
    assert len(city.ledger.releases()) == 1
    assert city.ledger.receipts()["dir:dmz"].at == city.now


def test_a_signature_that_is_young_is_left_alone(city):
    city.publish(ONE)
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz") - timedelta(minutes=1)
    assert sign_again(city.office(), at=city.now).receipts == ()


def test_every_target_is_signed_for_by_its_own_validity(city):
    board = Board()
    board.url = "file:usb"
    office = replace(city.office(), targets=(*city.office().targets, board))
    publish(office, city.built(ONE), at=NOW, who="王")
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz")
    office = replace(city.office(), targets=(*city.office().targets, board))
    assert [receipt.target for receipt in sign_again(office, at=city.now).receipts] == ["dir:dmz"]


def test_a_bundle_under_way_is_not_written_anew_before_its_signature_is_old(tmp_path):
    city, board = City(tmp_path, ()), Board()
    board.url, board.carried = "file:usb", 0
    office = replace(city.office(), targets=(board,))
    publish(office, city.built(ONE), at=NOW, who="王")
    assert sign_again(office, at=LATER).receipts == ()
    assert len(sign_again(office, at=NOW + VALIDITY.sign_again_after(board.url)).receipts) == 1


def test_publishing_what_is_live_signs_anew_when_that_is_due(city):
    city.publish(ONE)
    city.now = NOW + timedelta(days=2)
    outcome = city.publish(ONE)
    assert (outcome.is_new, len(outcome.receipts)) == (False, 1)


def test_signing_again_delivers_to_a_target_that_lags(two_targets):
    two_targets.publish(ONE)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(TWO)
    mend()
    outcome = sign_again(two_targets.office(), at=NOW)
    assert ([receipt.target for receipt in outcome.receipts], outcome.failures) == (["dir:dmz"], ())
    assert two_targets.visible() == pages(TWO)


def test_signing_again_neither_waits_for_a_hold_nor_ends_it(city):
    city.publish(ONE)
    city.publish(TWO)
    city.rollback()
    assert sign_again(city.office(), at=NOW).release.kind is Kind.ROLLBACK
    assert [hold.kind for hold in city.ledger.holds()] == [HoldKind.ROLLBACK]
    assert city.visible() == pages(ONE)


def test_before_anything_is_live_there_is_nothing_to_sign(city):
    with pytest.raises(TargetError, match="Nothing is live"):
        sign_again(city.office(), at=NOW)


def test_what_no_target_took_is_not_signed_again(city):
    city.publish(ONE)
    mend = break_target(city, "dmz")
    city.publish(TWO)
    mend()
    assert sign_again(city.office(), at=NOW).release.number == 1
    assert city.visible() == pages(ONE)


def test_a_target_catches_up_over_several_releases_with_what_changed_between(two_targets):
    files = {**ONE, **{f"portal/old/{n}.html": f"{n}" for n in range(30)}}
    two_targets.publish(files)
    mend = break_target(two_targets, "dmz")
    for text in ("first", "second", "third"):
        two_targets.publish({**files, "portal/news/a.html": text})
    mend()
    two_targets.told.clear()
    outcome = two_targets.publish({**files, "portal/news/a.html": "third"})
    assert [(receipt.target, receipt.number) for receipt in outcome.receipts] == [("dir:dmz", 4)]
    assert two_targets.told[-1].blobs == 1
    assert two_targets.page("portal/news/a.html") == "third"


def test_a_target_whose_tree_is_forgotten_here_takes_the_whole_tree_but_only_the_bytes_it_lacks(two_targets):
    two_targets.publish(ONE)
    mend = break_target(two_targets, "dmz")
    two_targets.publish(TWO)
    two_targets.listings.sweep(two_targets.listings.reachable([two_targets.ledger.live().release.root]))
    mend()
    two_targets.told.clear()
    two_targets.publish(TWO)
    assert two_targets.told[-1].blobs == 1
    assert two_targets.visible() == pages(TWO)


# Clocks


def test_a_receipt_bears_the_moment_of_its_signature_whatever_the_clock_of_the_target_says(city):
    city.now = NOW + timedelta(days=2)  # that of the target
    publish(city.office(), city.built(ONE), at=NOW, who="王")
    assert city.ledger.receipts()["dir:dmz"].at == NOW
    city.now = NOW + VALIDITY.sign_again_after("dir:dmz")
    assert len(sign_again(city.office(), at=city.now).receipts) == 1


def test_a_clock_that_was_a_year_ahead_does_not_keep_the_worker_from_signing_once_it_is_right(city):
    """Inside and target on one machine."""
    city.now = NOW + timedelta(days=365)
    city.publish(ONE)
    city.now = NOW
    outcome = sign_again(city.office(), at=NOW)
    assert ([receipt.target for receipt in outcome.receipts], outcome.failures) == (["dir:dmz"], ())
    assert sign_again(city.office(), at=LATER).receipts == ()
    assert city.publish(TWO).failures == ()
    assert city.visible() == pages(TWO)


# A target that lost something


def test_a_target_that_lacks_something_gets_it_with_the_release_that_it_has(city):
    city.publish(ONE)
    entry = city.entry(b"a")
    blob = city.root / "dmz/vault/blobs" / entry.raw[:2] / entry.raw[2:]
    blob.unlink()
    missing.add(city.root / "dmz/state", [entry.raw])
    outcome = city.publish(ONE)
    assert (outcome.is_new, len(outcome.receipts)) == (False, 1)
    assert blob.read_bytes() == b"a"
    assert city.publish(ONE).receipts == ()
