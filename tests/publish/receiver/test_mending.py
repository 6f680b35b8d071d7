"""Listings and blobs that a target lost come back with the next delivery, whoever noticed, and nothing else suffers."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from cluster.errors import RefusedError
from cluster.listings import EMPTY
from publish.guard.guard import Guard
from publish.receiver import missing
from publish.receiver.mending import lost_listings, mend_listings
from publish.receiver.receive import receive_bundle
from tests.publish.receiver.town import NOW, ONE, TWO, Town

THREE = {**ONE, "congress/index.html": "changed"}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path)
    town.publish(ONE)
    return town


def news_of(town: Town) -> str:
    """The id of the listing of `portal/news` in the live tree."""
    root = town.receiver().place.live().root
    portal = dict(town.inside.listings.read(root).children)["portal"]
    return dict(town.inside.listings.read(portal).children)["news"]


def damage(town: Town, id: str, *folders: str) -> None:
    for folder in folders:
        (town.root / "dmz" / folder / "listings" / id).write_text("?")


def is_whole(town: Town, id: str, *folders: str) -> bool:
    places = (town.root / "dmz" / folder / "listings" / id for folder in folders)
    return all(hashlib.sha256(place.read_bytes()).hexdigest() == id for place in places)


@pytest.mark.parametrize("folder", ["vault", "www"])
def test_a_listing_that_is_damaged_in_one_place_is_written_anew_from_the_other_and_nothing_travels(town, folder):
    id = news_of(town)
    damage(town, id, folder)
    missing.add(town.places.state, [id])
    assert town.receiver().hello().root == town.receiver().place.live().root
    with town.receiver().receiving(town.inside.offer(town.next(THREE), town.receiver().hello().root)) as delivery:
        assert len(delivery.wanted) == 1  # the page that changed
        town.inside.send(delivery)
        delivery.finish()
    assert is_whole(town, id, "vault", "www")
    assert missing.read(town.places.state) == frozenset()


def test_a_listing_that_is_lost_in_both_places_comes_with_the_whole_tree_and_no_blob_travels_twice(town):
    id = news_of(town)
    damage(town, id, "vault", "www")
    missing.add(town.places.state, [id])
    hello = town.receiver().hello()
    assert (hello.number, hello.root, hello.lacks) == (1, EMPTY, 1)
    with town.receiver().receiving(town.inside.offer(town.next(THREE), None)) as delivery:
        assert len(delivery.wanted) == 1
        town.inside.send(delivery)
        delivery.finish()
    assert is_whole(town, id, "vault", "www")
    assert town.visible() == THREE
    assert town.receiver().hello().root == town.receiver().place.live().root
    assert missing.read(town.places.state) == frozenset()


def test_a_delta_that_needs_a_lost_listing_is_refused_and_the_whole_tree_asked_for(town):
    id = news_of(town)
    damage(town, id, "vault", "www")  # nobody has noticed
    release = town.next(TWO)
    with pytest.raises(RefusedError) as refused:
        town.deliver(release)
    assert refused.value.code == "listing-lost"
    assert town.visible() == ONE
    assert town.receiver().hello().root == EMPTY
    receive_bundle(io.BytesIO(town.inside.bundle(town.inside.offer(release), ())), without_blobs(town))
    town.deliver(release)
    assert town.visible() == TWO
    assert lost_listings(town.receiver().vault.listings, town.receiver().hello().root) == set()


def without_blobs(town: Town):
    """The receiver, which has the changed page's blob already: it came with an earlier try."""
    sha = town.inside.entry("a.html", "A").brotli
    with town.receiver().receiving(town.inside.offer(town.inside.release(town.number, TWO))) as delivery:
        town.inside.send(delivery, (sha,))
    return town.receiver()


def test_a_bundle_that_was_made_without_knowing_of_a_damage_goes_live_and_the_damage_stays_asked_for(town):
    entry = town.inside.entry("b.html", "b")
    (town.places.vault / "blobs" / entry.raw[:2] / entry.raw[2:]).unlink()
    lost = news_of(town)
    damage(town, lost, "vault", "www")
    offer = town.inside.offer(town.next(THREE), town.receiver().place.live().root)
    bundle = town.inside.bundle(offer, (town.inside.entry("index.html", "changed").brotli,))
    missing.add(town.places.state, [entry.raw])
    receive_bundle(io.BytesIO(bundle), town.receiver())
    assert town.visible() == THREE
    assert town.receiver().hello().lacks > 0
    assert town.receiver().hello().root == EMPTY


def test_a_blob_that_the_vault_lacks_does_not_hold_up_a_bundle_without_it(town):
    entry = town.inside.entry("b.html", "b")
    (town.places.vault / "blobs" / entry.raw[:2] / entry.raw[2:]).unlink()
    missing.add(town.places.state, [entry.raw])
    offer = town.inside.offer(town.next(THREE), town.receiver().hello().root)
    bundle = town.inside.bundle(offer, (town.inside.entry("index.html", "changed").brotli,))
    receive_bundle(io.BytesIO(bundle), town.receiver())
    assert town.visible() == THREE
    assert missing.read(town.places.state) == {entry.brotli}


def test_a_blob_that_is_lost_everywhere_is_asked_for_and_comes_with_the_next_delivery(town):
    entry = town.inside.entry("b.html", "b")
    for folder in (town.www, town.places.vault):
        for sha in filter(None, entry[:2]):
            (folder / "blobs" / sha[:2] / sha[2:]).unlink()
    release = town.next(TWO)
    with pytest.raises(RefusedError) as refused:
        town.deliver(release)
    assert refused.value.code == "blob-lost"
    assert town.visible() == ONE
    assert town.receiver().hello().lacks == 1
    town.deliver(release)
    assert town.visible() == TWO
    assert town.receiver().vault.read(entry.raw) == b"b"
    assert town.receiver().hello().lacks == 0


def test_what_is_lost_in_a_tree_is_found_as_far_as_it_can_be_read(town):
    place, root = town.receiver().place.listings, town.receiver().place.live().root
    assert lost_listings(place, root) == set()
    assert lost_listings(place, EMPTY) == set()
    damage(town, news_of(town), "www")
    (place.root / dict(place.read(root).children)["congress"]).unlink()
    assert lost_listings(place, root) == {news_of(town), dict(place.read(root).children)["congress"]}


def test_only_listings_that_somebody_has_whole_are_written_anew(town):
    place, id = town.receiver().place.listings, news_of(town)
    damage(town, id, "www")
    mend_listings(["0" * 64, town.inside.entry("b.html", "b").raw], town.inside.listings, (place,))
    assert not is_whole(town, id, "www")
    mend_listings([id], town.inside.listings, (place,))
    assert is_whole(town, id, "www")


# With the guard


@pytest.mark.parametrize("folders", [("vault",), ("vault", "www")], ids=["in the vault", "in both places"])
def test_a_damaged_listing_is_noted_by_the_guard_and_mended_by_the_next_delivery(town, folders):
    id = news_of(town)
    damage(town, id, *folders)
    assert Guard(town.places, now=lambda: NOW).check().exit_code == 1
    assert missing.read(town.places.state) == {id}
    hello, release = town.receiver().hello(), town.receiver().place.live()
    assert hello.lacks == 1
    old = hello.root if hello.root != EMPTY else None
    with town.receiver().receiving(town.inside.offer(release, old)) as delivery:  # and be it the same release
        assert tuple(delivery.wanted) == ()
        delivery.finish()
    assert Guard(town.places, now=lambda: NOW).check().exit_code == 0
    assert is_whole(town, id, "vault", "www")
    assert missing.read(town.places.state) == frozenset()
