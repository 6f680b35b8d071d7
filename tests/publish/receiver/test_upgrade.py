"""A web root of format 1 becomes format 2 in place, without a moment in which it is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.errors import FormatError
from cluster.manifest import Manifest
from tests.publish.receiver.town import ONE, TWO, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A target whose web root is as format 1 left it."""
    town = Town(tmp_path)
    for number, files in enumerate([ONE, TWO], 1):
        town.publish(files)
        stem = town.www / f"releases/0000000{number}"
        manifest = Manifest.of({path: town.inside.entry(path, text) for path, text in files.items()})
        stem.with_suffix(".manifest").write_bytes(manifest.dump())
        record = json.loads(stem.with_suffix(".json").read_bytes())
        del record["overlay"]
        stem.with_suffix(".json").unlink()
        stem.with_suffix(".json").write_text(json.dumps({**record, "format": 1}))
    for path in (town.www / "listings").iterdir():
        path.unlink()
    (town.www / "listings").rmdir()
    (town.www / "format").write_text("zhanqun-target 1\n")
    (town.www / "assets.json").write_text('{"format": 1, "unused_since": {}}')
    town.places.vault.rename(tmp_path / "later")
    town.places.state.rename(tmp_path / "later-state")
    return town


def test_the_next_delivery_upgrades_and_fills_the_vault(town):
    new = {**TWO, "portal/x.html": "x"}
    town.publish(new)
    assert town.visible() == new
    assert (town.www / "format").read_text() == "zhanqun-target 2\n"
    assert [release.number for release in town.receiver().place.kept()] == [1, 2, 3]
    assert {path.suffix for path in (town.www / "releases").iterdir()} == {".json", ""}
    assert not (town.www / "assets.json").exists()
    served = {path.name for path in (town.www / "listings").iterdir()}
    vaulted = {path.name for path in (town.places.vault / "listings").iterdir()}
    assert vaulted <= served


def test_an_upgraded_target_can_go_back_to_an_old_release(town):
    town.publish({**TWO, "portal/x.html": "x"})
    town.number += 1
    town.deliver(town.receiver().place.release(1).rolled_back_as(town.number))
    assert town.visible() == ONE


def test_what_is_live_keeps_its_number(town):
    with town.receiver().holding.held():
        pass
    assert town.receiver().hello().number == 2
    assert town.visible() == TWO


def test_a_manifest_of_another_release_is_told_and_nothing_is_upgraded(town):
    releases = town.www / "releases"
    (releases / "00000001.manifest").write_bytes((releases / "00000002.manifest").read_bytes())
    with pytest.raises(FormatError, match="another root"):
        town.publish(ONE)
    assert (town.www / "format").read_text() == "zhanqun-target 1\n"
    assert town.visible() == TWO
