"""The guard: whatever is done to the web root is undone, with nothing but vault and records to go by."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from cluster.errors import TargetError
from publish.guard import LIMITS, Done, Found, Incident, Limits
from publish.guard.guard import Guard
from publish.guard.notes import read_status
from publish.receiver import missing
from publish.receiver.closed import close_site, closed_sites
from publish.receiver.turn import turn
from tests.publish.guard.target import NOW, ONE, TWO, Target, dated, snapshot

PATIENCE = 20.0
QUICK = replace(LIMITS, turn_wait=0.05)
PAGE = "portal/news/a.html"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Two releases, of which the second is live."""
    target = Target(tmp_path)
    target.publish(ONE)
    target.publish(TWO)
    return target


def guard_of(target: Target, limits: Limits = QUICK, now: Callable[[], datetime] = lambda: NOW) -> Guard:
    return Guard(target.places, now=now, limits=limits)


@contextmanager
def guarding(target: Target, limits: Limits = QUICK) -> Iterator[Guard]:
    """A guard at work, once its first round is done."""
    stop, guard = threading.Event(), guard_of(target, limits)
    thread = threading.Thread(target=guard.run, args=(stop,))
    thread.start()
    try:
        until(lambda: (read_status(target.places.state) or {}).get("checked_at") is not None)
        yield guard
    finally:
        stop.set()
        thread.join()


