"""Checking: every issue of content and pages, without a page stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from publish.build import MisconfiguredError
from publish.check import NoSink, find_issues
from tests.builders import ARTICLE, NOW, make_article, make_cluster_files, make_page, make_site
from tests.publish.small_city import LATER, City, make_files

LAW = "content/congress/laws/2026/water.md"


def city_with(tmp_path: Path, changes: dict[str, bytes | None]) -> City:
    city = City.founded(tmp_path / "city")
    city.commit(changes)
    return city


def codes(city: City, now: str = NOW) -> list[str]:
    with city.workspace.source() as source:
        return [issue.code for issue in find_issues(source, city.workspace.rooms, now)]


def test_a_clean_cluster_has_no_issue(tmp_path: Path) -> None:
    assert codes(City.founded(tmp_path / "city")) == []


CASES = [
    ("an item without its title", {ARTICLE: make_article(title=None)}, ["field-required"]),
    ("a link to an item that is not there", {ARTICLE: make_article(body="见[方案](plan.md)。")}, ["link-missing"]),
    ("a picture that is not there", {ARTICLE: make_article(body="![桥](bridge.png)")}, ["file-missing"]),
    (
        "an address that a live page has",
        {ARTICLE: make_article(redirect_from=["/about/city.html"])},
        ["redirect-taken"],
    ),
    ("a navigation column that is empty", {"content/portal/about/city.md": None}, ["column-empty"]),
]


@pytest.mark.parametrize(("changes", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_check_finds(tmp_path: Path, changes: dict[str, bytes | None], expected: list[str]) -> None:
    assert codes(city_with(tmp_path, changes)) == expected


def test_check_finds_what_a_build_tells(tmp_path: Path) -> None:
    city = city_with(tmp_path, {path: data for _, changes, _ in CASES[1:] for path, data in changes.items()})
    with city.workspace.source() as source:
        found = find_issues(source, city.workspace.rooms, NOW)

    assert found == city.build().issues != ()


def test_check_stores_nothing(tmp_path: Path) -> None:
    city = City.founded(tmp_path / "city")
    codes(city)

    assert not (city.root / "var").exists()


def test_an_item_of_tomorrow_is_checked_as_of_the_given_moment(tmp_path: Path) -> None:
    city = city_with(tmp_path, {ARTICLE: make_article(date="2026-11-21", body="见[方案](plan.md)。")})

    assert codes(city) == ["scheduled"]
    assert codes(city, LATER) == ["link-missing"]


def test_statutes_are_checked_too(tmp_path: Path) -> None:
    files = make_files() | make_cluster_files(
        {
            "portal": ("news", "about"),
            "congress": make_site("congress", columns=[_column("news", "news"), _column("laws", "statute")]),
        }
    )
    city = City.founded(tmp_path / "city", files | {LAW: make_article(type="statute", body="第一条 见[附件](x.md)。")})

    assert "link-missing" in codes(city) or "field-required" in codes(city)


def _column(path: str, kind: str) -> dict[str, str]:
    return {"path": path, "title": path, "description": path, "kind": kind, "owner": "办公室"}


def test_a_broken_configuration_stops_the_check_with_every_mistake(tmp_path: Path) -> None:
    city = city_with(tmp_path, {"sites/portal/site.toml": b"format = 1\n", "sites/congress/site.toml": b"= 3\n"})
    with pytest.raises(MisconfiguredError) as caught:
        codes(city)

    assert {issue.path for issue in caught.value.issues} == {"sites/portal/site.toml", "sites/congress/site.toml"}


def test_output_is_forgotten(tmp_path: Path) -> None:
    sink = NoSink()
    assert sink.put("portal/index.html", b"page", None).size == 4
    sink.put_file("portal/film.mp4", tmp_path / "none")
    sink.finish()

    assert list(tmp_path.iterdir()) == []


def test_a_page_of_another_type_is_checked(tmp_path: Path) -> None:
    city = city_with(tmp_path, {"content/portal/about/more.md": make_page("更多", body="见[这里](gone.md)。")})

    assert codes(city) == ["link-missing"]
