"""`dir:` targets, opened by their URL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.release import Kind
from publish.delivery import Hello, Receipt, Target, open_target
from publish.receiver.trust import TrustState
from publish.trust import Trust
from tests.publish.delivery.signed import NOW, SignedCity

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.txt": b"a", "assets/style.css": b"p {}"}
TWO = ONE | {"portal/index.html": b"<p>two</p>"}


@pytest.fixture
def city(tmp_path: Path) -> SignedCity:
    return SignedCity(tmp_path / "inside")


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return open_target("dir:dmz/www", tmp_path, now=lambda: NOW)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "dmz/www/current/portal/index.html"


def test_a_release_is_delivered_and_confirmed(city, target, page):
    parcel = city.parcel(ONE)
    assert target.deliver(parcel) == Receipt("dir:dmz/www", 1, parcel.release.root, NOW)
    assert page.read_bytes() == b"<p>one</p>"
    assert target.hello() == Hello(1, parcel.release.root, 1)


def test_a_folder_that_was_never_delivered_to_says_so(target):
    assert target.hello() == Hello(0, EMPTY, 0)


def test_only_what_the_folder_lacks_is_taken(city, target, page):
    target.deliver(city.parcel(ONE))
    city.told.clear()
    target.deliver(city.parcel(TWO))
    assert page.read_bytes() == b"<p>two</p>"
    assert (city.told[-1].blobs, city.told[-1].done_bytes) == (1, city.told[-1].all_bytes)


def test_going_back_needs_no_blobs(city, target, page):
    target.deliver(city.parcel(ONE))
    target.deliver(city.parcel(TWO))
    city.told.clear()
    target.deliver(city.parcel(ONE, kind=Kind.ROLLBACK))
    assert page.read_bytes() == b"<p>one</p>"
    assert city.told[-1].blobs == 0


def test_a_state_gives_other_bytes_and_travels_alone(city, target, tmp_path):
    files = ONE | {"portal/_mode.css": b"/* plain */"}
    target.deliver(city.parcel(files))
    city.told.clear()
    target.deliver(city.parcel(files, overlay={"portal/_mode.css": b"html { filter: grayscale(1); }"}, kind=Kind.STATE))
    assert b"grayscale" in (tmp_path / "dmz/www/current/portal/_mode.css").read_bytes()
    assert city.told[-1].blobs == 1


def test_a_tree_that_the_inside_no_longer_knows_is_delivered_whole(city, target, page):
    parcel = city.parcel(ONE)
    target.deliver(parcel)
    city.listings.sweep([])
    city.told.clear()
    second = city.parcel(TWO)
    assert second.delta(parcel.release.root).old is None
    target.deliver(second)
    assert page.read_bytes() == b"<p>two</p>"
    assert city.told[-1].blobs == 1


def test_a_listing_that_the_inside_lost_is_lent(city, target):
    parcel = city.parcel(ONE)
    target.deliver(parcel)
    top = city.listings.checked(parcel.release.root, target.lend(parcel.release.root))
    assert [name for name, _ in top.children] == ["assets", "portal"]
    with pytest.raises(TargetError):
        target.lend("0" * 64)


def test_another_clusters_release_is_refused_and_nothing_changes(city, target, page, tmp_path):
    target.deliver(city.parcel(ONE))
    other = SignedCity(tmp_path / "other", number=1)
    with pytest.raises(RefusedError):
        target.deliver(other.parcel(TWO))
    assert page.read_bytes() == b"<p>one</p>"


def test_a_folder_trusts_the_first_root_that_it_is_given(city, target, tmp_path):
    target.deliver(city.parcel(ONE))
    assert TrustState(tmp_path / "dmz/state/tuf").root_version == 1


def test_a_folder_follows_new_keys(city, target, page):
    target.deliver(city.parcel(ONE))
    Trust.of(city.folder / "data").rotate("timestamp", NOW)
    target.deliver(city.parcel(TWO))
    assert page.read_bytes() == b"<p>two</p>"
    assert target.hello().root_version == 2


def test_without_any_root_the_first_delivery_says_what_to_do(city, target):
    with pytest.raises(TargetError, match="zhanqun keys init"):
        target.deliver(replace(city.parcel(ONE), sign=lambda *_: {}))


def test_a_blob_that_the_inside_lost_is_told(city, target):
    parcel = city.parcel(ONE)
    city.blobs.sweep([])
    with pytest.raises(TargetError, match="--full"):
        target.deliver(parcel)
    assert target.hello().number == 0


def test_an_absolute_folder_stands_for_itself(tmp_path, city):
    target = open_target(f"dir:{tmp_path / 'srv/www'}", Path("/nowhere"), now=lambda: NOW)
    target.deliver(city.parcel(ONE))
    assert (tmp_path / "srv/www/current/portal/index.html").exists()


URLS = {
    "an unknown kind": "ftp://old",
    "a folder without kind": "dmz/www",
    "a kind without folder": "dir:",
    "a host without folder": "ssh://dmz",
    "slashes only": "file:///",
    "a password": "ssh://www:secret@dmz/srv",
    "an option as host": "ssh://-oProxyCommand=x/srv",
    "an option as user": "ssh://-l@dmz/srv",
    "a port that is none": "ssh://dmz:x/srv",
    "a line break": "ssh://dmz/srv%0Arm",
    "nothing": "",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_other_targets_are_refused_with_what_to_write(tmp_path, url):
    with pytest.raises(TargetError, match="Write it as") as told:
        open_target(url, tmp_path)
    assert "请写成" in told.value.text("zh")


def test_a_folder_that_cannot_be_made_is_told(tmp_path, city):
    (tmp_path / "www").write_text("a file")
    with pytest.raises(TargetError):
        open_target("dir:www", tmp_path, now=lambda: NOW).deliver(city.parcel(ONE))
