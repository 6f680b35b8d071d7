"""Trees are fetched from targets when the inside lost them, and weighed by what differs between two of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import TargetError
from publish.brake import Reason
from publish.office import Built
from publish.release import publish
from tests.publish.released_city import MANY, NOW, ONE, THREE, TWO, Board, City, break_target, portal_of


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


@pytest.fixture
def two_targets(tmp_path: Path) -> City:
    return City(tmp_path, ("dmz", "mirror"))


def test_a_records_counts_follow_every_change(city):
    city.publish(ONE)
    city.publish({**THREE, "portal/news/a.html": "longer"})
    release = city.publish({**ONE, "portal/index.html": "h"}).release
    assert (release.files, release.bytes) == (4, len("hacstyle"))


def test_publishing_reads_what_changed_and_no_more(city):
    files = {f"portal/{column}/{n}.html": f"{column}{n}" for column in "abcdef" for n in range(4)}
    city.publish(files)
    (untouched,) = {id for name, id in city.listings.read(portal_of(city)).children if name == "c"}
    (city.root / "var/listings" / untouched).unlink()
    changed = city.listings.change(city.ledger.live().release.root, [("portal/a/0.html", city.entry(b"new"))])
    built = Built(changed, {"portal": 24}, "c0ffee", NOW)
    assert publish(city.office(), built, at=NOW, who="王").changes.changed == ("portal/a/0.html",)
    assert city.page("portal/a/0.html") == "new"


def test_without_anything_to_compare_a_person_is_asked(city):
    city.publish(ONE)
    city.lose_var()
    break_target(city, "dmz")
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert city.publish(TWO, accept_removals=True).release.number == 2


def test_an_emptied_target_has_nothing_to_lose(city):
    city.publish(MANY)
    city.lose_var()
    (city.root / "dmz").rename(city.root / "gone")
    assert city.publish(ONE).receipts[0].number == 2


def test_moved_pages_and_new_sites_are_weighed_like_before(city):
    city.publish({**MANY, "apple/index.html": "apple"})
    moved = {path.replace("/news/", "/archive/"): text for path, text in MANY.items()}
    outcome = city.publish({**moved, "pear/index.html": "pear"})
    assert [(each.site, each.count, each.total, each.reason) for each in outcome.held] == [
        ("apple", 1, 1, Reason.SITE),
        ("portal", 61, 62, Reason.MANY),
    ]


def test_a_home_page_does_not_go_unasked(city):
    city.publish(ONE)
    without_home = {path: text for path, text in ONE.items() if path != "portal/index.html"}
    (removal,) = city.publish(without_home).held
    assert (removal.site, removal.reason) == ("portal", Reason.HOME)


def test_a_tree_that_was_lost_is_fetched_from_a_target(city):
    city.publish(MANY)
    city.lose_var()
    outcome = city.publish({**MANY, "portal/news/a.html": "A"})
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert outcome.held == ()


def test_the_brake_holds_after_var_was_lost_too(city):
    city.publish(MANY)
    city.lose_var()
    assert [removal.count for removal in city.publish(ONE).held] == [60]


def test_a_lost_tree_is_fetched_from_any_target_that_has_it(two_targets):
    two_targets.publish(ONE)
    break_target(two_targets, "dmz")
    two_targets.lose_var()
    outcome = two_targets.publish(TWO)
    assert outcome.changes.changed == ("portal/news/a.html",)
    assert [receipt.target for receipt in outcome.receipts] == ["dir:mirror"]


def test_a_listing_that_a_target_lends_damaged_is_not_believed(city):
    city.publish(ONE)
    city.lose_var()
    root = city.ledger.live().release.root
    for folder in ("www", "vault"):
        place = city.root / "dmz" / folder / "listings" / root
        place.chmod(0o644)
        place.write_bytes(b"rubbish")
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert root not in city.listings


def test_what_could_be_fetched_in_part_only_is_no_tree(city):
    """A listing that is here has its children here too, whenever the fetching was cut."""
    city.publish(ONE)
    root = city.ledger.live().release.root
    news = dict(city.listings.read(portal_of(city)).children)["news"]
    city.lose_var()
    for folder in ("www", "vault"):
        (city.root / "dmz" / folder / "listings" / news).unlink()
    with pytest.raises(TargetError, match="--accept-removals"):
        city.publish(TWO)
    assert root not in city.listings


def test_a_target_that_lends_nothing_leaves_the_question_of_removals_to_a_person(tmp_path):
    city, board = City(tmp_path, ()), Board()
    publish(replace(city.office(), targets=(board,)), city.built(ONE), at=NOW, who="王")
    city.lose_var()
    office = replace(city.office(), targets=(board,))
    with pytest.raises(TargetError, match="--accept-removals"):
        publish(office, city.built(TWO), at=NOW, who="王")
    outcome = publish(office, city.built(TWO), at=NOW, who="王", accept_removals=True)
    assert outcome.release.number == 2
    assert board.deltas[-1].old is None
