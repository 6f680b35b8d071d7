"""Promises of the cheaper Jinja: the same bytes as without it, and nothing kept that another theme's files made."""

from __future__ import annotations

import gettext
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, nodes
from markupsafe import Markup
from pelican import signals

from plugins.pages.templates import InlineParts, kept_templates, word_finder
from publish.pelican_run import run_pelican
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.rendering import THEME, MemorySink, Rendered, make_job, render_site
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
    "an indented block after a part": {"page": "a\n{% include \"part\" %}\n  {% if word %}\nb\n  {% endif %}\n"},
    "an indented part after a part": {"page": "a\n{% include \"part\" %}\n  {% include \"part\" %}\n"},
    "a part that begins with an indented block": {
        "page": "a\n{% include \"part\" %}\nb\n", "part": "  {% if word %}\n  c\n  {% endif %}\n"
    },
    "a part that begins with a part that is indented": {
        "page": "a {% include \"outer\" %}", "outer": "  {% include \"part\" %}\n  {% if word %}\nb{% endif %}"
    },
    "a part that takes blanks away": {"page": "a \n {% include \"part\" %}\n b\n", "part": " {%- if word -%} c {%- endif -%} \n"},
    "a part that keeps blanks": {"page": "a\n{% include \"part\" %}\n b\n", "part": "  {%+ if word +%}\n c {%+ endif +%}\n"},
    "a part that takes blanks away at its ends": {"page": "a \n{% include \"part\" %} b\n", "part": "\n {{- word -}} \n"},
    "a part that begins with a comment that takes blanks": {"page": "a \n{% include \"part\" %} b\n", "part": " {#- c -#} x\n"},
    "a part of blanks alone": {"page": "a{% include \"part\" %}b\n", "part": " \n "},
    "a part of one line break": {"page": "a{% include \"part\" %}b\n", "part": "\n"},
    "lines of another system": {
        "page": "a\r\n{% include \"part\" %}\r\n  {% if word %}\r\nb\r\n{% endif %}\r\n", "part": "x\r\n{{ word }}\r\n"
    },
    "a tag that takes blanks": {"page": "a \n{%- include \"part\" -%}\n b\n"},
    "names set in a part, read after it": {
        "page": "{% set other = 1 %}{% include \"part\" %}\n{{ other }}{{ word }}{{ rows }}",
        "part": "{% set other = other + 1 %}{% set word = word ~ 'x' %}{% for rows in rows %}{{ rows }}{% endfor %}{{ other }}{{ word }}\n",
    },
    "a name set in a part by a condition": {"page": "{% include \"part\" %}", "part": "{% if rows == 1 %}{% set word = 7 %}{% endif %}{{ word }}"},
    "a part in a macro": {"page": "{% macro m(word) %}{% include \"part\" %}{% endmacro %}{{ m('雨') }}{{ word }}"},
    "a part in a filter": {"page": "{% filter upper %}{% include \"part\" %}{% endfilter %}"},
    "a part in a set": {"page": "{% set x %}a{% include \"part\" %}{% endset %}{{ x|length }}"},
    "a part in a part in a loop": {
        "page": "{% for word in rows %}{% include \"outer\" %}{% endfor %}", "outer": "{% set x = word %}{% include \"part\" %}{{ x }}"
    },
    "a part with a block": {"page": "{% block a %}1{% endblock %}{% include \"part\" %}", "part": "{% block a %}2{{ word }}{% endblock %}"},
    "a part with a block that another template fills": {
        "page": "{% extends \"base\" %}{% block a %}3{% endblock %}", "base": "{% include \"part\" %}{% block a %}{% endblock %}",
        "part": "{%- block a %}2{% endblock %}",
    },
    "a part that extends": {
        "page": "a{% include \"part\" %}b", "part": "{% extends \"frame\" %}{% block x %}{{ word }}{% endblock %}",
        "frame": "[{% block x %}{% endblock %}]",
    },
    "a part where nothing is escaped": {"page": "{% autoescape false %}{% include \"part\" %}{% endautoescape %}", "part": "{{ '<' }}"},
    "a part of a part where nothing is escaped": {
        "page": "{% include \"outer\" %}", "outer": "{% autoescape false %}{% include \"part\" %}{% endautoescape %}", "part": "{{ '<' }}"
    },
    "a part that asks for a loop": {"page": "{% for x in rows %}{% include \"part\" %}{% endfor %}", "part": "{{ loop is defined }}"},
    "a part that asks for a loop around a loop": {
        "page": "{% for x in rows %}{{ loop.index }}{% for y in [1] %}{% include \"part\" %}{% endfor %}{% endfor %}",
        "part": "{{ loop.index }}{% for z in rows %}{{ loop.last }}{% endfor %}{{ loop.length }}",
    },
    "a part with a loop of its own": {"page": "{% for x in rows %}{% include \"part\" %}{% endfor %}", "part": "{% for z in rows %}{{ loop.last }}{% endfor %}"},
    "a part that asks for its blocks": {"page": "{% block a %}1{% endblock %}{% include \"part\" %}", "part": "{{ self is defined }}{{ self.a is defined }}"},
    "a part that asks what it was called with": {"page": "{% macro m(a) %}{% include \"part\" %}{% endmacro %}{{ m(1) }}", "part": "{{ varargs is defined }}"},
    "a part named in a text": {"page": "{{ '{% include \"part\" %}' }}{% set x = '{% include \"part\" %}' %}{{ x }}"},
    "a part that is missing and not asked for": {"page": "{% if not word %}{% include \"none\" %}{% endif %}a"},
    "a part of a missing part": {"page": "{% include \"outer\" %}", "outer": "{% if not word %}{% include \"none\" %}{% endif %}a"},
    "two parts that hold each other": {
        "page": "{% with left = 3 %}{% include \"part\" %}{% endwith %}", "part": "{{ left }}{% if left %}{% include \"outer\" %}{% endif %}",
        "outer": "({% with left = left - 1 %}{% include \"part\" %}{% endwith %})",
    },
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