def until(holds: Callable[[], bool]) -> None:
    """Waits for a condition, with much patience."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


# ---- the attacks ----------------------------------------------------------------------------------------------------


def in_place(target: Target) -> None:
    place = target.real(PAGE)
    place.chmod(0o644)
    place.write_bytes(b"evil words!!")


def in_place_with_the_right_date_and_mode(target: Target) -> None:
    place = target.real(PAGE)
    sha = target.files[PAGE].raw
    size = place.stat().st_size
    place.chmod(0o644)
    place.write_bytes(b"x" * size)
    place.chmod(0o444)
    dated(place, sha)


def by_rename(target: Target) -> None:
    evil = target.root / "evil"
    evil.write_bytes(b"evil")
    evil.replace(target.real(PAGE))


def chmod_alone(target: Target) -> None:
    target.real(PAGE).chmod(0o666)


def other_date(target: Target) -> None:
    os.utime(target.real(PAGE), (1, 1))


def truncate(target: Target) -> None:
    os.truncate(target.real(PAGE), 2)


def append(target: Target) -> None:
    with target.real(PAGE).open("ab") as file:
        file.write(b"<script>")


def delete(target: Target) -> None:
    target.real(PAGE).unlink()


def delete_the_sibling(target: Target) -> None:
    place = target.real(PAGE)
    place.with_name(f"{place.name}.br").unlink()


def replace_by_a_link(target: Target) -> None:
    target.real(PAGE).unlink()
    target.real("portal/news").joinpath("a.html").symlink_to("/etc/passwd")


def replace_by_a_folder(target: Target) -> None:
    place = target.real(PAGE)
    place.unlink()
    place.mkdir()
    (place / "x").write_text("x")


def replace_by_a_pipe(target: Target) -> None:
    place = target.real(PAGE)
    place.unlink()
    os.mkfifo(place)


def add_a_page(target: Target) -> None:
    (target.real("portal/news") / "evil.html").write_text("evil")


def add_a_folder(target: Target) -> None:
    folder = target.real("portal") / "evil" / "deep"
    folder.mkdir(parents=True)
    (folder / "x.html").write_text("evil")


def add_a_link(target: Target) -> None:
    (target.real("portal") / "etc").symlink_to("/etc")


def add_a_link_to_itself(target: Target) -> None:
    (target.real("portal") / "loop").symlink_to("loop")


def add_an_asset(target: Target) -> None:
    (target.www / "assets" / "evil.js").write_text("evil")


def add_at_the_top(target: Target) -> None:
    (target.www / "shell.php").write_text("evil")


def add_a_name_that_is_no_unicode(target: Target) -> None:
    Path(os.fsdecode(os.fsencode(target.real("portal")) + b"/\xff\x1b[2J\n.html")).write_text("evil")


def add_a_tree(target: Target) -> None:
    folder = target.www / "trees" / ("e" * 64)
    folder.mkdir()
    (folder / "x.html").write_text("evil")


def replace_a_directory_by_a_link(target: Target) -> None:
    evil = target.root / "evil"
    evil.mkdir()
    (evil / "a.html").write_text("evil")
    place = target.real("portal/news")
    place.rename(target.root / "taken")
    place.symlink_to(evil)


def turn_a_child_link(target: Target) -> None:
    link = target.real("portal") / "news"
    link.unlink()
    link.symlink_to("../" + target.real("congress").name)


def swap_current(target: Target) -> None:
    link = target.root / "link"
    link.symlink_to("releases/00000001")
    link.replace(target.www / "current")


def turn_a_release(target: Target) -> None:
    link = target.www / "releases" / "00000002"
    link.unlink()
    link.symlink_to("/etc")


def alter_a_record(target: Target) -> None:
    (target.www / "releases" / "00000001.json").write_text("{}")


def alter_a_listing(target: Target) -> None:
    place = target.www / "listings" / target.tree
    place.chmod(0o644)
    place.write_text("junk")


def delete_a_whole_tree(target: Target) -> None:
    shutil.rmtree(target.real("portal"))


def delete_all_trees(target: Target) -> None:
    shutil.rmtree(target.www / "trees")


def delete_everything(target: Target) -> None:
    shutil.rmtree(target.www)


def move_the_trees_away(target: Target) -> None:
    (target.www / "trees").rename(target.www / "trees.old")
    (target.www / "trees").mkdir()


def damage_the_blob_by_rename(target: Target) -> None:
    evil = target.root / "evil"
    evil.write_bytes(b"evil")
    evil.replace(target.blob(PAGE))


def delete_the_blob_and_the_page(target: Target) -> None:
    target.blob(PAGE).unlink()
    target.real(PAGE).unlink()


def damage_an_asset(target: Target) -> None:
    place = target.www / "assets" / "gov.1.css"
    place.chmod(0o644)
    place.write_text("body { display: none }")


def delete_the_assets(target: Target) -> None:
    shutil.rmtree(target.www / "assets")


def damage_the_page_of_a_kept_release(target: Target) -> None:
    place = (target.www / "releases" / "00000001" / PAGE).resolve()
    place.chmod(0o644)
    place.write_text("evil")


def open_a_folder_to_all(target: Target) -> None:
    target.real("portal/news").chmod(0o777)


def alter_a_whole_site(target: Target) -> None:
    for place in [*target.real("portal").rglob("*"), *target.real("portal/news").rglob("*")]:
        if place.is_file() and not place.is_symlink():
            place.chmod(0o644)
            place.write_text("evil")


ATTACKS = {
    attack.__name__.replace("_", " "): attack
    for attack in (
        in_place, in_place_with_the_right_date_and_mode, by_rename, chmod_alone, other_date, truncate, append, delete,
        delete_the_sibling, replace_by_a_link, replace_by_a_folder, replace_by_a_pipe, add_a_page, add_a_folder,
        add_a_link, add_a_link_to_itself, add_an_asset, add_at_the_top, add_a_name_that_is_no_unicode, add_a_tree,
        replace_a_directory_by_a_link, turn_a_child_link, swap_current, turn_a_release, alter_a_record,
        alter_a_listing, delete_a_whole_tree, delete_all_trees, delete_everything, move_the_trees_away,
        damage_the_blob_by_rename, delete_the_blob_and_the_page, damage_an_asset, delete_the_assets,
        damage_the_page_of_a_kept_release, open_a_folder_to_all, alter_a_whole_site,
    )
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_check_undoes_it(target: Target, attack: Callable[[Target], None]) -> None:
    before = snapshot(target.www)
    attack(target)
    assert snapshot(target.www) != before

    report = guard_of(target).check()

    assert snapshot(target.www) == before
    assert report.exit_code == 3
    assert guard_of(target).check().exit_code == 0


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_guard_at_work_undoes_it(target: Target, attack: Callable[[Target], None]) -> None:
    before = snapshot(target.www)
    with guarding(target):
        with contextlib.suppress(OSError):  # the guard may undo the first half of an attack before the second
            attack(target)
        until(lambda: _is_again(target.www, before))


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_is_undone_by_the_events_alone(target: Target, seed: int) -> None:
    """Folders are taken away while the guard is just putting them back; the rolling re-hash does not help."""
    before, chance = snapshot(target.www), Random(seed)
    with guarding(target, replace(QUICK, rehash_share=1e-4)):
        for _ in range(8):
            with contextlib.suppress(OSError, IndexError):
                _strike(target.www, chance)
            time.sleep(chance.choice((0, 0.02, 0.05)))
        until(lambda: _is_again(target.www, before))


def _strike(www: Path, chance: Random) -> None:
    trees = sorted((www / "trees").iterdir())
    kind = chance.randrange(5)
    if kind == 0:
        shutil.rmtree(www)
    elif kind == 1:
        shutil.rmtree(www / chance.choice(("trees", "blobs", "assets", "releases", "listings")))
    elif kind == 2:
        shutil.rmtree(chance.choice(trees))
    elif kind == 3:
        shutil.rmtree(chance.choice(sorted((www / "blobs").iterdir())))
    else:
        for path in chance.choice(trees).iterdir():
            path.unlink()


def test_a_folder_of_blobs_that_is_gone_comes_back_with_what_is_needed(target: Target) -> None:
    before = snapshot(target.www)
    fan = target.blob(PAGE).parent
    fan.rename(target.root / "taken")

    found = guard_of(target).attend([f"blobs/{fan.name}"])

    assert {one.done for one in found} == {Done.RESTORED}
    assert snapshot(target.www) == before


def test_a_folder_that_nobody_may_enter_is_opened_again(target: Target) -> None:
    folder = target.real("portal/news")
    folder.chmod(0)

    (incident,) = guard_of(target).attend([folder.relative_to(target.www).as_posix()])

    assert (incident.found, incident.done) == (Found.MODE, Done.RESTORED)
    assert folder.stat().st_mode & 0o777 == 0o755


def test_what_failed_is_tried_again_by_itself(target: Target) -> None:
    """The vault lacked it for a while; no event and no publish says that it has it again."""
    spare, kept = target.vault_blob("congress/photo.png"), target.root / "kept"
    incidents = target.places.state / "incidents.jsonl"
    with guarding(target, replace(QUICK, rehash_share=1e-4)):
        spare.rename(kept)
        page = target.real("congress/photo.png")
        target.blob("congress/photo.png").unlink()
        page.unlink()
        until(lambda: incidents.exists() and str(Done.FAILED) in incidents.read_text())
        kept.rename(spare)
        until(page.exists)
        assert page.read_text() == ONE["congress/photo.png"]


def _is_again(www: Path, before: dict[str, str]) -> bool:
    try:
        return snapshot(www) == before
    except OSError:  # something is just being renamed
        return False


def test_a_clean_target_is_left_alone(target: Target) -> None:
    before = snapshot(target.www)
    inodes = {path: path.lstat().st_ino for path in target.www.rglob("*")}

    assert guard_of(target).check().exit_code == 0
    assert snapshot(target.www) == before
    assert {path: path.lstat().st_ino for path in target.www.rglob("*")} == inodes


# ---- what is restored -----------------------------------------------------------------------------------------------


def test_a_restored_file_is_a_new_one_and_every_tree_gets_it(target: Target) -> None:
    """Both releases link the same page: a write through one path changes both, and whoever holds it open writes on."""
    shared = "portal/news/b.html"
    old = target.real(shared)
    inode = old.stat().st_ino
    with old.open("r+b") as held:
        held.write(b"evil")
        held.flush()
        guard_of(target).check()
        held.write(b"more evil")

    one, two = ((target.www / "releases" / number / shared).resolve() for number in ("00000001", "00000002"))
    assert one.read_text() == two.read_text() == ONE[shared]
    assert inode not in (one.stat().st_ino, two.stat().st_ino)
    assert one.stat().st_ino == target.blob(shared).stat().st_ino


def test_what_was_added_lies_in_the_quarantine_and_is_told(target: Target) -> None:
    add_a_page(target)

    (incident,) = guard_of(target).check().incidents

    assert (incident.page, incident.found, incident.done) == ("portal/news/evil.html", Found.ADDED, Done.REMOVED)
    (kept,) = (path for path in (target.places.state / "quarantine").iterdir() if path.is_file())
    assert kept.read_text() == "evil"
    assert kept.stat().st_mode & 0o777 == 0o400


def test_the_quarantine_is_bounded(target: Target) -> None:
    for number in range(30):
        (target.www / "assets" / f"{number}.js").write_text("evil")
    guard_of(target, replace(QUICK, quarantine_files=10)).check()

    assert len(list((target.places.state / "quarantine").iterdir())) == 10


def test_nothing_outside_is_touched_through_a_link(target: Target) -> None:
    """A folder of trees becomes a link to somebody's home: its files are neither moved, removed nor changed."""
    home = target.root / "home"
    home.mkdir()
    (home / "letter").write_text("dear")
    for name in ("trees", "assets"):
        (target.www / name).rename(target.root / f"old-{name}")
        (target.www / name).symlink_to(home)
    (target.www / "blobs" / "00").symlink_to(home)

    guard_of(target).check()

    assert {path.name: path.read_text() for path in home.iterdir()} == {"letter": "dear"}
    assert target.real(PAGE).read_text() == TWO[PAGE]


