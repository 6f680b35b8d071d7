"""A state gets the record that it has already, else the next number, and none names two states."""

from __future__ import annotations

from pathlib import Path

import pytest

from publish.ledger import State
from publish.receiver import missing
from publish.release import publish
from tests.publish.released_city import (
    GREY,
    LATER,
    LEAKED,
    MANY,
    ONE,
    SHOWN,
    THREE,
    TWO,
    City,
    break_target,
    holding,
    pages,
)


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("dmz", "mirror"))


def test_nothing_changed_makes_no_release(city):
    first = city.publish(ONE)
    again = publish(city.office(), city.built(ONE, commit="deadbeef"), at=LATER, who="王")
    assert (again.release, again.is_new, again.receipts) == (first.release, False, ())
    assert len(city.ledger.releases()) == 1


def test_other_content_after_a_failure_takes_the_next_number(city):
    mend = break_target(city, "dmz")
    city.publish(ONE)
    mend()
    assert city.publish(TWO).release.number == 2
    assert [each.state for each in city.ledger.releases()] == [State.LIVE, State.ABANDONED]


def test_a_lost_ledger_goes_on_above_the_number_that_is_live(city):
    for files in (ONE, TWO):
        city.publish(files)
    city.ledger.path.unlink()
    outcome = city.publish(THREE)
    assert outcome.release.number == 3
    assert (outcome.changes.added, outcome.changes.changed) == (("portal/news/b.html",), ("portal/news/a.html",))
    assert city.visible() == pages(THREE)


def test_a_ledger_from_an_old_backup_does_not_take_the_site_back(city):
    city.publish(ONE)
    backup = city.ledger.path.read_bytes()
    city.publish(TWO)
    city.ledger.path.write_bytes(backup)
    outcome = city.publish(ONE)
    assert (outcome.release.number, outcome.is_new) == (3, True)
    assert city.visible() == pages(ONE)


def test_a_held_build_does_not_use_up_a_number(city):
    city.publish(MANY)
    city.publish(ONE)
    assert city.ledger.next_number() == 2


def test_rolling_back_twice_to_one_release_makes_one_number(city):
    city.publish(ONE)
    city.publish(TWO)
    first = city.rollback(1)
    again = city.rollback(1)
    assert (again.release, again.is_new) == (first.release, False)


def test_the_same_content_in_the_same_state_makes_no_release(city):
    city.publish(SHOWN)
    city.show(GREY)
    assert not city.publish(SHOWN).is_new
    assert not city.show(GREY).is_new
    assert city.live_number() == 2


def test_a_purge_of_unchanged_content_is_a_release_all_the_same(city):
    city.publish(LEAKED)
    city.publish(SHOWN)
    assert holding(city.root / "dmz") != []
    assert city.publish(SHOWN, purge=True).release.number == 3
    assert holding(city.root / "dmz") == []
    assert not city.publish(SHOWN).is_new


def test_every_record_after_a_purge_names_it(city):
    city.publish(LEAKED)
    city.publish(SHOWN, purge=True)
    city.publish({**SHOWN, "portal/news/a.html": "A"})
    city.rollback()
    city.show(GREY)
    assert [each.release.purged for each in city.ledger.releases()] == [2, 2, 2, 0, 0]


def test_a_target_that_lost_a_part_of_its_tree_makes_no_new_release(city):
    first = city.publish(ONE)
    (city.root / "dmz/vault/listings" / first.release.root).unlink()
    (city.root / "dmz/www/listings" / first.release.root).unlink()
    missing.add(city.root / "dmz/state", [first.release.root])
    again = city.publish(ONE)
    assert (again.release, again.is_new) == (first.release, False)


def test_a_purge_that_is_owed_makes_no_release_after_the_other(two_targets):
    two_targets.publish(LEAKED)
    break_target(two_targets, "dmz")
    two_targets.publish(SHOWN, purge=True)
    assert [two_targets.publish(SHOWN).release.number for _ in range(3)] == [2, 2, 2]
    other = {**SHOWN, "portal/news/a.html": "A"}
    assert [two_targets.publish(other).release.number for _ in range(3)] == [3, 3, 3]
