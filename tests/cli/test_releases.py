"""`zhanqun releases`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.builders import ARTICLE, NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City


def test_releases_are_listed_newest_first(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("改了标题")})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")
    said = zhanqun("releases")

    assert said.code == 0
    assert [line[:8].replace(" ", "") for line in said.out.splitlines()] == ["*3", "2", "1"]
    assert "rollback ← 1" in said.out.splitlines()[0]
    assert all("李明" in line for line in said.out.splitlines())


def test_releases_json_has_who_when_and_how_much(zhanqun: CommandLine, city: City) -> None:
    (release,) = zhanqun("releases", "--json").json["releases"]

    assert release["number"] == 1
    assert release["who"] == "李明"
    assert release["now"] == NOW
    assert datetime.fromisoformat(release["at"]) == city.workspace.ledger.releases()[0].at
    assert release["state"] == "live"
    assert release["pages_changed"] > 0
    assert release["commit"] == city.head()


def test_without_a_release_the_next_step_is_told(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("releases")

    assert (said.code, said.out) == (0, "")
    assert "zhanqun publish" in said.err
    assert zhanqun("releases", "--json").json["releases"] == []