WRONG = {
    "a part that is missing": ({"page": '{% include "none" %}\n'}, "none"),
    "a part of a part that is missing": ({"page": '{% include "part" %}', "part": '{% include "none" %}'}, "none"),
    "a part with a mistake": ({"page": '{% include "part" %}', "part": "{% if %}"}, "Expected an expression"),
    "a part that asks for an unknown name": ({"page": '{% include "part" %}', "part": "{{ other }}"}, "other"),
    "a part whose names are not the page's": (
        {"page": '{% include "part" %}{{ x }}', "part": "{% set x = 1 %}"},
        "'x'",
    ),
    "a part left open": (
        {"page": '{% include "part" %}{% endif %}', "part": "{% if word %}"},
        "unknown tag|Unexpected",
    ),
    "a part that holds itself for ever": (
        {"page": '{% include "part" %}', "part": '{% include "part" %}'},
        "recursion",
    ),
    "a page that holds itself for ever": ({"page": '{% include "page" %}'}, "recursion"),
}


@pytest.mark.parametrize(("templates", "told"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_a_part_is_the_one_that_jinja_tells(templates: Mapping[str, str], told: str) -> None:
    for inlined in (False, True):
        with pytest.raises((TemplateError, RecursionError), match=told):
            rendered(templates, inlined=inlined)


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


@pytest.mark.parametrize(
    ("word", "found"),
    [
        pytest.param("100%% & more", "100% & more", id="a doubled percent sign is one"),
        pytest.param("<b>", "<b>", id="marks are the catalogue's own"),
        pytest.param("云泽", "云泽", id="a word that no catalogue has is itself"),
    ],
)
def test_a_word_is_what_plain_jinja_prints(word: str, found: str) -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(gettext.NullTranslations(), newstyle=True)  # type: ignore[attr-defined]
    template = environment.from_string("{{ _(word) }}")
    assert template.render(word=word) == found
    assert template.render(word=word, _=word_finder(gettext.NullTranslations())) == found


def test_a_word_with_a_place_to_fill_is_refused_as_by_plain_jinja() -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    environment.install_gettext_translations(gettext.NullTranslations(), newstyle=True)  # type: ignore[attr-defined]
    for word in ("%(count)s files", "100%"):
        for find in (environment.globals["_"], word_finder(gettext.NullTranslations())):
            with pytest.raises((KeyError, ValueError)):
                environment.from_string("{{ find(word) }}").render(word=word, find=find)


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


def test_the_next_run_sees_a_part_that_changed(tmp_path: Path) -> None:
    theme = shutil.copytree(THEME, tmp_path / "theme")
    job = replace(make_job(make_cluster_files() | {ARTICLE: make_article()}), theme=theme)
    found = []
    for words in ("<p>old</p>", "<p>new</p>", "<p>old</p>"):
        (theme / "templates" / "parts" / "article-foot.html").write_text(words, "utf-8")
        sink = MemorySink()
        run_pelican(replace(job, sink=sink), tmp_path / "var")
        found.append(
            [one for one in ("<p>old</p>", "<p>new</p>") if one in sink.files["news/2026/river.html"].decode()]
        )
    assert found == [["<p>old</p>"], ["<p>new</p>"], ["<p>old</p>"]]


def test_the_parts_of_an_item_are_in_its_template() -> None:
    environment = Environment(
        loader=FileSystemLoader(THEME / "templates"), trim_blocks=True, extensions=["jinja2.ext.i18n", InlineParts]
    )
    for name in ("base", "article", "page", "statute", "column", "list"):
        source = (THEME / "templates" / f"{name}.html").read_text("utf-8")
        assert environment.parse(source, f"{name}.html").find(nodes.Include) is None, name
