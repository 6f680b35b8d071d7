"""The command says what is wrong before it writes anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.engine import main
from tests.builders import REPOSITORY

REFUSED = {
    "a size that is too small": (["--sizes", "10"], "--sizes '10' cannot be used"),
    "a size that is no number": (["--sizes", "many"], "--sizes 'many' cannot be used"),
    "an unknown peer": (["--peers", "jekyll"], "There is no peer 'jekyll'"),
    "a cluster for which the disk is too small": (["--sizes", "100000000000"], "GB more than are free"),
    "a work folder in the repository": (
        ["--work", str(REPOSITORY / "var" / "bench")],
        "lies in the program's own folder",
    ),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_is_refused(options: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--work", str(tmp_path / "work"), "--peers", "", *options])
    assert result.exit_code == 1
    assert told in result.output
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
