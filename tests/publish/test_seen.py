"""What targets say of themselves: noted, and believed as far as it can do no harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.listings import EMPTY
from publish.delivery import Hello
from publish.release import publish
from publish.seen import MOST_AHEAD, look_at, newest
from tests.publish.released_city import NOW, ONE, TWO, Board, City, break_target


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def test_a_target_that_does_not_answer_is_left_out(city):
    city.publish(ONE)
    break_target(city, "dmz")
    assert look_at(city.office(), NOW) == {}


def test_what_a_target_says_that_it_has_is_noted(city):
    city.publish(ONE)
    city.ledger.path.unlink()
    assert look_at(city.office(), NOW)["dir:dmz"].number == 1
    assert city.ledger.confirmations() == {}  # a number that was never recorded proves nothing
    city.publish(TWO)
    assert city.ledger.confirmations() == {"dir:dmz": 2}


class Boaster(Board):
    """A target, or a receipt on a stick, that claims a number out of the air."""

    number = MOST_AHEAD + 2

    def hello(self) -> Hello:
        return Hello(self.number, EMPTY, 1)


def test_a_target_that_claims_a_number_out_of_the_air_uses_up_none(city):
    city.publish(ONE)
    office = replace(city.office(), targets=(*city.office().targets, Boaster()))
    outcome = publish(office, city.built(TWO), at=NOW, who="王")
    assert outcome.release.number == 2
    assert city.page("portal/news/a.html") == "A"


def test_the_newest_that_anybody_knows_counts_and_the_ledger_knows_roots_best(city):
    root = city.publish(ONE).release.root
    assert newest(city.ledger, {}) == (1, root)
    assert newest(city.ledger, {"dir:dmz": Hello(1, "f" * 64, 1)}) == (1, root)
    assert newest(city.ledger, {"dir:dmz": Hello(2, "f" * 64, 1)}) == (2, "f" * 64)
    assert newest(City(city.root / "new").ledger, {"dir:dmz": Hello(0, EMPTY, 1)}) is None
