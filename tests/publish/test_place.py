"""A target folder: what is live is whole at every moment, and costs follow what changed."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.blobs import BlobStore, compress, mtime_of
from cluster.errors import BusyError, FormatError, TargetError
from cluster.manifest import Entry, Manifest
from cluster.release import Release
from publish.receiver.place import STEPS, Disk, Place

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
FAST = Disk(sync=lambda folder: None)
ONE = {
    "portal/index.html": "home",
    "portal/news/a.html": "a",
    "portal/news/b.html": "b",
    "congress/index.html": "congress",
    "congress/photo.png": "picture",
    "assets/gov.1.css": "style",
    "assets/search/s1/00.bin": "shard",
}
TWO = {**ONE, "portal/news/a.html": "A"}


class Inside:
    """The inside's side of things: a blob store and releases made from plain words."""

    def __init__(self, root: Path) -> None:
        self.blobs = BlobStore(root / "var" / "blobs")

    def manifest(self, files: dict[str, str]) -> Manifest:
        return Manifest.of({path: self._entry(path, text.encode()) for path, text in files.items()})

    def _entry(self, path: str, data: bytes) -> Entry:
        packed = None if path.endswith((".png", ".bin")) else self.blobs.put(compress(data))
        return Entry(self.blobs.put(data), packed, len(data))

    def put(self, place: Place, number: int, files: dict[str, str], *, keep: int | None = None) -> Release:
        manifest = self.manifest(files)
        release = Release.publishing(number, manifest, commit="c0ffee", now=NOW)
        place.place(release, manifest, self.blobs.path)
        place.switch(number)
        if keep:
            place.keep(keep, NOW)
        return release


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "www", disk=FAST)


def visible(place: Place) -> dict[str, str]:
    """What a visitor reads: the live tree and the assets, siblings left out."""
    found = {}
    for top, prefix in ((place.root / "current", ""), (place.root / "assets", "assets/")):
        for folder, _, names in os.walk(top, followlinks=True):
            for name in names:
                path = Path(folder, name)
                if path.suffix != ".br":
                    found[prefix + path.relative_to(top).as_posix()] = path.read_text()
    return found


def trees(place: Place) -> set[str]:
    return {path.name for path in (place.root / "trees").iterdir()}


def blob_count(place: Place) -> int:
    return sum(path.is_file() for path in (place.root / "blobs").rglob("*"))


