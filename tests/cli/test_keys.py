"""`zhanqun keys`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cluster.clock import current_time
from publish.trust import ROLES, Trust
from tests.cli.conftest import CommandLine


def trust_in(folder: Path) -> Trust:
    return Trust.of(folder / "data")


def test_a_beginning_makes_keys_and_says_what_to_carry_where(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("keys", "init")

    assert said.code == 0
    assert "data/trust/1.root.json" in said.err
    *rows, last = said.out.splitlines()
    assert [line.split()[0] for line in rows] == list(ROLES)
    assert last == f"Fingerprint of 1.root.json: {trust_in(here).fingerprint()}"


def test_the_root_key_goes_onto_the_named_medium(zhanqun: CommandLine, here: Path) -> None:
    (here / "usb").mkdir()
    said = zhanqun("keys", "init", "--offline", "usb")

    assert said.code == 0
    assert len(list((here / "usb").glob("root-*.pem"))) == 1
    assert not list((here / "data/private/keys").glob("root-*.pem"))
    assert "Take the media" in said.err


def test_several_root_keys_of_which_some_must_sign(zhanqun: CommandLine, here: Path) -> None:
    media = ["a", "b", "c"]
    for name in media:
        (here / name).mkdir()
    options = [word for name in media for word in ("--offline", name)]

    root = zhanqun("keys", "init", *options, "--threshold", "2", "--json").json["roles"][0]
    assert (len(root["keys"]), root["threshold"], root["here"]) == (3, 2, 0)
    assert zhanqun("keys", "rotate", "targets", *options[:4]).code == 0
    assert zhanqun("keys", "rotate", "targets", *options[:2]).code == 1


def test_a_second_beginning_is_refused(zhanqun: CommandLine, here: Path) -> None:
    zhanqun("keys", "init")
    mark = trust_in(here).fingerprint()
    said = zhanqun("keys", "init")

    assert said.code == 1
    assert "zhanqun keys rotate" in said.err
    assert trust_in(here).fingerprint() == mark


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_new_keys(zhanqun: CommandLine, here: Path, role: str) -> None:
    before = {row["role"]: row["keys"] for row in zhanqun("keys", "init", "--json").json["roles"]}
    said = zhanqun("keys", "rotate", role, "--json")
    after = {row["role"]: row["keys"] for row in said.json["roles"]}

    assert said.code == 0
    assert {name for name in ROLES if after[name] != before[name]} == {role}


def test_the_status_tells_a_root_that_ran_out_and_ends_with_3(zhanqun: CommandLine, here: Path) -> None:
    trust_in(here).init(current_time() - timedelta(days=400))
    said = zhanqun("keys", "status")

    assert said.code == 3
    assert "zhanqun keys rotate root" in said.out
    assert zhanqun("keys", "status", "--json").json["roles"][0]["needs_care"] is True
    assert zhanqun("keys", "rotate", "root").code == 0
    assert zhanqun("keys", "status").code == 0


def test_the_status_without_keys_says_how_to_make_them(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("keys", "status")

    assert (said.code, said.out) == (0, "")
    assert "zhanqun keys init" in said.err
    assert zhanqun("keys", "status", "--json").json["set_up"] is False


def test_the_status_in_chinese(zhanqun: CommandLine, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zhanqun("keys", "init")
    monkeypatch.setenv("ZHANQUN_LANG", "zh")

    assert "有效期至" in zhanqun("keys", "status").out


def test_no_private_key_is_ever_shown(zhanqun: CommandLine, here: Path) -> None:
    said = [zhanqun("keys", "init"), zhanqun("keys", "rotate", "root"), zhanqun("keys", "status", "--json")]

    assert not any("PRIVATE" in one.out + one.err for one in said)


WRONG = [
    ("no role to rotate", ("rotate",)),
    ("a role that is none", ("rotate", "mirrors")),
    ("a role with init", ("init", "root")),
    ("a role with status", ("status", "root")),
    ("an action that is none", ("make",)),
    ("no action", ()),
    ("a threshold of nothing", ("init", "--threshold", "0")),
]


@pytest.mark.parametrize("arguments", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_usage_makes_nothing(zhanqun: CommandLine, here: Path, arguments: tuple[str, ...]) -> None:
    assert zhanqun("keys", *arguments).code == 2
    assert not trust_in(here).is_set_up
