"""The second copy: it vouches for what it has whole, and tells damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import FormatError
from cluster.manifest import Entry
from publish.receiver.vault import Unused, Vault
from tests.publish.receiver.town import NOW, ONE, TWO, Town


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path)
    town.publish(ONE)
    return town


def test_a_damaged_copy_is_told(town):
    entry = town.inside.entry("a.html", "a")
    vault = Vault(town.places.vault)
    assert vault.read(entry.raw) == b"a"
    copy = vault.blobs.path(entry.raw)
    copy.chmod(0o644)
    copy.write_bytes(b"b")
    with pytest.raises(FormatError, match="damaged"):
        vault.read(entry.raw)


def test_it_vouches_for_the_releases_that_it_has_a_record_of(town):
    vault, record = Vault(town.places.vault), town.receiver().place.record(1)
    assert vault.vouches_for(1, record)
    assert not vault.vouches_for(1, record + b" ")
    assert not vault.vouches_for(2, record)


def test_a_release_is_vouched_for_only_when_everything_is_on_the_disk(town):
    seen: list[str] = []
    town.deliver(town.next(TWO), receiver=town.receiver(at=seen.append))
    assert seen.index("stored") < seen.index("names") < seen.index("synced") < seen.index("vouched")
    assert seen.index("vouched") < seen.index("switched") < seen.index("durable")


def test_unused_files_come_back_as_they_were(town):
    vault = town.receiver().vault
    unused = {"assets/a.css": Unused(Entry("1" * 64, None, 3), NOW)}
    with town.receiver().holding.held():
        vault.open()
        vault.write_unused(unused)
    assert vault.unused() == unused