def snapshot(root: Path) -> dict[str, str]:
    """Every name below `root` with what it is, for comparing two folders."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(folder, name)
            content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
            found[path.relative_to(root).as_posix()] = str(content)
    return found


def test_nothing_is_live_before_the_first_release(place):
    assert place.live() is None
    assert place.releases() == []
    assert not place.root.exists()


def test_a_release_becomes_visible_with_everything_in_it(place, inside):
    release = inside.put(place, 1, ONE)
    assert visible(place) == ONE
    assert place.live() == release
    assert place.releases() == [release]
    assert place.manifest(1) == inside.manifest(ONE)
    assert (place.root / "format").read_text() == "zhanqun-target 1\n"
    assert (place.root / "current").readlink() == Path("releases/00000001")


def test_placing_alone_changes_nothing_for_visitors(place, inside):
    inside.put(place, 1, ONE)
    manifest = inside.manifest(TWO)
    place.place(Release.publishing(2, manifest, commit="c", now=NOW), manifest, inside.blobs.path)
    assert visible(place) == ONE
    place.switch(2)
    assert visible(place) == TWO


def test_the_release_directory_holds_no_assets(place, inside):
    inside.put(place, 1, ONE)
    assert {path.name for path in (place.root / "current").iterdir()} == {"portal", "congress"}
    assert (place.root / "releases/00000001").resolve().name == inside.manifest(ONE).without_assets().root()


def test_text_has_its_compressed_sibling_and_pictures_have_none(place, inside):
    inside.put(place, 1, ONE)
    live = place.root / "current"
    assert (live / "portal/index.html.br").read_bytes() == compress(b"home")
    assert not (live / "congress/photo.png.br").exists()
    assert (place.root / "assets/gov.1.css.br").read_bytes() == compress(b"style")


def test_files_are_read_only_and_dated_by_their_content(place, inside):
    inside.put(place, 1, ONE)
    for path in (place.root / "current/portal/news/a.html", place.root / "assets/gov.1.css.br"):
        sha = inside.blobs.put(path.read_bytes())
        facts = path.stat()
        assert (facts.st_mode & 0o777, int(facts.st_mtime)) == (0o444, mtime_of(sha))


def test_folders_may_be_read_by_the_web_server_under_a_strict_umask(place, inside):
    before = os.umask(0o077)
    try:
        inside.put(place, 1, ONE)
    finally:
        os.umask(before)
    folders = [place.root / name for name in ("trees", "releases", "assets/search/s1", "current/portal/news")]
    assert all(folder.stat().st_mode & 0o777 == 0o755 for folder in folders)


def test_an_edit_of_the_same_length_gets_another_mtime(place, inside):
    inside.put(place, 1, ONE)
    page = place.root / "current/portal/news/a.html"
    before = page.stat()
    inside.put(place, 2, TWO)
    assert page.stat().st_size == before.st_size
    assert page.stat().st_mtime != before.st_mtime


def test_the_target_shares_no_file_with_the_inside(place, inside):
    inside.put(place, 1, ONE)
    ours = {path.stat().st_ino for path in inside.blobs.root.rglob("*") if path.is_file()}
    theirs = {path.stat().st_ino for path in place.root.rglob("*") if path.is_file()}
    assert not ours & theirs


def test_one_changed_file_makes_only_the_directories_above_it(place, inside):
    inside.put(place, 1, ONE)
    before, blobs = trees(place), blob_count(place)
    inside.put(place, 2, TWO)
    assert len(trees(place) - before) == 3  # the top, portal, portal/news
    assert blob_count(place) == blobs + 2  # the page and its sibling


def test_unchanged_blobs_are_not_asked_for_again(place, inside):
    inside.put(place, 1, ONE)
    asked = []

    def read_blob(sha: str) -> Path:
        asked.append(sha)
        return inside.blobs.path(sha)

    manifest = inside.manifest(TWO)
    place.place(Release.publishing(2, manifest, commit="c", now=NOW), manifest, read_blob)
    assert set(asked) == {manifest["portal/news/a.html"].raw, manifest["portal/news/a.html"].brotli}


def test_equal_folders_are_stored_once(place, inside):
    inside.put(place, 1, {"portal/a/x.html": "x", "portal/b/x.html": "x"})
    assert len(trees(place)) == 3
    assert visible(place) == {"portal/a/x.html": "x", "portal/b/x.html": "x"}


def test_placing_the_same_release_twice_changes_nothing(place, inside):
    inside.put(place, 1, ONE, keep=3)
    before = snapshot(place.root)
    inside.put(place, 1, ONE, keep=3)
    assert snapshot(place.root) == before


def test_going_back_needs_no_blobs_and_makes_no_directories(place, inside):
    first = inside.put(place, 1, ONE)
    inside.put(place, 2, TWO)
    before = trees(place)
    back = first.rolled_back_as(3)
    place.place_again(back)
    place.switch(3)
    assert trees(place) == before
    assert visible(place) == ONE
    assert place.live() == back


def test_going_back_to_what_is_not_kept_is_refused(place, inside):
    first = inside.put(place, 1, ONE)
    inside.put(place, 2, TWO, keep=1)
    with pytest.raises(TargetError, match="content of release 1 is kept"):
        place.place_again(first.rolled_back_as(3))


# Keeping


def test_the_newest_releases_are_kept_and_the_rest_swept(place, inside):
    for number in range(1, 5):
        inside.put(place, number, {**ONE, "portal/news/a.html": str(number)}, keep=2)
    assert [release.number for release in place.releases()] == [3, 4]
    assert len(list((place.root / "releases").iterdir())) == 6
    only_kept = Place(place.root.with_name("fresh"), disk=FAST)
    for number in (3, 4):
        inside.put(only_kept, number, {**ONE, "portal/news/a.html": str(number)})
    assert trees(place) == trees(only_kept)
    assert blob_count(place) == blob_count(only_kept)
    assert visible(place)["portal/news/a.html"] == "4"


def test_the_live_release_is_kept_even_when_newer_ones_wait(place, inside):
    inside.put(place, 1, ONE)
    for number in (2, 3):
        manifest = inside.manifest({**ONE, "portal/x.html": str(number)})
        place.place(Release.publishing(number, manifest, commit="c", now=NOW), manifest, inside.blobs.path)
    place.keep(1, NOW)
    assert [release.number for release in place.releases()] == [1, 3]
    assert visible(place) == ONE


def test_an_asset_outlives_its_last_release_by_thirty_days(place, inside):
    inside.put(place, 1, ONE, keep=1)
    style = place.root / "assets/gov.1.css"
    later = {path: text for path, text in ONE.items() if path != "assets/gov.1.css"}
    inside.put(place, 2, later, keep=1)
    place.keep(1, NOW + timedelta(days=30))
    assert style.exists()
    assert style.with_name("gov.1.css.br").exists()
    place.keep(1, NOW + timedelta(days=31))
    assert not style.exists()
    assert not style.with_name("gov.1.css.br").exists()
    assert (place.root / "assets/search/s1/00.bin").exists()


def test_an_asset_used_again_starts_its_days_anew(place, inside):
    without = {path: text for path, text in ONE.items() if path != "assets/gov.1.css"}
    for number, files in enumerate([ONE, without, ONE], 1):
        inside.put(place, number, files, keep=1)
    inside.put(place, 4, without)
    place.keep(1, NOW + timedelta(days=40))
    assert (place.root / "assets/gov.1.css").exists()


def test_an_asset_with_a_fixed_name_follows_the_live_release(place, inside):
    fixed = {**ONE, "assets/search/root.bin": "one", "assets/top.json": "long"}
    first = inside.put(place, 1, fixed)
    inside.put(place, 2, {**fixed, "assets/search/root.bin": "two!", "assets/top.json": "changed"})
    assert visible(place)["assets/search/root.bin"] == "two!"
    assert (place.root / "assets/top.json.br").read_bytes() == compress(b"changed")
    place.place_again(first.rolled_back_as(3))
    assert visible(place)["assets/search/root.bin"] == "one"


def test_a_lost_sibling_of_an_asset_is_put_back(place, inside):
    inside.put(place, 1, ONE)
    (place.root / "assets/gov.1.css.br").unlink()
    inside.put(place, 2, TWO)
    assert (place.root / "assets/gov.1.css.br").read_bytes() == compress(b"style")


def test_a_damaged_kept_manifest_stops_the_sweep(place, inside):
    inside.put(place, 1, ONE)
    inside.put(place, 2, TWO)
    manifest = place.root / "releases/00000001.manifest"
    manifest.write_bytes(manifest.read_bytes()[:-200])
    blobs = blob_count(place)
    with pytest.raises(FormatError, match="nothing was swept"):
        place.keep(2, NOW)
    assert blob_count(place) == blobs


# What is refused


def test_a_number_never_names_two_states(place, inside):
    inside.put(place, 1, ONE)
    with pytest.raises(TargetError, match="names another release"):
        inside.put(place, 1, TWO)
    assert visible(place) == ONE


def test_an_older_number_is_not_made_live(place, inside):
    inside.put(place, 1, ONE)
    inside.put(place, 3, TWO)
    with pytest.raises(TargetError, match="release 3 is live, 2 is older"):
        inside.put(place, 2, ONE)
    with pytest.raises(TargetError, match="zhanqun rollback"):
        place.switch(1)
    assert visible(place) == TWO


def test_a_manifest_that_does_not_fit_the_record_is_refused(place, inside):
    release = Release.publishing(1, inside.manifest(ONE), commit="c", now=NOW)
    with pytest.raises(FormatError, match="another root"):
        place.place(release, inside.manifest(TWO), inside.blobs.path)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_blob_of_the_inside_never_goes_live(place, inside, damage):
    inside.put(place, 1, ONE)
    manifest = inside.manifest(TWO)
    blob = inside.blobs.path(manifest["portal/news/a.html"].raw)
    blob.unlink() if damage == "missing" else blob.write_bytes(b"?")
    with pytest.raises(FormatError, match=f"{damage.replace('changed', 'damaged')}"):
        place.place(Release.publishing(2, manifest, commit="c", now=NOW), manifest, inside.blobs.path)
    assert visible(place) == ONE
    assert not (place.root / ".tmp-place").exists()


@pytest.mark.parametrize("ask", [Place.release, Place.manifest, Place.switch])
def test_a_release_that_is_not_kept_is_told(place, inside, ask):
    inside.put(place, 1, ONE)
    with pytest.raises(TargetError, match="release 9 is not kept here"):
        ask(place, 9)


def test_a_folder_with_other_things_in_it_is_refused(place, inside):
    place.root.mkdir()
    (place.root / "thesis.doc").write_text("mine")
    with pytest.raises(TargetError, match=r"thesis\.doc"):
        inside.put(place, 1, ONE)
    assert sorted(path.name for path in place.root.iterdir()) == [".lock", "thesis.doc"]


def test_a_fresh_file_system_with_lost_and_found_is_accepted(place, inside):
    (place.root / "lost+found").mkdir(parents=True)
    inside.put(place, 1, ONE)
    assert visible(place) == ONE


def test_an_unknown_format_is_refused(place, inside):
    inside.put(place, 1, ONE)
    (place.root / "format").write_text("zhanqun-target 2\n")
    with pytest.raises(FormatError, match="Upgrade"):
        inside.put(place, 2, TWO)


def test_an_unknown_format_of_the_asset_record_is_refused(place, inside):
    inside.put(place, 1, ONE, keep=1)
    (place.root / "assets.json").write_text('{"format": 2}')
    with pytest.raises(FormatError, match=r"assets\.json"):
        place.keep(1, NOW)


def test_a_strange_current_is_told(place, inside):
    inside.put(place, 1, ONE)
    (place.root / "current").unlink()
    (place.root / "current").symlink_to("/etc")
    with pytest.raises(FormatError, match="current"):
        place.live()


def refusing(code: int, allowed: int = 0) -> Callable[..., None]:
    """A system call that works `allowed` times and then fails with `code`."""
    calls = []

    def call(source: Path, place: Path) -> None:
        calls.append(place)
        if len(calls) > allowed:
            raise OSError(code, os.strerror(code), str(place))
        os.link(source, place)

    return call


@pytest.mark.parametrize("disk", [Disk(hard_link=refusing(errno.EPERM)), Disk(symlink=refusing(errno.EOPNOTSUPP))])
def test_a_file_system_without_links_is_refused_with_advice(tmp_path, inside, disk):
    place = Place(tmp_path / "usb", disk=disk)
    with pytest.raises(TargetError, match="Use ext4, xfs or btrfs") as told:
        inside.put(place, 1, ONE)
    assert "ext4" in told.value.text("zh")
    assert not (place.root / "format").exists()


def test_a_blob_with_too_many_links_is_copied_instead(tmp_path, inside):
    place = Place(tmp_path / "www", disk=Disk(hard_link=refusing(errno.EMLINK, allowed=2), sync=FAST.sync))
    inside.put(place, 1, ONE, keep=1)
    assert visible(place) == ONE
    page = place.root / "current/portal/news/b.html"
    assert int(page.stat().st_mtime) == mtime_of(inside.blobs.put(b"b"))


@pytest.mark.parametrize("allowed", [0, 5], ids=["at the probe", "in the middle"])
def test_a_full_disk_leaves_the_live_site_as_it_was(tmp_path, inside, allowed):
    good = Place(tmp_path / "www", disk=FAST)
    if allowed:
        inside.put(good, 1, ONE)
    full = Place(good.root, disk=Disk(hard_link=refusing(errno.ENOSPC, allowed=allowed and 3), sync=FAST.sync))
    with pytest.raises(TargetError, match="No space left"):
        inside.put(full, 2, TWO)
    assert visible(good) == (ONE if allowed else {})
    inside.put(good, 2, TWO)
    assert visible(good) == TWO


def test_only_one_writes_at_a_time(place, inside):
    inside.put(place, 1, ONE)
    with (place.root / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            inside.put(place, 2, TWO)
        assert place.live().number == 1
    inside.put(place, 2, TWO)


def test_everything_is_on_the_disk_before_the_switch(tmp_path, inside):
    order = []
    disk = Disk(sync=lambda folder: order.append("sync"))
    place = Place(tmp_path / "www", disk=disk, at=order.append)
    inside.put(place, 1, ONE)
    assert order[order.index("record") + 1 :] == ["sync", "synced", "switched"]
    assert "sync" in order[: order.index("blobs")]


def test_the_real_sync_works_too(tmp_path, inside):
    place = Place(tmp_path / "www")
    inside.put(place, 1, {"portal/index.html": "home"})
    assert visible(place) == {"portal/index.html": "home"}


# Killed at any moment

KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from cluster.blobs import BlobStore
from cluster.manifest import Manifest
from cluster.release import Release
from publish.receiver.place import Disk, Place

step, nth, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
seen = []

def die(name):
    seen.append(name)
    if seen.count(step) == nth:
        os._exit(9)

place = Place(root / "www", disk=Disk(sync=lambda folder: None), at=die)
release = Release.parse((root / "release").read_bytes())
place.place(release, Manifest.parse((root / "manifest").read_bytes()), BlobStore(root / "var/blobs").path)
place.switch(release.number)
place.keep(1, datetime(2026, 11, 20, 1, 0, tzinfo=UTC))
"""
MOMENTS = [(step, 1) for step in STEPS] + [("blob", 3), ("tree", 2), ("tree", 3)]