def test_text_comes_back_from_its_compressed_copy(target: Target) -> None:
    target.vault_blob(PAGE).unlink()
    delete_the_blob_and_the_page(target)

    assert not [one for one in guard_of(target).check().incidents if one.done is Done.FAILED]
    assert target.real(PAGE).read_text() == TWO[PAGE]


def test_redirects_are_put_back(target: Target) -> None:
    from publish.receiver.reload import map_path, write_maps

    served = target.receiver().place.listings
    write_maps(target.www, served, target.tree)
    place = map_path(target.www, "portal")
    before = place.read_bytes()
    place.write_text("/ https://evil.example;")

    assert guard_of(target).check().exit_code == 3
    assert place.read_bytes() == before


def test_the_cluster_state_of_a_release_is_guarded(target: Target) -> None:
    target.in_state({"portal/_mode.css": "html { filter: grayscale(1) }", "portal/notice.html": "mourning"})
    assert guard_of(target).check().exit_code == 0
    before = snapshot(target.www)
    place = target.real("portal/notice.html")
    place.chmod(0o644)
    place.write_text("evil")

    assert guard_of(target).check().exit_code == 3
    assert snapshot(target.www) == before


# ---- what the vault lacks -------------------------------------------------------------------------------------------


def test_a_damaged_vault_copy_is_told_and_asked_for_and_not_used(target: Target) -> None:
    before = snapshot(target.www)
    place = target.vault_blob("congress/photo.png")
    place.chmod(0o644)
    place.write_text("evil")

    report = guard_of(target).check()

    assert snapshot(target.www) == before
    assert [one.found for one in report.incidents] == [Found.VAULT]
    assert report.exit_code == 1
    assert missing.read(target.places.state) == {target.files["congress/photo.png"].raw}


