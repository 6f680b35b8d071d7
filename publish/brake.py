"""The brake: which removals need a person's yes before they are published. Pure.

Called by build, which reports them, and publish, which holds.

- Held: more than max(50 pages, 1 % of the site's pages) of a site, more than half of a small one (at least 5 pages),
  a site's home page, a whole site.
- Pages are the `.html` files of a site; the notices below `leave/` come and go with links and do not count.
- A page that moves counts: its old address goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cluster.manifest import ASSETS, Manifest

PAGES_ALWAYS_FREE = 50
PERCENT_FREE = 1
# A small site is smaller than what is always free: losing half of it is as good as losing it.
PAGES_OF_HALF = 5
HOME = "index.html"


class Reason(StrEnum):
    """How bad the removals of one site are; all but `few` hold a publish."""

    FEW = "few"
    MANY = "many"
    HALF = "half"
    HOME = "home"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Removal:
    """What one site would lose: `count` of its `total` pages."""

    site: str
    count: int
    total: int
    reason: Reason

    @property
    def is_held(self) -> bool:
        """Whether this needs a person's yes."""
        return self.reason is not Reason.FEW

    def text(self, language: str) -> str:
        """What would go, in `zh` or `en`."""
        chinese, english = _TEXTS[self.reason]
        sentence = chinese if language.startswith("zh") else english
        return sentence.format(site=self.site, count=self.count, total=self.total)

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {
            "site": self.site,
            "count": self.count,
            "total": self.total,
            "reason": str(self.reason),
            "zh": self.text("zh"),
            "en": self.text("en"),
        }


def is_page(path: str) -> bool:
    """Whether a manifest's path is a page of a site."""
    site, _, rest = path.partition("/")
    return site != ASSETS and rest.endswith(".html") and not rest.startswith("leave/")


def judge(pages: Mapping[str, int], gone: Collection[str], left: Collection[str]) -> list[Removal]:
    """What each site would lose: it has so many `pages`, these paths go, and the sites of `left` stay."""
    counts = _pages_by_site(gone)
    homes = {path for path in gone if path.count("/") == 1}
    found = (
        _removal(site, counts[site], total, is_left=site in left, loses_home=f"{site}/{HOME}" in homes)
        for site, total in sorted(pages.items())
    )
    return [removal for removal in found if removal.count or removal.is_held]


def _removal(site: str, count: int, total: int, *, is_left: bool, loses_home: bool) -> Removal:
    if not is_left:
        return Removal(site, count, total, Reason.SITE)
    if loses_home:
        return Removal(site, count, total, Reason.HOME)
    if count > PAGES_ALWAYS_FREE and count * 100 > total * PERCENT_FREE:
        return Removal(site, count, total, Reason.MANY)
    if count >= PAGES_OF_HALF and count * 2 > total:
        return Removal(site, count, total, Reason.HALF)
    return Removal(site, count, total, Reason.FEW)


def _pages_by_site(paths: Iterable[str]) -> Counter[str]:
    return Counter(Manifest.site_of(path) for path in paths if is_page(path))


_TEXTS = {
    Reason.FEW: (
        "站点 {site} 将减少 {count} 个页面（共 {total} 个）。",
        "Site {site} would lose {count} of its {total} pages.",
    ),
    Reason.MANY: (
        "站点 {site} 将减少 {count} 个页面（共 {total} 个），超出允许的数量。",
        "Site {site} would lose {count} of its {total} pages: more than go without a yes.",
    ),
    Reason.HALF: (
        "站点 {site} 将减少 {count} 个页面（共 {total} 个），超过一半。",
        "Site {site} would lose {count} of its {total} pages: more than half.",
    ),
    Reason.HOME: (
        "站点 {site} 的首页将消失（共减少 {count} 个页面，原有 {total} 个）。",
        "Site {site} would lose its home page ({count} of its {total} pages in all).",
    ),
    Reason.SITE: (
        "整个站点 {site} 将消失（{total} 个页面）。",
        "Site {site} would vanish with all its {total} pages.",
    ),
}
