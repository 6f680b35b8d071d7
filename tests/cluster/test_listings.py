"""Listings: a tree changed in place is the tree that a manifest would have made, at the price of what changed."""

from __future__ import annotations

import hashlib
import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import FormatError
from cluster.listings import ASIDE, DEEPEST, EMPTY, Change, Listings, dump_listing
from cluster.manifest import Directory, Entry, Manifest

HASHES = [letter * 64 for letter in "abcdef"]
entries = st.builds(
    Entry, raw=st.sampled_from(HASHES), brotli=st.none() | st.sampled_from(HASHES), size=st.integers(0, 9)
)
# Names that sort around "/": a directory `a` stands after the file `a.html` and `a-b`, before `a0`.
names = st.sampled_from(["a", "a.html", "a-b", "a0", "b", "中", "中.br", "~"])
paths = st.lists(names, min_size=2, max_size=4).map("/".join)
trees = st.dictionaries(paths, entries, max_size=25).map(lambda files: _fitting(files))
counter = itertools.count()


def _fitting(files: dict[str, Entry]) -> Manifest:
    """As many of these files as one tree can hold."""
    kept: dict[str, Entry] = {}
    for path, entry in files.items():
        try:
            Manifest.of({**kept, path: entry})
        except FormatError:
            continue
        kept[path] = entry
    return Manifest.of(kept)


class Counting(Listings):
    """Listings that count how many of them are read."""

    seen: list[str] = []  # noqa: RUF012 - cleared by each test that counts

    def text(self, id: str) -> bytes:
        self.seen.append(id)
        return Listings.text(self, id)


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    return Listings(tmp_path / "listings")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Listings]:
    """A new empty store for each example."""
    return (Listings(tmp_path / str(number)) for number in counter)


def keep(listings: Listings, manifest: Manifest) -> str:
    return listings.change(EMPTY, manifest.entries.items())


def steps(old: Manifest, new: Manifest) -> list[tuple[str, Entry | None]]:
    return [(path, new.entries.get(path)) for path in new.compare(old)]


# ---- the same tree as a manifest's ----------------------------------------------------------------------------------


@given(manifest=trees)
def test_a_tree_made_from_nothing_has_the_manifests_root_and_files(fresh, manifest):
    listings = next(fresh)
    root = keep(listings, manifest)
    assert root == manifest.root()
    assert list(listings.walk(root)) == list(manifest.entries.items())


@given(old=trees, new=trees)
def test_a_changed_tree_is_the_manifest_of_the_new_files_and_the_old_one_stays(fresh, old, new):
    listings = next(fresh)
    before = keep(listings, old)
    assert listings.change(before, steps(old, new)) == new.root()
    assert dict(listings.walk(new.root())) == dict(new.entries)
    assert dict(listings.walk(before)) == dict(old.entries)


@given(old=trees, new=trees)
def test_steps_followed_in_their_order_lead_where_they_lead_in_any_order(fresh, old, new):
    listings = next(fresh)
    before = keep(listings, old)
    in_order = sorted(steps(old, new), key=lambda step: step[0])
    assert listings.follow(before, iter(in_order)) == new.root()
    assert listings.change(before, reversed(in_order)) == new.root()


@given(old=trees, new=trees)
def test_differences_are_those_of_the_manifests_in_the_order_of_paths(fresh, old, new):
    listings = next(fresh)
    found = list(listings.differences(keep(listings, old), keep(listings, new)))
    assert found == [Change(p, old.entries.get(p), new.entries.get(p)) for p in sorted(new.compare(old))]


@given(old=trees, new=trees)
def test_applying_the_differences_leads_from_one_tree_to_the_other(fresh, old, new):
    listings = next(fresh)
    before, after = keep(listings, old), keep(listings, new)
    changes = [(change.path, change.new) for change in listings.differences(before, after)]
    assert listings.change(before, changes) == after
    assert listings.change(after, [(c.path, c.new) for c in listings.differences(after, before)]) == before


@given(manifest=trees)
def test_directories_are_those_of_the_manifest_children_first(fresh, manifest):
    listings = next(fresh)
    found = list(listings.directories(keep(listings, manifest)))
    assert {(d.path, d.id, d.files, d.children) for d in found} == {
        (d.path, d.id, d.files, d.children) for d in manifest.directories()
    }
    seen: set[str] = set()
    for directory in found:
        assert all(id_ in seen for _, id_ in directory.children)
        seen.add(directory.id)


@given(old=trees, new=trees)
def test_directories_leave_out_what_is_known(fresh, old, new):
    listings = next(fresh)
    known = set(Manifest.of(old.entries).directory_ids().values())
    keep(listings, old)
    found = {directory.id for directory in listings.directories(keep(listings, new), known=known)}
    assert found == set(new.directory_ids().values()) - known


