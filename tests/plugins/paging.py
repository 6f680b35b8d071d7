"""Lists and sitemaps that are divided early, so that a small cluster reaches every form of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from plugins.feeds import sitemap
from plugins.pages import pagination


@contextmanager
def short_lists(per_page: int = 6, many: int = 24, part: int = 25) -> Iterator[None]:
    """While it lasts, pages hold so few items, years with more than `many` go by month, sitemaps by parts of `part`.

    With the numbers given here a single edit of the town of the Law divides a year or makes it whole.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagination, "PER_PAGE", per_page)
        patch.setattr(pagination, "MANY", many)
        patch.setattr(sitemap, "PART", part)
        yield
