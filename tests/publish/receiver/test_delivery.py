"""A release on its way in: it becomes live whole, and costs follow what changed."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.blobs import CHUNK, compress, mtime_of
from cluster.errors import RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.manifest import Manifest
from cluster.release import Kind
from publish.receiver import missing
from publish.receiver.receive import Offer
from tests.publish.receiver.town import ONE, SIGNED, TWO, Town, blob_count, sha_of, snapshot

GREY = {"portal/_mode.css": "html { filter: grayscale(1) }"}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def trees(town: Town) -> set[str]:
    return {path.name for path in (town.www / "trees").iterdir()}


def test_a_release_becomes_visible_with_everything_in_it(town):
    release = town.publish(ONE)
    assert town.visible() == ONE
    assert town.receiver().place.live() == release
    assert town.receiver().place.kept() == [release]
    assert (town.www / "format").read_text() == "zhanqun-target 2\n"
    assert (town.www / "current").readlink() == Path("releases/00000001")


def test_the_receipt_names_target_release_and_moment(town):
    release = town.next(ONE)
    receipt = town.deliver(release)
    assert (receipt.target, receipt.number, receipt.root, receipt.at) == (str(town.www), 1, release.root, town.now)


def test_nothing_changes_for_visitors_before_the_end(town):
    town.publish(ONE)
    before = town.visible()
    with town.receiver().receiving(town.inside.offer(town.next(TWO))) as delivery:
        town.inside.send(delivery)
        assert town.visible() == before
        delivery.finish()
    assert town.visible() == TWO


def test_a_release_directory_is_that_of_the_tree_without_assets(town):
    town.publish(ONE)
    manifest = Manifest.of({path: town.inside.entry(path, text) for path, text in ONE.items()})
    assert {path.name for path in (town.www / "current").iterdir()} == {"portal", "congress"}
    assert (town.www / "releases/00000001").resolve().name == manifest.without_assets().root()


def test_text_has_its_compressed_sibling_and_pictures_have_none(town):
    town.publish(ONE)
    live = town.www / "current"
    assert (live / "portal/index.html.br").read_bytes() == compress(b"home")
    assert not (live / "congress/photo.png.br").exists()
    assert (town.www / "assets/gov.1.css.br").read_bytes() == compress(b"style")


def test_files_are_read_only_and_dated_by_their_content(town):
    town.publish(ONE)
    for path in (town.www / "current/portal/news/a.html", town.www / "assets/gov.1.css.br"):
        sha = town.inside.blobs.put(path.read_bytes())
        facts = path.stat()
        assert (facts.st_mode & 0o777, int(facts.st_mtime)) == (0o444, mtime_of(sha))


def test_folders_may_be_read_by_the_web_server_under_a_strict_umask(town):
    before = os.umask(0o077)
    try:
        town.publish(ONE)
    finally:
        os.umask(before)
    folders = [
        town.www / name for name in ("trees", "releases", "assets/search", "assets/search/s1", "current/portal/news")
    ]
    assert all(folder.stat().st_mode & 0o777 == 0o755 for folder in folders)
    assert (town.www / "current/portal/index.html").stat().st_mode & 0o777 == 0o444


def test_an_edit_of_the_same_length_gets_another_mtime(town):
    town.publish(ONE)
    page = town.www / "current/portal/news/a.html"
    before = page.stat()
    town.publish(TWO)
    assert page.stat().st_size == before.st_size
    assert page.stat().st_mtime != before.st_mtime


def test_web_root_vault_and_inside_share_no_file(town):
    town.publish(ONE)
    places = (town.www, town.places.vault, town.root / "inside")
    inodes = [{path.stat().st_ino for path in each.rglob("*") if path.is_file()} for each in places]
    assert not inodes[0] & inodes[1]
    assert not (inodes[0] | inodes[1]) & inodes[2]


def test_the_vault_has_every_blob_listing_and_record_of_the_web_root(town):
    town.publish(ONE)
    town.publish(TWO, over=GREY, kind=Kind.STATE, of=1)
    for kind in ("blobs", "listings"):
        assert snapshot(town.places.vault / kind) == snapshot(town.www / kind)
    records = {path.name: path.read_bytes() for path in (town.www / "releases").glob("*.json")}
    assert {path.name: path.read_bytes() for path in (town.places.vault / "releases").iterdir()} == records


def test_only_compressed_bytes_travel_for_text(town):
    with town.receiver().receiving(town.inside.offer(town.next(ONE))) as delivery:
        texts = {town.inside.entry(path, text).brotli for path, text in ONE.items()} - {None}
        assert set(delivery.wanted) == texts | {sha_of("picture"), sha_of("shard")}


def test_one_changed_file_wants_one_blob_and_makes_the_directories_above_it(town):
    first = town.publish(ONE)
    before, blobs = trees(town), blob_count(town.www)
    second = town.next(TWO)
    with town.receiver().receiving(town.inside.offer(second, first.root)) as delivery:
        assert tuple(delivery.wanted) == (town.inside.entry("a.html", "A").brotli,)
        town.inside.send(delivery)
        delivery.finish()
    assert len(trees(town) - before) == 3  # the top, portal, portal/news
    assert blob_count(town.www) == blobs + 2  # the page and its sibling


def test_equal_folders_are_stored_once(town):
    town.publish({"portal/a/x.html": "x", "portal/b/x.html": "x"})
    assert len(trees(town)) == 3
    assert town.visible() == {"portal/a/x.html": "x", "portal/b/x.html": "x"}


def test_a_release_without_files_empties_the_site(town):
    town.publish(ONE)
    town.publish({})
    assert list((town.www / "current").iterdir()) == []
    town.publish(ONE)
    assert town.visible() == ONE


def test_a_release_of_nothing_can_be_the_first(town):
    town.publish({})
    assert town.visible() == {}


def test_the_whole_tree_may_come_again_and_brings_only_what_is_lacking(town):
    town.publish(ONE)
    release = town.next(TWO)
    with town.receiver().receiving(town.inside.offer(release, None)) as delivery:
        assert len(delivery.wanted) == 1
        town.inside.send(delivery)
        delivery.finish()
    assert town.visible() == TWO


def test_the_same_release_delivered_twice_changes_nothing(town):
    release = town.publish(ONE)
    before = snapshot(town.root / "dmz")
    town.deliver(release)
    assert snapshot(town.root / "dmz") == before
    with town.receiver().receiving(town.inside.offer(release, None)) as delivery:
        assert tuple(delivery.wanted) == ()
        delivery.finish()
    assert snapshot(town.root / "dmz") == before


# Back, and in another state


def test_going_back_needs_no_blobs_and_makes_no_directories(town):
    first = town.publish(ONE)
    town.publish(TWO)
    before = trees(town)
    back = first.rolled_back_as(3)
    with town.receiver().receiving(Offer(SIGNED, back.dump(), b"")) as delivery:
        assert tuple(delivery.wanted) == ()
        delivery.finish()
    assert trees(town) == before
    assert town.visible() == ONE
    assert town.receiver().hello().number == 3


def test_going_back_to_what_is_not_kept_is_refused(town):
    first = town.publish(ONE)
    town.publish(TWO, keep=1)
    with (
        pytest.raises(RefusedError, match="publish again") as refused,
        town.receiver().receiving(Offer(SIGNED, first.rolled_back_as(3).dump(), b"")),
    ):
        pass
    assert refused.value.code == "not-kept"
    assert town.visible() == TWO


def test_a_state_gives_other_bytes_to_its_files_and_going_back_takes_them_away(town):
    first = town.publish(ONE)
    town.publish(ONE, over=GREY, kind=Kind.STATE, of=1)
    assert town.visible() == {**ONE, **GREY}
    assert town.receiver().hello().root == first.root
    town.publish(ONE, kind=Kind.STATE, of=2)
    assert town.visible() == ONE


def test_a_publish_while_the_cluster_is_grey_stays_grey(town):
    town.publish(ONE, over=GREY, kind=Kind.PUBLISH)
    town.publish(TWO, over=GREY, kind=Kind.PUBLISH)
    assert town.visible() == {**TWO, **GREY}


# Cut transfers, and what is lost


def test_a_cut_transfer_keeps_what_came_and_the_next_wants_only_the_rest(town):
    release = town.next(ONE)
    offer = town.inside.offer(release)
    with town.receiver().receiving(offer) as delivery:
        wanted = tuple(delivery.wanted)
        town.inside.send(delivery, wanted[:3])
    with town.receiver().receiving(offer) as delivery:
        assert tuple(delivery.wanted) == wanted[3:]
        town.inside.send(delivery)
        delivery.finish()
    assert town.visible() == ONE


def test_what_came_for_a_release_that_was_given_up_goes(town):
    with town.receiver().receiving(town.inside.offer(town.next(ONE))) as delivery:
        town.inside.send(delivery, delivery.wanted[:3])
    town.publish({"portal/other.html": "other"})
    assert list((town.www / ".incoming").iterdir()) == []
    assert blob_count(town.www) == 2


def test_a_blob_that_a_power_cut_left_short_comes_again(town):
    offer = town.inside.offer(town.next(ONE))
    with town.receiver().receiving(offer) as delivery:
        wanted = tuple(delivery.wanted)
        town.inside.send(delivery, wanted[:2])
    came = town.www / ".incoming" / wanted[0]
    came.chmod(0o644)
    came.write_bytes(b"")
    with town.receiver().receiving(offer) as delivery:
        assert set(delivery.wanted) == {wanted[0], *wanted[2:]}
        town.inside.send(delivery)
        delivery.finish()
    assert town.visible() == ONE


def test_a_connection_that_breaks_says_so_and_leaves_no_half_blob(town):
    def read(count: int) -> bytes:
        raise ConnectionResetError(104, "Connection reset by peer")

    with town.receiver().receiving(town.inside.offer(town.next(ONE))) as delivery:
        with pytest.raises(TargetError, match=r"cut \(Connection reset by peer\)"):
            delivery.take(delivery.wanted[0], 5, read)
        assert list((town.www / ".incoming").iterdir()) == []


def test_a_large_file_is_taken_piece_by_piece(town):
    text = "0123456789abcdef" * (CHUNK // 8)
    release = town.next({"portal/film.bin": text})
    asked = []
    with town.receiver().receiving(town.inside.offer(release)) as delivery:
        stream = io.BytesIO(text.encode())

        def read(count: int) -> bytes:
            asked.append(count)
            return stream.read(count)

        delivery.take(delivery.wanted[0], len(text), read)
        delivery.finish()
    assert max(asked) == CHUNK
    assert town.visible() == {"portal/film.bin": text}


def test_a_delivery_cannot_be_finished_before_everything_came(town):
    town.publish(ONE)
    offer = town.inside.offer(town.next(TWO))
    with pytest.raises(RefusedError) as refused, town.receiver().receiving(offer) as delivery:
        delivery.finish()
    assert refused.value.code == "incomplete"
    assert town.visible() == ONE


def test_a_lost_web_root_is_made_anew_from_the_vault_without_blobs(town):
    release = town.publish(ONE)
    (town.www).rename(town.root / "stolen")
    with town.receiver().receiving(town.inside.offer(release)) as delivery:
        assert tuple(delivery.wanted) == ()
        delivery.finish()
    assert town.visible() == ONE


def test_a_damaged_copy_in_the_vault_is_not_used_and_comes_anew(town):
    release = town.publish(ONE)
    (town.www).rename(town.root / "stolen")
    sha = town.inside.entry("a.html", "a").brotli
    copy = town.places.vault / "blobs" / sha[:2] / sha[2:]
    copy.chmod(0o644)
    copy.write_bytes(b"?")
    with town.receiver().receiving(town.inside.offer(release)) as delivery:
        assert tuple(delivery.wanted) == (sha,)
        town.inside.send(delivery)
        delivery.finish()
    assert town.visible() == ONE
    assert copy.read_bytes() == town.inside.blobs.read(sha)


def test_a_lost_vault_is_filled_by_the_next_delivery(town):
    town.publish(ONE)
    (town.places.vault).rename(town.root / "broken-disk")
    town.publish(TWO)
    town.receiver().sweep()
    fresh = Town(town.root / "fresh")
    fresh.publish(TWO)
    lacking = snapshot(fresh.places.vault / "blobs").keys() - snapshot(town.places.vault / "blobs").keys()
    assert lacking == set()


def test_what_the_guard_lacks_is_wanted_again_and_replaced(town):
    town.publish(ONE)
    entry = town.inside.entry("b.html", "b")
    for folder in (town.www, town.places.vault):
        copy = folder / "blobs" / entry.raw[:2] / entry.raw[2:]
        copy.chmod(0o644)
        copy.write_bytes(b"?")
    missing.write(town.places.state, [entry.raw])
    with town.receiver().receiving(town.inside.offer(town.next(TWO), town.receiver().hello().root)) as delivery:
        assert entry.brotli in delivery.wanted
        town.inside.send(delivery)
        delivery.finish()
    assert town.receiver().vault.read(entry.raw) == b"b"
    assert (town.www / "blobs" / entry.raw[:2] / entry.raw[2:]).read_bytes() == b"b"
    assert missing.read(town.places.state) == frozenset()


def test_a_record_that_was_damaged_in_the_web_root_is_read_from_the_vault(town):
    release = town.publish(ONE)
    record = town.www / "releases/00000001.json"
    record.unlink()
    record.write_text("{}")
    assert town.receiver().hello() == replace(town.receiver().hello(), number=1, root=release.root)
    town.publish(TWO)
    assert town.visible() == TWO


def test_an_untouched_target_says_that_it_has_nothing(town):
    hello = town.receiver().hello()
    assert (hello.number, hello.root, hello.root_version) == (0, EMPTY, 1)
    assert not town.www.exists()


def test_listings_are_lent_to_an_inside_that_lost_its_own(town):
    release = town.publish(ONE)
    text = town.receiver().lend(release.root)
    assert sha_of(text.decode()) == release.root
    with pytest.raises(TargetError, match="does not keep"):
        town.receiver().lend("0" * 64)


# Dying


class Died(BaseException):
    """A kill, as far as a process can play its own."""


def steps_of(town: Town, files: dict[str, str], keep: int, **values: object) -> list[str]:
    seen: list[str] = []
    town.deliver(town.next(files, **values), keep=keep, receiver=town.receiver(at=seen.append))
    return seen


def everything(town: Town) -> dict[str, str]:
    """The whole target, but for the count that only says when to sweep next."""
    found = snapshot(town.root / "dmz")
    found["state/releases.json"] = found["state/releases.json"].partition(', "forgotten"')[0]
    return found


@pytest.mark.parametrize(
    ("kind", "keep"), [(Kind.PUBLISH, 10), (Kind.PUBLISH, 1), (Kind.PURGE, 10)], ids=["publish", "keep one", "purge"]
)
def test_dying_at_any_step_leaves_the_old_state_or_the_new_and_the_next_try_succeeds(tmp_path, kind, keep):
    new = {**TWO, "portal/new/c.html": "c", "assets/gov.2.css": "new"}
    peace = Town(tmp_path / "peace")
    peace.publish(ONE, keep=keep)
    steps = steps_of(peace, new, keep, kind=kind)
    assert len(steps) > 20
    for nth in range(len(steps)):
        town = Town(tmp_path / str(nth))
        town.publish(ONE, keep=keep)
        release, left = town.next(new, kind=kind), nth

        def at(step: str) -> None:
            nonlocal left
            if left == 0:
                raise Died(step)
            left -= 1

        with pytest.raises(Died):
            town.deliver(release, keep=keep, receiver=town.receiver(at=at))
        sites = {path: text for path, text in town.visible().items() if not path.startswith("assets/")}
        assert sites in [{p: t for p, t in each.items() if not p.startswith("assets/")} for each in (ONE, new)]
        town.deliver(release, keep=keep)
        assert everything(town) == everything(peace), f"{nth}: {steps[nth]}"
