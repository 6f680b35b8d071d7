"""What is asked for comes back as it was, with what was added; nonsense asks for nothing."""

import pytest

from publish.receiver import missing


def test_hashes_come_back_as_they_were(tmp_path):
    missing.write(tmp_path / "state", ["b" * 64, "a" * 64])
    assert missing.read(tmp_path / "state") == {"a" * 64, "b" * 64}
    missing.leave(tmp_path / "state", ())
    assert missing.read(tmp_path / "state") == frozenset()
    missing.leave(tmp_path / "state", ())


def test_more_can_be_asked_for_and_some_left(tmp_path):
    missing.add(tmp_path / "state", ["a" * 64])
    missing.add(tmp_path / "state", ["b" * 64])
    assert missing.read(tmp_path / "state") == {"a" * 64, "b" * 64}
    missing.leave(tmp_path / "state", ["b" * 64])
    assert missing.read(tmp_path / "state") == {"b" * 64}


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "hashes": ["a"]}', '{"format": 1, "hashes": 3}', "\x00"])
def test_nonsense_asks_for_nothing(tmp_path, text):
    (tmp_path / "missing.json").write_text(text)
    assert missing.read(tmp_path) == frozenset()
