"""Whose turn it is: one at a time, and nobody for ever."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from publish.receiver.turn import NAME, turn


def test_two_never_have_it_at_once(tmp_path: Path):
    with turn(tmp_path, 0) as first, turn(tmp_path, 0.02) as second:
        assert first
        assert not second


def test_it_is_given_back_also_after_an_error(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), turn(tmp_path, 0):
        raise ZeroDivisionError
    with turn(tmp_path, 0) as is_ours:
        assert is_ours


def test_who_was_killed_does_not_keep_it(tmp_path: Path):
    code = (
        "import os, sys; from pathlib import Path; from publish.receiver.turn import turn\n"
        "with turn(Path(sys.argv[1]), 0): os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": os.getcwd()})  # noqa: PTH109 - where the house is
    assert done.returncode == 9
    with turn(tmp_path, 0) as is_ours:
        assert is_ours


def test_a_state_folder_that_is_not_there_is_made(tmp_path: Path):
    with turn(tmp_path / "state", 0) as is_ours:
        assert is_ours
    assert (tmp_path / "state" / NAME).is_file()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path):
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=NAME), turn(tmp_path, 0):
        pass
    assert not (tmp_path / "elsewhere").exists()
