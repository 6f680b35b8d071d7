"""A purge leaves nothing older, whichever delivery brings it and however often it is killed; what is newer stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.release import Kind
from publish.guard.mend import ASIDE
from publish.receiver import missing
from publish.receiver.forget import GUARD_ASIDE
from publish.receiver.remembered import Remembered
from tests.publish.receiver.town import ONE, TWO, Town

SECRET = "the secret words"
LEAKED = {**ONE, "portal/leak.html": SECRET, "assets/leak.bin": SECRET}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path)
    town.publish(LEAKED)
    return town


def holding(town: Town) -> list[str]:
    """The files at the target that have the secret's bytes, plain or compressed."""
    needles = [SECRET.encode(), town.inside.blobs.read(town.inside.entry("x.html", SECRET).brotli or "")]
    files = [path for path in (town.root / "dmz").rglob("*") if path.is_file()]
    return [str(path) for path in files if any(needle in path.read_bytes() for needle in needles)]


def numbers(town: Town) -> list[list[int]]:
    return [store.numbers() for store in (town.receiver().place, town.receiver().vault)]


@pytest.mark.parametrize("keep", [1, 3])
def test_a_listing_that_an_older_release_lost_keeps_no_later_one_from_going_live(town, keep):
    for folder in (town.www, town.places.vault):
        (folder / "listings" / town.receiver().place.live().root).write_text("?")
    missing.add(town.places.state, ["whatever makes the whole tree come"])
    release = town.next(ONE)
    with town.receiver().receiving(town.inside.offer(release, None, keep)) as delivery:
        town.inside.send(delivery)
        delivery.finish()
    for text in range(3):
        town.publish({**ONE, "portal/news/a.html": f"{text}"}, keep=keep)
    assert len(numbers(town)[0]) == keep
    town.receiver().sweep()
    assert holding(town) == []


@pytest.mark.parametrize("kind", [Kind.PUBLISH, Kind.STATE, Kind.ROLLBACK])
def test_a_purge_that_was_missed_is_done_by_the_next_release_of_any_kind(town, kind):
    assert holding(town) != []
    town.publish(ONE)
    town.number = 4  # the purge was release 4, and never came
    of = None if kind is Kind.PUBLISH else 4
    town.publish(ONE, kind=kind, of=of, purged=4)
    assert holding(town) == []
    assert numbers(town) == [[5], [5]]
    assert Remembered.read(town.places.state).purged == 4


def test_releases_since_a_purge_stay(town):
    town.publish(ONE, kind=Kind.PURGE)
    town.publish(TWO, purged=2)
    town.publish(ONE, purged=2)
    assert numbers(town) == [[2, 3, 4], [2, 3, 4]]
    assert Remembered.read(town.places.state).purged == 2


def test_a_purge_that_died_on_the_way_is_done_by_the_next_release(town):
    def die_at(step: str) -> None:
        if step == "purged":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        town.deliver(town.next(ONE, kind=Kind.PURGE), receiver=town.receiver(at=die_at))
    assert Remembered.read(town.places.state).purged == 0
    seen: list[str] = []
    town.deliver(town.next(TWO, purged=2), receiver=town.receiver(at=seen.append))
    assert seen[-1] == "purged"
    assert holding(town) == []
    assert numbers(town) == [[2, 3], [2, 3]]


def test_a_purge_is_done_once(town):
    release = town.publish(ONE, kind=Kind.PURGE)
    seen: list[str] = []
    town.deliver(release, receiver=town.receiver(at=seen.append))
    town.deliver(town.next(TWO, purged=2), receiver=town.receiver(at=seen.append))
    assert "purged" not in seen


def test_a_purge_takes_what_a_killed_guard_left_and_what_it_took_away(town):
    for folder in (town.www / ASIDE, town.places.state / "quarantine/listings", town.www / ".incoming"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0-1").write_text(SECRET)
    town.publish(ONE, kind=Kind.PURGE)
    assert GUARD_ASIDE == ASIDE
    assert holding(town) == []


def test_a_purge_takes_the_vault_of_a_web_root_that_was_lost(town):
    town.www.rename(town.root / "stolen")
    town.number = 2  # the purge, which never came
    town.publish(ONE, purged=2)
    assert holding(town) == []
