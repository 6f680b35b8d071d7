"""The entry: help, wrong usage, exit codes, one JSON object for every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.main import COMMANDS
from tests.builders import ARTICLE, NOW, REPOSITORY, make_article, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files
from tests.tools.cli_words import messages

LONG_RUNNING = ("up", "serve", "worker")
# They know neither settings nor workspace; their own tests hold them to one object.
IN_THE_DMZ = ("receive", "guard")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does_with_options_and_an_example(zhanqun: CommandLine, name: str) -> None:
    said = zhanqun(name, "--help")

    assert said.code == 0
    assert f"Usage: zhanqun {name}" in said.out
    for heading in ("What it does:", "Options:", "Example:"):
        assert heading in said.out
    assert f"zhanqun {name}" in said.out.partition("Example:")[2]
    assert "--json" in said.out
    assert said.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_speaks_chinese(zhanqun: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    english = " ".join(zhanqun(name, "--help").out.split())
    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    chinese = zhanqun(name, "--help").out
    joined = " ".join(chinese.split())

    assert "Example:" not in chinese
    assert f"zhanqun {name}" in chinese
    left = [message for message in messages() if len(message) > 12 and message in english and message in joined]
    assert left == []


def test_the_list_of_commands_has_a_sentence_for_each(zhanqun: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    said = zhanqun("--help")

    assert said.code == 0
    for name in COMMANDS:
        line = next(line for line in said.out.splitlines() if line.split()[:1] == [name])
        assert any("\u4e00" <= sign <= "\u9fff" for sign in line)


def test_a_bare_call_shows_the_help(zhanqun: CommandLine) -> None:
    said = zhanqun()

    assert said.code == 2
    assert "Usage: zhanqun" in said.out + said.err


def test_the_version_is_told(zhanqun: CommandLine) -> None:
    assert zhanqun("--version").out.startswith("zhanqun, version ")


WRONG = [
    ("a command that is none", ("pubish",), "No such command"),
    ("an option that is none", ("build", "--quick"), "No such option"),
    ("an argument too many", ("status", "now"), "unexpected extra argument"),
    ("a moment that is none", ("build", "--now", "tomorrow"), "Write a moment like 2026-11-20T09:00."),
    ("a port out of range", ("serve", "--port", "99999"), "not in the range"),
    ("a kind of import that is none", ("import", "word", "."), "is not one of"),
    ("a move without its new place", ("mv", "portal/news/2026/river.md"), "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "told"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_usage_ends_with_2_and_a_plain_sentence(
    zhanqun: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    said = zhanqun(*arguments)

    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


SETTINGS = [
    ("an unknown key", "colour = 'red'\n", "colour"),
    ("a port that is none", "port = 99999\n", "port"),
    ("no TOML", "port = = 3\n", "zhanqun.toml:1"),
    ("a wrong kind", "targets = 3\n", "targets"),
]


@pytest.mark.parametrize(("text", "told"), [row[1:] for row in SETTINGS], ids=[row[0] for row in SETTINGS])
def test_a_mistake_in_the_settings_is_told(zhanqun: CommandLine, here: Path, text: str, told: str) -> None:
    (here / "zhanqun.toml").write_text(f"format = 1\n{text}" if "= =" not in text else text)
    said = zhanqun("status")

    assert said.code == 1
    assert told in said.err
    assert "zhanqun.toml" in said.err


def test_all_mistakes_in_the_settings_are_told_at_once(zhanqun: CommandLine, here: Path) -> None:
    (here / "zhanqun.toml").write_text("format = 1\ncolour = 'red'\nprot = 80\n")
    said = zhanqun("status")

    assert "zhanqun.toml:2" in said.err
    assert "zhanqun.toml:3" in said.err


def test_the_language_of_the_settings_holds_for_errors_too(zhanqun: CommandLine, here: Path) -> None:
    (here / "zhanqun.toml").write_text('format = 1\nlang = "zh"\n')

    assert "请先运行 zhanqun seed" in zhanqun("build").err


ONE_OBJECT = [
    ("seed", ()),
    ("build", ("--now", NOW)),
    ("check", ("--now", NOW)),
    ("publish", ("--now", NOW)),
    ("rollback", ()),
    ("purge", ("--yes",)),
    ("state", ("grey",)),
    ("releases", ()),
    ("status", ()),
    ("keys", ("status",)),
    ("nginx", ()),
    ("new-site", ("water", "--name", "水务局", "--host", "water.yunze.localhost")),
    ("mv", ("portal/news/2026/river.md", "portal/news/2026/yunze.md")),
    ("rm", ("portal/news/2026/bridge.md", "--reason", "重复")),
    ("import", ("file", "plan.pdf", "--to", "portal/news/2026/plan.pdf")),
]


def test_every_command_that_ends_by_itself_is_in_the_table() -> None:
    assert {name for name, _ in ONE_OBJECT} == set(COMMANDS) - {*LONG_RUNNING, *IN_THE_DMZ}


@pytest.mark.parametrize(("name", "arguments"), ONE_OBJECT, ids=[row[0] for row in ONE_OBJECT])
def test_json_is_one_object_on_standard_output(
    zhanqun: CommandLine, city: City, name: str, arguments: tuple[str, ...]
) -> None:
    write_tree(city.root, make_files() | {"plan.pdf": b"%PDF-1.7"})
    city.commit({ARTICLE: make_article("改了标题")})
    if name == "rollback":
        zhanqun("publish", "--now", NOW)
    said = zhanqun(name, *arguments, "--json")

    assert said.code == 0, said.err
    assert isinstance(said.json["seconds"], float)


# In an empty folder these have nothing to fail at, or fail at something else.
CANNOT_FAIL = ("seed", "rollback", "releases", "status", "keys")
FAILING = [row for row in ONE_OBJECT if row[0] not in CANNOT_FAIL]


@pytest.mark.parametrize(("name", "arguments"), FAILING, ids=[row[0] for row in FAILING])
def test_json_is_one_object_when_a_command_fails(
    zhanqun: CommandLine, here: Path, name: str, arguments: tuple[str, ...]
) -> None:
    (here / "plan.pdf").write_bytes(b"%PDF-1.7")
    said = zhanqun(name, *arguments, "--json")

    assert said.code == 1
    assert set(said.json["error"]) == {"zh", "en"}
    assert said.json["error"]["en"] in said.err


def test_the_program_runs_as_a_module(seeded: City) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "cli", "publish", "--now", NOW, "--json"]
    done = subprocess.run(command, cwd=seeded.root, env=environment, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["release"]["number"] == 1


def test_ctrl_c_while_a_command_works_ends_with_130(
    zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMMANDS, "status", (__name__, "interrupted"))

    assert zhanqun("status").code == 130


@click.command()
def interrupted() -> None:
    """A command during which somebody pressed Ctrl-C."""
    raise KeyboardInterrupt
