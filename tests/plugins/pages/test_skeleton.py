"""Promises of the skeletons: the bytes of a full run, whatever a theme does with an item's words.

The full run they are measured against is plain Jinja with our settings: no guards, no parts compiled in.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import BaseLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup

from plugins.metatags.tags import article_tags
from plugins.pages.frame import site_view
from plugins.pages.job import Findings
from plugins.pages.language import catalogue, filters
from plugins.pages.page import Composed
from plugins.pages.plan import article_keys, compose_page
from plugins.pages.skeleton import MARK, Skeletons, make_strict
from plugins.pages.templates import InlineParts, word_finder
from plugins.pages.views import ArticleView, Attachment, ColumnView, Link, Page, Picture, SiteView, TocEntry
from tests.builders import REPOSITORY, make_cluster_files
from tests.plugins.rendering import THEME, make_job, renderer

DAY = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
COLUMN = ColumnView(
    "news", "新闻", "/news/", "城市新闻", ("云泽",), "news", "办公室", children=(Link("通知", "/news/notices/"),)
)
TRAIL = (Link("首页", "/"), Link("新闻", "/news/"))


# ---- items ----------------------------------------------------------------------------------------------------------


def make_item(
    title: str = "云",
    *,
    template: str = "article",
    column: ColumnView = COLUMN,
    head: Mapping[str, Any] | None = None,
    tags: tuple[tuple[str, str], ...] | None = None,
    **values: Any,
) -> Composed:
    """An item's page as `compose_article` makes it; `head` are changes to its `Page`."""
    url = values.get("url", f"/news/2026/{len(title)}.html")
    made = {
        "title": title, "url": url, "content": Markup("<p>正文。</p>"), "date": DAY, "category": column,
        "source_path": "content/portal/news/2026/a.md", "template": template, "type": "article",
        "source": "水务局", "summary": "一句话。",
    }  # fmt: skip
    article = ArticleView(**(made | values))
    page = Page(
        kind="article", path=url, canonical=f"http://portal.example{url}", title=f"{title} - 云泽", heading=title,
        tags=(("ArticleTitle", title), ("Author", article.author)) if tags is None else tags,
        breadcrumb=(*TRAIL, Link(title, url)), description=article.summary, feeds=(Link("云泽", "/feed.xml"),),
    )  # fmt: skip
    return Composed(template, replace(page, **(head or {})), {"article": article, "column": column})


# ---- two ways to a page ---------------------------------------------------------------------------------------------


@functools.cache
def portal(language: str = "zh-Hans") -> SiteView:
    """A site, as its templates see it."""
    return replace(site_view(make_job(make_cluster_files())), language=language)


def make_environment(loader: BaseLoader, site: SiteView, *extensions: Any) -> Environment:
    """An environment with our settings, words and filters."""
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", *extensions],
    )
    words = catalogue(THEME / "translations", site.language)
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(filters(site.language))
    environment.globals.update(
        {"_": word_finder(words), "site": site, "asset": "/assets/{}".format, "cluster_name": "群"}
    )
    environment.globals["reader"] = pass_context(lambda context: context["article"].title.upper())
    return environment


@dataclass
class Press:
    """One theme run in both ways; `full` counts the runs that the skeletons asked for. A copy keeps the templates."""

    loader: BaseLoader
    site: SiteView = field(default_factory=portal)
    patience: int = 0
    plain: Environment | None = None
    quick: Environment | None = None

    def __post_init__(self) -> None:
        self.full = 0
        if self.plain is None or self.quick is None:
            self.plain = make_environment(self.loader, self.site)
            self.quick = make_environment(self.loader, self.site, InlineParts)
            make_strict(self.quick)
        self.skeletons = Skeletons(self.quick, self._run, patience=self.patience)

    def _run(self, composed: Composed) -> str:
        self.full += 1
        return rendered(self.quick, composed)

    def agree(self, composed: Composed) -> None:
        """Fails when the page has other bytes than a full run gives, or another end."""
        try:
            page = rendered(self.plain, composed).encode()
        except Exception as error:  # noqa: BLE001 - whatever it is, both ways must end with it
            with pytest.raises(type(error)):
                self.skeletons.page(composed)
        else:
            assert self.skeletons.page(composed).decode() == page.decode()


