"""Promises of the modes without script: the cookie, what it asks for, and that nobody is led away."""

from __future__ import annotations

import pytest

from cluster.release import MODE_FILES
from publish.modes import asked_mode, chosen_mode, set_cookie, sheet_of, way_back
from tests.publish.mode_tables import CHOSEN, HOST, WAYS_BACK


@pytest.mark.parametrize(("referer", "path"), WAYS_BACK.values(), ids=WAYS_BACK)
def test_a_choice_leads_back_to_a_path_of_the_same_host_or_home(referer: str, path: str) -> None:
    assert way_back(HOST, referer) == path


@pytest.mark.parametrize("host", ["", "evil.example/", "a b", f"{HOST}\n"])
def test_a_strange_host_leads_home(host: str) -> None:
    assert way_back(host, f"http://{host}/news/") == "/"


@pytest.mark.parametrize("tail", ["\n", "\r\nSet-Cookie: x=y", "\x00", "新"], ids=ascii)
def test_nothing_but_plain_characters_is_led_to(tail: str) -> None:
    assert way_back(HOST, f"http://{HOST}/news/{tail}") == "/"


@pytest.mark.parametrize(("cookies", "mode"), CHOSEN.values(), ids=CHOSEN)
def test_a_cookie_asks_for_a_mode_that_there_is_or_for_none(cookies: str, mode: str) -> None:
    assert chosen_mode(cookies) == mode


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/_mode/elder", "elder"),
        ("/_mode/text", "text"),
        ("/_mode/normal", "normal"),
        ("/_mode/huge", None),
        ("/_mode/", None),
        ("/_mode", None),
        ("/news/_mode/elder", None),
        ("elder", None),
        ("/_mode/elder/", None),
    ],
)
def test_only_the_links_of_the_header_set_a_mode(path: str, mode: str | None) -> None:
    assert asked_mode(path) == mode


def test_every_mode_has_a_sheet_of_its_own() -> None:
    assert [sheet_of(mode) for mode in ("", "elder", "text", "yellow")] == list(MODE_FILES)


COOKIES = {
    "a host of the cluster": ("elder", "portal.yunze.cn", False, "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.cn"),
    "the domain itself": ("text", "yunze.cn", False, "mode=text; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.cn"),
    "over HTTPS": ("elder", "portal.yunze.cn", True, "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.cn; Secure"),
    "a host elsewhere": ("elder", "npc.example", False, "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax"),
    "a host that ends alike": ("elder", "notyunze.cn", False, "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax"),
    "normal again": ("normal", "portal.yunze.cn", False, "mode=; Path=/; Max-Age=0; SameSite=Lax; Domain=yunze.cn"),
}  # fmt: skip


@pytest.mark.parametrize(("mode", "host", "is_secure", "words"), COOKIES.values(), ids=COOKIES)
def test_the_cookie_is_shared_by_the_cluster_and_kept_for_a_year(mode, host, is_secure, words) -> None:
    assert set_cookie(mode, host=host, domain="yunze.cn", is_secure=is_secure) == words
