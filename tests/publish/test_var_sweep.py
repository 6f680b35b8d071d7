"""One sweep of `var/`: candidates by what differs or everything, and what is used is never among what goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cluster.clock import parse_date
from cluster.release import Release
from publish.var_sweep import STEP, Steps, StoppedError, VarSweep, opened_index
from tests.builders import ARTICLE, NOW, make_article
from tests.publish.small_city import City

QUIETLY = Steps(nullcontext, lambda: None)


@pytest.fixture
def city(tmp_path: Path) -> City:
    city = City.founded(tmp_path / "city")
    for title in ("一", "二"):
        city.commit({ARTICLE: make_article(title)})
        workspace = city.workspace
        office = workspace.office(workspace.targets(), 10)
        workspace.publish(office, city.build(), at=parse_date(NOW), who="李明")
    return city


def releases(city: City) -> list[Release]:
    return [each.release for each in city.workspace.ledger.releases()]


def sweep(city: City, **values: object) -> VarSweep:
    return replace(VarSweep(city.workspace.rooms, city.workspace.listings, releases(city)[:1]), **values)  # type: ignore[arg-type]


def names(city: City) -> set[str]:
    return set(city.workspace.rooms.blobs.names())


def used(city: City) -> set[str]:
    with opened_index(city.workspace.rooms) as index:
        return set(index.outputs.blobs())


def test_by_difference_only_what_earlier_releases_had_is_looked_for(city: City) -> None:
    stranger = city.workspace.rooms.blobs.put(b"of nothing")
    assert sweep(city, since=releases(city)).run(QUIETLY) > 0
    assert names(city) == used(city) | {stranger}


def test_without_earlier_releases_everything_is_looked_through(city: City) -> None:
    city.workspace.rooms.blobs.put(b"of nothing")
    assert sweep(city).run(QUIETLY) > 1
    assert names(city) == used(city)


def test_trees_of_kept_releases_stay_and_others_go(city: City) -> None:
    new, old = releases(city)
    sweep(city, kept=[new, old]).run(QUIETLY)
    assert all(city.workspace.listings.holds(each.root) for each in (new, old))
    sweep(city).run(QUIETLY)
    assert city.workspace.listings.holds(new.root)
    assert old.root not in city.workspace.listings


def test_few_files_go_in_one_step(city: City) -> None:
    count = STEP + 10
    for number in range(count):
        city.workspace.rooms.blobs.put(str(number).encode())
    sizes = [len(names(city))]

    @contextmanager
    def step() -> Iterator[None]:
        yield
        sizes.append(len(names(city)))

    assert sweep(city).run(Steps(step, lambda: None)) >= count
    assert len(sizes) > 3
    assert all(before - after <= STEP for before, after in pairwise(sizes))


def test_it_can_be_ended_while_it_looks(city: City) -> None:
    before = names(city)

    def no_more() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        sweep(city).run(Steps(nullcontext, no_more))
    assert names(city) == before
