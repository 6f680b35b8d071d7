"""The sweep at rest: what dropped releases left goes, in steps between which others publish, and nothing else goes."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.blobs import mtime_of
from cluster.errors import FormatError
from cluster.listings import EMPTY
from cluster.release import Kind, Release
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.limits import LIMITS
from publish.receiver.receive import Receiver
from publish.receiver.remembered import Remembered
from tests.publish.receiver.town import NOW, ONE, Town, sha_of, snapshot

KINDS = ("www/trees", "www/blobs", "www/listings", "www/releases", "vault/blobs", "vault/listings", "vault/releases")
# So small that nearly every file goes in a step of its own.
SMALL_STEPS = replace(LIMITS, sweep_names=2, sweep_blobs=3)
WITHOUT = {path: text for path, text in ONE.items() if path != "assets/gov.1.css"}
GREY = {"portal/_mode.css": "html { filter: grayscale(1) }"}
counter = itertools.count()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def files(number: int | str) -> dict[str, str]:
    return {**ONE, "portal/news/a.html": str(number)}


def always() -> bool:
    return True


def rest(town: Town, go_on: Callable[[], bool] = always, **values: bool) -> bool:
    return town.receiver(limits=SMALL_STEPS).sweep_at_rest(go_on, **values)


def held(town: Town) -> dict[str, dict[str, str]]:
    """Everything at the target that a sweep may touch; which folders stand ready for blobs is nobody's concern."""
    found = {name: snapshot(town.root / "dmz" / name) for name in KINDS}
    return {
        name: {path: each for path, each in inside.items() if each != "folder" or "blobs" not in name}
        for name, inside in found.items()
    }


def as_if_never_dropped(town: Town, kept: list[Release]) -> Town:
    """A target of its own that has seen nothing but the kept releases."""
    fresh = Town(town.root / f"fresh{next(counter)}")
    inside = town.inside
    for release in kept:
        receiver = fresh.receiver()
        root = receiver.hello().root
        with receiver.receiving(inside.offer(release, root if root != EMPTY else None)) as delivery:
            inside.send(delivery)
            delivery.finish()
    return fresh


def intact(town: Town) -> bool:
    """Whether every kept release is whole, with all that it needs in the web root and in the vault."""
    receiver = town.receiver()
    for release in receiver.place.kept():
        shelf = receiver.holding.shelf()
        served = shelf.change(release.root, release.overlay)
        tree = town.www / "releases" / f"{release.number:08}"
        for path, entry in shelf.walk(served):
            place = town.www / path if path.startswith("assets/") else tree / path
            stores = (receiver.place, receiver.vault)
            assert int(place.stat().st_mtime) == mtime_of(entry.raw)
            assert all(sha in store.blobs for sha in entry[:2] if sha for store in stores)
        assert receiver.place.listings.holds(release.root)
        assert receiver.vault.listings.holds(release.root)
    return True


# ---- what goes ------------------------------------------------------------------------------------------------------


def test_nothing_is_left_of_what_only_dropped_releases_used(town):
    releases = [town.publish(files(number), keep=2) for number in range(1, 6)]
    assert rest(town)
    assert held(town) == held(as_if_never_dropped(town, releases[-2:]))
    assert list((town.places.vault / "dropped").iterdir()) == []


texts = st.sampled_from("abc")
names = st.sampled_from(["a.html", "b.png", "x/a.html", "x/y/a.html", "z/a.html", "z/y/a.html", "_mode.css"])
trees = st.dictionaries(st.builds("{}/{}".format, st.sampled_from(["s", "t"]), names), texts, max_size=6)
moves = st.lists(st.tuples(trees, st.none() | texts, st.integers(1, 3)), min_size=2, max_size=6)


