"""What may be unused: all that a dropped release has beside the kept ones, found by what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import FormatError
from cluster.listings import Listings
from cluster.release import Release
from publish.receiver.candidates import Beside, Everything, Thought, Tree
from tests.publish.receiver.town import ONE, TWO, Town, snapshot


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def shelf_of(town: Town) -> Thought:
    shelf = town.receiver().holding.shelf()
    return Thought(shelf.root, shelf.behind)


def beside(town: Town, dropped: list[Release], kept: list[Release]) -> Beside:
    shelf = shelf_of(town)
    return Beside(shelf, dropped, [Tree.of(release, shelf) for release in kept])


def hashes(town: Town, *files: tuple[str, str]) -> set[bytes]:
    entries = (town.inside.entry(*file) for file in files)
    return {sha.encode() for entry in entries for sha in entry[:2] if sha}


def test_a_changed_page_leaves_its_blobs_and_the_directories_above_it(town):
    old, new = town.publish(ONE), town.publish(TWO)
    found = beside(town, [old], [new])
    assert set(found.blobs()) == hashes(town, ("a.html", "a"))
    assert len(found.listings) == 3  # portal/news, portal, the top
    trees = {path.name for path in (town.www / "trees").iterdir()}
    assert len(trees & set(found.trees)) == 3


def test_the_kept_release_that_came_next_is_the_one_beside_it(town):
    first, second, third = town.publish(ONE), town.publish(TWO), town.publish({"portal/index.html": "home"})
    assert set(beside(town, [first], [third, second][::-1]).blobs()) == hashes(town, ("a.html", "a"))
    assert set(beside(town, [third], [first]).blobs()) == set()
    assert hashes(town, ("a.html", "A")) <= set(beside(town, [second], [third]).blobs())


def test_with_no_kept_release_all_of_it_may_be_unused(town):
    release = town.publish({"portal/a.html": "a"})
    found = beside(town, [release], [])
    assert set(found.blobs()) == hashes(town, ("a.html", "a"))
    assert release.root in found.listings


def test_listings_below_others_come_first(town):
    old, new = town.publish(ONE), town.publish(TWO)
    order = list(beside(town, [old], [new]).listings)
    reader = town.receiver().place.listings
    for id in order:
        assert all(child in order[: order.index(id)] for _, child in reader.read(id).children if child in order)


def test_a_listing_that_is_lost_is_told(town):
    old, new = town.publish(ONE), town.publish(TWO)
    for folder in (town.www, town.places.vault):
        (folder / "listings" / old.root).unlink()
    with pytest.raises(FormatError, match="missing"):
        beside(town, [old], [new])


def test_looking_changes_nothing(town):
    old = town.publish(ONE)
    new = town.publish(TWO, over={"portal/_mode.css": "grey"})
    before = snapshot(town.root / "dmz")
    list(beside(town, [old], [new]).blobs())
    assert snapshot(town.root / "dmz") == before


def test_everything_is_all_names_even_strange_ones(town):
    town.publish(ONE)
    receiver = town.receiver()
    sha = receiver.vault.blobs.put(b"of nothing")
    (town.www / "blobs/stray").write_text("no folder")
    found = Everything(receiver.place, receiver.vault)
    blobs = set(found.blobs())
    assert sha.encode() in blobs
    assert hashes(town, ("a.html", "a")) <= blobs
    assert found.listings >= Listings(town.www / "listings").known()
    assert found.trees == {path.name for path in (town.www / "trees").iterdir()}
