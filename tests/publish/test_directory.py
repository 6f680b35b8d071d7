"""`dir:` targets, opened by their URL."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cluster.blobs import BlobStore
from cluster.errors import TargetError
from cluster.manifest import Entry, Manifest
from cluster.release import Release
from publish.delivery import Receipt, open_target

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "var" / "blobs")


def make_release(blobs: BlobStore, number: int, words: str) -> tuple[Release, Manifest]:
    manifest = Manifest.of({"portal/index.html": Entry(blobs.put(words.encode()), None, len(words))})
    return Release.publishing(number, manifest, commit="c0ffee", now=NOW), manifest


def test_a_release_is_delivered_and_confirmed(tmp_path, blobs):
    target = open_target("dir:dmz/www", tmp_path, now=lambda: NOW)
    assert target.live() is None
    release, manifest = make_release(blobs, 1, "one")
    assert target.deliver(release, manifest, blobs, keep=2) == Receipt("dir:dmz/www", 1, release.root, NOW)
    assert (tmp_path / "dmz/www/current/portal/index.html").read_text() == "one"
    assert target.live() == release
    assert target.manifest(1) == manifest


def test_delivering_keeps_as_many_releases_as_it_is_told(tmp_path, blobs):
    target = open_target("dir:www", tmp_path)
    for number in (1, 2, 3):
        target.deliver(*make_release(blobs, number, str(number)), blobs, keep=2)
    with pytest.raises(TargetError, match="release 1 is not kept"):
        target.manifest(1)
    assert target.manifest(2).root() == make_release(blobs, 2, "2")[0].root


def test_redelivering_needs_nothing_from_the_inside(tmp_path, blobs):
    target = open_target("dir:www", tmp_path, now=lambda: NOW)
    first, manifest = make_release(blobs, 1, "one")
    target.deliver(first, manifest, blobs, keep=3)
    target.deliver(*make_release(blobs, 2, "two"), blobs, keep=3)
    blobs.sweep([])
    back = first.rolled_back_as(3)
    assert target.redeliver(back) == Receipt("dir:www", 3, first.root, NOW)
    assert (tmp_path / "www/current/portal/index.html").read_text() == "one"
    assert target.live() == back


def test_an_absolute_folder_stands_for_itself(tmp_path, blobs):
    target = open_target(f"dir:{tmp_path / 'srv'}", Path("/nowhere"))
    receipt = target.deliver(*make_release(blobs, 1, "one"), blobs, keep=1)
    assert receipt.at.tzinfo is not None
    assert receipt.as_dict()["at"] == receipt.at.isoformat()
    assert (tmp_path / "srv/current/portal/index.html").exists()


URLS = {
    "a kind that comes later": ("ssh://www@dmz/srv", "later version"),
    "a bundle file": ("file:/media/usb", "later version"),
    "a bucket": ("s3://bucket/prefix", "later version"),
    "an unknown kind": ("ftp://old", "not a target"),
    "a folder without kind": ("dmz/www", "not a target"),
    "a kind without folder": ("dir:", "not a target"),
    "nothing": ("", "not a target"),
}


@pytest.mark.parametrize(("url", "reason"), URLS.values(), ids=URLS.keys())
def test_other_targets_are_refused_with_what_to_write(tmp_path, url, reason):
    with pytest.raises(TargetError, match=reason) as told:
        open_target(url, tmp_path)
    assert "dir:" in told.value.text("en")
    assert "dir:" in told.value.text("zh")


def test_a_folder_that_cannot_be_made_is_told(tmp_path, blobs):
    (tmp_path / "www").write_text("a file")
    target = open_target("dir:www", tmp_path)
    with pytest.raises(TargetError):
        target.deliver(*make_release(blobs, 1, "one"), blobs, keep=1)