@settings(max_examples=40, deadline=None)
@given(moves)
def test_whatever_was_released_and_dropped_what_is_left_is_what_a_look_through_everything_leaves(
    tmp_path_factory, moves
):
    town = Town(tmp_path_factory.mktemp("towns") / "town")
    for tree, mode, keep in moves:
        over = {path: mode for path in tree if path.endswith("/_mode.css")} if mode else {}
        kind, of = (Kind.STATE, town.number) if over and town.number else (Kind.PUBLISH, None)
        town.publish(tree, keep=keep, over=over if of else None, kind=kind, of=of)
    other = copied(town, "other")
    other.receiver().sweep()
    assert rest(town)
    assert held(town) == held(other)
    assert intact(town)


def test_a_blob_that_a_kept_release_has_elsewhere_stays(town):
    town.publish({"portal/a.html": "moved", "portal/b.html": "b"})
    town.publish({"portal/b.html": "b", "portal/x/c.html": "moved"}, keep=1)
    assert rest(town)
    assert intact(town)


def test_a_folder_that_a_kept_release_has_elsewhere_stays(town):
    town.publish({"portal/old/a.html": "a", "portal/b.html": "b"})
    town.publish({"portal/new/a.html": "a", "portal/b.html": "b"}, keep=1)
    assert rest(town)
    assert intact(town)
    assert town.visible() == {"portal/new/a.html": "a", "portal/b.html": "b"}


def test_what_a_state_hides_for_a_while_stays(town):
    first = town.publish(ONE)
    town.publish(ONE, over=GREY, kind=Kind.STATE, of=1, keep=1)
    assert rest(town)
    town.number += 1
    clear = first.in_state(3, ())
    with town.receiver().receiving(town.inside.offer(clear, first.root)) as delivery:
        assert len(delivery.wanted) == 0
        delivery.finish()
    assert town.visible() == ONE


def test_every_kept_release_can_be_gone_back_to(town):
    releases = [town.publish(files(number), keep=3) for number in range(1, 6)]
    assert rest(town)
    for release in releases[2:]:
        town.number += 1
        town.deliver(release.rolled_back_as(town.number))
        assert town.visible() == files(release.number)


def test_what_a_killed_delivery_named_goes_too(town):
    town.publish(ONE)

    def die_at(step: str) -> None:
        if step == "names":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        town.deliver(town.next({**ONE, "portal/news/x.html": "given up"}), receiver=town.receiver(at=die_at))
    assert sha_of("given up") in town.receiver().vault.blobs
    last = town.publish(files("another"), keep=1)
    assert rest(town)
    assert held(town) == held(as_if_never_dropped(town, [last]))


def test_an_asset_outlives_its_last_release_by_thirty_days(town):
    town.publish(ONE, keep=1)
    style = town.www / "assets/gov.1.css"
    entry = town.inside.entry("gov.1.css", "style")
    town.publish(WITHOUT, keep=1)
    town.now = NOW + timedelta(days=30)
    assert rest(town)
    assert style.exists()
    assert town.receiver().vault.read(entry.raw) == b"style"
    town.now = NOW + timedelta(days=31)
    assert rest(town)
    assert not style.exists()
    assert not style.with_name("gov.1.css.br").exists()
    assert (town.www / "assets/search/s1/00.bin").exists()
    for store in (town.receiver().place, town.receiver().vault):
        assert not {entry.raw, entry.brotli} & set(store.blobs.names())
    assert town.receiver().vault.unused() == {}


def test_an_asset_used_again_starts_its_days_anew(town):
    for each in (ONE, WITHOUT, ONE):
        town.publish(each, keep=1)
    assert rest(town)
    assert town.receiver().vault.unused() == {}
    town.now = NOW + timedelta(days=40)
    town.publish(WITHOUT, keep=1)
    assert rest(town)
    assert (town.www / "assets/gov.1.css").exists()


# ---- what is looked at ----------------------------------------------------------------------------------------------


