"""The home page: the blocks of `site.toml` filled with today's items."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cluster.site import HomeBlock, Topic
from plugins.pages.files import place_file
from plugins.pages.frame import make_page
from plugins.pages.job import Findings, Job
from plugins.pages.links import resolve_link
from plugins.pages.lists import column_list
from plugins.pages.page import Composed, PageKey
from plugins.pages.topics import topic_view
from plugins.pages.views import Block, Figure, Picture, Tile

CHANNEL_ITEMS = 5  # of a channel without sub-columns; the block has no count of its own


def compose_home(job: Job, findings: Findings, key: PageKey) -> Composed:
    """The home page; a block without anything to show is left out."""
    blocks = [compose_block(job, findings, block) for block in job.site.home]
    page = make_page(job, "home", key.path, job.site.name, description=job.site.description)
    return Composed("home", page, {"blocks": [block for block in blocks if has_content(block)]})


def compose_block(job: Job, findings: Findings, block: HomeBlock) -> Block:
    """One block."""
    return _COMPOSERS[block.block](job, findings, block)


def has_content(block: Block) -> bool:
    """Whether the block shows anything."""
    filled = any(one.items or one.column.children for one in block.lists)
    return bool(filled or block.tiles or block.figures or block.topics or block.text)


def _lists(job: Job, findings: Findings, block: HomeBlock) -> Block:
    lists = tuple(
        column_list(job, findings, path, block.count or CHANNEL_ITEMS)
        for path in block.columns
        if job.is_shown(job.site.columns[path])
    )
    only = lists[0].column if len(lists) == 1 and len(block.columns) == 1 else None
    return Block(block.block, block.title or (only.title if only else ""), only.url if only else "", lists=lists)


def _tiles(job: Job, findings: Findings, block: HomeBlock) -> Block:
    tiles = [_tile(job, findings, block, row) for row in block.items]
    return Block(block.block, block.title, tiles=tuple(tile for tile in tiles if tile))


def _tile(job: Job, findings: Findings, block: HomeBlock, row: Mapping[str, str]) -> Tile | None:
    url = resolve_link(job, findings, row["url"], of=job.site.config_path, line=block.line)
    if url is None:
        return None
    return Tile(row["title"], url, row.get("icon", ""), external=url.startswith("/leave/"))


def _figures(_job: Job, _findings: Findings, block: HomeBlock) -> Block:
    return Block(block.block, block.title, note=block.note, figures=tuple(Figure(**row) for row in block.items))


def _topics(job: Job, findings: Findings, block: HomeBlock) -> Block:
    running = [topic for topic in job.site.topics.values() if _is_running(job, topic)]
    views = tuple(topic_view(job, findings, topic) for topic in running[: block.count])
    return Block("topics", block.title, "/topics/", topics=views)


def _is_running(job: Job, topic: Topic) -> bool:
    return not job.is_over(topic) and job.index.is_filled(job.site.key, f"topic:{topic.name}")


def _intro(job: Job, findings: Findings, block: HomeBlock) -> Block:
    of = job.site.config_path
    placed = place_file(job, findings, block.image, of=of, line=block.line, is_shown=True) if block.image else None
    picture = Picture(placed.url, block.image_alt, placed.width, placed.height, placed.srcset) if placed else None
    url = resolve_link(job, findings, block.url, of=of, line=block.line) if block.url else ""
    return Block("intro", block.title, url or "", label=block.label, text=block.text, image=picture)


_COMPOSERS: Mapping[str, Callable[[Job, Findings, HomeBlock], Block]] = {
    "headline": _lists,
    "columns": _lists,
    "gallery": _lists,
    "documents": _lists,
    "channels": _lists,
    "services": _tiles,
    "links": _tiles,
    "figures": _figures,
    "topics": _topics,
    "intro": _intro,
}
