"""What a receiver refuses: each with its own code and words, and nothing changed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import brotli
import pytest

from cluster.blobs import compress
from cluster.delta import Delta
from cluster.errors import BusyError, FormatError, RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.manifest import Entry
from cluster.release import Kind, Release
from publish.receiver.limits import LIMITS, Limits
from publish.receiver.receive import Offer, receive_bundle
from tests.publish.receiver.town import ONE, SIGNED, TWO, Town, pack, sha_of, snapshot

OLD = "0" * 64
LINE = f"+ {'1' * 64} - 1 "


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path)
    town.publish(ONE)
    return town


def refusal(town: Town, offer: Offer, *, limits: Limits = LIMITS, by: str = "offer") -> RefusedError:
    """Why an offer is refused, after it was checked that nothing changed."""
    before, taken = snapshot(town.root / "dmz"), list(town.trust.taken)
    receiver = town.receiver(limits=limits)
    bundled = io.BytesIO(town.inside.bundle(offer, ()))
    if by == "bundle":
        with pytest.raises(RefusedError) as refused:
            receive_bundle(bundled, receiver)
    else:
        with pytest.raises(RefusedError) as refused, receiver.receiving(offer):
            pass
    assert snapshot(town.root / "dmz") == before
    assert town.trust.taken == taken
    assert refused.value.english != refused.value.chinese
    return refused.value


# Offers


def delta_of(town: Town, *lines: str) -> bytes:
    """A delta with any lines behind the two of its head."""
    root = town.receiver().hello().root
    return compress("\n".join(["zhanqun-delta 1", f"{root} {'2' * 64}", *lines, ""]).encode())


def unsigned(town: Town) -> Offer:
    return replace(town.inside.offer(town.next(TWO)), metadata={})


def replayed(town: Town) -> Offer:
    town.publish(TWO)
    return town.inside.offer(town.inside.release(1, ONE))


def replayed_after_everything_served_was_lost(town: Town) -> Offer:
    town.publish(TWO)
    town.www.rename(town.root / "dmz/stolen")
    town.receiver().holding.place.root.mkdir()
    with town.receiver().holding.held():
        pass
    return town.inside.offer(town.inside.release(1, ONE))


def a_number_used_twice(town: Town) -> Offer:
    return town.inside.offer(town.inside.release(1, TWO))


def mixed(town: Town) -> Offer:
    """The record of one release with the delta of another."""
    other = town.inside.release(3, {**ONE, "portal/x.html": "x"})
    return replace(town.inside.offer(town.next(TWO)), delta=town.inside.delta(None, other.root))


def another_root(town: Town) -> Offer:
    release = town.next(TWO)
    changed = town.inside.listings.change(release.root, [("portal/x.html", town.inside.entry("x", "x"))])
    delta = Delta(None, release.root, tuple(town.inside.listings.walk(changed)))
    return Offer(SIGNED, release.dump(), pack(delta))


def wrong_counts(town: Town) -> Offer:
    release = replace(town.next(TWO), files=99)
    return town.inside.offer(release)


def unknown_base(town: Town) -> Offer:
    release = town.next(TWO)
    return Offer(SIGNED, release.dump(), pack(Delta(OLD, release.root, (("portal/x.html", None),))))


def no_delta(town: Town) -> Offer:
    return Offer(SIGNED, town.next(TWO).dump(), b"")


def with_delta(*lines: str) -> Callable[[Town], Offer]:
    return lambda town: Offer(SIGNED, town.next(TWO).dump(), delta_of(town, *lines))


def a_file_where_a_directory_stands(town: Town) -> Offer:
    return with_delta(f"{LINE}portal/news")(town)


def a_file_where_a_compressed_sibling_stands(town: Town) -> Offer:
    return with_delta(f"{LINE}portal/index.html.br")(town)


def delta_cut_in_a_line(town: Town) -> Offer:
    head = f"zhanqun-delta 1\n{EMPTY} {'2' * 64}\n{LINE}portal/x"
    return Offer(SIGNED, town.next(TWO).dump(), compress(head.encode()))


def delta_of_another_format(town: Town) -> Offer:
    return Offer(SIGNED, town.next(TWO).dump(), compress(b"zhanqun-delta 2\n- - -\n"))


def packed(change: Callable[[bytes], bytes]) -> Callable[[Town], Offer]:
    def made(town: Town) -> Offer:
        offer = town.inside.offer(town.next(TWO))
        return replace(offer, delta=change(offer.delta))

    return made


def record_with(**values: object) -> Callable[[Town], Offer]:
    def made(town: Town) -> Offer:
        offer = town.inside.offer(town.next(TWO))
        record = {**json.loads(offer.record), **values}
        return replace(offer, record=json.dumps(record).encode())

    return made


def contradicting_files(town: Town) -> Offer:
    """Two files whose equal compressed bytes stand for different ones."""
    one = town.inside.entry("a", "one")
    entries = (("portal/a.html", one), ("portal/b.html", Entry(sha_of("other"), one.brotli, 5)))
    root = town.inside.listings.change(EMPTY, entries)
    release = Release(2, "c", town.now, root, 2, 8)
    return Offer(SIGNED, release.dump(), pack(Delta(None, root, entries)))


REFUSED: dict[str, tuple[Callable[[Town], Offer], str]] = {
    "an offer that nobody signed": (unsigned, "unsigned"),
    "an older release": (replayed, "replayed"),
    "an older release after the web root was lost": (replayed_after_everything_served_was_lost, "replayed"),
    "another release under a number that was used": (a_number_used_twice, "number-taken"),
    "a record with the files of another release": (mixed, "root-differs"),
    "files that give another root": (another_root, "root-differs"),
    "a record whose counts are not those of its files": (wrong_counts, "counts-differ"),
    "a delta to a tree that is not here": (unknown_base, "not-kept"),
    "no delta for a tree that is not here": (no_delta, "not-kept"),
    "a path that leaves the tree": (with_delta(f"{LINE}portal/../../etc/passwd"), "path"),
    "a path that begins above the tree": (with_delta(f"{LINE}../x/y.html"), "path"),
    "an absolute path": (with_delta(f"{LINE}/etc/passwd"), "path"),
    "an absolute path that is taken away": (with_delta("- /etc/passwd"), "path"),
    "a path without a site": (with_delta(f"{LINE}index.html"), "path"),
    "a path with a backslash": (with_delta(f"{LINE}portal\\..\\x.html"), "path"),
    "a path with a control character": (with_delta(f"{LINE}portal/\x07x.html"), "path"),
    "a name that no file system takes": (with_delta(f"{LINE}portal/{'x' * 300}"), "path"),
    "a path with very many folders": (with_delta(f"{LINE}{'a/' * 40}x.html"), "path"),
    "a symlink": (with_delta("l portal/x.html -> /etc/passwd"), "delta"),
    "a file where a directory stands": (a_file_where_a_directory_stands, "path"),
    "a file where a compressed sibling stands": (a_file_where_a_compressed_sibling_stands, "path"),
    "paths in no order": (with_delta("- portal/b", "- portal/a"), "delta"),
    "a line that is none": (with_delta("what?"), "delta"),
    "a size that is no number": (with_delta(f"+ {'1' * 64} - -1 portal/x"), "delta"),
    "a delta that ends in a line": (delta_cut_in_a_line, "truncated"),
    "a delta of another format": (delta_of_another_format, "delta-format"),
    "a delta that is no brotli": (packed(lambda data: b"plain text"), "compressed"),
    "a delta that was cut": (packed(lambda data: data[:-3]), "compressed"),
    "a delta with something behind it": (packed(lambda data: data + b"more"), "compressed"),
    "a record of another format": (record_with(format=3), "record-format"),
    "a record that is no record": (record_with(root="../../etc"), "record"),
    "a record whose state covers a page": (
        record_with(overlay=[["portal/index.html", "1" * 64, None, 1]]),
        "record",
    ),
    "a record whose state leaves the tree": (record_with(overlay=[["../_mode.css", "1" * 64, None, 1]]), "record"),
    "two files behind the same compressed bytes": (contradicting_files, "mismatch"),
}


@pytest.mark.parametrize("by", ["offer", "bundle"])
@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_its_code_and_nothing_changes(town, case, by):
    make, code = REFUSED[case]
    assert refusal(town, make(town), by=by).code == code


LIMITED: dict[str, tuple[Callable[[Town], Offer], Limits, str]] = {
    "a record": (lambda town: town.inside.offer(town.next(TWO)), Limits(record=100), "too-big"),
    "a signature file": (lambda town: town.inside.offer(town.next(TWO)), Limits(metadata=3), "too-big"),
    "very many signature files": (
        lambda town: replace(
            town.inside.offer(town.next(TWO)), metadata=SIGNED | {f"{n}.root.json": b"" for n in range(1, 9)}
        ),
        Limits(metadata_members=5),
        "too-many",
    ),
    "a packed delta": (lambda town: town.inside.offer(town.next(TWO)), Limits(delta_packed=10), "too-big"),
    "a delta that unpacks to gigabytes": (
        with_delta(*(f"- portal/{number:09}" for number in range(60_000))),
        Limits(delta=1_000_000),
        "bomb",
    ),
    "a delta that is one long line": (packed(lambda data: compress(b"0" * 10_000_000)), LIMITS, "too-big"),
    "very many files in the record": (lambda town: town.inside.offer(town.next(TWO)), Limits(files=3), "too-many"),
    "very many lines in the delta": (
        with_delta(*(f"- portal/{n:03}" for n in range(60))),
        Limits(files=20),
        "too-many",
    ),
    "a whole release": (lambda town: town.inside.offer(town.next(TWO)), Limits(release=10), "too-big"),
    "one file": (
        lambda town: town.inside.offer(town.next({"portal/x.bin": "x" * 100}), None),
        Limits(blob=50),
        "too-big",
    ),
    "a path": (with_delta(f"{LINE}portal/{'a/' * 20}{'x' * 200}"), Limits(path=60), "too-big"),
    "very many blobs": (
        lambda town: town.inside.offer(town.next({f"portal/{n}.bin": str(n) for n in range(9)}), None),
        Limits(bundle_blobs=5),
        "too-many",
    ),
}


@pytest.mark.parametrize("case", LIMITED)
def test_it_is_refused_beyond_its_limit_and_nothing_changes(town, case):
    make, limits, code = LIMITED[case]
    assert refusal(town, make(town), limits=limits).code == code


# Blobs


def blob_refusal(town: Town, sha: str, data: bytes, *, size: int | None = None, limits: Limits = LIMITS) -> str:
    """The code with which a blob of the release TWO is refused, after it was checked that nothing of it stayed."""
    offer = town.inside.offer(town.inside.release(2, TWO), town.receiver().hello().root)
    before = snapshot(town.root / "dmz")
    with pytest.raises(RefusedError) as refused, town.receiver(limits=limits).receiving(offer) as delivery:
        delivery.take(sha or delivery.wanted[0], len(data) if size is None else size, io.BytesIO(data).read)
    assert snapshot(town.root / "dmz") == before
    return refused.value.code


def test_a_flipped_bit_is_refused(town):
    data = bytearray(compress(b"A"))
    data[-1] ^= 1
    assert blob_refusal(town, "", bytes(data)) == "damaged"


def test_a_blob_that_ends_early_is_refused(town):
    assert blob_refusal(town, "", compress(b"A")[:-1], size=len(compress(b"A"))) == "truncated"


def test_a_blob_that_nobody_asked_for_is_refused(town):
    assert blob_refusal(town, sha_of("x"), b"x") == "unwanted"


def test_a_blob_beyond_the_limit_is_refused_before_it_is_read(town):
    assert blob_refusal(town, "", b"", size=LIMITS.blob + 1) == "too-big"


def offer_of(town: Town, entry: Entry) -> Offer:
    root = town.inside.listings.change(EMPTY, [("portal/x.html", entry)])
    return Offer(SIGNED, Release(2, "c", town.now, root, 1, entry.size).dump(), town.inside.delta(None, root))


def test_a_page_that_unpacks_to_more_than_its_size_is_refused(town):
    bomb = brotli.compress(b"\0" * 50_000_000)
    offer = offer_of(town, Entry(sha_of("\0" * 50), town.inside.blobs.put(bomb), 50))
    assert bundle_refusal(town, town.inside.bundle(offer)).code == "bomb"


def test_a_page_that_unpacks_to_other_bytes_is_refused(town):
    offer = offer_of(town, Entry(sha_of("hello"), town.inside.blobs.put(compress(b"jello")), 5))
    assert bundle_refusal(town, town.inside.bundle(offer)).code == "mismatch"


def test_a_page_that_is_no_brotli_is_refused(town):
    offer = offer_of(town, Entry(sha_of("hello"), town.inside.blobs.put(b"plain"), 5))
    assert bundle_refusal(town, town.inside.bundle(offer)).code == "compressed"


def test_a_file_of_another_size_than_the_signed_one_is_refused(town):
    offer = offer_of(town, Entry(town.inside.blobs.put(b"hello"), None, 4))
    assert bundle_refusal(town, town.inside.bundle(offer)).code == "size"


# Bundles


def bundle_refusal(town: Town, data: bytes, **values: object) -> RefusedError:
    """Why a bundle is refused, after it was checked that the site is as it was."""
    visible, releases = town.visible(), snapshot(town.www / "releases")
    with pytest.raises(RefusedError) as refused:
        receive_bundle(io.BytesIO(data), town.receiver(**values))
    assert town.visible() == visible
    assert snapshot(town.www / "releases") == releases
    return refused.value


def bundle_of(town: Town, files: dict[str, str] = TWO) -> bytes:
    return town.inside.bundle(town.inside.offer(town.next(files), town.receiver().hello().root))


def test_a_bundle_makes_its_release_live(town):
    receipt = receive_bundle(io.BytesIO(bundle_of(town)), town.receiver())
    assert receipt.number == 2
    assert town.visible() == TWO


def test_a_bundle_of_a_rollback_has_neither_delta_nor_blobs(town):
    first = town.receiver().place.release(1)
    town.publish(TWO)
    town.number += 1
    receive_bundle(
        io.BytesIO(town.inside.bundle(Offer(SIGNED, first.rolled_back_as(3).dump(), b""), ())), town.receiver()
    )
    assert town.visible() == ONE


def test_a_bundle_cut_anywhere_is_refused_and_the_whole_one_is_taken_afterwards(town):
    data = bundle_of(town, {**ONE, "portal/new.html": "new", "portal/film.bin": "film"})
    for end in range(0, len(data), 7):
        assert bundle_refusal(town, data[:end]).code in ("truncated", "bundle-format", "incomplete")
    receive_bundle(io.BytesIO(data), town.receiver())
    assert town.visible()["portal/new.html"] == "new"


def test_a_bundle_with_any_byte_changed_never_goes_live_as_something_else(town):
    data = bundle_of(town)
    for place in range(0, len(data), 5):
        changed = bytearray(data)
        changed[place] ^= 4
        try:
            receive_bundle(io.BytesIO(bytes(changed)), town.receiver())
        except (RefusedError, FormatError):
            assert town.visible() == ONE
        else:  # what is signed hangs on the trust, which here is a fake
            assert town.visible() == TWO
            return


BAD_BUNDLES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "of another format": (lambda data: data.replace(b"zhanqun-bundle 1", b"zhanqun-bundle 2"), "bundle-format"),
    "that is something else": (lambda data: b"PK\x03\x04" + data, "bundle-format"),
    "that is empty": (lambda data: b"", "truncated"),
    "with a member of an unknown kind": (lambda data: data.replace(b"record release", b"secret release"), "bundle"),
    "with a path as a name": (lambda data: data.replace(b"timestamp.json 6", b"../x/stamp.json 6"), "bundle"),
    "with a signature file of another name": (
        lambda data: data.replace(b"timestamp.json", b"passwdfil.json"),
        "bundle",
    ),
    "without a record": (lambda data: data[: data.index(b"record ")] + b"end - 0\n", "bundle"),
    "with two records": (
        lambda data: data.replace(b"record release.json", b"record first.json 1\nxrecord release.json"),
        "bundle",
    ),
    "with the blobs in front": (lambda data: data.replace(b"\nmetadata ", b"\nblob x 1\n.metadata "), "bundle"),
    "with a record of a gigabyte": (
        lambda data: data.replace(b"record release.json ", b"record release.json 999999999"),
        "too-big",
    ),
}


@pytest.mark.parametrize("case", BAD_BUNDLES)
def test_a_bad_bundle_is_refused(town, case):
    change, code = BAD_BUNDLES[case]
    assert bundle_refusal(town, change(bundle_of(town))).code == code


def test_blobs_that_are_here_are_skipped_whatever_their_bytes_are(town):
    offer = town.inside.offer(town.next(TWO))
    data = town.inside.bundle(offer).replace(b"picture", b"PICTURE")
    receive_bundle(io.BytesIO(data), town.receiver())
    assert town.visible() == TWO


def test_a_bundle_with_very_many_blobs_is_refused(town):
    data = bundle_of(town)
    assert bundle_refusal(town, data, limits=Limits(bundle_blobs=3)).code == "too-many"


# Others


def test_a_second_delivery_at_the_same_time_is_refused(town):
    with (
        town.receiver().receiving(town.inside.offer(town.next(TWO))),
        pytest.raises(BusyError, match="another publish"),
        town.receiver().receiving(town.inside.offer(town.next(TWO))),
    ):
        pass


def test_trust_remembers_an_offer_only_when_all_of_it_was_fit(town):
    taken = len(town.trust.taken)
    refusal(town, wrong_counts(town))
    assert len(town.trust.taken) == taken
    town.publish(TWO)
    assert len(town.trust.taken) == taken + 1


def test_a_purge_of_what_is_not_live_is_refused(town):
    with pytest.raises(TargetError, match="not live here"):
        town.receiver().purge("0" * 64)


def test_a_purge_release_leaves_nothing_of_the_older_ones(town):
    secret = {"portal/secret.html": "the secret words", "assets/secret.js": "secret script"}
    town.publish({**ONE, **secret})
    quarantine = town.places.state / "quarantine/x.html"
    quarantine.parent.mkdir(parents=True)
    quarantine.write_text("the secret words")
    town.publish(ONE, kind=Kind.PURGE)
    needles = [text.encode() for text in secret.values()] + [compress(text.encode()) for text in secret.values()]
    files = [path for path in (town.root / "dmz").rglob("*") if path.is_file()]
    assert not [path for path in files for needle in needles if needle in path.read_bytes()]
    assert [release.number for release in town.receiver().place.kept()] == [3]
    assert town.visible() == ONE


def test_the_live_release_can_be_purged_of_older_ones_on_request(town):
    release = town.publish(TWO)
    town.receiver().purge(release.root)
    assert town.receiver().place.numbers() == town.receiver().vault.numbers() == [2]
    assert sha_of("a")[2:] not in {path.name for path in (town.www / "blobs").rglob("*")}
