"""A parcel: worked out from the listings as often as it is asked for, and never held as a list of all files."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.blobs import compress
from cluster.delta import Delta, travelling
from cluster.errors import TargetError
from cluster.listings import EMPTY
from cluster.manifest import Entry
from publish.delivery.parcel import Load, Parcel, hashes_that_travel, offer_of, packed, refuse_others
from publish.receiver.hashes import Hashes
from publish.receiver.receive import Hello
from tests.publish.delivery.city import City

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.txt": b"a", "congress/index.html": b"<p>one</p>"}
TWO = {**ONE, "portal/index.html": b"<p>two</p>", "assets/gov.css": b"body{}"}
GREY = {"portal/_mode.css": b"html{filter:grayscale(1)}"}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def load_of(parcel: Parcel, root: str = EMPTY) -> Load:
    return offer_of(parcel, Hello(0, root, 1), timedelta(days=3))[1]


def test_what_differs_can_be_gone_through_again_and_again(city):
    first, second = city.parcel(ONE), city.parcel(TWO)
    delta = second.delta(first.release.root)
    assert delta.old == first.release.root
    assert [path for path, _ in delta.entries] == ["assets/gov.css", "portal/index.html"]
    assert list(delta.entries) == list(delta.entries)
    load = load_of(second, first.release.root)
    assert list(load) == list(load) == [entry for _, entry in delta.entries]


def test_everything_differs_from_a_tree_that_is_not_known(city):
    first, second = city.parcel(ONE), city.parcel(TWO)
    (city.listings.root / first.release.root).unlink()
    delta = second.delta(first.release.root)
    assert delta.old is None
    assert len(list(delta.entries)) == len(TWO)


def test_the_load_has_the_files_of_a_state_too(city):
    parcel = city.parcel(ONE, overlay=GREY)
    assert list(load_of(parcel))[len(ONE) :] == [entry for _, entry in parcel.release.overlay]
    assert list(load_of(parcel, parcel.release.root)) == [entry for _, entry in parcel.release.overlay]


def test_equal_files_travel_once(city):
    parcel = city.parcel(ONE)
    shas = hashes_that_travel(load_of(parcel))
    assert tuple(shas) == tuple(dict.fromkeys(travelling(entry) for entry in load_of(parcel)))
    assert len(shas) == 2


@settings(max_examples=30)
@given(st.integers(0, 3000))
def test_a_delta_packed_in_pieces_is_the_delta(count):
    entries = tuple((f"s/{number:06}.html", Entry(f"{number:064x}", None, number)) for number in range(count))
    delta = Delta(None, "a" * 64, entries)
    text = b"".join(delta.dump())
    assert brotli.decompress(packed(delta)) == text
    assert len(packed(delta)) <= 1.01 * len(compress(text)) + 100


def test_an_offer_of_many_files_holds_no_list_of_them(city):
    peaks = []
    for pages in (1_000, 9_000):
        files = [(f"s/{page % 90:03}/{page:06}.html", Entry(f"{page:064x}", None, 1)) for page in range(pages)]
        parcel = city.parcel({})
        parcel = replace(parcel, release=replace(parcel.release, root=city.listings.change(EMPTY, files)))
        load_of(parcel)  # what is kept at hand of listings is there by now
        tracemalloc.start()
        assert sum(1 for _ in load_of(parcel)) == pages
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 100 * 8_000  # the packed bytes themselves, and some listings at hand


# ---- what may leave the inside --------------------------------------------------------------------------------------


def test_what_is_of_the_load_may_leave_in_its_order_or_any_other(city):
    parcel = city.parcel(TWO, overlay=GREY)
    shas = [*hashes_that_travel(load_of(parcel))]
    for wanted in (shas, shas[::-1], shas[1:], shas[-1:] + shas[:-1], [], [*shas, *shas]):
        refuse_others(parcel, Hashes(wanted), load_of(parcel))


def test_what_is_of_the_release_but_not_of_the_load_may_leave(city):
    first, second = city.parcel(ONE), city.parcel(TWO)
    raw = first.listings.find(first.release.root, "portal/a.txt").raw
    assert raw not in hashes_that_travel(load_of(second, first.release.root))
    refuse_others(second, Hashes([raw]), load_of(second, first.release.root))


PLACES = {"alone": 0, "first": 0, "in the middle": 1, "last": 99}


@pytest.mark.parametrize("name", PLACES)
def test_a_blob_of_nothing_never_leaves_wherever_it_is_asked_for(city, name):
    parcel = city.parcel(TWO, overlay=GREY)
    secret = city.blobs.put(b"not yet published")
    wanted = [] if name == "alone" else [*hashes_that_travel(load_of(parcel))]
    wanted.insert(PLACES[name], secret)
    with pytest.raises(TargetError, match=f"{secret}.*not of release 1"):
        refuse_others(parcel, Hashes(wanted), load_of(parcel))
