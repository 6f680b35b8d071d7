"""`zhanqun purge`: what was taken out is nowhere any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import brotli
import pytest

from tests.builders import NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City

SECRET = "7c1f-secret-of-the-mayor-42ab"
LEAK = "content/portal/news/2026/leak.md"


@pytest.fixture
def leaked(zhanqun: CommandLine, city: City) -> City:
    """A secret went live, and was taken out of the content again."""
    city.commit({LEAK: make_article(f"标题 {SECRET}", body=f"正文 {SECRET}。")})
    zhanqun("publish")
    assert holding(city.root / "dmz") != []
    city.commit({LEAK: None})
    return city


def holding(folder: Path, *needles: bytes) -> list[str]:
    """The files below a folder in which the secret can be read, plain or compressed, or which have one of `needles`."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path) for path in files if any(each in known(path) for each in (SECRET.encode(), *needles))]


def known(path: Path) -> bytes:
    return path.read_bytes() + unpacked(path.read_bytes())


def unpacked(data: bytes) -> bytes:
    try:
        return brotli.decompress(data)
    except brotli.error:
        return b""


def packed_pages(city: City) -> tuple[bytes, ...]:
    """The compressed bytes of every page that holds the secret, as they stand in stores and in the midst of bundles."""
    blobs = city.workspace.rooms.blobs
    pages = [
        entry for entry in city.output().entries.values() if entry.brotli and SECRET.encode() in blobs.read(entry.raw)
    ]
    assert len(pages) >= 3  # the article itself and the lists that name it
    return tuple(blobs.read(entry.brotli) for entry in pages if entry.brotli)


def test_a_purge_leaves_the_secret_in_git_alone(zhanqun: CommandLine, leaked: City) -> None:
    said = zhanqun("purge", "--yes")

    assert said.code == 0
    assert "Release 3 is live." in said.out
    assert holding(leaked.root / "dmz") == holding(leaked.root / "var") == []
    assert [path for path in holding(leaked.root / "data") if "content.git" not in path] == []
    assert "云泽河" in leaked.page("portal/news/2026/river.html")


def test_without_a_yes_nothing_happens_and_the_consequence_is_told(zhanqun: CommandLine, leaked: City) -> None:
    said = zhanqun("purge")

    assert said.code == 4
    assert "no older release can come back" in said.err
    assert leaked.live_number() == 2
    assert holding(leaked.root / "dmz") != []


def test_no_rollback_goes_past_a_purge(zhanqun: CommandLine, leaked: City) -> None:
    zhanqun("purge", "--yes")

    assert zhanqun("rollback").code == 1
    said = zhanqun("rollback", "1")
    assert said.code == 1
    assert "was purged" in said.err
    assert zhanqun("status").code == 0


def test_releases_name_the_purge(zhanqun: CommandLine, leaked: City) -> None:
    zhanqun("purge", "--yes")

    assert " purge " in zhanqun("releases").out.splitlines()[0]


def test_purge_json_is_one_object(zhanqun: CommandLine, leaked: City) -> None:
    seen = zhanqun("purge", "--yes", "--json").json

    assert (seen["release"]["kind"], seen["is_new"], seen["failures"]) == ("purge", True, [])


def test_what_was_compressed_is_gone_as_well(zhanqun: CommandLine, leaked: City) -> None:
    pages = packed_pages(leaked)
    blobs = [path for path in (leaked.root / "dmz").rglob("*") if path.is_file() and path.read_bytes() in pages]
    assert len(blobs) >= 2 * len(pages)  # in the web root and in the vault

    zhanqun("purge", "--yes")

    assert holding(leaked.root / "dmz", *pages) == holding(leaked.root / "var", *pages) == []


