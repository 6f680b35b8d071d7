"""Skeletons: the pages of items that differ in their words alone are one template run and many fillings.

A template runs once with *slots* in the place of an item's words. All that a template may do with a slot is ask
whether it is there and print it (dates: through the theme's date filters); whatever else it does, or prints through a
block that works on what was printed, sends the items of that shape the long way. The first filling is compared with a
full run. So the bytes are those of a full run, whatever the theme does.

Called by the theme.
"""

from __future__ import annotations

import functools
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import Environment, nodes
from jinja2.runtime import Context
from markupsafe import escape

from plugins.pages.page import Composed
from plugins.pages.views import ArticleView, ColumnView, Link

MARK = "\ue001"
_SLOT = re.compile(f"{MARK}(\\d+)([a-z]*){MARK}")
_DATES = frozenset(("date", "clock", "iso", "longdate"))
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

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __html__(self) -> str:
        return self._mark

    def __bool__(self) -> bool:
        return True

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise UsedError

    __str__ = __repr__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __getattr__ = __call__ = __format__ = _refuse
    __add__ = __radd__ = __mod__ = __rmod__ = __mul__ = __rmul__ = _refuse


class DateSlot(Slot):
    """Stands for a date, which is printed through a filter."""

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        super().__init__("")
        self._number = number

    __html__ = Slot._refuse

    def through(self, name: str) -> Slot:
        """What the filter of that name makes of it."""
        return Slot(f"{MARK}{self._number}{name}{MARK}")


class Closed(Slot):
    """Stands for something that is there and that no skeleton can hold: any look at it is too much."""

    __slots__ = ()
    __html__ = __bool__ = Slot._refuse


