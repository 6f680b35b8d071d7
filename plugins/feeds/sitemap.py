"""`sitemap.xml` (sitemaps.org 0.9): every page meant for search engines, with the content's own dates.

A site with more than 50,000 addresses gets several files named by an index, as the protocol demands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from plugins.pages.job import Job
from plugins.pages.lists import column_keys

MOST_ADDRESSES = 50_000  # sitemaps.org, "Sitemap file" limits
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True, slots=True)
class Address:
    """One page: its URL path and the stamp of its last change, empty when it has none."""

    path: str
    modified: str


def sitemap_files(job: Job, *, most: int = MOST_ADDRESSES) -> Iterator[tuple[str, bytes]]:
    """`sitemap.xml`, or parts of `most` addresses and their index."""
    addresses = list(_addresses(job))
    parts = [addresses[n : n + most] for n in range(0, len(addresses), most)]
    if len(parts) <= 1:
        yield "sitemap.xml", _url_set(job, addresses)
        return
    for number, part in enumerate(parts, 1):
        yield f"sitemap-{number}.xml", _url_set(job, part)
    rows = "".join(f"<sitemap><loc>{job.address}/sitemap-{n}.xml</loc></sitemap>\n" for n in range(1, len(parts) + 1))
    yield "sitemap.xml", f'{_HEAD}<sitemapindex xmlns="{_SPACE}">\n{rows}</sitemapindex>\n'.encode()


def _addresses(job: Job) -> Iterator[Address]:
    yield Address("/", _newest(job, ""))
    yield Address("/sitemap.html", "")
    for column in job.shown_columns():
        for key in column_keys(job, column):
            url = f"/{key.path}".removesuffix("index.html")
            yield Address(url, _newest(job, column.path) if key.kind == "column" else "")
    if job.site.topics:
        yield Address("/topics/", "")
    for name in job.site.topics:
        yield Address(f"/topics/{name}/", _newest(job, f"topic:{name}"))
    for item in job.index.items(job.site.key, job.now):
        yield Address(item.url, item.modified)


def _newest(job: Job, list: str) -> str:
    return next((item.modified for item in job.index.newest(job.site.key, list, job.now, 1)), "")


def _url_set(job: Job, addresses: Sequence[Address]) -> bytes:
    rows = "".join(_url(job, address) for address in addresses)
    return f'{_HEAD}<urlset xmlns="{_SPACE}">\n{rows}</urlset>\n'.encode()


def _url(job: Job, address: Address) -> str:
    modified = f"<lastmod>{address.modified}</lastmod>" if address.modified else ""
    return f"<url><loc>{escape(job.address + address.path)}</loc>{modified}</url>\n"
