"""Options that several commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import pytest

from cli.console import Console
from cli.options import Moment, command, moment_of, now_option, stamp_of
from cluster.clock import CHINA, current_time, parse_date
from cluster.errors import HeldError
from publish.workspace import Workspace
from tests.cli.conftest import Said
from tests.publish.small_city import City

MOMENTS = [
    ("with a zone", "2026-11-20T09:00+08:00", "2026-11-20T09:00:00+08:00"),
    ("without one", "2026-11-20T09:00", "2026-11-20T09:00:00+08:00"),
    ("a day alone", "2026-11-20", "2026-11-20T00:00:00+08:00"),
    ("in London", "2026-11-20T01:00Z", "2026-11-20T09:00:00+08:00"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in MOMENTS], ids=[row[0] for row in MOMENTS])
def test_a_moment_is_read_in_the_citys_zone(text: str, expected: str) -> None:
    assert stamp_of(Moment().convert(text, None, None)) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "20.11.2026"])
def test_what_is_no_moment_is_refused(here: Path, text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write a moment like"):
        Moment().convert(text, None, None)


def test_a_moment_that_is_one_already_stays() -> None:
    at = datetime(2026, 11, 20, 9, tzinfo=CHINA)

    assert Moment().convert(at, None, None) is at
    assert moment_of(at) is at


def test_without_a_moment_the_clock_counts() -> None:
    before = current_time()
    assert before <= moment_of(None) <= current_time()
    assert parse_date(stamp_of(None)) >= before


def called(function: click.Command, capture: pytest.CaptureFixture[str], *arguments: str) -> Said:
    code = function.main(list(arguments), prog_name="try", standalone_mode=False)
    out, err = capture.readouterr()
    return Said(code, out, err)


@command("try", example="try --json")
@now_option
def attempt(console: Console, workspace: Workspace, now: datetime | None) -> int:
    """Tells where it works."""
    console.result(str(workspace.settings.data))
    console.dump({"var": str(workspace.settings.var), "language": console.language})
    console.dump({"second": True})
    return 3


@command("fail", example="fail")
def fail(console: Console, _workspace: Workspace) -> int:
    """Is held."""
    raise HeldError("Wait.", "请等待。")


def test_data_and_var_follow_the_options(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(attempt, capsys) == Said(3, f"{here / 'data'}\n", "")
    assert called(attempt, capsys, "--data", "elsewhere").out == "elsewhere\n"
    assert called(attempt, capsys, "--var", "/srv/var", "--json").json["var"] == "/srv/var"


def test_json_keeps_results_from_standard_output_and_prints_once(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(called(attempt, capsys, "--json").json) == {"var", "language", "seconds"}


def test_settings_of_the_folder_and_the_environment_count(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "zhanqun.toml").write_text('format = 1\ndata = "archive"\nlang = "zh"\n')
    assert called(attempt, capsys).out == f"{here / 'archive'}\n"
    assert called(attempt, capsys, "--json").json["language"] == "zh"

    monkeypatch.setenv("ZHANQUN_DATA", "vault")
    assert called(attempt, capsys).out == f"{here / 'vault'}\n"


@pytest.mark.parametrize(("language", "told"), [("en", "Wait.\n"), ("zh", "请等待。\n")])
def test_an_error_is_told_in_the_users_language_with_its_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    monkeypatch.setenv("ZHANQUN_LANG", language)

    assert called(fail, capsys) == Said(4, "", told)
    assert called(fail, capsys, "--json").json["error"] == {"zh": "请等待。", "en": "Wait."}


def test_every_folder_option_takes_a_folder_only(seeded: City, capsys: pytest.CaptureFixture[str]) -> None:
    (seeded.root / "file").write_text("x")
    with pytest.raises(click.BadParameter, match="is a file"):
        called(attempt, capsys, "--data", "file")