class StrictContext(Context):
    """A template's context in which no macro or function is given a slot."""

    def call(self, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """What a template calls."""
        for one in args:
            if isinstance(one, Slot):
                raise UsedError
        if kwargs and any(isinstance(one, Slot) for one in kwargs.values()):
            raise UsedError
        return super().call(__obj, *args, **kwargs)


def make_strict(env: Environment) -> None:
    """Makes filters and tests of an environment refuse slots, but for the date filters."""
    env.context_class = StrictContext
    filters: dict[str, Callable[..., Any]] = dict(env.filters)
    env.filters.update({name: _guarded(name, function) for name, function in filters.items()})
    known: dict[str, Any] = dict(env.tests)
    tests = {name: _guarded("", function) for name, function in known.items() if name not in _HARMLESS_TESTS}
    env.tests.update(tests)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        for one in args:
            if isinstance(one, DateSlot) and name in _DATES and len(args) == 1:
                return one.through(name)
            if isinstance(one, Slot):
                raise UsedError
        return function(*args, **kwargs)

    return guarded


def works_on_output(env: Environment, name: str) -> bool:
    """Whether a template, or one that it extends, has a block that works on what was printed."""
    if env.loader is None:
        return True
    tree = env.parse(env.loader.get_source(env, name)[0], name)
    if any(next(tree.find_all(kind), None) is not None for kind in _WORKING_BLOCKS):
        return True
    others = [node.template for node in (*tree.find_all(nodes.Extends), *tree.find_all(nodes.Include))]
    names = [one.value for one in others if isinstance(one, nodes.Const) and isinstance(one.value, str)]
    return len(names) < len(others) or any(works_on_output(env, one) for one in names)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What every page of a shape has, and which word goes between two of its pieces, through which filter."""

    pieces: tuple[bytes, ...]
    slots: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str) -> Skeleton:
        """The skeleton in a page that was rendered with slots."""
        parts = _SLOT.split(text)
        slots = zip(parts[1::3], parts[2::3], strict=True)
        return cls(tuple(piece.encode() for piece in parts[::3]), tuple((int(one), name) for one, name in slots))

    def fill(self, words: tuple[Any, ...], filters: Mapping[str, Callable[..., Any]]) -> bytes:
        """The page with these words."""
        out = [self.pieces[0]]
        for (number, name), piece in zip(self.slots, self.pieces[1:], strict=True):
            word = filters[name](words[number]) if name else words[number]
            out += (escape(word).encode(), piece)
        return b"".join(out)


class Skeletons:
    """The skeletons of one theme and site; `render` is the full run of a template."""

    def __init__(self, env: Environment, render: Render) -> None:
        self._env = env
        self._render = render
        self._known: OrderedDict[Hashable, Skeleton | int | None] = OrderedDict()
        self._is_fit: dict[str, bool] = {}

    def page(self, composed: Composed) -> bytes:
        """The page of an item."""
        found = shape_of(composed)
        if found is None or not self._fits(composed.template):
            return self._render(composed).encode()
        shape, words = found
        known = self._known.get(shape, 0)
        if isinstance(known, Skeleton):
            return known.fill(words, self._env.filters)
        page = self._render(composed).encode()
        if known is not None:
            known = known + 1 if known < _PATIENCE else self._made(composed, words, page)
            self._keep(shape, known)
        return page

    def _fits(self, template: str) -> bool:
        if template not in self._is_fit:
            self._is_fit[template] = not works_on_output(self._env, f"{template}.html")
        return self._is_fit[template]

    def _made(self, composed: Composed, words: tuple[Any, ...], page: bytes) -> Skeleton | None:
        """The skeleton of the shape, None when it does not make this page of these words."""
        try:
            skeleton = Skeleton.of(self._render(slotted(composed, words)))
        except Exception:  # noqa: BLE001 - whatever a template does with a slot, the long way tells its own errors
            return None
        return skeleton if skeleton.fill(words, self._env.filters) == page else None

    def _keep(self, shape: Hashable, skeleton: Skeleton | int | None) -> None:
        self._known[shape] = skeleton
        self._known.move_to_end(shape)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def shape_of(composed: Composed) -> tuple[Hashable, tuple[Any, ...]] | None:
    """What decides how an item's page is built, and the words that are printed in it; None for an uncommon item."""
    article, page = composed.context["article"], composed.page
    column = composed.context["column"]
    rare = (
        article.image or article.attachments or article.original or article.translations or article.interprets
        or article.interpretations or article.topic or article.versions or page.alternates
    )  # fmt: skip
    if rare or not isinstance(column, ColumnView) or len(page.feeds) != 1 or not page.breadcrumb:
        return None
    before, after = article.previous or _NOWHERE, article.next or _NOWHERE
    words = (
        page.path, page.canonical, page.title, page.heading, page.description, article.title, article.url,
        article.source_path, article.source, article.author, article.editor, article.summary, article.content,
        before.title, before.url, after.title, after.url, article.date, article.updated,
        *[value for _, value in page.tags],
    )  # fmt: skip
    shape = (
        composed.template, page.kind, page.noindex, page.breadcrumb[:-1], column.path, article.type,
        tuple([bool(word) for word in words]), bool(article.toc), bool(article.keywords), bool(article.fields),
        tuple([name for name, _ in page.tags]),
    )  # fmt: skip
    return shape, words


_NOWHERE = Link("", "")


def slotted(composed: Composed, words: tuple[Any, ...]) -> Composed:
    """The same page with a slot for each word that is there."""
    slots = [_slot(number, word) for number, word in enumerate(words)]
    page, article = composed.page, composed.context["article"]
    last = Link(slots[5], slots[6])  # the item's own title and URL
    path, canonical, title, heading, description = slots[:5]
    tags = tuple((name, slot) for (name, _), slot in zip(page.tags, slots[19:], strict=True))
    page = replace(
        page, path=path, canonical=canonical, title=title, heading=heading, description=description, tags=tags,
        breadcrumb=(*page.breadcrumb[:-1], last),
    )  # fmt: skip
    return replace(composed, page=page, context={**composed.context, "article": _slotted_article(article, slots)})


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
    return Slot(f"{MARK}{number}{MARK}") if word else word