def test_only_what_dropped_releases_had_is_looked_for(town):
    town.publish(files(1))
    stranger = town.receiver().place.blobs.put(b"of nothing")
    town.publish(files(2), keep=1)
    assert rest(town)
    assert stranger in town.receiver().place.blobs
    assert rest(town, thorough=True)
    assert stranger not in town.receiver().place.blobs


def test_a_thorough_sweep_removes_all_that_no_kept_release_needs(town):
    releases = [town.publish(files(number), keep=1) for number in range(1, 4)]
    receiver = town.receiver()
    for store in (receiver.place, receiver.vault):
        store.blobs.put(b"of nothing")
        (store.listings.root / ("f" * 64)).write_bytes(b"")
    (town.www / "trees" / ("e" * 64)).mkdir()
    (town.www / "trees/file").write_text("no tree")
    (town.www / "assets/strange.js").write_text("evil")
    assert rest(town, thorough=True)
    assert held(town) == held(as_if_never_dropped(town, releases[-1:]))
    assert not (town.www / "assets/strange.js").exists()


def test_a_dropped_release_that_cannot_be_read_makes_it_look_through_everything(town):
    first = town.publish(files(1))
    last = town.publish(files(2), keep=1)
    for folder in (town.www, town.places.vault):
        (folder / "listings" / first.root).write_text("?")
    assert rest(town)
    assert held(town) == held(as_if_never_dropped(town, [last]))


@pytest.mark.parametrize("thorough", [False, True])
def test_a_kept_listing_that_is_damaged_everywhere_ends_it_before_anything_goes(town, thorough):
    town.publish(files(1))
    release = town.publish(files(2), keep=1)
    for folder in (town.www, town.places.vault):
        (folder / "listings" / release.root).write_text("?")
    before = held(town)
    with pytest.raises(FormatError, match="listing is damaged"):
        rest(town, thorough=thorough)
    assert held(town) == before


def test_a_kept_listing_that_is_damaged_in_one_place_is_read_from_the_other(town):
    town.publish(files(1))
    release = town.publish(files(2), keep=1)
    (town.www / "listings" / release.root).write_text("?")
    assert rest(town)
    assert town.visible() == files(2)


def test_a_record_that_a_power_cut_left_torn_is_no_release(town):
    town.publish(files(1))
    town.publish(files(2), keep=1)
    (town.places.vault / "dropped/00000003.json").write_bytes(b"")
    assert rest(town)
    assert intact(town)
    assert list((town.places.vault / "dropped").iterdir()) == []


def test_it_is_due_when_many_releases_were_dropped_and_then_no_more(town):
    for number in range(SWEEP_AFTER):
        town.publish(files(number), keep=1)
        assert not town.receiver().owes_sweep
    town.publish(files("last"), keep=1)
    assert Remembered.read(town.places.state).forgotten == SWEEP_AFTER
    assert town.receiver().owes_sweep
    assert rest(town)
    assert not town.receiver().owes_sweep
    assert rest(town)


def test_an_empty_target_has_nothing_to_sweep(town):
    assert not town.receiver().owes_sweep
    assert rest(town)


# ---- steps ----------------------------------------------------------------------------------------------------------


def dropping(town: Town) -> list[Release]:
    """Three releases, the first two of which are dropped."""
    return [town.publish({**files(number), f"portal/p{number}.html": f"p{number}"}, keep=1) for number in range(1, 4)]


def copied(town: Town, name: str) -> Town:
    """The same town at another place, hard links and all."""
    root = town.root.parent / name
    subprocess.run(["cp", "-a", str(town.root), str(root)], check=True)
    return Town(root, town.trust, town.now, town.number)


def steps_of(town: Town) -> int:
    """How often a sweep of this town asks whether to go on."""
    asked: list[int] = []
    assert rest(copied(town, "counted"), lambda: not asked.append(0))
    return len(asked)


