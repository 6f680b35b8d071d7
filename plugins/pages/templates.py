"""Jinja made cheap for hundreds of thousands of pages, with the same bytes: parts are compiled into the page that
includes them, words are looked up once a language, and compiled templates are kept for the next run.

Called by the settings and the theme.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import FileSystemBytecodeCache
from jinja2.ext import Extension
from markupsafe import Markup

# An include of a part by its name, with the line break that the tag swallows; comments and raw text are passed over.
_INCLUDE = re.compile(
    r'\{#.*?#\}|\{%[-+]? *raw *[-+]?%\}.*?\{%[-+]? *endraw *[-+]?%\}|\{% include "([^"{}]+)" %\}\n?', re.DOTALL
)


class InlineParts(Extension):
    """Puts the text of an included part in the place of `{% include "name" %}`; its names stay its own.

    Jinja looks an included template up and makes it a context each time a page is rendered. A part that holds itself
    is left to it.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source with the parts in it."""
        return self._with_parts(source, (name,))

    def _with_parts(self, source: str, above: tuple[str | None, ...]) -> str:
        def part(match: re.Match[str]) -> str:
            loader = self.environment.loader
            if loader is None or match[1] is None or match[1] in above:
                return match[0]
            # Jinja drops the last line break of a template too; the signs keep blanks and line breaks of the part.
            text = loader.get_source(self.environment, match[1])[0].removesuffix("\n")
            return "{% with +%}" + self._with_parts(text, (*above, match[1])) + "{%+ endwith +%}"

        return _INCLUDE.sub(part, source)


def word_finder(words: gettext.NullTranslations) -> Callable[[str], Markup]:
    """The `_` of templates: a word of the interface as markup, translated once."""
    known: dict[str, Markup] = {}

    def find(word: str) -> Markup:
        found = known.get(word)
        if found is None:
            found = known[word] = Markup(words.gettext(word) % {})  # noqa: S704 - our own catalogues
        return found

    return find


def kept_templates(folder: Path, theme: str) -> FileSystemBytecodeCache:
    """Compiled templates in `folder`; `theme` is a hash of all its files, since one template holds the text of others.

    Those of other themes go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pattern = f"{theme[:16]}-%s"
    for file in folder.iterdir():
        if not file.name.startswith(theme[:16]):
            file.unlink(missing_ok=True)
    return FileSystemBytecodeCache(str(folder), pattern)
