"""Forgetting: the newest releases stay whole, what only older ones used goes, and assets outlive them by 30 days."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cluster.errors import FormatError
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.remembered import Remembered
from publish.receiver.vault import Unused
from tests.publish.receiver.town import NOW, ONE, Town, blob_count, snapshot

WITHOUT = {path: text for path, text in ONE.items() if path != "assets/gov.1.css"}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def files(number: int) -> dict[str, str]:
    return {**ONE, "portal/news/a.html": str(number)}


def test_the_newest_releases_are_kept_and_the_rest_swept(town, tmp_path):
    for number in range(1, 5):
        town.publish(files(number), keep=2)
    assert town.receiver().place.numbers() == town.receiver().vault.numbers() == [3, 4]
    assert len(list((town.www / "releases").iterdir())) == 4
    assert town.receiver().sweep() > 0
    fresh = Town(tmp_path / "fresh", number=2)
    for number in (3, 4):
        fresh.publish(files(number))
    for name in ("www/trees", "www/blobs", "www/listings", "www/releases", "vault/blobs", "vault/listings"):
        left, expected = (snapshot(each.root / "dmz" / name) for each in (town, fresh))
        assert {path for path in left if "/" in path or "blobs" not in name} == {
            path for path in expected if "/" in path or "blobs" not in name
        }


def test_forgetting_alone_removes_no_blob_and_is_counted(town):
    town.publish(files(1), keep=1)
    blobs = blob_count(town.www)
    for number in range(2, SWEEP_AFTER + 2):
        town.publish(files(number), keep=1)
    assert blob_count(town.www) == blob_count(town.places.vault) == blobs + 2 * SWEEP_AFTER
    assert Remembered.read(town.places.state).forgotten == SWEEP_AFTER
    town.receiver().sweep()
    assert blob_count(town.www) == blob_count(town.places.vault) == blobs
    assert Remembered.read(town.places.state).forgotten == 0


def test_every_kept_release_can_be_gone_back_to_after_a_sweep(town):
    releases = [town.publish(files(number), keep=3) for number in range(1, 6)]
    town.receiver().sweep()
    for release in releases[2:]:
        town.number += 1
        town.deliver(release.rolled_back_as(town.number))
        assert town.visible() == files(release.number)


def test_an_asset_outlives_its_last_release_by_thirty_days(town):
    town.publish(ONE, keep=1)
    style = town.www / "assets/gov.1.css"
    entry = town.inside.entry("gov.1.css", "style")
    town.publish(WITHOUT, keep=1)
    assert town.receiver().vault.unused() == {"assets/gov.1.css": Unused(entry, NOW)}
    town.now = NOW + timedelta(days=30)
    town.receiver().sweep()
    assert style.exists()
    assert style.with_name("gov.1.css.br").exists()
    assert town.receiver().vault.read(entry.raw) == b"style"
    town.now = NOW + timedelta(days=31)
    town.receiver().sweep()
    assert not style.exists()
    assert not style.with_name("gov.1.css.br").exists()
    assert (town.www / "assets/search/s1/00.bin").exists()
    assert entry.raw not in town.receiver().vault.blobs
    assert town.receiver().vault.unused() == {}


def test_an_asset_used_again_starts_its_days_anew(town):
    for each in (ONE, WITHOUT, ONE):
        town.publish(each, keep=1)
    town.receiver().sweep()
    town.now = NOW + timedelta(days=40)
    town.publish(WITHOUT, keep=1)
    town.receiver().sweep()
    assert (town.www / "assets/gov.1.css").exists()


def test_an_asset_that_another_kept_release_uses_is_not_unused(town):
    town.publish(ONE, keep=3)
    town.publish(WITHOUT, keep=3)
    town.publish(ONE, keep=3)
    town.publish(WITHOUT, keep=3)
    assert town.receiver().vault.unused() == {}


def test_a_strange_file_under_assets_goes_with_the_sweep(town):
    town.publish(ONE)
    (town.www / "assets/strange.js").write_text("evil")
    town.receiver().sweep()
    assert not (town.www / "assets/strange.js").exists()


def test_a_damaged_listing_is_read_from_the_other_place(town):
    release = town.publish(ONE)
    listing = town.www / "listings" / release.root
    listing.write_text("?")
    blobs = blob_count(town.www)
    town.receiver().sweep()
    assert blob_count(town.www) == blobs


def test_a_listing_that_is_damaged_in_both_places_stops_the_sweep(town):
    release = town.publish(ONE)
    town.publish(files(2))
    for folder in (town.www, town.places.vault):
        (folder / "listings" / release.root).write_text("?")
    before = blob_count(town.www), blob_count(town.places.vault)
    with pytest.raises(FormatError, match="listing is damaged"):
        town.receiver().sweep()
    assert (blob_count(town.www), blob_count(town.places.vault)) == before


def test_an_unknown_format_of_the_unused_files_is_refused(town):
    town.publish(ONE)
    (town.places.vault / "unused.json").write_text('{"format": 2, "files": {}}')
    with pytest.raises(FormatError, match=r"unused\.json"):
        town.receiver().sweep()