def test_the_lock_is_free_between_any_two_steps_and_few_names_go_in_one(town):
    dropping(town)
    gone: list[int] = []

    def names() -> int:
        trees = sum(len(list(tree.iterdir())) for tree in (town.www / "trees").iterdir())
        return trees + sum(len(inside) for name, inside in held(town).items() if name != "www/trees")

    def go_on() -> bool:
        gone.append(names())
        with town.receiver().place.locked():
            return True

    assert rest(town, go_on)
    sizes = [before - after for before, after in itertools.pairwise(gone)]
    assert len(sizes) > 10
    most = max(len(list(tree.iterdir())) for tree in (town.www / "trees").iterdir())
    assert max(sizes) <= SMALL_STEPS.sweep_names + most


def test_a_sweep_that_is_stopped_anywhere_is_done_by_the_next_one(town):
    releases = dropping(town)
    wanted = held(as_if_never_dropped(town, releases[-1:]))
    count = steps_of(town)
    for end in range(count):
        one = copied(town, f"stopped{end}")
        left = iter([True] * end)
        assert not rest(one, lambda left=left: next(left, False))
        assert intact(one)
        assert one.visible() == town.visible()
        assert rest(one)
        assert held(one) == wanted


def test_a_sweep_that_is_killed_anywhere_leaves_every_kept_release_whole_and_is_done_by_the_next_one(town):
    releases = dropping(town)
    wanted = held(as_if_never_dropped(town, releases[-1:]))

    def sweep(one: Town, die_at: int) -> int:
        seen = itertools.count()

        def at(_: str) -> None:
            if next(seen) == die_at:
                raise KeyboardInterrupt

        try:
            Receiver(
                one.places, now=lambda: NOW, trust=one.trust, at=at, limits=SMALL_STEPS, disk=one.receiver().place.disk
            ).sweep_at_rest(always)
        except KeyboardInterrupt:
            return next(seen)
        return 0

    number = 0
    while sweep(one := copied(town, f"killed{number}"), number):
        assert intact(one)
        assert rest(one)
        assert held(one) == wanted
        number += 1
    assert number > 20


def test_a_publish_between_two_steps_ends_the_sweep_and_gets_everything_that_it_needs(town):
    """The release in between has again what the sweep found unused."""
    dropping(town)
    for moment in range(steps_of(town) - 1):
        one = copied(town, f"published{moment}")
        seen = itertools.count()

        def go_on(one: Town = one, seen: itertools.count = seen, moment: int = moment) -> bool:
            if next(seen) == moment:
                one.publish({**files(1), "portal/p1.html": "p1"}, keep=2)
            return True

        assert not rest(one, go_on)
        assert one.visible() == {**files(1), "portal/p1.html": "p1"}
        assert intact(one)
        assert rest(one)
        assert intact(one)


def test_a_purge_between_two_steps_ends_the_sweep(town):
    dropping(town)
    for moment in range(0, steps_of(town) - 1, 5):
        one = copied(town, f"purged{moment}")
        seen = itertools.count()

        def go_on(one: Town = one, seen: itertools.count = seen, moment: int = moment) -> bool:
            if next(seen) == moment:
                one.publish(ONE, kind=Kind.PURGE)
            return True

        assert not rest(one, go_on)
        assert intact(one)
        assert one.visible() == ONE
        assert rest(one)


def test_a_delivery_that_has_the_lock_ends_the_sweep(town):
    dropping(town)
    offer = town.inside.offer(town.next(ONE), town.receiver().place.live().root)
    with town.receiver().receiving(offer) as delivery:
        assert not rest(town)
        town.inside.send(delivery)
        delivery.finish()
    assert rest(town)
    assert intact(town)


def test_the_same_release_signed_again_between_two_steps_does_not_end_it(town):
    releases = dropping(town)
    seen = itertools.count()

    def go_on() -> bool:
        if next(seen) == 3:
            town.deliver(releases[-1], keep=1)
        return True

    assert rest(town, go_on)
    assert intact(town)
