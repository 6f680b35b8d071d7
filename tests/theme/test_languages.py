"""Promises about the languages of the whole demo cluster: what its pages say they are, and where they lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from plugins.pages.languages import NAMES
from tests.scenarios.house import REPOSITORY, House

LANGUAGE = re.compile(r'<html lang="([^"]+)"')
CANONICAL = re.compile(r'<link rel="canonical" href="([^"]+)"')
ALTERNATE = re.compile(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">')
SWITCHER = re.compile(r'<nav class="languages.*?</nav>', re.DOTALL)
HEADER = re.compile(r'<ul class="utility-links">.*?</ul>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)" hreflang="([^"]+)" lang="([^"]+)">([^<]*)</a>')


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a page says about languages: its own, those it is to be had in, and the links of switcher, note, header."""

    path: str
    language: str
    address: str
    alternates: dict[str, str]
    switches: list[tuple[str, str]]
    notes: list[tuple[str, str]]
    home: list[tuple[str, str]]

    @property
    def is_traditional(self) -> bool:
        """Whether it is a copy in traditional characters."""
        return "/zh-hant/" in f"/{self.path}"


def _read(path: str, html: str) -> Spoken:
    switcher = SWITCHER.search(html)
    header = HEADER.search(html)
    before, _, note = (switcher[0] if switcher else "").partition("<span>")
    language, address = LANGUAGE.search(html), CANONICAL.search(html)
    assert language is not None, path
    return Spoken(
        path,
        language[1],
        address[1] if address else "",
        dict(ALTERNATE.findall(html)),
        [(code, url) for url, code, *_ in LINK.findall(before)],
        [(code, url) for url, code, *_ in LINK.findall(note)],
        [(code, url) for url, code, *_ in LINK.findall(header[0] if header else "")],
    )


@pytest.fixture(scope="module")
def spoken(house: House) -> dict[str, Spoken]:
    """Every page of the demo cluster by its absolute address."""
    pages = [_read(path, house.file(path).read_text("utf-8")) for path in house.pages]
    return {house.address(page.path): page for page in pages}


def absolute(address: str, url: str) -> str:
    """A link's address, as a browser on the page at `address` finds it."""
    return url if url.startswith("http") else "/".join(address.split("/")[:3]) + url


def test_every_page_says_in_which_language_it_is(house: House, spoken: dict[str, Spoken]) -> None:
    for page in spoken.values():
        site = house.cluster.sites[page.path.split("/")[0]]
        assert page.language == ("zh-Hant" if page.is_traditional else site.language), page.path


def test_the_demo_has_pages_in_all_forms(spoken: dict[str, Spoken]) -> None:
    forms = [frozenset(page.alternates) - {"x-default"} for page in spoken.values()]
    assert forms.count(frozenset({"zh-Hans", "en"})) >= 40
    assert forms.count(frozenset({"zh-Hans", "zh-Hant"})) >= 30
    assert sum(page.is_traditional for page in spoken.values()) >= 20


def test_every_family_names_all_its_members_alike_and_itself(spoken: dict[str, Spoken]) -> None:
    for address, page in spoken.items():
        if page.alternates:
            assert page.alternates[page.language] == address == page.address, page.path
            assert {spoken[one].path: spoken[one].alternates for one in page.alternates.values()} == {
                spoken[one].path: page.alternates for one in page.alternates.values()
            }


def test_the_default_of_a_family_is_a_member_and_never_a_copy(spoken: dict[str, Spoken]) -> None:
    for page in spoken.values():
        if page.alternates:
            default = page.alternates["x-default"]
            assert default in {url for code, url in page.alternates.items() if code not in ("x-default", "zh-Hant")}


def test_a_copy_is_canonical_for_itself_and_named_by_its_page(spoken: dict[str, Spoken]) -> None:
    for address, page in spoken.items():
        if page.is_traditional:
            assert page.address == address
            assert spoken[address.replace("/zh-hant/", "/")].alternates["zh-Hant"] == address


def test_the_switcher_leads_to_every_other_member_and_nowhere_else(spoken: dict[str, Spoken]) -> None:
    for address, page in spoken.items():
        found = {code: absolute(address, url) for code, url in page.switches}
        assert found == {
            code: url for code, url in page.alternates.items() if code in NAMES and code != page.language
        }, page.path


def test_no_link_to_another_language_is_dead_or_in_a_language_it_does_not_tell(spoken: dict[str, Spoken]) -> None:
    for address, page in spoken.items():
        for code, url in [*page.switches, *page.notes, *page.home]:
            assert spoken[absolute(address, url)].language == code, (page.path, url)


def _notes(spoken: dict[str, Spoken]) -> Iterator[tuple[Spoken, str, str]]:
    for address, page in spoken.items():
        for code, url in page.notes:
            yield page, code, absolute(address, url)


def test_the_note_leads_to_a_column_in_the_language_that_the_item_is_not_there_in(spoken: dict[str, Spoken]) -> None:
    notes = list(_notes(spoken))
    assert len(notes) >= 100
    for page, code, url in notes:
        assert code not in page.alternates, page.path
        assert spoken[url].path.endswith("/index.html"), page.path
        assert "/zh-hant/" not in url


def test_a_page_that_is_paired_needs_no_note(spoken: dict[str, Spoken]) -> None:
    paired = [page for page in spoken.values() if {"en", "zh-Hans"} <= set(page.alternates)]
    assert paired
    assert [page.path for page in paired if page.notes] == []


def test_the_headers_link_names_the_other_site_and_leads_to_its_home(house: House, spoken: dict[str, Spoken]) -> None:
    homes = {f"{house.cluster.address(site)}/" for site in house.cluster.sites.values()}
    for page in spoken.values():
        assert len(page.home) == 1, page.path
        assert page.home[0][1] in homes


def test_every_translation_of_the_demo_tells_its_edition_and_none_is_behind_its_original(house: House) -> None:
    items = [path.read_text("utf-8").split("\n---\n")[0] for path in (REPOSITORY / "content").rglob("*.md")]
    translations = [head for head in items if "\ntranslation_of: " in head]
    assert len(translations) >= 20
    assert all("\ntranslated_blob: " in head for head in translations)
    behind = [path for path in house.pages if b'<p class="newer"' in house.file(path).read_bytes()]
    assert behind == [], "zhanqun check --content . content/english tells what to write"


def test_no_page_of_a_feed_is_in_traditional_characters(house: House) -> None:
    feeds = [path for path in house.manifest if path.endswith(("feed.xml", "feed.json"))]
    assert feeds
    assert [path for path in feeds if b"zh-hant" in house.file(path).read_bytes()] == []
