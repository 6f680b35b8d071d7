"""`sitemap.xml` (sitemaps.org 0.9): every page meant for search engines, with the content's own dates.

A site with few items has one file. A large one has an index of parts: one for the columns, topics and standing items,
and one for each year of dated items, or parts of a fixed number, oldest first, for each month of a year that does not
fit in one: what comes or goes changes one part. Numbered list pages are left out: all that they link to is here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from cluster.index import IndexedItem, PageKey, Period
from cluster.index.card import OWN
from plugins.bilingual.addresses import in_traditional
from plugins.pages.job import Findings, Job
from plugins.pages.pagination import divide

# sitemaps.org allows 50,000 addresses a file; a part is written anew for each new item, so it is kept small.
PART = 1_000
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_INDEX = "index"
_PAGES = "pages"


# One page: its URL path and the stamp of its last change, empty when it has none.
Address = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sitemaps:
    """The sitemap of a site, in parts of `part` addresses when it has more dated items than that."""

    part: int = field(default_factory=lambda: PART)
    kinds: tuple[str, ...] = ("addresses",)

    def keys(self, job: Job) -> Iterator[PageKey]:
        """The one file; or the index and its parts."""
        months = job.index.tally(job.site.key, OWN)
        if sum(months.values()) <= self.part:
            yield PageKey("sitemap.xml", "addresses")
            return
        yield PageKey("sitemap.xml", "addresses", _INDEX)
        yield from self._parts(months)

    def _parts(self, months: Mapping[Period, int]) -> Iterator[PageKey]:
        yield PageKey("sitemap-pages.xml", "addresses", _PAGES)
        for period, count in divide(months, self.part).items():
            for number in range(1, -(-count // self.part) + 1):
                path = f"sitemap-{period.year}-{period.part(number)}.xml"
                yield PageKey(path, "addresses", "", *period, number)

    def make(self, job: Job, findings: Findings, key: PageKey) -> bytes:
        """One file."""
        if key.subject == _INDEX:
            return _index(job, self._parts(job.index.months(job.site.key, OWN)))
        if key.year:
            skip = (key.number - 1) * self.part
            found = job.index.addresses_of_period(job.site.key, OWN, key.period, skip=skip, count=self.part)
            return _url_set(job, found)
        pages = [*_pages(job), *map(_address, job.index.standing(job.site.key, OWN))]
        if key.subject == _PAGES:
            return _url_set(job, pages)
        return _url_set(job, [*pages, *map(_address, job.index.newest(job.site.key, OWN, self.part + 1))])


def _pages(job: Job) -> Iterator[Address]:
    yield "/", job.index.latest(job.site.key, "")
    yield "/sitemap.html", ""
    for column in job.shown_columns():
        yield column.url, job.index.latest(job.site.key, column.path)
    if job.site.topics:
        yield "/topics/", ""
    for name in job.site.topics:
        yield f"/topics/{name}/", job.index.latest(job.site.key, f"topic:{name}")


def _address(item: IndexedItem) -> Address:
    return item.url, item.modified


def _index(job: Job, parts: Iterable[PageKey]) -> bytes:
    rows = "".join(f"<sitemap><loc>{job.address}/{key.path}</loc></sitemap>\n" for key in parts)
    return f'{_HEAD}<sitemapindex xmlns="{_SPACE}">\n{rows}</sitemapindex>\n'.encode()


def _url_set(job: Job, addresses: Iterable[Address]) -> bytes:
    host = escape(job.address)
    rows = "".join([_url(host, path, modified) for path, modified in _in_all_forms(job, addresses)])
    return f'{_HEAD}<urlset xmlns="{_SPACE}">\n{rows}</urlset>\n'.encode()


def _in_all_forms(job: Job, addresses: Iterable[Address]) -> Iterable[Address]:
    """The pages, each followed by the same one in traditional characters where there is one."""
    if not job.site.traditional:
        return addresses
    both = ((form, modified) for path, modified in addresses for form in (path, in_traditional(job.site, path)))
    return (one for one in both if one[0])


def _url(host: str, path: str, modified: str) -> str:
    changed = f"<lastmod>{modified}</lastmod>" if modified else ""
    return f"<url><loc>{host}{escape(path)}</loc>{changed}</url>\n"
