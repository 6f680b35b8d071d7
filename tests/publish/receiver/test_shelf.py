"""Several folders of listings read as one."""

from __future__ import annotations

import pytest

from cluster.errors import FormatError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from publish.receiver.shelf import Shelf

ONE, TWO = Entry("1" * 64, None, 1), Entry("2" * 64, None, 2)


@pytest.fixture
def folders(tmp_path):
    return Listings(tmp_path / "a"), Listings(tmp_path / "b")


def test_new_listings_go_aside_and_known_ones_do_not(folders, tmp_path):
    known, _ = folders
    root = known.change(EMPTY, [("x/a", ONE), ("y/a", ONE)])
    shelf = Shelf(tmp_path / "new", folders)
    changed = shelf.change(root, [("x/a", TWO)])
    assert {path.name for path in (tmp_path / "new").iterdir()} == {changed, dict(shelf.read(changed).children)["x"]}
    assert dict(shelf.walk(changed)) == {"x/a": TWO, "y/a": ONE}


def test_a_damaged_listing_is_read_from_the_next_folder(folders, tmp_path):
    for each in folders:
        root = each.change(EMPTY, [("x/a", ONE)])
    (tmp_path / "a" / root).write_text("?")
    assert Shelf(tmp_path / "new", folders).read(root).id == root
    (tmp_path / "b" / root).unlink()
    with pytest.raises(FormatError, match=root):
        Shelf(tmp_path / "new", folders).read(root)


def test_a_missing_listing_is_told(folders, tmp_path):
    shelf = Shelf(tmp_path / "new", folders)
    assert "0" * 64 not in shelf
    with pytest.raises(FormatError, match="missing"):
        shelf.read("0" * 64)


def test_only_differing_directories_are_given_children_first(folders, tmp_path):
    shelf = Shelf(tmp_path / "new", folders)
    old = shelf.change(EMPTY, [("x/a/1", ONE), ("x/b/1", ONE), ("y/a/1", ONE)])
    new = shelf.change(old, [("x/b/1", TWO), ("z/1", TWO)])
    assert [each.path for each in shelf.differing(old, new)] == ["x/b", "x", "z", ""]
    assert [each.path for each in shelf.differing(None, old)] == ["x/a", "x/b", "x", "y/a", "y", ""]
    assert list(shelf.differing(new, new)) == []
    assert [each.path for each in shelf.differing(None, EMPTY)] == [""]
