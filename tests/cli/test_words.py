"""The command line's words: every message in Chinese, with the same values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from cli.words import language_of_environment, short_language, words
from tests.builders import REPOSITORY
from tests.tools.cli_words import messages

CATALOGUE = REPOSITORY / "cli" / "translations" / "zh_Hans" / "LC_MESSAGES" / "messages.po"
_VALUE = re.compile(r"\{[^}]*\}")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def values(text: str) -> list[str]:
    return sorted(_VALUE.findall(text))


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_has_its_chinese(chinese: Catalog, message: str) -> None:
    found = chinese.get(message)

    assert isinstance(found, Message), f"add to {CATALOGUE}: {message}"
    assert not found.fuzzy
    assert isinstance(found.string, str)
    assert found.string.strip()
    assert values(found.string) == values(message)


def test_the_catalogue_holds_nothing_that_is_not_said(chinese: Catalog) -> None:
    assert {str(message.id) for message in chinese if message.id} - messages() == set()


LANGUAGES = [
    ("ours before all", {"ZHANQUN_LANG": "zh", "LC_ALL": "en_US.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
    ("the system's", {"LANG": "zh_CN.UTF-8"}, "zh"),
    ("LC_ALL before LANG", {"LC_ALL": "zh_TW", "LANG": "C.UTF-8"}, "zh"),
    ("none", {}, "en"),
    ("another language", {"LANG": "fr_FR.UTF-8"}, "en"),
]


@pytest.mark.parametrize(("variables", "expected"), [row[1:] for row in LANGUAGES], ids=[row[0] for row in LANGUAGES])
def test_the_language_follows_the_environment(
    here: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    monkeypatch.delenv("LANG")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert language_of_environment() == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("zh", "zh"), ("ZH_cn.UTF-8", "zh"), ("zh-Hans", "zh"), ("en", "en"), ("", "en")]
)
def test_a_language_is_shortened(text: str, expected: str) -> None:
    assert short_language(text) == expected


def test_words_are_translated_or_themselves() -> None:
    assert words("en").gettext("No issues.") == "No issues."
    assert words("zh").gettext("No issues.") != "No issues."
    assert words("zh").gettext("a message nobody says") == "a message nobody says"