@given(manifest=trees)
def test_every_file_is_found_and_nothing_else(fresh, manifest):
    listings = next(fresh)
    root = keep(listings, manifest)
    assert all(listings.find(root, path) == entry for path, entry in manifest.entries.items())
    folders = {path.rpartition("/")[0] for path in manifest}
    assert all(listings.find(root, folder) is None for folder in folders)
    assert listings.find(root, "no/such/file") is None


@given(old=trees, new=trees)
def test_two_stores_agree_whatever_else_they_hold(fresh, old, new):
    one, other = next(fresh), next(fresh)
    keep(one, old)
    assert keep(one, new) == keep(other, new)
    assert set(other.reachable([new.root()])) == {path.name for path in other.root.glob("?" * 64)}


@given(tree=trees, path=paths, entry=entries)
def test_what_no_manifest_may_hold_is_refused(fresh, tree, path, entry):
    listings = next(fresh)
    root = keep(listings, tree)
    wanted = {**tree.entries, path: entry}
    try:
        model = Manifest.of(wanted).root()
    except FormatError:
        with pytest.raises(FormatError):
            listings.change(root, [(path, entry)])
    else:
        assert listings.change(root, [(path, entry)]) == model


# ---- the price ------------------------------------------------------------------------------------------------------


def city(pages: int = 30, columns: int = 20) -> Manifest:
    entry = Entry("a" * 64, None, 1)
    return Manifest.of(
        {
            f"s{site}/c{column:02}/p{page}.html": entry
            for site in range(5)
            for column in range(columns)
            for page in range(pages)
        }
    )


def test_a_change_reads_only_the_directories_above_it(listings):
    root = keep(listings, city())
    counting = Counting(listings.root)
    counting.seen.clear()
    counting.change(root, [("s1/c07/p3.html", Entry("b" * 64, None, 2))])
    assert len(counting.seen) == 3
    counting.seen.clear()
    counting.change(root, [(f"s1/c{n:02}/p3.html", Entry("b" * 64, None, 2)) for n in range(10)])
    assert len(counting.seen) == 12


def test_differences_read_only_the_directories_that_differ(listings):
    old = keep(listings, city())
    new = listings.change(old, [("s1/c07/p3.html", Entry("b" * 64, None, 2)), ("s4/c00/p0.html", None)])
    counting = Counting(listings.root)
    counting.seen.clear()
    assert len(list(counting.differences(old, new))) == 2
    assert len(counting.seen) == 2 * 5


def test_equal_directories_are_kept_and_looked_for_once(listings):
    root = keep(listings, city())
    assert len(list(listings.root.iterdir())) == 3  # all sites are alike, all columns are alike
    counting = Counting(listings.root)
    counting.seen.clear()
    assert len(counting.reachable([root, root])) == 3
    assert len(counting.seen) == 3


def test_a_tree_is_made_in_the_memory_of_one_way_down_it(listings):
    def files(sites: int) -> Iterator[tuple[str, Entry]]:
        for site in range(sites):
            for page in range(200):
                sha = f"{site:032}{page:032}"
                yield f"s{site:03}/news/{page:06}.html", Entry(sha, sha[::-1], page)

    peaks = []
    listings.follow(EMPTY, files(60))  # the parsed listings that are kept at hand are there by now
    for sites in (5, 50):
        tracemalloc.start()
        listings.follow(EMPTY, files(sites))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


# ---- the empty tree -------------------------------------------------------------------------------------------------


def test_the_empty_tree_is_there_without_a_folder(listings):
    assert EMPTY in listings
    assert listings.holds(EMPTY)
    assert list(listings.walk(EMPTY)) == []
    assert listings.change(EMPTY, []) == EMPTY
    assert listings.reachable([EMPTY]) == set()
    assert listings.sweep(()) == 0
    assert not listings.root.exists()


def test_a_tree_that_loses_its_last_file_is_the_empty_one(listings):
    root = keep(listings, Manifest.of({"s/a/b": Entry("a" * 64, None, 1)}))
    assert listings.change(root, [("s/a/b", None)]) == EMPTY


def test_taking_away_what_is_not_there_changes_nothing(listings):
    root = keep(listings, Manifest.of({"s/a": Entry("a" * 64, None, 1)}))
    assert listings.change(root, [("s/b", None), ("s/a/c", None), ("t/x/y", None)]) == root


# ---- wrong trees ----------------------------------------------------------------------------------------------------

FILE = Entry("a" * 64, "b" * 64, 1)
UNFIT = {
    "an absolute path": "/etc/passwd",
    "a path to a parent": "s/../x",
    "a file at the top": "index.html",
    "an empty name": "s//x",
    "a path that ends in a slash": "s/x/",
    "a line break": "s/a\nb",
    "a nul": "s/a\0b",
    "a back-slash": "s/a\\b",
    "a name of 253 bytes": f"s/{'x' * 253}",
    "a file below a file": "s/file/x",
    "a file in the place of a directory": "s/folder",
    "a file where a compressed sibling goes": "s/file.br",
    "a directory where a compressed sibling goes": "s/file.br/x",
    "more folders than a call stack holds": "s/" * 5000 + "x",
    "one folder too many": "s/" * (DEEPEST + 1) + "x",
}