@pytest.mark.parametrize(("step", "nth"), MOMENTS)
def test_a_kill_at_any_step_leaves_a_whole_site_and_the_next_run_converges(tmp_path, inside, step, nth):
    place = Place(tmp_path / "www", disk=FAST)
    old = {} if step == "format" else ONE
    if old:
        inside.put(place, 1, ONE, keep=1)
    new = {**TWO, "portal/new/c.html": "c", "assets/gov.2.css": "new"}
    manifest = inside.manifest(new)
    (tmp_path / "manifest").write_bytes(manifest.dump())
    (tmp_path / "release").write_bytes(Release.publishing(2, manifest, commit="c0ffee", now=NOW).dump())
    command = [sys.executable, "-c", KILLED, step, str(nth), str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 9

    sites = {path: text for path, text in visible(place).items() if not path.startswith("assets/")}
    assert sites in ({p: t for p, t in each.items() if not p.startswith("assets/")} for each in (old, new))

    inside.put(place, 2, new, keep=1)
    assert visible(place) == new
    undisturbed = Place(tmp_path / "undisturbed", disk=FAST)
    if old:
        inside.put(undisturbed, 1, old, keep=1)
    inside.put(undisturbed, 2, new, keep=1)
    assert snapshot(place.root) == snapshot(undisturbed.root)