def test_damage_in_both_is_told_and_the_next_bundle_brings_it(target: Target) -> None:
    for place in (target.vault_blob("congress/photo.png"), target.blob("congress/photo.png")):
        place.chmod(0o644)
        place.write_text("evil")
    before = target.www / "current" / "congress" / "photo.png"

    report = guard_of(target).check()

    assert report.exit_code == 1
    assert {one.page for one in report.incidents if one.done is Done.FAILED} >= {"congress/photo.png"}
    assert target.files["congress/photo.png"].raw in missing.read(target.places.state)
    assert before.read_text() == "evil"  # nothing better is to be had

    target.publish({**TWO, "portal/new.html": "new"})
    guard_of(target).check()
    assert target.real("congress/photo.png").read_text() == ONE["congress/photo.png"]
    assert guard_of(target).check().exit_code == 0
    assert missing.read(target.places.state) == frozenset()


def test_a_damaged_record_in_the_vault_takes_nothing_from_the_web_root(target: Target) -> None:
    before = snapshot(target.www)
    (target.places.vault / "releases" / "00000002.json").write_text("{}")

    assert guard_of(target).check().exit_code == 1
    assert snapshot(target.www) == before


def test_a_damaged_listing_in_the_vault_takes_nothing_from_the_web_root(target: Target) -> None:
    before = snapshot(target.www)
    for path in (target.places.vault / "listings").iterdir():
        path.chmod(0o644)
        path.write_text("junk")

    assert guard_of(target).check().exit_code == 1
    assert snapshot(target.www) == before


