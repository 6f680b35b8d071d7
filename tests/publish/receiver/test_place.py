"""A web root: what may become one, links and their limits, and files under `assets/`."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import threading
from pathlib import Path

import pytest

from cluster.blobs import compress, mtime_of
from cluster.errors import BusyError, FormatError, TargetError
from publish.receiver import missing
from publish.receiver.disk import Disk
from tests.publish.receiver.town import FAST, ONE, TWO, Town, snapshot


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def refuse(code: int, after: int = 0):
    """A hard link that the file system refuses after so many."""
    made = 0

    def link(source: str, place: str) -> None:
        nonlocal made
        made += 1
        if made > after:
            raise OSError(code, os.strerror(code), place)
        os.link(source, place)

    return link


def test_a_release_that_is_not_kept_is_told(town):
    town.publish(ONE)
    with pytest.raises(TargetError, match="release 9 is not kept here"):
        town.receiver().place.release(9)


def test_a_folder_with_other_things_in_it_is_refused(town):
    town.www.mkdir(parents=True)
    (town.www / "thesis.doc").write_text("mine")
    with pytest.raises(TargetError, match=r"thesis\.doc"):
        town.publish(ONE)
    assert sorted(path.name for path in town.www.iterdir()) == [".lock", "thesis.doc"]


def test_a_vault_folder_with_other_things_in_it_is_refused(town):
    town.places.vault.mkdir(parents=True)
    (town.places.vault / "thesis.doc").write_text("mine")
    with pytest.raises(TargetError, match=r"vault: .*thesis\.doc"):
        town.publish(ONE)


def test_a_fresh_file_system_with_lost_and_found_is_accepted(town):
    (town.www / "lost+found").mkdir(parents=True)
    town.publish(ONE)
    assert town.visible() == ONE


@pytest.mark.parametrize("name", ["www", "vault"])
def test_an_unknown_format_is_refused(town, name):
    town.publish(ONE)
    (town.root / "dmz" / name / "format").write_text("zhanqun-target 3\n")
    with pytest.raises(FormatError, match="Upgrade"):
        town.publish(TWO)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
@pytest.mark.parametrize("kind", ["hard_link", "symlink"])
def test_a_file_system_without_links_is_refused_with_advice(town, code, kind):
    disk = Disk(sync=FAST.sync, **{kind: refuse(code)})
    with pytest.raises(TargetError, match="Use ext4, xfs or btrfs"):
        town.deliver(town.next(ONE), receiver=town.receiver(disk=disk))
    assert [path.name for path in town.www.iterdir()] == [".lock"]


def test_a_blob_with_too_many_links_is_copied(town):
    disk = Disk(sync=FAST.sync, hard_link=refuse(errno.EMLINK, after=1))
    town.deliver(town.next(ONE), receiver=town.receiver(disk=disk))
    assert town.visible() == ONE
    page = town.www / "current/portal/index.html"
    facts = page.stat()
    sha = town.inside.entry("index.html", "home").raw
    assert (facts.st_nlink, facts.st_mode & 0o777, int(facts.st_mtime)) == (1, 0o444, mtime_of(sha))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_is_told_and_the_old_site_stays(town, code):
    town.publish(ONE)
    disk = Disk(sync=FAST.sync, hard_link=refuse(code, after=2))
    release = town.next({**TWO, "portal/x.html": "x"})
    with pytest.raises(TargetError, match="Check space and permissions"):
        town.deliver(release, receiver=town.receiver(disk=disk))
    assert town.visible() == ONE
    town.deliver(release)
    assert town.visible()["portal/x.html"] == "x"


def test_what_a_killed_run_left_is_wiped(town):
    town.publish(ONE)
    before = snapshot(town.root / "dmz")
    for folder in (town.www, town.places.vault):
        (folder / ".tmp-place/trees/x").mkdir(parents=True)
        (folder / ".tmp-place/trees/x/page.html").write_text("half")
    with town.receiver().holding.held():
        pass
    assert snapshot(town.root / "dmz") == before


def test_two_writers_at_once_are_refused(town):
    town.publish(ONE)
    with (town.www / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError):
            town.publish(TWO)
    town.publish(TWO)


def test_a_lock_that_is_given_back_soon_is_waited_for(town):
    """As a sweep does several times a second."""
    town.publish(ONE)
    with (town.www / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        soon = threading.Timer(0.1, lambda: fcntl.flock(file, fcntl.LOCK_UN))
        soon.start()
        town.publish(TWO)
        soon.join()
    assert town.visible() == TWO


def test_a_missing_blob_of_an_unchanged_page_is_taken_from_the_vault(town):
    town.publish(ONE)
    entry = town.inside.entry("b.html", "b")
    for sha in filter(None, entry[:2]):
        (town.www / "blobs" / sha[:2] / sha[2:]).unlink()
    town.publish(TWO)
    assert town.visible() == TWO
    assert (town.www / "current/portal/news/b.html.br").read_bytes() == compress(b"b")


def test_a_blob_that_is_missing_everywhere_is_told_and_comes_with_the_whole_tree(town):
    town.publish(ONE)
    entry = town.inside.entry("b.html", "b")
    for folder in (town.www, town.places.vault):
        for sha in filter(None, entry[:2]):
            (folder / "blobs" / sha[:2] / sha[2:]).unlink()
    release = town.next(TWO)
    with pytest.raises(TargetError, match="publish again"):
        town.deliver(release)
    assert town.visible() == ONE
    missing.leave(town.places.state, ())
    with town.receiver().receiving(town.inside.offer(release, None)) as delivery:
        town.inside.send(delivery)
        delivery.finish()
    assert town.visible() == TWO


# Assets


def test_an_asset_with_a_fixed_name_follows_the_live_release(town):
    fixed = {**ONE, "assets/search/root.bin": "one", "assets/top.json": "long"}
    first = town.publish(fixed)
    town.publish({**fixed, "assets/search/root.bin": "two!", "assets/top.json": "changed"})
    assert town.visible()["assets/search/root.bin"] == "two!"
    assert (town.www / "assets/top.json.br").read_bytes() == compress(b"changed")
    town.deliver(first.rolled_back_as(3))
    assert town.visible()["assets/search/root.bin"] == "one"


def test_an_asset_that_is_no_longer_compressed_loses_its_sibling(town):
    town.publish({"assets/top.json": "text"})
    entry = town.inside.entry("top.bin", "bytes")
    root = town.inside.listings.change(town.receiver().hello().root, [("assets/top.json", entry)])
    release = town.next({"assets/top.json": "bytes"})
    release = type(release)(2, "c", town.now, root, 1, 5)
    town.deliver(release)
    assert sorted(path.name for path in (town.www / "assets").iterdir()) == ["top.json"]


def test_an_asset_that_was_dropped_stays_for_tabs_opened_before(town):
    town.publish(ONE)
    town.publish({path: text for path, text in ONE.items() if path != "assets/gov.1.css"})
    assert (town.www / "assets/gov.1.css").read_text() == "style"


def test_a_deleted_current_link_is_made_again_by_the_next_delivery(town):
    town.publish(ONE)
    (town.www / "current").unlink()
    town.publish(TWO)
    assert town.visible() == TWO


def test_a_web_root_that_lost_its_trees_is_whole_after_a_delivery_of_everything(town):
    release = town.publish(ONE)
    shutil.rmtree(town.www / "trees")
    with town.receiver().receiving(town.inside.offer(release, None)) as delivery:
        delivery.finish()
    assert town.visible() == ONE
