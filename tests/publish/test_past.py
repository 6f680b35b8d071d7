"""Which release a rollback brings back, and which it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import TargetError
from tests.publish.released_city import GREY, LEAKED, ONE, SHOWN, THREE, TWO, City, pages


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def test_rollback_makes_the_previous_release_live_under_a_new_number(city):
    first = city.publish(ONE).release
    city.publish(TWO)
    outcome = city.rollback()
    assert outcome.release == first.rolled_back_as(3)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert city.visible() == pages(ONE)
    assert city.live_number() == 3
    assert city.ledger.releases()[0].who == "李"


def test_rolling_back_again_goes_ever_further_back(city):
    for files in (ONE, TWO, THREE):
        city.publish(files)
    assert city.rollback().release.of == 2
    assert city.rollback().release.of == 1
    assert city.visible() == pages(ONE)
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()


def test_a_release_can_be_named(city):
    for files in (ONE, TWO, THREE):
        city.publish(files)
    assert city.rollback(1).release.of == 1
    assert city.rollback(3).release.of == 3
    assert city.rollback(4).release.of == 1  # number 4 was itself a rollback to 1
    assert city.visible() == pages(ONE)


@pytest.mark.parametrize(("number", "reason"), [(9, "never live"), (2, "is live")], ids=["unknown", "the live one"])
def test_a_rollback_to_nowhere_is_refused_and_holds_nothing(city, number, reason):
    city.publish(ONE)
    city.publish(TWO)
    with pytest.raises(TargetError, match=reason):
        city.rollback(number)
    assert city.ledger.holds() == []


def test_a_rollback_before_the_first_release_is_refused(city):
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()


def test_a_rollback_past_what_is_kept_is_refused_and_holds_nothing(city):
    for number in range(6):
        city.publish({**ONE, "portal/news/a.html": str(number)})
    city.lose_var()
    city.office().targets[0].receiver.sweep()
    with pytest.raises(TargetError, match="No target keeps release 1"):
        city.rollback(1)
    assert city.ledger.holds() == []


def test_the_content_that_is_live_in_a_state_is_no_place_to_go_back_to(city):
    city.publish(SHOWN)
    city.show(GREY)
    with pytest.raises(TargetError, match="is live"):
        city.rollback(1)
    assert city.ledger.holds() == []


def test_there_is_no_way_back_past_a_purge(city):
    city.publish(LEAKED)
    city.publish(SHOWN, purge=True)
    with pytest.raises(TargetError, match="no earlier release"):
        city.rollback()
    with pytest.raises(TargetError, match="was purged"):
        city.rollback(1)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    assert city.rollback().release.of == 2
    assert city.ledger.holds() != []
