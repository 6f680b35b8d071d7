"""Private keys: for their owner alone, never one in another's place, and told clearly when one cannot be used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from cluster.errors import ConfigError
from publish.keys import KeyFolder


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "private" / "keys")


def the_file(folder: KeyFolder) -> Path:
    (path,) = folder.path.iterdir()
    return path


def test_a_key_signs_after_it_was_written_and_read(folder: KeyFolder) -> None:
    made = folder.make("timestamp")
    read = folder.load("timestamp", made.public_key)

    made.public_key.verify_signature(read.sign(b"words"), b"words")


def test_only_its_owner_can_read_a_key(folder: KeyFolder) -> None:
    folder.make("root")

    assert the_file(folder).stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_second_key_of_a_role_lies_beside_the_first(folder: KeyFolder) -> None:
    keys = [folder.make("root").public_key for _ in range(2)]

    assert all(folder.holds("root", key.keyid) for key in keys)
    assert not folder.holds("targets", keys[0].keyid)


def test_forgetting_deletes_that_key_alone(folder: KeyFolder) -> None:
    first, second = (folder.make("root").public_key.keyid for _ in range(2))
    folder.forget("root", first)
    folder.forget("root", first)

    assert (folder.holds("root", first), folder.holds("root", second)) == (False, True)


def test_forgetting_the_others_keeps_the_named(folder: KeyFolder) -> None:
    kept, lost = folder.make("root").public_key.keyid, folder.make("root").public_key.keyid
    folder.forget_others([("root", kept)])

    assert (folder.holds("root", kept), folder.holds("root", lost)) == (True, False)
    assert not folder.is_empty()
    folder.forget_others([])
    assert folder.is_empty()


def put_another_key(path: Path) -> None:
    path.write_bytes(CryptoSigner.generate_ed25519().private_bytes)


def put_a_key_of_another_kind(path: Path) -> None:
    path.write_bytes(CryptoSigner.generate_ecdsa().private_bytes)


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


SPOILT = [
    ("a missing file", Path.unlink, "is missing", "rotate root"),
    ("an empty file", lambda path: path.write_bytes(b""), "not the key it should be", "rotate root"),
    ("no key", lambda path: path.write_bytes(b"-----BEGIN PRIVATE KEY-----\n"), "not the key it should be", "backup"),
    ("another key", put_another_key, "not the key it should be", "backup"),
    ("a key of another kind", put_a_key_of_another_kind, "not the key it should be", "backup"),
    ("a folder", put_a_folder, "cannot be read", "permissions"),
    ("a file that the group reads", lambda path: path.chmod(0o640), "other users can read", "chmod 600"),
    ("a file that all read", lambda path: path.chmod(0o604), "other users can read", "chmod 600"),
]


@pytest.mark.parametrize(("spoil", "what", "advice"), [row[1:] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_a_key_that_cannot_be_used_is_told_with_what_to_do(
    folder: KeyFolder, spoil: Callable[[Path], object], what: str, advice: str
) -> None:
    key = folder.make("root").public_key
    path = the_file(folder)
    spoil(path)
    with pytest.raises(ConfigError, match=what) as caught:
        folder.load("root", key)

    assert str(path) in caught.value.english
    assert str(path) in caught.value.chinese
    assert advice in caught.value.english


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_told_with_whom_to_be(folder: KeyFolder) -> None:
    key = folder.make("root").public_key
    os.chown(the_file(folder), 54321, -1)
    with pytest.raises(ConfigError, match="belongs to 54321") as caught:
        folder.load("root", key)

    assert "Run the command as 54321" in caught.value.english


def test_a_medium_without_owners_and_modes_will_do(tmp_path: Path) -> None:
    medium = KeyFolder(tmp_path, on_medium=True)
    key = medium.make("root").public_key
    the_file(medium).chmod(0o755)

    assert medium.load("root", key).public_key == key


def test_a_medium_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Put the medium in"):
        KeyFolder(tmp_path / "usb", on_medium=True).make("root")
