"""Promises of the cheaper Jinja: the same bytes as without it, and nothing kept that another theme's files made."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup
from pelican import signals

from plugins.pages.templates import InlineParts, kept_templates, word_finder
from tests.plugins.rendering import Rendered, render_site
from tests.plugins.town import make_town

PART = "<b>{{ word }}</b>\n"
WORDS = {"word": "云", "rows": ["甲", "乙"]}


def rendered(templates: Mapping[str, str], *, inlined: bool, folder: Path | None = None, theme: str = "") -> str:
    """The template `page`, with or without the extension, as our settings have it."""
    environment = Environment(
        loader=DictLoader(dict(templates)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=[InlineParts] if inlined else [],
        bytecode_cache=kept_templates(folder, theme) if folder else None,
    )
    return environment.get_template("page").render(WORDS)


SAME = {
    "a part on a line of its own": {"page": "<p>\n{% include \"part\" %}\n</p>\n"},
    "a part with an indent": {"page": "<p>\n    {% include \"part\" %}\n</p>\n"},
    "a part within a line": {"page": "<p>{% include \"part\" %}</p>\n"},
    "a part at the very end": {"page": "<p></p>{% include \"part\" %}"},
    "a part twice": {"page": "{% include \"part\" %}\n{% include \"part\" %}\n"},
    "a part in a loop": {
        "page": "{% for word in rows %}\n{% include \"part\" %}\n{% endfor %}\n",
        "part": "{{ rows | length }}{{ word }}\n",
    },
    "a part with names given to it": {"page": "{% with word = 1 + 1 %}{% include \"part\" %}{% endwith %}\n{{ word }}\n"},
    "a part whose own names stay its own": {
        "page": "{% include \"part\" %}\n{{ word }}\n", "part": "{% set word = 7 %}\n{{ word }}\n"
    },
    "a part in a part": {"page": "{% include \"outer\" %}\n", "outer": "<i>{% include \"part\" %}</i>\n"},
    "a part without a last line break": {"page": "<p>\n{% include \"part\" %}\n</p>\n", "part": "{{ word }}"},
    "a part with two last line breaks": {"page": "<p>\n{% include \"part\" %}\n</p>\n", "part": "{{ word }}\n\n"},
    "a part that ends in a block": {"page": "{% include \"part\" %}\nx\n", "part": "{% if word %}\ny\n{% endif %}\n"},
    "a part that begins with a block": {"page": "x{% include \"part\" %}\n", "part": "{% if word %}\ny{% endif %}\n"},
    "a part that is empty": {"page": "a\n{% include \"part\" %}\nb\n", "part": ""},
    "a part with a comment at its head": {"page": "{% include \"part\" %}\nb\n", "part": "{# a word #}\n{{ word }}\n"},
    "a part chosen by a name": {"page": "{% include \"pa\" ~ \"rt\" %}\n"},
    "a part within a block that another template fills": {
        "page": "{% extends \"base\" %}{% block main %}{% include \"part\" %}{% endblock %}",
        "base": "<main>\n{% block main %}{% endblock %}\n</main>\n",
    },
    "marks that must be escaped": {"page": "{% include \"part\" %}\n", "part": "{{ '<' }}\n"},
}  # fmt: skip


@pytest.mark.parametrize("templates", SAME.values(), ids=SAME)
def test_a_part_compiled_into_its_page_gives_the_same_bytes(templates: Mapping[str, str]) -> None:
    templates = {"part": PART, **templates}
    assert rendered(templates, inlined=True) == rendered(templates, inlined=False)


ODD = {
    "an empty line after a part": {"page": "{% include \"part\" %}\n\nb\n"},
    "a part that begins with an empty line": {"page": "a\n{% include \"part\" %}\nb\n", "part": "\n{{ word }}\n"},
    "a part that ends with blanks": {"page": "a\n{% include \"part\" %}\nb\n", "part": "{{ word }}\n  "},
    "a part that holds itself": {
        "page": "{% with left = 3 %}{% include \"part\" %}{% endwith %}\n",
        "part": "{{ left }}{% if left %}{% with left = left - 1 %}{% include \"part\" %}{% endwith %}{% endif %}\n",
    },
    "a part named in a comment only": {"page": "{# {% include \"none\" %} #}\na\n"},
    "a part named in raw text only": {"page": "{% raw %}{% include \"none\" %}{% endraw %}\na\n"},
    "a part that sets a macro": {"page": "{% include \"part\" %}\n", "part": "{% macro m() %}x{% endmacro %}{{ m() }}\n"},
}  # fmt: skip


@pytest.mark.parametrize("templates", ODD.values(), ids=ODD)
def test_a_theme_of_others_gets_the_same_bytes_too(templates: Mapping[str, str]) -> None:
    templates = {"part": PART, **templates}
    assert rendered(templates, inlined=True) == rendered(templates, inlined=False)


def test_the_theme_of_the_house_gives_the_same_bytes(town: dict[str, Rendered], tmp_path: Path) -> None:
    def leave_out(generator: Any) -> None:
        assert generator.env.extensions.pop(InlineParts.identifier)

    signals.generator_init.connect(leave_out)
    try:
        without = render_site(tmp_path, make_town())
    finally:
        signals.generator_init.disconnect(leave_out)
    assert without.files == town["portal"].files


def test_a_part_that_is_missing_is_named() -> None:
    with pytest.raises(TemplateNotFound, match="none"):
        rendered({"page": '{% include "none" %}\n'}, inlined=True)


# ---- words ----------------------------------------------------------------------------------------------------------


def test_a_word_is_translated_once_and_is_markup() -> None:
    asked: list[str] = []

    class Catalogue(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            asked.append(message)
            return f"{message} & 100%%"

    find = word_finder(Catalogue())
    assert [find("Home"), find("Home"), find("More")] == [
        Markup("Home & 100%"),
        Markup("Home & 100%"),
        Markup("More & 100%"),
    ]
    assert isinstance(find("Home"), Markup)
    assert asked == ["Home", "More"]


# ---- compiled templates ---------------------------------------------------------------------------------------------


def test_templates_are_kept_for_the_next_run_and_those_of_another_theme_go(tmp_path: Path) -> None:
    old, new = {"page": '{% include "part" %}\n', "part": "old\n"}, {"page": '{% include "part" %}\n', "part": "new\n"}
    assert rendered(old, inlined=True, folder=tmp_path, theme="a" * 64) == "old"
    (kept,) = tmp_path.iterdir()
    state = kept.stat().st_mtime_ns
    assert rendered(old, inlined=True, folder=tmp_path, theme="a" * 64) == "old"
    assert kept.stat().st_mtime_ns == state

    assert rendered(new, inlined=True, folder=tmp_path, theme="b" * 64) == "new"
    (other,) = tmp_path.iterdir()
    assert other.name != kept.name