@pytest.mark.parametrize("path", UNFIT.values(), ids=UNFIT.keys())
def test_a_path_that_cannot_stand_is_refused_and_told(listings, path):
    root = keep(listings, Manifest.of({"s/file": FILE, "s/folder/x": FILE}))
    with pytest.raises(FormatError, match="this path|sibling") as told:
        listings.change(root, [(path, FILE)])
    assert len(str(told.value)) < 600
    assert listings.holds(root)


OUT_OF_ORDER = {
    "backwards": ("s/b", "s/a"),
    "twice": ("s/a", "s/a"),
    "a folder before its dot": ("s/a/x", "s/a.html"),
    "back in a folder that was left": ("s/a/x", "s/b", "s/a/y"),
}


@pytest.mark.parametrize("wrong", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_steps_out_of_order_are_refused(listings, wrong):
    with pytest.raises(FormatError, match="not in order"):
        listings.follow(EMPTY, [(path, FILE) for path in wrong])


def test_the_deepest_path_works_in_every_direction(listings):
    path = "s/" * DEEPEST + "x"
    root = listings.change(EMPTY, [(path, FILE)])
    assert listings.find(root, path) == FILE
    assert [found for found, _ in listings.walk(root)] == [path]
    assert len(list(listings.directories(root))) == DEEPEST + 1
    assert listings.change(root, [(path, None)]) == EMPTY


def test_a_file_may_become_a_directory_in_one_change(listings):
    root = keep(listings, Manifest.of({"s/x": FILE}))
    assert listings.change(root, [("s/x", None), ("s/x/y", FILE)]) == Manifest.of({"s/x/y": FILE}).root()


# ---- damage ---------------------------------------------------------------------------------------------------------


def test_a_missing_listing_is_told_and_the_tree_is_not_held(listings):
    root = keep(listings, city())
    assert listings.holds(root)
    (child,) = (id_ for name, id_ in listings.read(root).children if name == "s1")
    (listings.root / child).unlink()
    assert not listings.holds(root)
    assert root in listings
    with pytest.raises(FormatError, match=f"{child}.*missing"):
        list(listings.walk(root))


DAMAGE = {
    "a changed byte": lambda data: data.replace(b"blob", b"blog", 1),
    "cut short": lambda data: data[:-1],
    "empty after a power cut": lambda data: b"",
    "zeros after a power cut": lambda data: bytes(len(data)),
    "a line more": lambda data: data + data[:10],
}


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_listing_is_never_believed_and_mended_by_the_next_change(listings, harm):
    manifest = Manifest.of({"s/a": FILE, "s/b": FILE})
    root = keep(listings, manifest)
    for place in listings.root.iterdir():
        place.write_bytes(harm(place.read_bytes()))
    assert not listings.holds(root)
    with pytest.raises(FormatError, match="damaged"):
        listings.change(root, [("s/c", FILE)])
    assert keep(listings, manifest) == root
    assert listings.holds(root)


def test_a_listing_with_the_right_name_and_no_sense_is_refused(listings):
    nonsense = Directory("", "0" * 64, (), ())
    data = dump_listing(nonsense) + b"link x y\n"
    id_ = hashlib.sha256(data).hexdigest()
    listings.root.mkdir()
    (listings.root / id_).write_bytes(data)
    with pytest.raises(FormatError, match="damaged"):
        listings.read(id_)


STRANGE = ["", ".", "..", "../secret", "/dev/zero", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n", ASIDE]


@pytest.mark.parametrize("id_", STRANGE)
def test_a_root_that_a_stranger_made_up_leads_nowhere(listings, id_):
    keep(listings, city(2, 2))
    (listings.root.parent / "secret").write_bytes(b"")
    assert id_ not in listings
    assert not listings.holds(id_)
    with pytest.raises(FormatError, match="missing"):
        listings.read(id_)


# ---- sweeping -------------------------------------------------------------------------------------------------------


def test_sweeping_leaves_the_kept_trees_whole_and_takes_leftovers(listings):
    old = keep(listings, city(2, 2))
    new = listings.change(old, [("s1/c01/p0.html", None)])
    (listings.root / f"{ASIDE}1-1").write_bytes(b"half a listing")
    assert listings.sweep(listings.reachable([new])) == 2  # the old top and the leftover
    assert listings.holds(new)
    assert not listings.holds(old)
    assert not list(listings.root.glob(f"{ASIDE}*"))


def test_sweeping_everything_leaves_an_empty_folder(listings):
    keep(listings, city(2, 2))
    assert listings.sweep(()) == 3
    assert list(listings.root.iterdir()) == []