def rendered(environment: Environment | None, composed: Composed) -> str:
    """A full run in an environment."""
    assert environment is not None
    chrome = {"header": Markup("<header></header>"), "footer": Markup("<footer></footer>")}
    template = environment.get_template(f"{composed.template}.html")
    return template.render(**composed.context, page=composed.page, chrome=chrome)


def make_press(article: str, **others: str) -> Press:
    """A press for a theme of one article template and its parts."""
    return Press(DictLoader({f"{name}.html": text for name, text in {"article": article, **others}.items()}))


def house_press(site: SiteView, patience: int = 0) -> Press:
    """A press for the theme of the house."""
    return Press(FileSystemLoader(THEME / "templates"), site, patience)


# ---- the theme of the house -----------------------------------------------------------------------------------------

HOSTILE = (
    "<b>&\"'</b>",
    f"{MARK}5{MARK}",
    f"{MARK}17date{MARK}",
    "100% %s %(a)s {0}",
    "云泽河",
    "\\g<1>\n",
    "{{ x }}",
    "",
)
WORDS = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
DATES = st.none() | st.datetimes(datetime(1950, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
LINKS = st.none() | st.builds(Link, WORDS, WORDS, st.booleans())
TOCS = st.sampled_from(((), (TocEntry("a", "<甲>", 2), TocEntry("", "乙", 3, (("tiao-1", "一"),)))))
PICTURES = st.none() | st.builds(Picture, WORDS, WORDS, st.integers(0, 900), st.integers(0, 900))
FILES = st.lists(st.builds(Attachment, WORDS, WORDS, WORDS, st.integers(0, 10**10)), max_size=2).map(tuple)
PAIRS = st.lists(st.tuples(WORDS, st.builds(Link, WORDS, WORDS)), max_size=2).map(tuple)
VALUES = {
    "image": PICTURES, "attachments": FILES, "translations": PAIRS, "interprets": LINKS, "topic": LINKS,
    "url": WORDS, "content": WORDS.map(Markup), "date": DATES, "updated": DATES, "source": WORDS, "author": WORDS,
    "editor": WORDS, "summary": WORDS, "previous": LINKS, "next": LINKS, "toc": TOCS,
    "keywords": st.lists(WORDS, max_size=2).map(tuple), "fields": st.dictionaries(WORDS, WORDS, max_size=1),
    "source_path": WORDS, "type": st.sampled_from(("article", "page")),
}  # fmt: skip
TAGS = st.lists(st.tuples(st.sampled_from(("Author", "Url", "<x>")), WORDS), max_size=3).map(tuple)
HEADS = st.fixed_dictionaries({}, optional={"noindex": st.booleans(), "description": WORDS, "canonical": WORDS})
ITEMS = st.builds(
    lambda title, template, head, tags, values: make_item(title, template=template, head=head, tags=tags, **values),
    WORDS,
    st.sampled_from(("article", "page")),
    HEADS,
    st.none() | TAGS,
    st.fixed_dictionaries(VALUES),
)


@functools.cache
def kept_press(language: str) -> Press:
    """A press for the theme of the house whose templates are compiled once for all examples."""
    return house_press(portal(language))


@given(st.lists(ITEMS, min_size=1, max_size=3), st.sampled_from(("zh-Hans", "en")))
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_any_item_of_the_theme_of_the_house_has_the_bytes_of_a_full_run(items: list[Composed], language: str) -> None:
    press = replace(kept_press(language))
    for item in (*items, *map(reworded, items), *items):
        press.agree(item)


def reworded(item: Composed) -> Composed:
    """An item of the same shape with other words."""

    def other(word: Any) -> Any:
        if isinstance(word, Link):
            return Link(other(word.title), other(word.url), word.external)
        if isinstance(word, datetime):
            return word + timedelta(days=40, minutes=1)
        return word and type(word)(f"<{word[::-1]}{MARK}3{MARK}%")

    names = ("title", "content", "date", "updated", "source", "author", "editor", "summary", "previous", "next")
    article = replace(
        item.context["article"], **{name: other(getattr(item.context["article"], name)) for name in names}
    )
    page = replace(
        item.page,
        **{name: other(getattr(item.page, name)) for name in ("path", "canonical", "title", "heading", "description")},
        tags=tuple((name, other(word)) for name, word in item.page.tags),
        breadcrumb=(*item.page.breadcrumb[:-1], Link(article.title, article.url)),
    )
    return replace(item, page=page, context={**item.context, "article": article})


FILLED: dict[str, Any] = {
    "title": "云 & <雨>", "source": f"{MARK}0{MARK}", "author": "'王'", "editor": "100%", "summary": '"一"',
    "previous": Link("前 <", "/a?b&c"), "next": Link("后", "/b"), "date": DAY, "updated": DAY,
}  # fmt: skip
EMPTY: dict[str, Any] = {"title": "", "date": None, "updated": None, "previous": None, "next": None}


@pytest.mark.parametrize("template", ["article", "page"])
def test_every_shape_of_an_item_has_the_bytes_of_a_full_run_each_time(template: str) -> None:
    press = house_press(portal())
    for present in product((True, False), repeat=len(FILLED)):
        values = {
            name: FILLED[name] if here else EMPTY.get(name, "") for name, here in zip(FILLED, present, strict=True)
        }
        for url in ("/a.html", "/b.html?a&b"):
            press.agree(make_item(template=template, url=url, **values))
    assert press.full == 2 * 2 ** len(FILLED), (
        "a full run and a run with slots for each shape, and fillings from then on"
    )


def test_every_item_of_the_demonstration_has_the_bytes_of_a_full_run() -> None:
    files = {path: data for top in ("content", "sites") for path, data in read_folder(top)}
    made = filled = 0
    for key in make_job(files).cluster.sites:
        job = make_job(files, site=key)
        press = house_press(site_view(job))
        for page in article_keys(job):
            composed = compose_page(job, Findings(), page, renderer)
            tags = article_tags(press.site, composed.context["article"])
            composed = replace(composed, page=replace(composed.page, tags=tags))
            press.agree(composed)
            before = press.full
            press.agree(composed)
            made, filled = made + 1, filled + (press.full == before)
    assert made > 250
    assert filled > 100


def read_folder(top: str) -> Iterable[tuple[str, bytes]]:
    """The files of a folder of this repository."""
    for path in sorted((REPOSITORY / top).rglob("*")):
        if path.is_file():
            yield path.relative_to(REPOSITORY).as_posix(), path.read_bytes()


# ---- themes of others -----------------------------------------------------------------------------------------------

# What nothing happens to in one item and something in the next: the first filling is right by accident.
CHINESE: dict[str, Any] = {"title": "云", "author": "王", "editor": "李", "summary": "一", "content": Markup("正文")}
LATIN: dict[str, Any] = {
    "title": "river <b> & Co", "author": "o'neil", "editor": "append", "summary": " a  b ",
    "content": Markup("<p>text</p>"), "date": datetime(2025, 1, 2, 3, 4, tzinfo=UTC),
}  # fmt: skip
LONG: dict[str, Any] = {"title": "云" * 9, "author": "title", "editor": "name", "summary": "云", "content": Markup("")}
SAME: dict[str, Any] = {"title": "云", "author": "云", "editor": "云", "summary": "云", "content": Markup("云")}
ROW = (CHINESE, CHINESE | {"url": "/b"}, LATIN, LONG, SAME, CHINESE)


def row_of(**values: Any) -> list[Composed]:
    """Items that differ in their words, the first ones in words that most filters leave alone."""
    return [make_item(**(one | values)) for one in ROW]


PART = {
    "part": "{{ article.title }}",
    "loud": "{% filter upper %}{{ article.title }}{% endfilter %}",
    "again": "{{ article.title }}{% if false %}{% include 'again.html' %}{% endif %}",
    "tools": "{% macro say() %}{{ article.title }}{% endmacro %}"
    "{% macro shout() %}{% filter upper %}{{ article.title }}{% endfilter %}{% endmacro %}"
    "{% macro first(row) %}{% filter upper %}{{ row[0] }}{% endfilter %}{% endmacro %}",
    "base": "<b>{% block main %}{{ article.title }}{% endblock %}</b>",
    "loudbase": "{% filter upper %}{% block main %}{{ article.title }}{% endblock %}{% endfilter %}",
}
THEMES = {
    # printing
    "printed": "{{ article.title }}",
    "in an attribute": "<p title=\"{{ page.title }}\" data-x='{{ article.author }}'>{{ article.content }}</p>",
    "a number beside it": "1{{ article.title }}2{{ article.date|date }}3",
    "the words of tags": "{% for name, value in page.tags %}{{ name }}={{ value }};{% endfor %}",
    "the whole tags": "{{ page.tags }}",
    "tags as a dictionary": "{% set t = dict(page.tags) %}{{ t['ArticleTitle'] }}{{ t.Author|length }}",
    "the whole article": "{{ article }}",
    "the whole page": "{{ page }}",
    # filters
    "upper": "{{ article.title|upper }}",
    "length": "{{ article.title|length }}",
    "safe": "{{ article.title|safe }}",
    "escaped": "{{ article.title|e }}",
    "forced escape": "{{ article.title|forceescape }}",
    "replace": "{{ article.title|replace('river', 'RIVER') }}",
    "replace by it": "{{ 'a b'|replace('a', article.title) }}",
    "replace by it, named": "{{ 'a b'|replace(old='a', new=article.title) }}",
    "truncate with it": "{{ 'a b c d e'|truncate(5, end=article.title, leeway=0) }}",
    "striptags": "{{ article.content|striptags }}",
    "trim": "{{ article.summary|trim }}",
    "wordcount": "{{ article.content|wordcount }}",
    "urlencode": "{{ article.url|urlencode }}",
    "urlencoded pairs": "{{ {'q': article.title}|urlencode }}",
    "attributes": "<p{{ {'title': article.title}|xmlattr }}>",
    "attributes, measured": "{{ {'title': article.title}|xmlattr|length }}",
    "default": "{{ article.title|default('none') }}",
    "default, empty counts": "{{ article.author|default('none', true) }}",
    "default of it": "{{ nothing|default(article.title) }}",
    "default of it, named, then upper": "{{ nothing|default(default_value=article.title)|upper }}",
    "json": "{{ article.title|tojson }}",
    "json of a list": "{{ [article.title]|tojson }}",
    "format": "{{ '%s!'|format(article.title) }}",
    "join": "{{ [article.title, article.author]|join('-') }}",
    "join, then upper": "{{ [article.title]|join|upper }}",
    "join with it": "{{ ['a', 'b']|join(article.title) }}",
    "joined, named": "{{ ['a', 'b']|join(d=article.title)|upper }}",
    "mapped": "{{ [article.title]|map('upper')|join }}",
    "mapped by attribute": "{{ [article]|map(attribute='title')|join|length }}",
    "through attr": "{{ article|attr('title')|upper }}",
    "sorted": "{{ [article.title, article.author]|sort|first }}",
    "unique": "{{ [article.title, article.author]|unique|list|length }}",
    "grouped": "{% for key, rows in [article, article]|groupby('title') %}{{ key }}{% endfor %}",
    "selected": "{{ [article.title, '']|select|list|length }}",
    "selected by value": "{{ [article]|selectattr('title', 'equalto', '云')|list|length }}",
    "string": "{{ article.title|string|upper }}",
    "list": "{{ article.title|list|length }}",
    "first": "{{ article.title|first }}",
    "max": "{{ [article.title, article.author]|max }}",
    "pprint": "{{ article.title|pprint }}",
    # operators
    "equal": "{% if article.title == '云' %}A{% else %}B{% endif %}",
    "not equal": "{% if article.title != article.author %}A{% else %}B{% endif %}",
    "less": "{% if article.title < '一' %}A{% else %}B{% endif %}",
    "in a text": "{% if 'b' in article.title %}A{% else %}B{% endif %}",
    "in a list": "{% if article.title in ['云', 'x'] %}A{% else %}B{% endif %}",
    "in a list of its own": "{% if article.title in [article.author, page.heading] %}A{% else %}B{% endif %}",
    "part of a text": "{% if article.title in '云雨' %}A{% else %}B{% endif %}",
    "a slice": "{{ article.title[:2] }}",
    "a letter": "{{ article.title[0] }}",
    "joined by a sign": "{{ '«' ~ article.title ~ '»' }}",
    "joined by a sign, then upper": "{{ ('' ~ article.title)|upper }}",
    "joined by a sign, then measured": "{{ ('' ~ article.title)|length }}",
    "joined by a sign, then compared": "{% if '' ~ article.title == '云' %}A{% else %}B{% endif %}",
    "joined by a sign, then cut": "{{ (article.title ~ '')[:2] }}",
    "joined date": "{{ (article.date|date ~ 'x')|replace('2025', 'Y') }}",
    "added": "{{ article.title + '!' }}",
    "added to markup": "{{ (_('More') + article.title)|upper }}",
    "markup percent": "{{ (_('More') % article.title)|upper }}",
    "percent": "{{ '%s' % article.title }}",
    "percent on markup": "{{ ('%s'|safe % article.title)|upper }}",
    "percent with a dictionary": "{{ ('%(a)s'|safe % {'a': article.title})|length }}",
    "times": "{{ article.title * 2 }}",
    "a key": "{{ {'云': 'A'}[article.title]|default('B') }}",
    "a position": "{{ ['a'][article.editor] is defined }}",
    "a name of a view": "{{ column[article.author]|default('none') }}",
    "either": "{{ article.editor or article.author }}{{ article.author and article.editor }}{{ not article.title }}",
    "conditional expression": "{{ article.author if article.editor else 'nobody' }}",
    "conditional expression by value": "{{ 'A' if article.editor == '李' else 'B' }}",
    # tests
    "is string": "{% if article.title is string %}A{% else %}B{% endif %}",
    "is upper": "{% if article.title is upper %}A{% else %}B{% endif %}",
    "is lower": "{% if article.title is not lower %}A{% else %}B{% endif %}",
    "is in": "{% if article.title is in ['云'] %}A{% else %}B{% endif %}",
    "is equal": "{% if '云' is eq article.title %}A{% else %}B{% endif %}",
    "is the same": "{% if article.title is sameas page.heading %}A{% else %}B{% endif %}",
    "is none": "{{ article.title is none }}{{ article.date is not none }}{{ article.updated is none }}",
    "is defined": "{{ article.title is defined }}{{ article.title is undefined }}",
    "is iterable": "{{ article.title is iterable }}{{ article.title is mapping }}{{ article.title is number }}",
    "is escaped": "{{ article.content is escaped }}{{ article.title is escaped }}",
    # methods
    "a method": "{{ article.title.upper() }}",
    "a double method": "{{ article.title.__len__() }}",
    "its class": "{{ article.title.__class__.__name__ }}",
    "strftime": "{{ article.date.strftime('%Y') }}",
    "a part of a date": "{{ article.date.year }}",
    "a date printed as it is": "{{ article.date }}",
    "format method": "{{ '{}'.format(article.title) }}",
    "format method of markup": "{{ _('{}').format(article.title)|upper }}",
    "format with it": "{{ _('{}').format(*[article.title])|upper }}",
    "format by name": "{{ _('{a}').format(**{'a': article.title})|upper }}",
    "join method of markup": "{{ _('More').join([article.title, article.author])|upper }}",
    "a function that reads the context": "{{ reader() }}",
    # dates
    "a date through a filter": "{{ article.date|date }} {{ article.date|clock }} {{ article.date|iso }} {{ article.date|longdate }}",
    "a date through two filters": "{{ article.date|longdate|upper }}{{ article.date|date|replace('2025', 'Y') }}",
    "a date compared": "{% if article.date|date < '2026' %}A{% else %}B{% endif %}",
    "a date cut": "{{ (article.date|date)[:4] }}",
    "a date with too much": "{{ article.date|date('x') }}",
    "dates compared": "{% if article.date > article.date %}A{% else %}B{% endif %}",
    "dates subtracted": "{{ article.date - article.date }}",
    "a date that may not be": "{% if article.updated %}{{ article.updated|date }}{% else %}never{% endif %}",
    "a date filter on a word": "{{ article.title|date }}",
    # sets, blocks and macros
    "set": "{% set x = article.title %}{{ x }}{{ x|length }}",
    "set, printed alone": "{% set x = article.title %}{% set y = x %}{{ y }}",
    "set block": "{% set x %}{{ article.title }}{% endset %}{{ x|length }}",
    "set block with filter": "{% set x|upper %}{{ article.title }}{% endset %}{{ x }}",
    "namespace": "{% set n = namespace(x='') %}{% set n.x = article.title %}{{ n.x }}{{ n.x|length }}",
    "filter block": "{% filter upper %}{{ article.title }}{% endfilter %}",
    "call block": "{% macro m() %}{{ caller()|upper }}{% endmacro %}{% call m() %}{{ article.title }}{% endcall %}",
    "autoescape off": "{% autoescape false %}{{ article.title }}{% endautoescape %}",
    "autoescape by a value": "{% autoescape site.key == 'x' %}{{ article.title }}{% endautoescape %}",
    "with": "{% with x = article.title %}{{ x }}{% if x == '云' %}A{% endif %}{% endwith %}",
    "a macro given it": "{% macro m(x) %}{{ x|upper }}{% endmacro %}{{ m(article.title) }}",
    "a macro given it by name": "{% macro m(x) %}{{ x|upper }}{% endmacro %}{{ m(x=article.title) }}",
    "a macro with it as default": "{% macro m(x=article.title) %}{{ x|upper }}{% endmacro %}{{ m() }}",
    "a macro given a list": "{% macro m(x) %}{{ x[0]|upper }}{% endmacro %}{{ m([article.title]) }}",
    "a macro that prints it": "{% macro m() %}<i>{{ article.title }}</i>{% endmacro %}{{ m() }}{{ m() }}",
    "a macro that prints it, upper": "{% macro m() %}{{ article.title }}{% endmacro %}{{ m()|upper }}",
    "a macro that prints it, kept and measured": "{% macro m() %}{{ article.title }}{% endmacro %}{% set x = m() %}{{ x|length }}",
    "a macro that prints it, compared": "{% macro m() %}{{ article.title }}{% endmacro %}{% if m() == '云' %}A{% else %}B{% endif %}",
    "a macro that prints it, cut": "{% macro m() %}{{ article.title }}{% endmacro %}{{ m()[:3] }}",
    "a macro that prints it, joined": "{% macro m() %}{{ article.title }}{% endmacro %}{{ ('a' ~ m())|upper }}",
    "a macro that prints it, to a macro": "{% macro m() %}{{ article.title }}{% endmacro %}{% macro n(x) %}{{ x|upper }}{% endmacro %}{{ n(m()) }}",
    "a macro that prints it, as a test": "{% macro m() %}{{ article.content }}{% endmacro %}{% if m() %}A{% else %}B{% endif %}",
    "a macro that may print nothing": "{% macro m() %}{% if article.editor %}x{% endif %}{% endmacro %}{% if m() %}A{% else %}B{% endif %}",
    "a macro of blanks": "{% macro m() %} {{ article.summary }} {% endmacro %}{{ m()|trim }}",
    "a macro in a word of the interface": "{% macro m() %}{{ article.title }}{% endmacro %}{{ _('Home') }}{{ (_('Home') + m())|upper }}",
    "a block": "{% block a %}{{ article.title }}{% endblock %}",
    "a block again": "{% block a %}{{ article.title }}{% endblock %}{{ self.a() }}{{ self.a()|upper }}",
    "a block measured": "{% block a %}{{ article.title }}{% endblock %}{{ self.a()|length }}",
    "trans": "{% trans %}Home{% endtrans %}{% trans x=article.title %}A {{ x }}{% endtrans %}",
    "trans with a method": "{% trans x=article.title.upper() %}A {{ x }}{% endtrans %}",
    "ngettext": "{{ ngettext('%(num)s a', '%(num)s b', article.title|length) }}",
    # loops
    "a loop over letters": "{% for letter in article.title %}{{ letter }},{% endfor %}",
    "a loop over keywords": "{% for word in article.keywords %}{{ word }}{% else %}none{% endfor %}",
    "a loop that looks back": "{% for x in [article.title, article.author] %}{{ loop.changed(x) }}{{ loop.previtem }}{% endfor %}",
    "a loop with a condition": "{% for x in [article.title, article.author] if x == '云' %}{{ x }}{% endfor %}",
    "a loop over the trail": "{% for one in page.breadcrumb %}{{ one.title }}{% if one.url == article.url %}!{% endif %}{% endfor %}",
    "a cycle": "{% for x in [1, 2] %}{{ loop.cycle(article.title, article.author) }}{% endfor %}",
    "keywords counted": "{{ article.keywords|length }}",
    "toc counted": "{{ article.toc|length }}",
    "toc asked for": "{% if article.toc %}A{% else %}B{% endif %}",
    "toc is none": "{{ article.toc is none }}{{ article.toc is defined }}",
    "a field": "{{ article.fields.x|default('none') }}",
    "metadata": "{{ article.metadata.get('x', 'none') }}",
    # other templates
    "include": "{% include 'part.html' %}{% include \"part.html\" %}",
    "include in a loop": "{% for x in [1, 2] %}{% include 'part.html' %}{% endfor %}",
    "include that works on its output": "{% include 'loud.html' %}",
    "include by a name": "{% set name = 'loud.html' %}{% include name %}",
    "include of one or the other": "{% include ['none.html', 'loud.html'] %}",
    "include of one that may be missing": "{% include 'none.html' ignore missing %}{{ article.title }}",
    "include that is missing and not asked for": "{% if false %}{% include 'none.html' %}{% endif %}{{ article.title }}",
    "include that holds itself": "{% include 'again.html' %}",
    "import without context": "{% import 'tools.html' as t %}{{ t.first([article.title]) }}",
    "import with context": "{% import 'tools.html' as t with context %}{{ t.shout() }}",
    "import with context, printed": "{% import 'tools.html' as t with context %}{{ t.say() }}",
    "import with context, upper": "{% import 'tools.html' as t with context %}{{ t.say()|upper }}",
    "from import with context": "{% from 'tools.html' import shout with context %}{{ shout() }}",
    "import by a name": "{% set name = 'tools.html' %}{% import name as t with context %}{{ t.shout() }}",
    "import that is missing and not asked for": "{% if false %}{% import 'none.html' as t %}{% endif %}{{ article.title }}",
    "extends": "{% extends 'base.html' %}",
    "extends by a name": "{% set name = 'loudbase.html' %}{% extends name %}",
    "extends one that works on its output": "{% extends 'loudbase.html' %}{% block main %}{{ article.title }}{% endblock %}",
    "super": "{% extends 'base.html' %}{% block main %}<i>{{ super() }}</i>{% endblock %}",
    "super, upper": "{% extends 'base.html' %}{% block main %}{{ super()|upper }}{% endblock %}",
    "super, kept and measured": "{% extends 'base.html' %}{% block main %}{% set x = super() %}{{ x|length }}{% endblock %}",
}


@pytest.mark.parametrize("template", THEMES.values(), ids=THEMES)
def test_whatever_a_theme_does_with_words_the_bytes_are_those_of_a_full_run(template: str) -> None:
    press = make_press(template, **PART)
    for item in [*row_of(), *row_of(keywords=("a", "b"), toc=(TocEntry("a", "A", 2),), fields={"x": "y"}), *row_of()]:
        press.agree(item)


QUICK = (
    "printed", "in an attribute", "the words of tags", "either", "is none", "is defined", "set, printed alone",
    "a date through a filter", "a date that may not be", "conditional expression", "a macro that prints it", "a block",
    "include", "include in a loop", "include that holds itself", "import with context, printed", "extends", "super",
)  # fmt: skip


@pytest.mark.parametrize("name", QUICK)
def test_a_theme_that_only_prints_is_run_twice_a_shape(name: str) -> None:
    press = make_press(THEMES[name], **{**PART, "tools": "{% macro say() %}{{ article.title }}{% endmacro %}"})
    for number in range(9):
        press.agree(make_item(f"云 {number} <"))
    assert press.full == 2


# ---- plugins that change an item ------------------------------------------------------------------------------------

EVERYTHING = (
    "{{ page.breadcrumb[-1].title }}|{{ page.breadcrumb[-1].url }}|{{ page.feeds[0].title }}|{{ article.template }}|"
    "{{ article.category.title }}|{{ article.previous is none }}|{{ article.previous.external if article.previous }}|"
    "{{ article.author is none }}|{{ article.author }}|{{ article.title }}"
)
CHANGED = {
    "a title other than the trail's": make_item("雨", head={"breadcrumb": (*TRAIL, Link("云", "/news/2026/1.html"))}),
    "an address other than the trail's": make_item(head={"breadcrumb": (*TRAIL, Link("云", "/old"))}),
    "a trail that leaves the site": make_item(head={"breadcrumb": (*TRAIL, Link("云", "/news/2026/1.html", True))}),
    "another feed": make_item(head={"feeds": (Link("别的", "/other.xml"),)}),
    "no feed": make_item(head={"feeds": ()}),
    "another template's name": replace(make_item(template="page"), template="article"),
    "another category": make_item(category=replace(COLUMN, title="别的")),
    "a neighbour without words": make_item(previous=Link("", "")),
    "a neighbour that leaves the site": make_item(previous=Link("前", "/a", True)),
    "no author at all": make_item(author=None),
    "an author that is a number": make_item(author=0),
    "an author that is a list": make_item(author=["<王>", "李"]),
    "an author that is an empty list": make_item(author=[]),
    "an author that is markup": make_item(author=Markup("<b>王</b>")),
    "content that is plain text": make_item(content="<p>"),
    "more for the template": replace(make_item(), context={**make_item().context, "author": "王"}),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_an_item_that_a_plugin_changed_has_its_own_bytes(changed: Composed) -> None:
    press = make_press(EVERYTHING + "{{ author is defined }}")
    alike = [make_item("云"), make_item("云", previous=Link("前", "/a")), make_item("云", author="王")]
    for item in (*alike, *alike, changed, *alike, changed):
        press.agree(item)


def test_marks_in_the_words_of_a_site_are_not_taken_for_slots() -> None:
    mark = f"{MARK}5{MARK}"
    press = make_press("{{ page.breadcrumb[0].title }}|{{ article.title }}")
    for title in (mark, mark, "云"):
        press.agree(
            make_item(title, head={"breadcrumb": (Link(mark, "/"), Link(title, f"/news/2026/{len(title)}.html"))})
        )


def test_marks_in_the_words_of_an_item_are_words_to_a_macro() -> None:
    press = make_press("{% macro m() %}{{ article.title }}{% endmacro %}{{ m()|upper }}{{ m() ~ m()|length }}")
    for title in ("a", "b", f"{MARK}5{MARK}", "c", f"{MARK}<"):
        press.agree(make_item(title))


def test_a_mistake_in_a_template_is_the_one_of_a_full_run() -> None:
    for template in (
        "{{ articel.title }}",
        "{{ article.titel }}",
        "{{ 1 / 0 }}",
        "{% if %}",
        "{{ article.title.none }}",
    ):
        press = make_press(template)
        for item in row_of():
            press.agree(item)


# ---- how many runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("patience", [0, 1, 2, 5])
def test_the_first_items_of_a_shape_go_the_long_way(patience: int) -> None:
    press = Press(DictLoader({"article.html": "{{ article.title }}"}), patience=patience)
    for number in range(9):
        press.agree(make_item(str(number)))
    assert press.full == patience + 2


def test_a_shape_that_is_unfit_is_tried_once() -> None:
    press = make_press("{{ article.title|upper }}")
    for number in range(9):
        press.agree(make_item(str(number)))
    assert press.full == 10


def test_more_shapes_than_are_kept_give_the_same_bytes() -> None:
    press = make_press("{{ column.title }}{{ article.title }}")
    kinds = [f"kind-{number}" for number in range(600)]
    for kind in (*kinds, *kinds[:3]):
        press.agree(make_item(type=kind))
        press.agree(make_item("雨", type=kind))
    assert press.full == 2 * 603


def test_items_of_different_columns_have_one_shape() -> None:
    press = house_press(portal())
    for number in range(9):
        column = replace(COLUMN, path=f"news/{number}", title=f"栏目 <{number}>", children=())
        trail = (*TRAIL, Link(column.title, f"/news/{number}/"), Link("云", "/a.html"))
        press.agree(make_item(column=column, url="/a.html", head={"breadcrumb": trail}))
    assert press.full == 2


def test_pictures_files_and_relations_are_filled_in() -> None:
    press = house_press(portal())
    for number in range(1, 9):
        link = Link(f"文 <{number}>", f"/{number}.html")
        press.agree(
            make_item(
                image=Picture(f"/{number}.png", f"图 {number}", number, 9),
                attachments=(Attachment(f"甲 {number}", f"/{number}.pdf", "PDF", 1500 * number),) * 2,
                translations=(("en", link),),
                interprets=link,
                interpretations=(link, link),
                topic=link,
                head={"alternates": (("en", f"http://e/{number}"), ("zh-Hans", "http://z/"))},
            )
        )
    assert press.full == 2


def test_relations_that_are_not_alike_have_the_bytes_of_a_full_run() -> None:
    press = house_press(portal())
    for one in (*UNLIKE, *UNLIKE):
        press.agree(make_item(**one))


UNLIKE: tuple[dict[str, Any], ...] = (
    {"image": Picture("/a.png", "")},
    {"image": Picture("/a.png", "图", 0, 7)},
    {"image": Picture("", "图", 5, 7)},
    {"attachments": (Attachment("", "/a", "", 0),)},
    {"attachments": (Attachment("甲", "/a", "PDF", 1), Attachment("乙", "/b", "", 99999999))},
    {"original": Link("river", "/a")},
    {"original": Link("河", "/a", external=True)},
    {"interpretations": (Link("甲", "/a"), Link("", "/b", external=True))},
    {"translations": (("en", Link("a", "/a")), ("fr", Link("b", "/b")))},
    {"topic": Link("", "")},
    {"attachments": [Attachment("甲", "/a", "PDF", 1)]},
    {"image": "/a.png"},
    {"topic": 5},
)
