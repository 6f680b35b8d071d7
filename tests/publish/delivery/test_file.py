"""`file:` targets: bundles in a folder, as they come from the inside; `tests/cli/test_receive.py` takes them."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.bundle import read_members
from cluster.delta import Delta
from cluster.errors import FormatError, TargetError
from cluster.listings import EMPTY
from publish.delivery import Hello, Progress, Receipt, Target, open_target
from publish.receiver.receipt_file import write_receipt
from publish.receiver.unpack import split_lines, unpack
from tests.publish.delivery.signed import NOW, SignedCity

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.txt": b"a", "portal/b.txt": b"a", "assets/style.css": b"p {}"}
TWO = ONE | {"portal/index.html": b"<p>two</p>"}


@pytest.fixture
def city(tmp_path: Path) -> SignedCity:
    return SignedCity(tmp_path / "inside")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "usb"
    folder.mkdir()
    return folder


@pytest.fixture
def target(tmp_path: Path, stick: Path) -> Target:
    return open_target("file:usb", tmp_path, now=lambda: NOW)


def members(bundle: Path) -> list[tuple[str, str, bytes]]:
    with bundle.open("rb") as file:
        return [(member.kind, member.name, member.read()) for member in read_members(file)]


def delta_of(bundle: Path) -> Delta:
    (packed,) = [data for kind, _, data in members(bundle) if kind == "delta"]
    return Delta.parse(split_lines(unpack([packed], 1 << 20, "delta"), 2000, "delta"))


def test_the_first_bundle_holds_the_whole_release(city, target, stick):
    parcel = city.parcel(ONE)
    assert target.deliver(parcel) == Receipt("file:usb", 1, parcel.release.root, NOW)
    assert [path.name for path in stick.iterdir()] == ["00000001.bundle"]
    kinds = [kind for kind, _, _ in members(stick / "00000001.bundle")]
    assert kinds.count("blob") == 3  # two of the four files are the same bytes
    assert delta_of(stick / "00000001.bundle").old is None
    assert ("record", "release.json", parcel.record) in members(stick / "00000001.bundle")


def test_after_a_receipt_a_bundle_holds_what_changed(city, target, stick):
    first = city.parcel(ONE)
    hello = Hello(1, first.release.root, 1)
    write_receipt(stick, Receipt("here", 1, first.release.root, NOW), hello)
    assert target.hello() == hello
    target.deliver(city.parcel(TWO))
    delta = delta_of(stick / "00000002.bundle")
    assert (delta.old, [path for path, _ in delta.entries]) == (first.release.root, ["portal/index.html"])
    assert [kind for kind, _, _ in members(stick / "00000002.bundle")].count("blob") == 1


def test_only_roots_that_the_target_does_not_know_travel(city, target, stick):
    first = city.parcel(ONE)
    target.deliver(first)
    assert "1.root.json" in [name for _, name, _ in members(stick / "00000001.bundle")]
    write_receipt(stick, Receipt("here", 1, first.release.root, NOW), Hello(1, first.release.root, 1))
    target.deliver(city.parcel(TWO))
    assert "1.root.json" not in [name for _, name, _ in members(stick / "00000002.bundle")]


def test_what_the_cluster_shows_travels_with_its_bytes(city, target, stick):
    parcel = city.parcel(ONE, overlay={"portal/_mode.css": b"grey"})
    target.deliver(parcel)
    assert [kind for kind, _, _ in members(stick / "00000001.bundle")].count("blob") == 4


def test_the_newest_bundle_is_enough_and_older_ones_go(city, target, stick):
    (stick / "holiday.bundle").write_text("somebody's")
    target.deliver(city.parcel(ONE))
    target.deliver(city.parcel(TWO))
    assert sorted(path.name for path in stick.iterdir()) == ["00000002.bundle", "holiday.bundle"]


def test_what_a_killed_run_left_goes(city, target, stick):
    (stick / ".tmp-00000001.bundle").write_text("half")
    target.deliver(city.parcel(ONE))
    assert [path.name for path in stick.iterdir()] == ["00000001.bundle"]


def test_the_same_release_again_gives_the_bundle_again(city, target, stick):
    parcel = city.parcel(ONE)
    target.deliver(parcel)
    target.deliver(parcel)
    assert [path.name for path in stick.iterdir()] == ["00000001.bundle"]


def test_a_stick_that_is_not_plugged_in_is_told_and_no_folder_made(tmp_path, city):
    target = open_target("file:not-there", tmp_path)
    for ask in (target.hello, lambda: target.deliver(city.parcel(ONE))):
        with pytest.raises(TargetError, match="mount") as told:
            ask()
        assert "挂载" in told.value.chinese
    assert not (tmp_path / "not-there").exists()


def test_a_lost_blob_leaves_no_bundle_and_the_old_one_stays(city, target, stick):
    target.deliver(city.parcel(ONE))
    parcel = city.parcel(TWO)
    city.blobs.sweep([])
    with pytest.raises(TargetError, match="--full"):
        target.deliver(parcel)
    assert [path.name for path in stick.iterdir()] == ["00000001.bundle"]


def test_a_blob_that_becomes_shorter_on_the_way_leaves_no_bundle(city, target, stick):
    large, small = b"x" * (3 << 20), b"y" * 1000

    def shorten(_progress: Progress) -> None:
        city.blobs.path(hashlib.sha256(small).hexdigest()).write_bytes(b"y")

    parcel = city.parcel({"portal/a.bin": large, "portal/b.bin": small}, tell=shorten)
    with pytest.raises(FormatError, match="damaged"):
        target.deliver(parcel)
    assert list(stick.iterdir()) == []


@pytest.fixture
def small_files_only() -> Iterator[None]:
    """A file system that takes no file beyond 64 KB, as FAT takes none beyond 4 GB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_bundle_too_large_for_the_medium_is_told_and_nothing_stays(city, target, stick, request):
    parcel = city.parcel({"portal/a.bin": b"x" * (1 << 18)})
    city.trust.sign(parcel.record, at=NOW, expiry=timedelta(days=1), root_version=0)
    request.getfixturevalue("small_files_only")
    with pytest.raises(TargetError, match="exFAT") as told:
        target.deliver(parcel)
    assert "exFAT" in told.value.chinese
    assert list(stick.iterdir()) == []