def test_a_damaged_listing_in_the_vault_is_asked_for_until_it_is_whole(target: Target) -> None:
    place = target.places.vault / "listings" / target.tree
    text = place.read_bytes()
    place.chmod(0o644)
    place.write_text("junk")

    assert guard_of(target).check().missing == 1
    assert missing.read(target.places.state) == {target.tree}
    place.write_bytes(text)
    assert guard_of(target).check().exit_code == 0


def test_a_forged_newest_record_is_not_believed(target: Target) -> None:
    """The state folder knows the hash of the newest record."""
    place = target.places.vault / "releases" / "00000002.json"
    older = (target.places.vault / "releases" / "00000001.json").read_text()
    place.chmod(0o644)
    place.write_text(older.replace('"number": 1', '"number": 2'))
    before = snapshot(target.www)

    assert guard_of(target).check().exit_code == 1
    assert snapshot(target.www) == before


def test_without_a_signed_release_nothing_is_touched(target: Target) -> None:
    before = snapshot(target.www)
    shutil.rmtree(target.places.vault)

    with pytest.raises(TargetError, match="no signed release"):
        guard_of(target).check()
    assert snapshot(target.www) == before


# ---- beside the receiver --------------------------------------------------------------------------------------------


def test_releases_that_wait_for_the_sweep_are_no_attack(tmp_path: Path) -> None:
    target = Target(tmp_path, keep=2)
    for number in range(6):
        target.publish({**ONE, "portal/news/a.html": f"state {number}", f"assets/gov.{number}.css": f"{number}"})
        assert guard_of(target).check().exit_code == 0
    assert len(list((target.www / "releases").glob("*.json"))) == 2


def test_an_asset_of_a_dropped_release_stays_and_is_guarded(tmp_path: Path) -> None:
    target = Target(tmp_path, keep=1)
    target.publish(ONE)
    target.publish({path: text for path, text in ONE.items() if path != "assets/gov.1.css"})
    place = target.www / "assets" / "gov.1.css"
    assert guard_of(target).check().exit_code == 0
    place.chmod(0o644)
    place.write_text("evil")

    assert guard_of(target).check().exit_code == 3
    assert place.read_text() == ONE["assets/gov.1.css"]


def test_publishing_beside_a_guard_makes_no_incident(target: Target) -> None:
    with guarding(target):
        for number in range(5):
            target.publish({**TWO, "portal/news/a.html": f"state {number}", f"portal/new/{number}.html": "new"})
        back = target.rollback(target.publish({**ONE, "portal/x.html": "x"}))
        until(lambda: (target.www / "current").readlink().name == f"{back.number:08d}")
        time.sleep(1)
        assert not (target.places.state / "incidents.jsonl").exists()
    assert guard_of(target).check().exit_code == 0


def test_a_receiver_at_work_does_not_keep_the_guard_from_what_is_settled(target: Target) -> None:
    before = snapshot(target.www)
    with guarding(target), turn(target.places.state, PATIENCE):
        in_place(target)
        add_a_page(target)
        swap_current(target)
        until(lambda: _is_again(target.www, before))


def test_what_is_unknown_waits_for_the_receiver(target: Target) -> None:
    """While the receiver works, a new asset may be the next release's."""
    evil = target.www / "assets" / "evil.js"
    with guarding(target):
        with turn(target.places.state, PATIENCE):
            evil.write_text("evil")
            in_place(target)
            until(lambda: target.real(PAGE).read_text() == TWO[PAGE])
            assert evil.exists()
        until(lambda: not evil.exists())


