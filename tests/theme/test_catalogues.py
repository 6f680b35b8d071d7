"""Promises about the words of the interface: each is there in both languages, and none is left over."""

from __future__ import annotations

from functools import cache
from io import StringIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from plugins.pages.language import catalogue
from tests.builders import REPOSITORY
from tests.plugins.rendering import THEME

LOCALES = ("zh_Hans", "en")
ROOTS = (THEME, REPOSITORY / "plugins")


@cache
def used() -> frozenset[str]:
    """Every word that code and templates ask for."""
    methods, options = parse_mapping_cfg(StringIO((THEME / "babel.cfg").read_text("utf-8")))
    found = set()
    for root in ROOTS:
        for _, _, message, _, _ in extract_from_dir(str(root), methods, options):
            found.add(singular(message))
    return frozenset(found)


def singular(message: str | tuple[str, ...] | list[str]) -> str:
    """A message's name: of one with a plural its first form."""
    return message if isinstance(message, str) else message[0]


def read(locale: str) -> Catalog:
    with (THEME / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def _forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else [*message.string]


def test_the_words_of_code_and_templates_are_found() -> None:
    assert {"Skip to content", "Page not found", "This page in other languages"} <= used()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_is_missing(locale: str) -> None:
    translated = {singular(message.id) for message in read(locale) if message.id and all(_forms(message))}
    assert sorted(used() - translated) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_is_a_guess_of_the_tool(locale: str) -> None:
    assert [message.id for message in read(locale) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_is_left_over(locale: str) -> None:
    known = read(locale)
    assert sorted({singular(message.id) for message in known if message.id} - used()) == []
    assert list(known.obsolete) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_places_of_its_word(locale: str) -> None:
    wrong = [str(error) for message in read(locale) for error in message.check()]
    assert wrong == []


def test_no_english_word_holds_a_chinese_character() -> None:
    words = catalogue(THEME / "translations", "en")
    # The link to the other language is in that language.
    chinese = {word for word in used() if any("\u3400" <= one <= "\u9fff" for one in words.gettext(word))}
    assert chinese <= {"other language"}
