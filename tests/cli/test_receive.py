"""`zhanqun receive`: bundles carried to the DMZ, trust, and closed sites, with nothing of the inside."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from cluster.blobs import BlobStore
from cluster.clock import current_time
from cluster.listings import EMPTY
from publish.delivery import Target, open_target
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.places import Places
from publish.receiver.receipt_file import read_receipt
from publish.receiver.receive import Receiver
from publish.receiver.remembered import Remembered
from publish.validity import VALIDITY
from tests.builders import REPOSITORY
from tests.publish.delivery.signed import SignedCity

ONE = {"portal/index.html": b"<p>one</p>", "tax/index.html": b"<p>tax</p>", "assets/style.css": b"p {}"}
TWO = ONE | {"portal/index.html": b"<p>two</p>"}


@pytest.fixture
def inside(tmp_path: Path) -> SignedCity:
    return SignedCity(tmp_path / "inside", at=current_time())


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


@pytest.fixture
def target(stick: Path) -> Target:
    return open_target(f"file:{stick}", Path("/nowhere"), now=current_time)


@pytest.fixture
def root(inside: SignedCity, tmp_path: Path) -> Path:
    """The root metadata, carried there once."""
    path = tmp_path / "1.root.json"
    path.write_bytes(inside.trust.root())
    return path


@pytest.fixture
def page(here: Path) -> Path:
    return here / "dmz/www/current/portal/index.html"


def test_a_bundle_is_made_live_and_a_receipt_written_beside_it(zhanqun, inside, target, stick, root, page):
    parcel = inside.parcel(ONE)
    target.deliver(parcel)
    said = zhanqun("receive", stick / "00000001.bundle", "--trust", root)
    assert (said.code, said.out) == (0, "Release 1 is live.\n")
    assert page.read_bytes() == b"<p>one</p>"
    hello, at = read_receipt(stick)
    assert (hello.number, hello.root, hello.root_version) == (1, parcel.release.root, 1)
    assert at.tzinfo is not None
    assert "receipt.json" in said.err


def test_the_way_there_and_back_carries_only_what_changed(zhanqun, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    first = (stick / "00000001.bundle").stat().st_size
    target.deliver(inside.parcel(TWO))
    assert inside.told[-1].blobs == 1
    assert zhanqun("receive", stick).code == 0
    assert page.read_bytes() == b"<p>two</p>"
    assert (stick / "00000002.bundle").stat().st_size < first


def test_a_stick_that_comes_late_brings_what_happened_since_its_receipt(zhanqun, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    target.deliver(inside.parcel(TWO))
    target.deliver(inside.parcel(TWO | {"portal/b.txt": b"b"}))
    assert zhanqun("receive", stick).code == 0
    assert page.read_bytes() == b"<p>two</p>"
    assert page.with_name("b.txt").read_bytes() == b"b"


def test_one_object_tells_what_was_done(zhanqun, inside, target, stick, root):
    target.deliver(inside.parcel(ONE))
    said = zhanqun("receive", stick, "--trust", root, "--json")
    assert (said.json["number"], said.json["trusted"]) == (1, inside.trust.fingerprint())


def test_the_same_bundle_again_changes_nothing(zhanqun, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    assert zhanqun("receive", stick).code == 0
    assert page.read_bytes() == b"<p>one</p>"


def test_a_receipt_that_cannot_be_written_is_told_and_the_release_is_live(zhanqun, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    (stick / "receipt.json").mkdir()
    said = zhanqun("receive", stick, "--trust", root)
    assert said.code == 0
    assert "No receipt" in said.err
    assert page.exists()


def test_a_bundle_that_was_cut_is_refused_and_the_old_release_stays(zhanqun, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    target.deliver(inside.parcel(TWO))
    bundle = stick / "00000002.bundle"
    whole = bundle.read_bytes()
    for length in (0, 10, 100, len(whole) // 2, len(whole) - 20, len(whole) - 1):
        bundle.write_bytes(whole[:length])
        said = zhanqun("receive", bundle)
        assert said.code == 1
        assert page.read_bytes() == b"<p>one</p>"
    bundle.write_bytes(whole)
    assert zhanqun("receive", bundle).code == 0
    assert page.read_bytes() == b"<p>two</p>"


def test_without_trust_a_bundle_is_refused(zhanqun, inside, target, stick, page):
    target.deliver(inside.parcel(ONE))
    said = zhanqun("receive", stick, "--json")
    assert said.code == 1
    assert said.json["error"]["code"]
    assert not page.exists()


def test_other_keys_are_trusted_only_in_so_many_words(zhanqun, inside, root, tmp_path):
    assert zhanqun("receive", "--trust", root).code == 0
    other = tmp_path / "other.json"
    other.write_bytes(SignedCity(tmp_path / "other").trust.root())
    assert zhanqun("receive", "--trust", other).code == 1
    said = zhanqun("receive", "--trust", other, "--replace")
    assert said.code == 0
    assert SignedCity(tmp_path / "other").trust.fingerprint() in said.err


def test_a_site_is_closed_and_opened_again(zhanqun, inside, target, stick, root, here):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    said = zhanqun("receive", "--close", "tax", "--json")
    assert said.json["closed"] == ["tax"]
    assert (here / "dmz/www/closed/tax").exists()
    target.deliver(inside.parcel(TWO))
    zhanqun("receive", stick)
    assert (here / "dmz/www/closed/tax").exists()  # a publish does not open it
    assert zhanqun("receive", "--open", "tax").code == 0
    assert not (here / "dmz/www/closed/tax").exists()


def test_how_a_target_is_can_be_asked_there(zhanqun, inside, target, stick, root, here):
    assert zhanqun("receive", "--status", "--json").json["status"]["number"] == 0
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    zhanqun("receive", "--close", "tax")
    said = zhanqun("receive", "--status")
    assert said.code == 0
    assert "release 1" in said.out
    assert "counts until" in said.out
    assert "Closed: tax" in said.out
    status = zhanqun("receive", "--status", "--json").json["status"]
    assert (status["number"], status["closed"], status["alarm"], status["guard"]) == (1, ["tax"], None, None)
    assert status["signed"]["until"] == (inside.at + VALIDITY.carried).astimezone(UTC).isoformat()


def test_what_cannot_be_verified_any_more_is_told_with_what_to_do(zhanqun, inside, target, stick, root, here):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    (here / "dmz/state/tuf/timestamp.json").write_text("{}")
    said = zhanqun("receive", "--status")
    assert said.code == 3
    assert "zhanqun receive --trust" in said.out


def test_a_bundle_for_a_target_that_had_more_asks_for_everything(zhanqun, inside, target, stick, root, page):
    """Web root and vault were lost since the receipt: the next bundle is to hold the whole release."""
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    target.deliver(inside.parcel(TWO))
    for name in ("www", "vault"):
        shutil.rmtree(page.parents[3] / name)
    said = zhanqun("receive", stick)
    assert said.code == 1
    assert "Carry " in said.err
    assert "the next bundle then holds everything" in said.err
    assert target.hello().root == EMPTY

    target.deliver(inside.parcel(TWO))
    assert zhanqun("receive", stick).code == 0
    assert page.read_bytes() == b"<p>two</p>"


def test_a_damage_that_the_guard_noted_makes_the_next_bundle_hold_everything(
    zhanqun, inside, target, stick, root, here
):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    entry = inside.entry("tax/index.html", ONE["tax/index.html"])
    copy = here / "dmz/vault/blobs" / entry.raw[:2] / entry.raw[2:]
    copy.unlink()
    assert zhanqun("guard", "--once").code == 1

    target.deliver(inside.parcel(TWO))  # knows nothing of it, and is good all the same
    assert zhanqun("receive", stick).code == 0
    assert target.hello().root == EMPTY
    target.deliver(inside.parcel(TWO))
    assert zhanqun("receive", stick).code == 0
    assert copy.read_bytes() == ONE["tax/index.html"]
    assert zhanqun("guard", "--once").code == 0
    assert target.hello().root != EMPTY


WRONG_USE = {
    "nothing to do": (lambda stick: ("receive",), 2, "--help"),
    "a bundle that is not there": (lambda stick: ("receive", stick / "x.bundle"), 1, "mounted"),
    "a folder without bundles": (lambda stick: ("receive", stick), 1, "no bundle"),
    "a root that is not there": (lambda stick: ("receive", "--trust", stick / "x.json"), 1, "mounted"),
    "a site of nowhere": (lambda stick: ("receive", "--close", "tax"), 1, "--www"),
}


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG_USE.values(), ids=WRONG_USE.keys())
def test_wrong_use_is_told_with_what_to_do(zhanqun, stick, arguments, code, words):
    said = zhanqun(*arguments(stick))
    assert (said.code, words in said.err) == (code, True)


def test_a_file_that_is_no_bundle_is_refused(zhanqun, stick, root):
    (stick / "00000001.bundle").write_bytes(b"PK\x03\x04 a zip")
    assert zhanqun("receive", stick, "--trust", root).code == 1


_WITHOUT_THE_INSIDE = """
import sys
INSIDE = {"pelican", "markdown", "jinja2", "PIL", "yaml", "nh3", "git", "babel", "rich", "starlette", "uvicorn", "boto3"}
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in INSIDE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from cli.main import main
main(sys.argv[1:])
"""


def test_it_runs_and_speaks_chinese_where_nothing_of_the_inside_is_installed(inside, target, stick, root, here, page):
    target.deliver(inside.parcel(ONE))
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_THE_INSIDE, "receive", str(stick), "--trust", str(root)],
        cwd=here,
        env={"PYTHONPATH": str(REPOSITORY), "ZHANQUN_LANG": "zh", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "1" in ran.stdout
    assert page.read_bytes() == b"<p>one</p>"


# ---- sweeping -------------------------------------------------------------------------------------------------------


def owe_sweep(here: Path) -> Path:
    """Makes the target as one that has dropped many releases since it was swept; its state folder."""
    state = here / "dmz/state"
    replace(Remembered.read(state), forgotten=SWEEP_AFTER).write(state)
    return state


def test_a_bundle_is_followed_by_the_sweep_that_is_due(zhanqun, here, inside, target, stick, root):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    state = owe_sweep(here)
    target.deliver(inside.parcel(TWO))
    said = zhanqun("receive", stick)
    assert (said.code, said.out) == (0, "Release 2 is live.\n")
    assert "Ctrl-C ends that without harm" in said.err
    assert Remembered.read(state).forgotten == 0


def test_a_sweep_by_hand_looks_through_everything(zhanqun, here, inside, target, stick, root, page):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    blobs = [BlobStore(here / "dmz" / place / "blobs") for place in ("www", "vault")]
    shas = [store.put(b"of nothing") for store in blobs]
    assert zhanqun("receive", "--sweep").code == 0
    assert [sha in store for sha, store in zip(shas, blobs, strict=True)] == [False, False]
    assert page.read_bytes() == b"<p>one</p>"


def test_a_sweep_by_hand_beside_a_delivery_says_that_it_was_not_done(zhanqun, here, inside, target, stick, root):
    target.deliver(inside.parcel(ONE))
    zhanqun("receive", stick, "--trust", root)
    with Receiver(Places.from_www(here / "dmz/www"), now=current_time).place.locked():
        said = zhanqun("receive", "--sweep")
    assert said.code == 1
    assert "Use --sweep again" in said.err
