"""A page composed: template, head and the names the template gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster.index import PageKey
from plugins.pages.views import Page

__all__ = ["Composed", "PageKey"]


@dataclass(frozen=True, slots=True)
class Composed:
    """A page with all it needs from the index; what is left is a pure template run."""

    template: str
    page: Page
    context: dict[str, Any]
