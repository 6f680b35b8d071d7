"""Sweeping `var/`: what nobody needs goes, in steps that keep nobody waiting; what somebody needs never does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cluster.blobs import compress
from cluster.clock import parse_date
from cluster.errors import BusyError
from cluster.index import Index
from publish import release
from publish.build import build_lock
from publish.state import ClusterState
from publish.sweeping import LOOK_THROUGH_EVERY, SWEEP_EVERY, Sweeping
from tests.builders import ARTICLE, NOW, make_article
from tests.publish.small_city import City

KEEP = 2


@pytest.fixture
def city(tmp_path: Path) -> City:
    city = City.founded(tmp_path / "city")
    publish(city)
    return city


def publish(city: City) -> None:
    workspace = city.workspace
    workspace.publish(workspace.office(workspace.targets(), 10), city.build(), at=parse_date(NOW), who="李明")


def edit(city: City, title: str) -> None:
    city.commit({ARTICLE: make_article(title)})
    publish(city)


def always() -> bool:
    return True


def sweeping(city: City) -> Sweeping:
    return city.workspace.sweeping


def mark(city: City, name: str, number: int) -> None:
    (city.root / "var" / name).write_text(str(number))


def swept_once(city: City) -> None:
    """As after a first sweep, which looks through everything, just now."""
    number = city.workspace.ledger.latest().release.number
    for name in ("swept", "looked-through"):
        mark(city, name, number)


def strangers(city: City) -> tuple[str, Path]:
    """A blob and a listing that belong to nothing: as a build that was killed leaves them."""
    blob = city.workspace.rooms.blobs.put(b"of a build that nobody published")
    listing = city.workspace.listings.root / ("f" * 64)
    listing.write_bytes(b"")
    return blob, listing


def blobs(city: City) -> set[str]:
    return set(city.workspace.rooms.blobs.names())


def needed(city: City) -> set[str]:
    with closing(Index(city.workspace.rooms.index)) as index:
        return set(index.outputs.blobs())


def test_what_earlier_releases_alone_had_goes(city: City) -> None:
    swept_once(city)
    for title in ("一", "二", "三"):
        edit(city, title)
    old = city.workspace.ledger.releases()[-1].release.root
    assert blobs(city) > needed(city)
    assert sweeping(city).at_rest(KEEP, always)
    assert blobs(city) == needed(city)
    assert old not in city.workspace.listings
    assert all(city.workspace.listings.holds(each.release.root) for each in city.workspace.ledger.releases(most=KEEP))
    assert (city.root / "var" / "swept").read_text() == "4"
    assert not publish_again_changes(city)


def publish_again_changes(city: City) -> bool:
    workspace = city.workspace
    office = workspace.office(workspace.targets(), 10)
    return workspace.publish(office, city.build(full=True), at=parse_date(NOW), who="李明").is_new


def test_what_came_back_since_stays(city: City) -> None:
    swept_once(city)
    for title in ("一", "二", "一"):
        edit(city, title)
    assert sweeping(city).at_rest(KEEP, always)
    assert blobs(city) == needed(city)


def test_what_was_built_and_not_yet_published_stays(city: City) -> None:
    swept_once(city)
    edit(city, "一")
    city.commit({ARTICLE: make_article("还没有发布")})
    city.workspace.as_built(city.build())
    live = {sha for _, entry in city.workspace.listings.walk(root(city)) for sha in entry[:2] if sha}
    assert sweeping(city).at_rest(KEEP, always)
    assert blobs(city) == needed(city) | live
    assert live - needed(city)


def root(city: City) -> str:
    return city.workspace.ledger.latest().release.root


def test_what_a_banner_shows_is_not_swept(city: City) -> None:
    workspace = city.workspace
    office = workspace.office(workspace.targets(), 10)
    release.change_state(office, ClusterState(grey=True, zh="停水"), at=parse_date(NOW), who="李明")
    workspace.sweeping.at_rest(1, always)
    overlay = workspace.ledger.releases()[0].release.overlay
    assert {path for path, _ in overlay} >= {"portal/_mode.css", "portal/notice.html", "congress/notice.html"}
    assert all(entry.raw in workspace.rooms.blobs for _, entry in overlay)


def test_what_a_past_banner_showed_goes(city: City) -> None:
    swept_once(city)
    workspace = city.workspace
    office = workspace.office(workspace.targets(), 10)
    for words in ("停水", ""):
        release.change_state(office, ClusterState(zh=words), at=parse_date(NOW), who="李明")
    assert sweeping(city).at_rest(1, always)
    assert blobs(city) == needed(city)


def test_a_sweep_looks_through_everything_at_first_and_then_once_in_many_releases(city: City) -> None:
    blob, listing = strangers(city)
    assert sweeping(city).at_rest(KEEP, always)
    assert (blob in city.workspace.rooms.blobs, listing.exists()) == (False, False)

    blob, _ = strangers(city)
    mark(city, "looked-through", 2 - LOOK_THROUGH_EVERY)
    assert sweeping(city).at_rest(KEEP, always)
    assert blob in city.workspace.rooms.blobs

    mark(city, "looked-through", 1 - LOOK_THROUGH_EVERY)
    assert sweeping(city).at_rest(KEEP, always)
    assert blob not in city.workspace.rooms.blobs


def test_a_release_that_cannot_be_compared_is_looked_for_everywhere(city: City) -> None:
    swept_once(city)
    old = root(city)
    for title in ("一", "二", "三"):
        edit(city, title)
    (city.workspace.listings.root / old).unlink()
    assert sweeping(city).at_rest(KEEP, always)
    assert blobs(city) == needed(city)


def test_it_is_due_once_in_many_releases(city: City) -> None:
    assert not sweeping(city).is_due
    mark(city, "swept", 1 - SWEEP_EVERY)
    assert sweeping(city).is_due


def test_nothing_is_swept_before_the_first_release(tmp_path: Path) -> None:
    city = City.founded(tmp_path / "new")
    assert not sweeping(city).is_due
    city.build()
    assert sweeping(city).at_once() == 0
    assert not sweeping(city).at_rest(KEEP, always)


def test_nothing_is_swept_while_somebody_builds_or_publishes(city: City) -> None:
    blob, _ = strangers(city)
    with build_lock(city.workspace.settings.var):
        assert not sweeping(city).at_rest(KEEP, always)
    with city.workspace.ledger.locked():
        assert not sweeping(city).at_rest(KEEP, always)
    assert blob in city.workspace.rooms.blobs
    assert sweeping(city).at_rest(KEEP, always)
    assert blob not in city.workspace.rooms.blobs


def test_at_once_says_so_when_somebody_is_in_the_way(city: City) -> None:
    with build_lock(city.workspace.settings.var), pytest.raises(BusyError):
        sweeping(city).at_once()


def test_a_needed_tree_that_is_damaged_ends_the_sweep_before_anything_goes(city: City) -> None:
    blob, _ = strangers(city)
    edit(city, "一")
    (city.workspace.listings.root / root(city)).write_bytes(b"rubbish")
    before = blobs(city)
    assert not sweeping(city).at_rest(KEEP, always)
    assert blobs(city) == before
    assert blob in before


# ---- steps ----------------------------------------------------------------------------------------------------------


def between_steps(do: Callable[[int], bool]) -> tuple[list[int], Callable[[], bool]]:
    """A listener that is asked between steps, and how often it was."""
    asked: list[int] = []

    def go_on() -> bool:
        asked.append(len(asked))
        return do(asked[-1])

    return asked, go_on


def locks_are_free(city: City) -> bool:
    with city.workspace.ledger.locked(), build_lock(city.workspace.settings.var):
        return True


def test_the_locks_are_free_between_any_two_steps(city: City) -> None:
    strangers(city)
    asked, go_on = between_steps(lambda _: locks_are_free(city))
    assert sweeping(city).at_rest(KEEP, go_on)
    assert len(asked) > 3


def test_a_sweep_ends_where_it_is_told_to_and_the_next_one_does_the_rest(city: City) -> None:
    edit(city, "一")
    blob, listing = strangers(city)
    asked, go_on = between_steps(always_at)
    assert sweeping(city).at_rest(1, go_on)
    for end in range(len(asked)):
        assert strangers(city)[0] == blob
        mark(city, "looked-through", 0)
        assert not sweeping(city).at_rest(1, between_steps(lambda step, end=end: step < end)[1])
        assert needed(city) <= blobs(city)
    assert sweeping(city).at_rest(1, always)
    assert blobs(city) == needed(city)
    assert not listing.exists()


def always_at(_: int) -> bool:
    return True


def test_a_publish_between_two_steps_ends_the_sweep_and_loses_nothing(city: City) -> None:
    """What the sweep found unused is what the publish in between brings back."""
    edit(city, "一")
    edit(city, "二")
    asked, count = between_steps(always_at)
    sweeping(city).at_rest(1, count)
    for moment in range(len(asked)):
        edit(city, f"一{moment}")
        edit(city, f"二{moment}")

        def publish_then(step: int, moment: int = moment) -> bool:
            if step == moment:
                edit(city, f"一{moment}")
            return True

        mark(city, "looked-through", 0)
        sweeping(city).at_rest(1, between_steps(publish_then)[1])
        assert needed(city) <= blobs(city)
        assert f"一{moment}" in city.page("portal/news/2026/river.html")


def test_a_build_between_two_steps_ends_the_sweep_and_loses_nothing(city: City) -> None:
    text = make_article("一")
    edit(city, "一")
    edit(city, "二")

    def build_then(step: int) -> bool:
        if step == 1:
            city.commit({ARTICLE: text})
            city.build()
        return True

    assert not sweeping(city).at_rest(1, between_steps(build_then)[1])
    assert needed(city) <= blobs(city)


def test_after_a_purge_nothing_is_left_of_what_nobody_needs(city: City) -> None:
    edit(city, "一")
    strangers(city)
    city.workspace.rooms.blobs.put(compress(b"of nothing"))
    assert sweeping(city).at_once() > 0
    assert blobs(city) == needed(city)
    assert not sweeping(city).is_due
