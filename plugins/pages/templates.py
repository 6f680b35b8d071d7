"""Jinja made cheap for hundreds of thousands of pages, with the same bytes: parts are compiled into the page that
includes them, words are looked up once a language, and compiled templates are kept for the next run.

Called by the settings and the theme.
"""

from __future__ import annotations

import gettext
import hashlib
import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path

from jinja2 import FileSystemBytecodeCache, TemplateNotFound, TemplateSyntaxError
from jinja2.ext import Extension
from markupsafe import Markup

# An include of a part by its name; comments, raw text and other tags are passed over.
_INCLUDE = re.compile(
    r"\{#.*?#\}|\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}"
    r'|\{% include "([^"{}]+)" %\}|\{\{.*?\}\}|\{%.*?%\}',
    re.DOTALL,
)
# What means one thing in a part and another in the page that holds it.
_TAGS_OF_A_TEMPLATE = frozenset(("block", "extends"))
_NAMES_OF_A_TEMPLATE = frozenset(("self", "super", "caller", "varargs", "kwargs"))


class InlineParts(Extension):
    """Puts the text of an included part in the place of `{% include "name" %}`; its names stay its own.

    Jinja looks an included template up and makes it a context each time a page is rendered. What would become something
    else within a page is left to it: a part that holds itself, is missing, has blocks, asks for a loop around it.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The source with the parts in it."""
        return self._with_parts(_plain_lines(source), (name,)) if self.environment.trim_blocks else source

    def _with_parts(self, source: str, above: tuple[str | None, ...]) -> str:
        def part(match: re.Match[str]) -> str:
            text = None if match[1] is None or match[1] in above else self._text(match[1])
            if text is None:
                return match[0]
            # The line break begins a line, as the part does, and is trimmed; `+` keeps blanks at the part's end.
            return "{% with %}\n" + self._with_parts(text, (*above, match[1])) + "{%+ endwith %}"

        # A part escapes what it prints, wherever it is included.
        return source if "autoescape" in source else _INCLUDE.sub(part, source)

    def _text(self, name: str) -> str | None:
        """The text of a part but its last line break, which Jinja drops too; None for what is left to Jinja."""
        if self.environment.loader is None:
            return None
        try:
            text = _plain_lines(self.environment.loader.get_source(self.environment, name)[0]).removesuffix("\n")
            return text if self._stands_alone(text) else None
        except (TemplateNotFound, TemplateSyntaxError):
            return None  # Jinja tells, if a page comes to it

    def _stands_alone(self, text: str) -> bool:
        loops, before = 0, ""
        for token in self.environment.lexer.tokenize(text):
            is_tag, before = before == "block_begin", token.type
            if token.type != "name":
                continue
            if token.value in _NAMES_OF_A_TEMPLATE or (token.value == "loop" and not loops):
                return False
            if is_tag and token.value in _TAGS_OF_A_TEMPLATE:
                return False
            loops += is_tag and {"for": 1, "endfor": -1}.get(token.value, 0)
        return True


def _plain_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


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

    Those of other themes go, and those that another Jinja or another engine compiled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made_by = f"{theme}\0{importlib.metadata.version('jinja2')}\0".encode() + _engine()
    state = hashlib.sha256(made_by).hexdigest()[:16]
    for file in folder.iterdir():
        if not file.name.startswith(state):
            file.unlink(missing_ok=True)
    return FileSystemBytecodeCache(str(folder), f"{state}-%s")


def _engine() -> bytes:
    """What decides how a template is compiled."""
    here = Path(__file__).parent
    return b"".join((here / name).read_bytes() for name in ("templates.py", "skeleton.py", "settings.py"))
