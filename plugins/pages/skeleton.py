"""Skeletons: the pages of items that differ in their words alone are one template run and many fillings.

A template runs once with *slots* in the place of an item's words. All that a template may do with a slot is ask
whether it is there and print it by `{{ … }}` (dates and sizes: through the theme's filters); whatever else it does, or
prints through a block that works on what was printed, sends the items of that shape the long way. What a macro or a
block gives back is a slot again once it holds one. The first filling is compared with a full run. So the bytes are
those of a full run, whatever the theme does.

Called by the theme.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.runtime import Context
from markupsafe import Markup, escape

from plugins.pages.page import Composed
from plugins.pages.views import (
    ArticleView,
    Attachment,
    ColumnView,
    LanguageLink,
    Link,
    NewerOriginal,
    Page,
    Picture,
)

MARK = "\ue001"
# What HTML has a meaning for, as `markupsafe.escape` does.
_SPECIAL = re.compile("[&<>'\"]").search
_SLOT = re.compile(f"{MARK}(\\d+)([a-z]*){MARK}")
_DATES = frozenset(("date", "clock", "iso", "longdate"))
_SIZES = frozenset(("filesize",))
_HARMLESS_TESTS = frozenset(("defined", "undefined", "none"))
# Blocks that take what was printed and do something with it.
_WORKING_BLOCKS = (nodes.FilterBlock, nodes.AssignBlock, nodes.CallBlock, nodes.ScopedEvalContextModifier)
# How many skeletons are kept: a column has a dozen shapes, and items come column by column.
_MOST = 512
# The first items of a shape go the long way: a build of a few pages needs no skeleton.
_PATIENCE = 2

Render = Callable[[Composed], str]


class UsedError(Exception):
    """A template did more with a slot than print it."""


class Slot:
    """Stands for words that are there."""

    __slots__ = ("_mark",)
    filters: ClassVar[frozenset[str]] = frozenset()  # those it may go through

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def printed(self) -> Markup:
        """What `{{ … }}` prints of it."""
        return Markup(self._mark)  # noqa: S704 - a mark, or what a template printed with autoescape on

    def __bool__(self) -> bool:
        return True

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise UsedError

    __str__ = __repr__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __getattr__ = __call__ = __format__ = _refuse
    # By the first, `~`, `|join` and markup take something in; for want of the second, a list is left alone.
    __html__ = __index__ = _refuse
    __add__ = __radd__ = __mod__ = __rmod__ = __mul__ = __rmul__ = _refuse


class NumberSlot(Slot):
    """Stands for a number, which is printed as it is or through a filter."""

    __slots__ = ("_number",)
    filters = _SIZES

    def __init__(self, number: int) -> None:
        super().__init__(f"{MARK}{number}{MARK}")
        self._number = number

    def through(self, name: str) -> Slot:
        """What the filter of that name makes of it."""
        return Slot(f"{MARK}{self._number}{name}{MARK}")


class DateSlot(NumberSlot):
    """Stands for a date, which is printed through a filter only."""

    __slots__ = ()
    filters = _DATES
    printed = Slot._refuse


class Closed(Slot):
    """Stands for something that is there and that no skeleton can hold: any look at it is too much."""

    __slots__ = ()
    printed = __bool__ = Slot._refuse


class StrictContext(Context):
    """A template's context in which no macro or function is given a slot, and what it gives back hides none."""

    def call(self, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """What a template calls."""
        if MARK not in self.environment.globals:
            return super().call(__obj, *args, **kwargs)
        _refuse_slots(args, kwargs)
        found = super().call(__obj, *args, **kwargs)
        return Slot(found) if isinstance(found, Markup) and MARK in found else found


def make_strict(env: Environment) -> None:
    """Makes an environment that has no template yet refuse slots everywhere but in `{{ … }}` and date filters."""
    env.context_class = StrictContext
    env.finalize = _printed
    getitem = env.getitem

    def strict_getitem(obj: Any, argument: Any) -> Any:
        _refuse_slots((argument,), {})
        return getitem(obj, argument)

    env.getitem = strict_getitem  # type: ignore[method-assign]
    filters: dict[str, Callable[..., Any]] = dict(env.filters)
    env.filters.update({name: _guarded(env, name, function) for name, function in filters.items()})
    known: dict[str, Any] = dict(env.tests)
    tests = {name: _guarded(env, "", function) for name, function in known.items() if name not in _HARMLESS_TESTS}
    env.tests.update(tests)


def _printed(word: Any) -> Any:
    return word.printed() if isinstance(word, Slot) else word


def _refuse_slots(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    for one in args:
        if isinstance(one, Slot):
            raise UsedError
    if kwargs and any(isinstance(one, Slot) for one in kwargs.values()):
        raise UsedError


def _guarded(env: Environment, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    named = env.globals

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if MARK not in named:
            return function(*args, **kwargs)
        if len(args) == 1 and not kwargs and isinstance(args[0], NumberSlot) and name in args[0].filters:
            return args[0].through(name)
        _refuse_slots(args, kwargs)
        return function(*args, **kwargs)

    return guarded


def works_on_output(env: Environment, name: str) -> bool:
    """Whether a template, or one that it names, has a block that works on what was printed or names an unknown one."""
    known: set[str] = set()
    coming = [name]
    while coming:
        name = coming.pop()
        if name in known:
            continue
        known.add(name)
        tree = _tree(env, name)
        if tree is None or any(tree.find(kind) for kind in _WORKING_BLOCKS):
            return True
        named = _named(tree)
        if named is None:
            return True
        coming += named
    return False


def _named(tree: nodes.Template) -> list[str] | None:
    """The templates that a template extends, includes or imports; None where only a run can tell."""
    found = [
        *(node.template for node in tree.find_all(nodes.Extends)),
        *(node.template for node in tree.find_all(nodes.Include)),
        *(node.template for node in tree.find_all(nodes.Import)),
        *(node.template for node in tree.find_all(nodes.FromImport)),
    ]
    names = [node.value for node in found if isinstance(node, nodes.Const) and isinstance(node.value, str)]
    return names if len(names) == len(found) else None


def _tree(env: Environment, name: str) -> nodes.Template | None:
    """A template parsed; None without one, which is told by the run that comes to it."""
    try:
        return env.parse(env.loader.get_source(env, name)[0], name) if env.loader else None
    except (TemplateNotFound, TemplateSyntaxError):
        return None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What every page of a shape has, with gaps: which word, through which filter, goes into each."""

    pieces: tuple[str, ...]  # every other one is a gap
    gaps: tuple[int, ...]  # into `slots`
    slots: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str) -> Skeleton:
        """The skeleton in a page that was rendered with slots."""
        parts = _SLOT.split(text)
        found = [(int(number), name) for number, name in zip(parts[1::3], parts[2::3], strict=True)]
        slots = tuple(dict.fromkeys(found))
        places = {slot: place for place, slot in enumerate(slots)}
        pieces = [""] * (2 * len(found) + 1)
        pieces[::2] = parts[::3]
        return cls(tuple(pieces), tuple([places[slot] for slot in found]), slots)

    def fill(self, words: tuple[Any, ...], filters: Mapping[str, Callable[..., Any]]) -> bytes:
        """The page with these words."""
        found = [filters[name](words[number]) if name else words[number] for number, name in self.slots]
        # A word that is harmless as it stands is most: a look is cheaper than a call and a new string.
        shown = [
            word if type(word) is Markup or (type(word) is str and not _SPECIAL(word)) else escape(word)
            for word in found
        ]
        pieces = list(self.pieces)
        pieces[1::2] = [shown[gap] for gap in self.gaps]
        return "".join(pieces).encode()


class Skeletons:
    """The skeletons of one theme and site; `render` is the full run of a template."""

    def __init__(self, env: Environment, render: Render, *, patience: int = _PATIENCE) -> None:
        self._env = env
        self._render = render
        self._patience = patience
        self._known: OrderedDict[Hashable, Skeleton | int | None] = OrderedDict()
        self._is_fit: dict[str, bool] = {}

    def page(self, composed: Composed) -> bytes:
        """The page of an item."""
        found = shape_of(composed)
        if found is None:
            return self._render(composed).encode()
        shape, words = found
        known = self._known.get(shape, 0)
        if isinstance(known, Skeleton):
            return known.fill(words, self._env.filters)
        page = self._render(composed)
        if known is not None:
            known = known + 1 if known < self._patience else self._made(composed, words, page)
            self._keep(shape, known)
        return page.encode()

    def _fits(self, template: str) -> bool:
        if template not in self._is_fit:
            self._is_fit[template] = not works_on_output(self._env, f"{template}.html")
        return self._is_fit[template]

    def _made(self, composed: Composed, words: tuple[Any, ...], page: str) -> Skeleton | None:
        """The skeleton of the shape, None when it does not make this page of these words."""
        if MARK in page or not self._fits(composed.template):
            return None  # it would be taken for a slot, or slots would be worked on
        self._env.globals[MARK] = True  # there are slots: for `StrictContext` and the guarded filters
        try:
            skeleton = Skeleton.of(self._render(slotted(composed, words)))
        except Exception:  # noqa: BLE001 - whatever a template does with a slot, the long way tells its own errors
            return None
        finally:
            del self._env.globals[MARK]
        return skeleton if skeleton.fill(words, self._env.filters) == page.encode() else None

    def _keep(self, shape: Hashable, skeleton: Skeleton | int | None) -> None:
        self._known[shape] = skeleton
        self._known.move_to_end(shape)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def shape_of(composed: Composed) -> tuple[Hashable, tuple[Any, ...]] | None:
    """What decides how an item's page is built, and the words that are printed in it; None for an uncommon item."""
    article, page = composed.context["article"], composed.page
    column = composed.context["column"]
    if not isinstance(column, ColumnView) or len(composed.context) > 2 or not _is_plain(article, page, column):
        return None
    before, after = article.previous or _NOWHERE, article.next or _NOWHERE
    around_shape, around = _around(page.breadcrumb[:-1], page.feeds, page.counterpart, column)
    beside: list[Any] = []
    beside_shape = _take(_beside(article, page), beside) if any(_beside(article, page)) else None
    tags = [value for _, value in page.tags]
    words = (
        page.path, page.canonical, page.title, page.heading, page.description, article.title, article.url,
        article.source_path, article.source, article.author, article.editor, article.summary, article.content,
        before.title, before.url, after.title, after.url, article.date, article.updated,
        *tags, *around, *beside,
    )  # fmt: skip
    shape = (
        composed.template, article.template, article.type, page.kind, page.noindex, around_shape, beside_shape,
        article.previous is None, article.next is None, bool(article.toc), bool(article.keywords),
        # Of a word that is not there, how it looks: a plugin may have set None or 0 for it.
        bool(article.fields), tuple([bool(word) or str(word) for word in words]),
        tuple([name for name, _ in page.tags]),
    )  # fmt: skip
    return shape, words


def _is_plain(article: ArticleView, page: Page, column: ColumnView) -> bool:
    """Whether an item is still as the engine made it where one slot stands for two things, or none for a third."""
    if not page.breadcrumb or article.versions:
        return False
    last = page.breadcrumb[-1]
    return (
        (last.title, last.url, last.external) == (article.title, article.url, False)
        and (article.category is column or article.category == column)
        and not (article.previous and article.previous.external)
        and not (article.next and article.next.external)
    )


_NOWHERE = Link("", "")
_BESIDE = ("image", "attachments", "original", "translations", "interprets", "interpretations", "topic", "newer")
_VIEWS = (Link, LanguageLink, NewerOriginal, Picture, Attachment, ColumnView)


def _beside(article: ArticleView, page: Page) -> tuple[Any, ...]:
    """What few items have."""
    return (*[getattr(article, name) for name in _BESIDE], page.alternates, page.languages)


@functools.lru_cache(maxsize=_MOST)
def _around(
    trail: tuple[Link, ...], feeds: tuple[Link, ...], counterpart: LanguageLink | None, column: ColumnView
) -> tuple[Hashable, tuple[Any, ...]]:
    """Shape and words of what all items of a column have."""
    words: list[Any] = []
    shape = _take((trail, feeds, counterpart, *_slottable(column)), words)
    return (shape, None if _slottable(column) else column), tuple([escape(word) for word in words])


def _slottable(column: ColumnView) -> tuple[ColumnView, ...]:
    """The column, unless it has columns beside it, among which a template looks for it."""
    return () if column.children or column.siblings else (column,)


def _take(value: Any, words: list[Any]) -> Hashable:
    """The shape of what a template is given; what can be printed of it goes to `words`."""
    if isinstance(value, tuple):
        return tuple([_take(one, words) for one in value])
    if isinstance(value, _VIEWS):
        return (type(value), *[_take(getattr(value, name), words) for name in value.__slots__])
    if value is None or isinstance(value, bool):
        return value
    words.append(value)
    return True


def _give(value: Any, slots: Iterator[Any]) -> Any:
    """The same with slots for its words, in the order of `_take`."""
    if isinstance(value, tuple):
        return tuple([_give(one, slots) for one in value])
    if isinstance(value, _VIEWS):
        return type(value)(*[_give(getattr(value, name), slots) for name in value.__slots__])
    if value is None or isinstance(value, bool):
        return value
    return next(slots)


def slotted(composed: Composed, words: tuple[Any, ...]) -> Composed:
    """The same page with a slot for each word that is there."""
    article, page, column = composed.context["article"], composed.page, composed.context["column"]
    coming = iter([_slot(number, word) for number, word in enumerate(words)])
    own = list(itertools.islice(coming, 19))
    tags = tuple((name, next(coming)) for name, _ in page.tags)
    around = (page.breadcrumb[:-1], page.feeds, page.counterpart, *_slottable(column))
    trail, feeds, counterpart, *found = _give(around, coming)
    column = found[0] if found else column
    *beside, alternates, languages = (
        _give(_beside(article, page), coming) if any(_beside(article, page)) else _beside(article, page)
    )
    path, canonical, title, heading, description = own[:5]
    page = replace(
        page, path=path, canonical=canonical, title=title, heading=heading, description=description, tags=tags,
        breadcrumb=(*trail, Link(own[5], own[6])), feeds=feeds, alternates=alternates,
        languages=languages, counterpart=counterpart,
    )  # fmt: skip
    article = replace(_slotted_article(article, own), category=column, **dict(zip(_BESIDE, beside, strict=True)))
    return replace(composed, page=page, context={**composed.context, "article": article, "column": column})


def _slotted_article(article: ArticleView, slots: list[Any]) -> ArticleView:
    names = ("title", "url", "source_path", "source", "author", "editor", "summary", "content")
    values = dict(zip(names, slots[5:13], strict=True))
    closed: dict[str, Any] = {
        "toc": Closed("") if article.toc else (),
        "keywords": Closed("") if article.keywords else (),
        "fields": Closed("") if article.fields else {},
        "metadata": Closed(""),
    }
    return replace(
        article,
        **values,
        **closed,
        previous=Link(slots[13], slots[14]) if article.previous else None,
        next=Link(slots[15], slots[16]) if article.next else None,
        date=slots[17],
        updated=slots[18],
    )


def _slot(number: int, word: Any) -> Any:
    if isinstance(word, datetime):
        return DateSlot(number)
    if isinstance(word, int):
        return NumberSlot(number) if word else word
    return Slot(f"{MARK}{number}{MARK}") if word else word
