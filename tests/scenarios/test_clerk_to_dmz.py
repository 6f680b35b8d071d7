"""From a clerk's commit to the DMZ and back, with the commands that people type and a real Git clone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import brotli
import pytest

from cluster import item as item_file
from cluster.release import MODE_FILES
from tests.builders import ARTICLE, make_article
from tests.scenarios.city import GOOD_URL, City
from tests.scenarios.commands import Clerk, zhanqun

FLU = "content/portal/news/notices/2026/flu.md"
FLU_URL = "/news/notices/2026/flu.html"


@pytest.fixture
def city(tmp_path: Path) -> City:
    """A city whose first release is live."""
    city = City.found(tmp_path / "city")
    assert city.publish().code == 0
    return city


@pytest.fixture
def clerk(city: City) -> Clerk:
    return Clerk.clone(city.repository, city.base / "clone")


def test_a_clerks_new_article_goes_live_on_its_page_and_in_its_lists(city: City, clerk: Clerk) -> None:
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-19T08:00", "请带身份证。"))
    clerk.push("流感疫苗")
    assert city.get(FLU_URL).status == 404
    run = city.publish(language="zh")
    assert (run.code, "第 2 版" in run.out) == (0, True)
    assert "请带身份证。" in city.get(FLU_URL).text
    for place in ("/news/notices/", "/news/", "/feed.xml", "/sitemap.xml"):
        assert FLU_URL in city.get(place).text, place


def test_a_clerks_correction_changes_the_live_page_and_nothing_is_left_of_the_old_words(
    city: City, clerk: Clerk
) -> None:
    assert "施工人员昨日进场。" in city.get(GOOD_URL).text
    clerk.write(ARTICLE, make_article(body="施工人员今日进场。", id="00000000000000a1"))
    clerk.push("更正")
    assert city.publish().code == 0
    answer = city.get(GOOD_URL)
    assert (answer.status, "施工人员今日进场。" in answer.text, "昨日" in answer.text) == (200, True, False)


def test_a_withdrawn_article_answers_410_and_leaves_every_list(city: City) -> None:
    assert zhanqun(city.base, "rm", "portal/news/2026/river.md", "--reason", "工期有变").code == 0
    assert city.publish().code == 0
    assert city.get(GOOD_URL).status == 410
    assert [path for path, data in city.live_bytes().items() if b"river.html" in data] == ["portal/_redirects"]


def test_a_moved_article_answers_301_to_its_new_address(city: City) -> None:
    moved = zhanqun(city.base, "mv", "portal/news/2026/river.md", "portal/news/notices/2026/river.md")
    assert moved.code == 0, moved.err
    assert city.publish().code == 0
    answer = city.get(GOOD_URL)
    assert (answer.status, answer.location) == (301, "/news/notices/2026/river.html")
    assert city.get(answer.location).status == 200


def test_an_article_deleted_with_plain_git_answers_404(city: City, clerk: Clerk) -> None:
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-19T08:00"))
    clerk.push("流感疫苗")
    assert city.publish().code == 0
    clerk.remove(FLU)
    clerk.push("删除")
    assert city.publish().code == 0
    assert city.get(FLU_URL).status == 404


def test_rollback_brings_back_every_byte_and_holds_until_resumed(city: City, clerk: Clerk) -> None:
    before = city.live_bytes()
    clerk.write(ARTICLE, make_article(body="写错了的数字：一万亿。", id="00000000000000a1"))
    clerk.push("写错")
    assert city.publish().code == 0
    assert city.live_bytes() != before

    back = zhanqun(city.base, "rollback", language="zh")
    assert (back.code, "--resume" in back.err) == (0, True)
    assert city.live_bytes() == before

    held = city.publish(language="zh")
    assert (held.code, "zhanqun publish --resume" in held.err) == (4, True)
    assert city.live_bytes() == before
    assert zhanqun(city.base, "status").code == 4

    clerk.write(ARTICLE, make_article(body="改对了的数字：一百万。", id="00000000000000a1"))
    clerk.push("改对")
    assert city.publish("--resume").code == 0
    assert "改对了的数字" in city.get(GOOD_URL).text
    assert zhanqun(city.base, "status").code == 0


def test_a_scheduled_article_shows_nowhere_before_its_time_and_everywhere_after(city: City, clerk: Clerk) -> None:
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-25T09:00"))
    clerk.push("定时")
    run = city.publish("--json")
    assert (run.code, run.result["next_moment"]) == (3, "2026-11-25T09:00:00+08:00")
    assert [path for path, data in city.live_bytes().items() if "流感疫苗".encode() in data or "flu" in path] == []
    assert city.publish(now="2026-11-25T09:00+08:00").code == 0
    assert "流感疫苗" in city.get(FLU_URL).text
    assert "流感疫苗" in city.get("/news/").text


def test_an_article_that_expires_is_taken_down_by_itself(city: City, clerk: Clerk) -> None:
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-19", expires="2026-11-30"))
    clerk.push("到期")
    assert city.publish().code == 0
    assert city.get(FLU_URL).status == 200
    assert city.publish(now="2026-11-30T00:00+08:00").code == 0
    assert city.get(FLU_URL).status == 404


def test_two_clerks_at_once_are_both_published(city: City, clerk: Clerk) -> None:
    other = Clerk.clone(city.repository, city.base / "other")
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-19"))
    other.write(FLU.replace("flu", "cold"), make_article("寒潮来临", "2026-11-19"))
    clerk.push("流感疫苗")
    other.push("寒潮")
    assert city.publish().code == 0
    assert [city.get(url).status for url in (FLU_URL, FLU_URL.replace("flu", "cold"))] == [200, 200]


def test_publishing_again_without_a_change_makes_no_release(city: City) -> None:
    again = city.publish("--json")
    assert (again.code, again.result["is_new"], again.result["release"]["number"]) == (0, False, 1)
    assert len(zhanqun(city.base, "releases", "--json").result["releases"]) == 1


def test_an_editors_words_survive_the_way_from_git_to_the_visitor(city: City, clerk: Clerk) -> None:
    words = "引号“”、尖括号 1 < 2 & 3 > 2、生僻字𠮷、繁體字、emoji 🍎"
    clerk.write(FLU, item_file.compose({"title": words, "date": "2026-11-19", "source": words}, words))
    clerk.push("各种字")
    assert city.publish().code == 0
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert city.get(FLU_URL).text.count(escaped) >= 3


def test_an_article_inserted_into_a_statute_can_be_linked_to_by_its_number(city: City, clerk: Clerk) -> None:
    text = "## 第一章 总则\n\n第一百二十三条 甲。\n\n第一百二十三条之一 乙。\n"
    law = make_article("云泽河条例", "2026-11-19", text, type="statute", law="云泽河条例", status="current")
    clerk.write("content/portal/news/2026/river-law.md", law)
    clerk.push("条例")
    assert city.publish().code == 0
    page = city.get("/news/2026/river-law.html").text
    for anchor in ("zhang-1", "tiao-123", "tiao-123-1"):
        assert f'id="{anchor}"' in page
        assert f'href="#{anchor}"' in page


def test_a_day_of_mourning_is_grey_on_every_page_and_leaves_no_trace(city: City) -> None:
    before = city.live_bytes()
    assert zhanqun(city.base, "state", "grey").code == 0
    grey = city.live_bytes()
    changed = {path for path in before if grey[path] != before[path]}
    assert {path.partition("/")[2].removesuffix(".br") for path in changed} == {*MODE_FILES}
    assert "grayscale" in city.get("/_mode.css").text

    assert zhanqun(city.base, "state", "clear").code == 0
    assert city.live_bytes() == before


def test_a_secret_that_went_live_is_purged_and_a_rollback_cannot_bring_it_back(city: City, clerk: Clerk) -> None:
    secret = "7c1f-身份证号-42ab"
    clerk.write(FLU, make_article("流感疫苗开始接种", "2026-11-19T08:00", f"名单：{secret}。"))
    clerk.push("误传名单")
    assert city.publish().code == 0
    assert secret in city.get(FLU_URL).text

    assert zhanqun(city.base, "rm", "portal/news/notices/2026/flu.md", "--reason", "误传").code == 0
    assert zhanqun(city.base, "purge").code == 4
    assert zhanqun(city.base, "purge", "--yes").code in (0, 3)
    assert city.get(FLU_URL).status == 410
    for folder in ("dmz", "var"):
        assert [path for path in (city.base / folder).rglob("*") if path.is_file() and _says(path, secret)] == []
    back = zhanqun(city.base, "rollback", "2")
    assert (back.code, "was purged" in back.err) == (1, True)
    assert city.get(GOOD_URL).status == 200


def _says(path: Path, words: str) -> bool:
    """Whether words can be read in a file, plain or compressed."""
    data = path.read_bytes()
    with suppress(brotli.error):
        data += brotli.decompress(data)
    return words.encode() in data


def test_a_second_web_server_that_was_down_catches_up(city: City, clerk: Clerk) -> None:
    targets = ("dir:dmz/www", "dir:second/www")
    assert city.publish(*targets).code == 0
    (city.base / "second").rename(city.base / "away")
    (city.base / "second").write_text("in the way")
    for day in (17, 18, 19):
        clerk.write(FLU.replace("flu", f"flu-{day}"), make_article(f"通知 {day}", f"2026-11-{day}"))
        clerk.push("通知")
        assert city.publish(*targets).code == 3
    assert city.get("/news/notices/2026/flu-19.html").status == 200

    (city.base / "second").unlink()
    (city.base / "away").rename(city.base / "second")
    assert city.publish(*targets).code == 0
    live = [(city.base / name / "www" / "current").resolve().name for name in ("dmz", "second")]
    assert live[0] == live[1]
