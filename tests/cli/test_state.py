"""`zhanqun state`: grey, a banner, or neither, on all sites at once."""

from __future__ import annotations

import pytest

from cluster.release import MODE_FILES
from tests.builders import ARTICLE, NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City

MODES = tuple(f"{site}/{name}" for site in ("portal", "congress") for name in MODE_FILES)
NOTICES = ("portal/notice.html", "congress/notice.html")


def test_grey_makes_all_sites_grey_and_builds_nothing(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("state", "grey")

    assert said.code == 0
    assert said.out.splitlines() == ["Release 2 is live.", "  dir:dmz/www"]
    assert "… index" not in said.err
    assert all("grayscale" in city.page(path) for path in MODES)


def test_a_banner_is_shown_on_all_sites(zhanqun: CommandLine, city: City) -> None:
    assert zhanqun("state", "banner", "--zh", "今晚九时起停水 <抢修>").code == 0

    assert all(".notice-link" in city.page(path) for path in MODES)
    assert all("今晚九时起停水 &lt;抢修&gt;" in city.page(path) for path in NOTICES)


def test_clear_brings_the_old_bytes_back(zhanqun: CommandLine, city: City) -> None:
    before = {path: city.page(path) for path in (*MODES, *NOTICES)}
    zhanqun("state", "banner", "--zh", "停水", "--en", "No water")
    zhanqun("state", "grey")
    assert zhanqun("state", "clear").code == 0

    assert {path: city.page(path) for path in before} == before
    assert "grey" not in zhanqun("status").out


def test_grey_and_a_banner_stand_side_by_side_in_either_order(zhanqun: CommandLine, city: City) -> None:
    zhanqun("state", "grey")
    zhanqun("state", "banner", "--zh", "停水")
    first = city.page("portal/_mode.css")
    zhanqun("state", "clear")
    zhanqun("state", "banner", "--zh", "停水")
    zhanqun("state", "grey")

    assert city.page("portal/_mode.css") == first
    assert "grayscale" in first
    assert "停水" in city.page("portal/notice.html")


def test_a_state_outlives_the_next_publish_and_a_rollback(zhanqun: CommandLine, city: City) -> None:
    zhanqun("state", "grey")
    city.commit({ARTICLE: make_article("改了标题")})
    zhanqun("publish", "--now", NOW)
    assert "改了标题" in city.page("portal/news/2026/river.html")
    assert "grayscale" in city.page("portal/_mode.css")

    zhanqun("rollback")
    assert "改了标题" not in city.page("portal/news/2026/river.html")
    assert "grayscale" in city.page("portal/_mode.css")


def test_a_state_is_shown_while_publishing_is_held(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("出错了")})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")

    assert zhanqun("state", "grey").code == 0
    assert zhanqun("status").code == 4


@pytest.mark.parametrize("arguments", [("banner",), ("purple",), ()], ids=["no words", "an unknown state", "nothing"])
def test_wrong_use_changes_nothing(zhanqun: CommandLine, city: City, arguments: tuple[str, ...]) -> None:
    assert zhanqun("state", *arguments).code == 2
    assert city.live_number() == 1


def test_before_the_first_release_the_next_step_is_told(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("state", "grey")

    assert said.code == 1
    assert "zhanqun publish" in said.err


def test_state_json_tells_the_release(zhanqun: CommandLine, city: City) -> None:
    seen = zhanqun("state", "grey", "--json").json

    assert (seen["release"]["kind"], seen["release"]["of"]) == ("state", 1)
    assert [path for path, *_ in seen["release"]["overlay"]] == sorted(MODES)
    assert seen["changes"] == {"added": 0, "changed": 0, "removed": 0}
