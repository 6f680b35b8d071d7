"""The key of a page, and a page composed: template, head and the names the template gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugins.pages.views import Page


@dataclass(frozen=True, slots=True, order=True)
class PageKey:
    """One page of a site: its output path, kind, and what it shows (a column, an item's path, a topic, a URL)."""

    path: str
    kind: str
    subject: str = ""
    year: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Composed:
    """A page with all it needs from the index; what is left is a pure template run."""

    template: str
    page: Page
    context: dict[str, Any]