def test_a_bundle_that_waits_to_be_carried_is_replaced_by_one_without_the_secret(
    zhanqun: CommandLine, leaked: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHANQUN_TARGETS", "dir:dmz/www file:usb")
    usb = leaked.root / "usb"
    usb.mkdir()
    leaked.commit({LEAK: make_article(f"标题 {SECRET}", body=f"正文 {SECRET}。")})
    zhanqun("publish")
    leaked.workspace.build(leaked.workspace.order(NOW))
    pages = packed_pages(leaked)
    (usb / ".tmp-00000009.bundle").write_bytes(pages[0])  # what a cut left
    assert holding(usb, *pages) != []
    leaked.commit({LEAK: None})

    said = zhanqun("purge", "--yes")

    assert said.code == 3  # until the receipt is back
    assert len(list(usb.iterdir())) == 1
    assert holding(usb, *pages) == []


LEFT_BEHIND = {
    "the spool of a killed build": "spool/4711",
    "the preview of a working folder": "watch/www/blobs/aa/secret",
    "the database of such a preview": "watch/var/index.db",
    "what nobody knows": "strange.txt",
    "a half-written blob": "blobs/aa/.tmp-1-2-secret",
    "a half-written listing": "listings/.tmp-1-2",
}


@pytest.mark.parametrize("name", LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_what_was_left_behind_in_var_goes_too(zhanqun: CommandLine, leaked: City, name: str) -> None:
    file = leaked.root / "var" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SECRET)

    zhanqun("purge", "--yes")

    assert holding(leaked.root / "var") == []
    assert zhanqun("publish").code == 0  # and nothing is missed


def test_pages_of_sqlite_that_hold_deleted_words_are_overwritten(zhanqun: CommandLine, leaked: City) -> None:
    """Free pages of the index and its write-ahead log; the ledger holds no words of the content at all."""
    index = leaked.workspace.rooms.index
    with closing(sqlite3.connect(index)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE leak (words TEXT)")
        db.executemany("INSERT INTO leak VALUES (?)", [(SECRET * 200,)] * 50)
        db.commit()
        db.execute("DELETE FROM leak")
        db.commit()
        db.execute("DROP TABLE leak")
        db.commit()
    assert holding(leaked.root / "var") != []

    zhanqun("purge", "--yes")

    assert holding(leaked.root / "var") == []
    assert [path for path in holding(leaked.root / "data") if "content.git" not in path] == []


def test_where_no_receipt_can_come_back_somebody_can_say_that_it_was_done(
    zhanqun: CommandLine, leaked: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHANQUN_TARGETS", "dir:dmz/www file:usb")
    (leaked.root / "usb").mkdir()
    zhanqun("publish")
    assert zhanqun("purge", "--yes", "--json").json["alarms"][0]["code"] == "purge"
    said = zhanqun("purge", "--confirm", "file:usb")
    assert (said.code, said.err) == (0, "The purge of release 4 counts as done at file:usb.\n")
    assert zhanqun("status").code == 0
    assert leaked.live_number() == 4
    said = zhanqun("purge", "--confirm", "file:usb")
    assert said.code == 1
    assert "No purge waits for file:usb" in said.err


def test_a_bundle_after_that_of_a_purge_purges_too(
    zhanqun: CommandLine, leaked: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium never left the building between the purge and the next release."""
    usb, there = leaked.root / "usb", ("--www", leaked.root / "there/www")
    monkeypatch.setenv("ZHANQUN_TARGETS", "dir:dmz/www file:usb")
    usb.mkdir()
    leaked.commit({LEAK: make_article(f"标题 {SECRET}")})
    zhanqun("publish")
    root = leaked.workspace.trust.root_path()
    assert zhanqun("receive", usb, "--trust", root, *there).code == 0
    (usb / "receipt.json").unlink()
    pages = packed_pages(leaked)
    leaked.commit({LEAK: None})
    zhanqun("purge", "--yes")
    leaked.commit({"content/portal/news/2026/later.md": make_article("后来")})
    zhanqun("publish")
    assert holding(leaked.root / "there", *pages) != []

    assert zhanqun("receive", usb, *there).code == 0
    assert holding(leaked.root / "there", *pages) == []
    assert zhanqun("status").code == 0  # the receipt lies on the medium
