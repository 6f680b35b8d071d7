"""Catalogues of words (`.po`) read with the standard library alone, so that the DMZ speaks Chinese without Babel.

Reads what our catalogues hold: `msgid` and `msgstr`, each of one or more quoted lines. Called by `cli.words`.
"""

from __future__ import annotations

import ast
import functools
import gettext
from collections.abc import Iterator
from pathlib import Path

_LOCALES = {"zh-Hans": "zh_Hans", "en": "en"}


class Words(gettext.NullTranslations):
    """The words of one catalogue; a message that it lacks stands for itself."""

    def __init__(self, translations: dict[str, str]) -> None:
        super().__init__()
        self.translations = translations

    def gettext(self, message: str) -> str:
        """The translation of a message."""
        return self.translations.get(message) or message


@functools.lru_cache(maxsize=4)
def catalogue(folder: Path, language: str, domain: str = "messages") -> gettext.NullTranslations:
    """The words of a language from `folder/<locale>/LC_MESSAGES/<domain>.po`; the msgids themselves without one."""
    path = folder / _LOCALES.get(language, language) / "LC_MESSAGES" / f"{domain}.po"
    return Words(dict(read_po(path.read_text("utf-8")))) if path.is_file() else gettext.NullTranslations()


def read_po(text: str) -> Iterator[tuple[str, str]]:
    """Every message with its translation, the heading (an empty message) left out."""
    parts: dict[str, str] = {}
    keyword = ""
    for line in [*text.splitlines(), 'msgid ""']:
        first, _, rest = line.strip().partition(" ")
        if first in ("msgid", "msgstr"):
            if first == "msgid" and parts.get("msgid"):
                yield parts["msgid"], parts.get("msgstr", "")
            if first == "msgid":
                parts = {}
            keyword, quoted = first, rest
        elif line.strip().startswith('"'):
            quoted = line.strip()
        else:
            continue
        parts[keyword] = parts.get(keyword, "") + str(ast.literal_eval(quoted))
