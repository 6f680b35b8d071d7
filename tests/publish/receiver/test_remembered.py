"""What a receiver remembers comes back as it was, and damage is told."""

import pytest

from cluster.errors import FormatError
from publish.receiver.remembered import Remembered


def test_it_comes_back_as_it_was(tmp_path):
    remembered = Remembered(7, "ab", 3)
    remembered.write(tmp_path / "state")
    assert Remembered.read(tmp_path / "state") == remembered
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["releases.json"]


def test_a_purge_is_remembered_once_there_was_one(tmp_path):
    Remembered(7, "ab", 3, purged=5).write(tmp_path)
    assert Remembered.read(tmp_path) == Remembered(7, "ab", 3, purged=5)
    Remembered(7, "ab", 3).write(tmp_path)
    assert b"purged" not in (tmp_path / "releases.json").read_bytes()


def test_a_target_without_a_past_remembers_nothing(tmp_path):
    assert Remembered.read(tmp_path) == Remembered()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "number": 1}', '{"format": 1, "what": 1}'])
def test_damage_and_unknown_formats_are_told(tmp_path, text):
    (tmp_path / "releases.json").write_text(text)
    with pytest.raises(FormatError, match="Restore it"):
        Remembered.read(tmp_path)