@pytest.fixture
def full_stick(stick: Path) -> Iterator[Path]:
    """The stick as a file system of its own with 128 KB."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(stick)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield stick
    subprocess.run(["umount", str(stick)], check=True)


def test_a_full_medium_is_told_and_the_old_bundle_stays(city, target, full_stick):
    target.deliver(city.parcel(ONE))
    with pytest.raises(TargetError, match="Make room") as told:
        target.deliver(city.parcel({"portal/a.bin": b"x" * (1 << 18)}))
    assert "空间" in told.value.chinese
    assert [path.name for path in full_stick.iterdir()] == ["00000001.bundle"]


DAMAGE = {
    "no JSON": b"{",
    "another format": json.dumps({"format": 2}).encode(),
    "a list": b"[]",
    "no root": json.dumps({"format": 1, "number": 1, "root_version": 1, "at": NOW.isoformat()}).encode(),
    "a root that is a path": json.dumps(
        {"format": 1, "number": 1, "root": "../x", "root_version": 1, "at": NOW.isoformat()}
    ).encode(),
    "a time that is none": json.dumps(
        {"format": 1, "number": 1, "root": EMPTY, "root_version": 1, "at": "today"}
    ).encode(),
    "nested without end": b"[" * 60_000,
}


@pytest.mark.parametrize("data", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_receipt_is_told_with_what_to_do(city, target, stick, data):
    (stick / "receipt.json").write_bytes(data)
    with pytest.raises(FormatError, match="Delete it"):
        target.deliver(city.parcel(ONE))


def test_an_unknown_receipt_leads_to_the_whole_release(city, target, stick):
    write_receipt(stick, Receipt("here", 7, "ab" * 32, NOW), Hello(7, "ab" * 32, 1))
    target.deliver(city.parcel(ONE))
    assert delta_of(stick / "00000001.bundle").old is None


def test_what_the_target_keeps_is_out_of_reach(target):
    with pytest.raises(TargetError):
        target.lend(EMPTY)


def test_progress_ends_with_all_bytes(city, target, stick):
    target.deliver(city.parcel(ONE))
    last = city.told[-1]
    assert (last.target, last.done_bytes, last.blobs) == ("file:usb", last.all_bytes, 3)
