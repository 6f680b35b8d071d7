"""Catalogues read without Babel say what they say with it."""

from __future__ import annotations

import pytest
from babel.messages.pofile import read_po as babels

from cli.po import catalogue, read_po
from tests.builders import REPOSITORY

FOLDER = REPOSITORY / "cli" / "translations"


def test_our_catalogue_reads_as_babel_reads_it():
    path = FOLDER / "zh_Hans/LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        expected = {str(message.id): str(message.string) for message in babels(file) if message.id}
    assert dict(read_po(path.read_text("utf-8"))) == expected
    assert all(catalogue(FOLDER, "zh-Hans").gettext(id) == text for id, text in expected.items() if text)


def test_without_a_catalogue_messages_stand_for_themselves():
    assert catalogue(FOLDER, "en").gettext("No issues.") == "No issues."
    assert catalogue(FOLDER, "zh-Hans").gettext("a message nobody says") == "a message nobody says"


FORMS = {
    "one line": ('msgid "a"\nmsgstr "甲"\n', {"a": "甲"}),
    "several lines": ('msgid ""\n"a "\n"b"\nmsgstr ""\n"甲"\n"乙"\n', {"a b": "甲乙"}),
    "a heading": ('msgid ""\nmsgstr "Language: zh\\n"\n\nmsgid "a"\nmsgstr "甲"\n', {"a": "甲"}),
    "comments and quotes": ('# x\n#: y.py:1\nmsgid "say \\"a\\""\nmsgstr "说“甲”\\n"\n', {'say "a"': "说“甲”\n"}),
    "no translation": ('msgid "a"\nmsgstr ""\n', {"a": ""}),
    "nothing": ("", {}),
}


@pytest.mark.parametrize(("text", "expected"), FORMS.values(), ids=FORMS.keys())
def test_forms_of_messages(text, expected):
    assert dict(read_po(text)) == expected