def test_a_turn_that_is_never_given_back_protects_nothing(target: Target) -> None:
    evil = target.www / "assets" / "evil.js"
    with guarding(target, replace(QUICK, turn_patience=0.2)), turn(target.places.state, PATIENCE):
        evil.write_text("evil")
        until(lambda: not evil.exists())


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_something_else_in_the_place_of_the_lock_is_no_obstacle(target: Target, kind: str) -> None:
    lock = target.www / ".lock"
    lock.unlink(missing_ok=True)
    {"folder": lock.mkdir, "pipe": lambda: os.mkfifo(lock), "link": lambda: lock.symlink_to("/dev/null")}[kind]()
    in_place(target)

    assert guard_of(target).check().exit_code == 3
    assert target.real(PAGE).read_text() == TWO[PAGE]


# ---- time, notes and lost events ------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-365, 60, 365, 3650])
def test_the_guard_goes_on_whatever_the_clock_says(target: Target, days: int) -> None:
    in_place(target)
    guard = guard_of(target, now=lambda: datetime(2026, 11, 20, tzinfo=UTC) + timedelta(days=days))

    assert guard.check().exit_code == 3
    assert target.real(PAGE).read_text() == TWO[PAGE]


def test_the_rolling_re_hash_finds_what_made_no_event(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    with guarding(target, replace(QUICK, rehash_bytes=1 << 30, rehash_share=1.0)) as guard:
        # As a write through a mapped page: the watches hear nothing.
        monkeypatch.setattr("publish.guard.watches.Watches._on_event", lambda *_: None)
        in_place_with_the_right_date_and_mode(target)
        until(lambda: target.real(PAGE).read_text() == TWO[PAGE])
        assert guard.places == target.places


def test_lost_events_lead_to_a_look_at_everything(target: Target) -> None:
    from publish.guard.watches import Watches

    with Watches(target.www) as watches:
        watches.follow()
        assert watches.take(0) == (set(), True)  # the first time everything is to be looked at
        watches.lose()
        assert watches.take(0)[1]


def test_incidents_are_written_down_and_bounded(target: Target) -> None:
    limits = replace(QUICK, notes_bytes=2_000, notes_files=3)
    for _ in range(30):
        in_place(target)
        guard_of(target, limits).check()

    files = sorted(path.name for path in target.places.state.glob("incidents*"))
    assert files == ["incidents.1.jsonl", "incidents.2.jsonl", "incidents.jsonl"]
    lines = (target.places.state / "incidents.jsonl").read_text().splitlines()
    assert {"at", "path", "found", "done"} <= json.loads(lines[-1]).keys()
    assert all((target.places.state / name).stat().st_size <= 2_500 for name in files)


def test_an_incident_says_what_to_do_in_both_languages() -> None:
    incident = Incident(NOW, "trees/ab/a\x1b.html", Found.ALTERED, Done.RESTORED, "portal/a\x1b.html")

    assert "restored from the vault" in incident.text("en")
    assert "Find out who can write" in incident.text("en")
    assert "已从备份库恢复" in incident.text("zh")
    assert "\x1b" not in incident.text("en")


def test_an_asset_with_a_fixed_name_is_that_of_the_live_release(target: Target) -> None:
    target.publish({**TWO, "assets/gov.1.css": "another style"})

    assert guard_of(target).check().exit_code == 0
    damage_an_asset(target)
    guard_of(target).check()
    assert (target.www / "assets" / "gov.1.css").read_text() == "another style"


def test_a_closed_site_stays_closed(target: Target) -> None:
    close_site(target.www, "portal", NOW)

    assert guard_of(target).check().exit_code == 0
    assert closed_sites(target.www) == ("portal",)


class _Killed(BaseException):
    """The guard dies at this step."""


@pytest.mark.parametrize("nth", range(12))
def test_a_guard_that_dies_at_any_step_is_made_good_by_the_next(target: Target, nth: int) -> None:
    before = snapshot(target.www)
    in_place(target)
    add_a_folder(target)
    delete_a_whole_tree(target)
    swap_current(target)
    steps = iter(range(nth))
    with contextlib.suppress(_Killed):
        Guard(target.places, now=lambda: NOW, limits=QUICK, at=lambda _step: _die_after(steps)).check()
    guard_of(target).check()

    assert snapshot(target.www) == before


def _die_after(steps: Iterator[int]) -> None:
    if next(steps, None) is None:
        raise _Killed
