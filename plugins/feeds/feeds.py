"""Atom (RFC 4287) and JSON Feed 1.1 of a site and of its first-level columns, newest 20 items, absolute addresses."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from feedgenerator import Atom1Feed

from cluster.clock import parse_date
from cluster.index import IndexedItem, PageKey
from plugins.pages.job import Findings, Job

MOST_ITEMS = 20
_NEVER = parse_date("2001-01-01")


@dataclass(frozen=True, slots=True)
class Channel:
    """One feed: its title, the page it speaks of, and the list it shows (`""` for the whole site)."""

    title: str
    description: str
    page: str
    list: str


class Feeds:
    """The feeds of a site; a list without dated items has none."""

    kinds: tuple[str, ...] = ("feed", "json-feed")

    def keys(self, job: Job) -> Iterator[PageKey]:
        """The site's feeds and those of its first-level columns."""
        yield PageKey("feed.xml", "feed")
        yield PageKey("feed.json", "json-feed")
        for column in job.site.children(""):
            if job.index.is_dated(job.site.key, column.path):
                yield PageKey(f"{column.path}/feed.xml", "feed", column.path)

    def make(self, job: Job, findings: Findings, key: PageKey) -> bytes:
        """One feed."""
        items = job.index.newest(job.site.key, key.subject, MOST_ITEMS)
        write = atom if key.kind == "feed" else json_feed
        return write(job, _channel(job, key.subject), items)


def _channel(job: Job, column: str) -> Channel:
    if not column:
        return Channel(job.site.name, job.site.description, "/", "")
    shown = job.site.columns[column]
    return Channel(f"{job.site.short_name} - {shown.title}", shown.description, shown.url, column)


def _absolute(job: Job, item: IndexedItem) -> str:
    return job.cluster.address(job.cluster.sites[item.site]) + item.url


def _tag(job: Job, item: IndexedItem) -> str:
    """The item's id as a URI (RFC 4151), the same in every site's feed."""
    return f"tag:{job.cluster.sites[item.site].host},2026:{quote(item.id)}"


def atom(job: Job, channel: Channel, items: Sequence[IndexedItem]) -> bytes:
    """The channel as an Atom feed; its time is that of its newest item, so that the bytes follow the content."""
    feed = Atom1Feed(
        title=channel.title,
        link=f"{job.address}{channel.page}",
        description=channel.description,
        language=job.site.language,
        feed_url=f"{job.address}{channel.page}feed.xml",
        author_name=job.site.organizer,
    )
    for item in items:
        feed.add_item(
            title=item.title,
            link=_absolute(job, item),
            description=str(item.fields.get("summary", "")),
            unique_id=_tag(job, item),
            author_name=str(item.fields.get("source", "")) or job.site.organizer,
            pubdate=parse_date(item.date),
            updateddate=parse_date(item.modified),
            categories=[job.cluster.sites[item.site].columns[item.column].title],
        )
    if not items:
        # The library would write the wall clock into a feed without items.
        feed.latest_post_date = lambda: _NEVER
    out = io.StringIO()
    feed.write(out, "utf-8")
    return f"{out.getvalue().strip()}\n".encode()


def json_feed(job: Job, channel: Channel, items: Sequence[IndexedItem]) -> bytes:
    """The channel as JSON Feed 1.1 (jsonfeed.org)."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": f"{job.address}{channel.page}",
        "feed_url": f"{job.address}/feed.json",
        "description": channel.description,
        "language": job.site.language,
        "authors": [{"name": job.site.organizer}],
        "items": [_json_item(job, item) for item in items],
    }
    return (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode()


def _json_item(job: Job, item: IndexedItem) -> dict[str, Any]:
    summary = str(item.fields.get("summary", ""))
    row = {
        "id": item.id,
        "url": _absolute(job, item),
        "title": item.title,
        "summary": summary,
        "content_text": summary or item.title,
        "date_published": item.date,
        "date_modified": item.modified,
        "tags": list(item.fields.get("keywords", ())),
    }
    return {name: value for name, value in row.items() if value}
