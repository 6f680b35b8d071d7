"""Promises about words, dates and sizes in the language of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.clock import parse_date
from cluster.index import Period
from plugins.pages.language import catalogue, file_size, filters, period_name
from tests.plugins.rendering import THEME

MOMENT = parse_date("2026-11-08T09:05")


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("date", "zh-Hans", "2026-11-08"),
        ("clock", "zh-Hans", "2026-11-08 09:05"),
        ("iso", "zh-Hans", "2026-11-08T09:05:00+08:00"),
        ("longdate", "zh-Hans", "2026年11月8日"),
        ("longdate", "en", "8 November 2026"),
    ],
)
def test_dates_are_written_as_readers_expect(name: str, language: str, text: str) -> None:
    assert filters(language)[name](MOMENT) == text


@pytest.mark.parametrize(
    ("period", "language", "text"),
    [
        (Period(2026), "zh-Hans", "2026年"),
        (Period(2026), "en", "2026"),
        (Period(2026, 3), "zh-Hans", "2026年3月"),
        (Period(2026, 12), "zh-Hans", "2026年12月"),
        (Period(2026, 3), "en", "March 2026"),
    ],
)
def test_a_period_has_a_name_in_each_language(period: Period, language: str, text: str) -> None:
    assert period_name(period, language=language) == text


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KB"),
        (1536, "1.5 KB"),
        (1 << 20, "1.0 MB"),
        (1_263_923, "1.2 MB"),
        (5 << 40, "5,120.0 GB"),
    ],
)
def test_sizes_are_written_for_people(size: int, text: str, language: str) -> None:
    assert file_size(size, language=language) == text
    assert filters(language)["filesize"](size) == text


def test_words_come_from_the_themes_catalogue() -> None:
    assert catalogue(THEME / "translations", "zh-Hans").gettext("Home") == "首页"
    assert catalogue(THEME / "translations", "en").gettext("Home") == "Home"


def test_a_theme_without_a_catalogue_speaks_its_own_words(tmp_path: Path) -> None:
    assert catalogue(tmp_path, "zh-Hans").gettext("Home") == "Home"


def test_a_changed_catalogue_is_read_anew(tmp_path: Path) -> None:
    po = tmp_path / "en" / "LC_MESSAGES" / "messages.po"
    po.parent.mkdir(parents=True)
    for words in ("Front page", "Home"):
        po.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "a"\nmsgstr "{words}"\n')
        assert catalogue(tmp_path, "en").gettext("a") == words
