"""`zhanqun rollback`."""

from __future__ import annotations

import pytest

from tests.builders import ARTICLE, NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City


@pytest.fixture
def grown(zhanqun: CommandLine, city: City) -> City:
    """Three releases."""
    for title in ("第二版", "第三版"):
        city.commit({ARTICLE: make_article(title)})
        zhanqun("publish", "--now", NOW)
    return city


def test_rollback_makes_the_previous_release_live_under_a_new_number(zhanqun: CommandLine, grown: City) -> None:
    said = zhanqun("rollback")

    assert said.code == 0
    assert "Release 4 is live." in said.out
    assert "Automatic publishing is held until: zhanqun publish --resume" in said.err
    assert "第二版" in grown.page("portal/news/2026/river.html")


def test_rollback_to_a_number(zhanqun: CommandLine, grown: City) -> None:
    seen = zhanqun("rollback", "1", "--json").json

    assert (seen["release"]["kind"], seen["release"]["of"]) == ("rollback", 1)
    assert "二期工程开工" in grown.page("portal/news/2026/river.html")


def test_a_release_that_never_was_is_refused(zhanqun: CommandLine, grown: City) -> None:
    said = zhanqun("rollback", "99")

    assert said.code == 1
    assert "zhanqun releases" in said.err
    assert "第三版" in grown.page("portal/news/2026/river.html")


def test_with_one_release_there_is_nothing_to_go_back_to(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("rollback", "--json")

    assert said.code == 1
    assert "no earlier release" in said.json["error"]["en"]


@pytest.mark.parametrize("number", ["0", "-1", "one"])
def test_a_number_must_be_one(zhanqun: CommandLine, city: City, number: str) -> None:
    assert zhanqun("rollback", "--", number).code == 2
