"""Words and dates of a page's language: gettext catalogues through Babel, and the filters templates use.

Catalogues are read from `.po` files, so that a theme needs no compile step.
"""

from __future__ import annotations

import functools
import gettext
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from cluster.index import Period

_LOCALES = {"zh-Hans": "zh_Hans", "en": "en"}
_LONG = {"zh-Hans": "yyyy年M月d日", "en": "d MMMM yyyy"}
_YEAR = {"zh-Hans": "y年", "en": "y"}
_MONTH = {"zh-Hans": "y年M月", "en": "MMMM y"}
_UNITS = ("B", "KB", "MB", "GB")


def catalogue(folder: Path, language: str, domain: str = "messages") -> gettext.NullTranslations:
    """The words of a language from `folder/<locale>/LC_MESSAGES/<domain>.po`; the msgids themselves without one."""
    path = folder / _LOCALES.get(language, language) / "LC_MESSAGES" / f"{domain}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    state = path.stat()
    return _compiled(path, _LOCALES.get(language, language), state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=32)
def _compiled(path: Path, locale: str, _mtime: int, _size: int) -> gettext.GNUTranslations:
    """The catalogue in a file, compiled once for each of its states: a long-running process sees a changed one."""
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """The template filters of a language."""
    return {
        "date": lambda moment: moment.isoformat()[:10],
        "clock": lambda moment: moment.isoformat(" ")[:16],
        "iso": lambda moment: moment.isoformat(timespec="seconds"),
        "longdate": functools.partial(long_date, language=language),
        "filesize": functools.partial(file_size, language=language),
    }


def long_date(moment: datetime, *, language: str) -> str:
    """The day in full: 2026年11月18日, 18 November 2026."""
    return format_date(moment.date(), _LONG[language], locale=_LOCALES[language])


def period_name(period: Period, *, language: str) -> str:
    """A year or a month of it: 2026年, 2026年3月; 2026, March 2026."""
    pattern = (_MONTH if period.month else _YEAR)[language]
    return format_date(date(period.year, period.month or 1, 1), pattern, locale=_LOCALES[language])


def file_size(size: int, *, language: str) -> str:
    """A size in bytes for people, with one decimal from kilobytes on (1 KB = 1,024 bytes): 1,023.9 KB."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{format_decimal(value, '#,##0.0' if unit else '#,##0', locale=_LOCALES[language])} {_UNITS[unit]}"
