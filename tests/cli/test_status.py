"""`zhanqun status`: 0 all well, 3 something to mend, 4 held."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.clock import CHINA, current_time
from publish.delivery import Hello
from publish.receiver import Receipt, missing
from publish.receiver.receipt_file import write_receipt
from tests.builders import ARTICLE, NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City


def test_all_is_well(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("status")

    assert said.code == 0
    target, issues = said.out.splitlines()
    confirmed = city.workspace.ledger.receipts()["dir:dmz/www"].at.astimezone(CHINA)
    assert target == f"dir:dmz/www: release 1, confirmed {confirmed:%Y-%m-%d %H:%M}"
    assert issues == "No issues."


def test_before_anything_was_published(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("status")

    assert said.code == 0
    assert "dir:dmz/www: release -" in said.out
    assert zhanqun("status", "--json").json["live"] is None


def test_issues_of_the_last_build_are_counted(zhanqun: CommandLine, city: City) -> None:
    city.commit({"content/portal/news/2026/bad.md": make_article(title=None)})
    zhanqun("publish", "--now", NOW)
    said = zhanqun("status")

    assert said.code == 3
    assert "1 issue(s); see: zhanqun check --content" in said.out
    assert zhanqun("status", "--json").json["issues"][0]["path"].endswith("bad.md")


def test_a_hold_is_shown_with_its_reason(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("出错了")})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")
    said = zhanqun("status")

    assert said.code == 4
    assert "Held: 李明 rolled back to release 1." in said.out
    assert zhanqun("status", "--json").json["holds"][0]["kind"] == "rollback"


def test_a_target_that_cannot_be_read_is_a_problem(zhanqun: CommandLine, city: City) -> None:
    (city.www / "current").unlink()
    (city.www / "current").symlink_to("somewhere")
    said = zhanqun("status")

    assert said.code == 3
    assert said.out.startswith("dir:dmz/www: release -, confirmed ")
    assert "older than what it confirmed" in said.out


def test_a_target_in_whose_place_something_else_stands_is_a_problem(zhanqun: CommandLine, city: City) -> None:
    shutil.rmtree(city.www)
    city.www.write_text("a file")
    said = zhanqun("status")

    assert said.code == 3
    assert zhanqun("status", "--json").json["targets"][0]["problem"] != ""


def test_the_state_of_the_cluster_is_shown_with_how_to_end_it(zhanqun: CommandLine, city: City) -> None:
    zhanqun("state", "banner", "--zh", "今晚停水")
    zhanqun("state", "grey")
    said = zhanqun("status")

    assert "All sites are grey; end it with: zhanqun state clear" in said.out
    assert "Banner on all sites: 今晚停水" in said.out
    assert zhanqun("status", "--json").json["state"] == {"grey": True, "zh": "今晚停水", "en": ""}


def test_the_next_moment_is_named(zhanqun: CommandLine, city: City) -> None:
    city.commit({"content/portal/news/2026/soon.md": make_article("将来", "2026-12-24T09:00")})
    zhanqun("publish", "--now", NOW)

    assert "The next item goes live or expires at 2026-12-24 09:00." in zhanqun("status").out


@pytest.mark.parametrize("kept", [0, 5, 5000, 12288], ids=["nothing", "a few bytes", "a page", "the schema"])
def test_a_damaged_index_is_taken_for_none(zhanqun: CommandLine, city: City, kept: int) -> None:
    index = city.workspace.rooms.index
    data = index.read_bytes()
    index.write_bytes(data[:kept] + b"\xff" * (len(data) - kept))

    assert zhanqun("status").code == 0
    assert zhanqun("build", "--now", NOW).code == 0
    assert zhanqun("status").code == 0


def test_status_speaks_chinese(zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHANQUN_LANG", "zh_CN.UTF-8")

    assert "第 1 版" in zhanqun("status").out


# What must be seen to


def published_before(seeded: City, days: int) -> City:
    """The city with release 1 live, signed so many days ago."""
    before = replace(seeded, clock=lambda: current_time() - timedelta(days=days))
    workspace = before.workspace
    office = workspace.office(workspace.targets(), keep=10)
    workspace.publish(office, before.build(), at=before.clock(), who="李明")
    return before


def test_a_signature_that_ran_out_is_an_alarm_that_says_what_to_do_until_it_is_done(
    zhanqun: CommandLine, seeded: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_before(seeded, 60)
    said = zhanqun("status")
    assert said.code == 3
    assert "no fresh signature since" in said.out
    assert "Run: zhanqun publish" in said.out
    (alarm,) = zhanqun("status", "--json").json["alarms"]
    assert (alarm["code"], alarm["why"]) == ("expired", alarm["en"])
    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    assert "没有新的签名" in zhanqun("status").out

    assert zhanqun("publish", "--now", NOW).code == 0
    assert zhanqun("status").code == 0


def test_what_a_target_lost_is_told_until_it_was_brought(zhanqun: CommandLine, city: City) -> None:
    target = city.workspace.targets()[0]
    live = target.hello()
    missing.add(city.root / "dmz/state", [live.root])
    (city.root / "dmz/vault/listings" / live.root).write_text("?")
    said = zhanqun("status")
    assert said.code == 3
    assert "It lost 1 file(s) there. Bring them: zhanqun publish" in said.out
    assert zhanqun("publish", "--now", NOW).code == 0
    assert zhanqun("status").code == 0


def test_the_guard_of_a_target_on_this_machine_is_shown(zhanqun: CommandLine, city: City) -> None:
    assert zhanqun("guard", "--once").code == 0
    (row,) = zhanqun("status", "--json").json["targets"]
    assert (row["guard"]["incidents"], row["guard"]["missing"]) == (0, 0)
    assert "Guard: last sign of life " in zhanqun("status").out


def test_a_purge_of_a_carried_bundle_is_told_until_its_receipt_is_back(
    zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    (city.root / "usb").mkdir()
    monkeypatch.setenv("ZHANQUN_TARGETS", "dir:dmz/www file:usb")
    zhanqun("publish", "--now", NOW)
    purged = zhanqun("purge", "--yes")
    assert purged.code == 3
    assert "file:usb: the purge of release 2 is not confirmed since" in purged.err
    said = zhanqun("status")
    assert said.code == 3
    assert "carry the newest bundle there, and receipt.json back" in said.out

    hello = Hello(2, "f" * 64, 1)
    write_receipt(city.root / "usb", Receipt("there", 2, "f" * 64, current_time()), hello)
    assert zhanqun("status").code == 0
    (city.root / "usb/receipt.json").unlink()  # the medium is away again
    assert zhanqun("status", "--json").json["alarms"] == []
