"""Items as lists show them, columns as pages name them, and the pages of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cluster.clock import read_stamp
from cluster.index import IndexedItem
from cluster.site import Column
from plugins.pages.files import place_file
from plugins.pages.frame import column_trail, make_page
from plugins.pages.job import Findings, Job
from plugins.pages.page import Composed, PageKey
from plugins.pages.pagination import PER_PAGE, Pages, paginate
from plugins.pages.views import ColumnList, ColumnView, ItemLink, Link, Pager, Picture


def column_view(job: Job, column: Column) -> ColumnView:
    """A column of this site with the neighbours that have a page."""
    siblings = _shown_children(job, column.parent) if column.parent else ()
    return replace(fixed_column_view(job, column), children=_shown_children(job, column.path), siblings=siblings)


def fixed_column_view(job: Job, column: Column) -> ColumnView:
    """A column as an item's page names it: from the configuration alone, so that no other item can change it."""
    known = job.views.get(column.path)
    if known is None:
        known = job.views[column.path] = _fixed_column_view(job, column)
    return known


def _fixed_column_view(job: Job, column: Column) -> ColumnView:
    parent = job.site.columns.get(column.parent)
    return ColumnView(
        path=column.path,
        title=column.title,
        url=column.url,
        description=column.description,
        keywords=column.keywords,
        kind=column.kind,
        owner=column.owner,
        parent=Link(parent.title, parent.url) if parent else None,
    )


def _shown_children(job: Job, path: str) -> tuple[Link, ...]:
    return tuple(Link(child.title, child.url) for child in job.site.children(path) if job.is_shown(child))


def item_link(job: Job, findings: Findings, item: IndexedItem) -> ItemLink:
    """An item in a list of this site, wherever its page lives."""
    home = job.cluster.sites[item.site]
    column = home.columns[item.column]
    elsewhere = item.site != job.site.key
    prefix = job.cluster.address(home) if elsewhere else ""
    return ItemLink(
        title=item.title,
        url=job.url_of(item),
        date=read_stamp(item.date) if item.date else None,
        summary=str(item.fields.get("summary", "")),
        column=Link(column.title, prefix + column.url),
        image=lead_picture(job, findings, item),
        elsewhere=home.short_name if elsewhere else "",
        documents=len(item.fields.get("attachments", ())),
        badge=str(item.fields.get("status", "")),
    )


def lead_picture(job: Job, findings: Findings, item: IndexedItem) -> Picture | None:
    """The item's lead picture, when it has one that can be shown."""
    target = item.fields.get("image")
    placed = place_file(job, findings, target, of=item.path, field="image") if target else None
    if placed is None:
        return None
    return Picture(placed.url, str(item.fields.get("image_alt", "")), placed.width, placed.height)


def column_list(job: Job, findings: Findings, path: str, count: int) -> ColumnList:
    """The newest items of a column, standing ones first, as a home page's block shows them."""
    items = job.index.standing(job.site.key, path) + job.index.newest(job.site.key, path, count)
    links = tuple(item_link(job, findings, item) for item in items[:count])
    return ColumnList(column_view(job, job.site.columns[path]), links)


# ---- pages of a column ----------------------------------------------------------------------------------------------


def list_path(column: str, year: int, number: int) -> str:
    """The output path of a numbered list page."""
    return f"{column}/{year}/list-{number}.html"


def column_key(column: Column) -> PageKey:
    """The column's own page."""
    return PageKey(f"{column.path}/index.html", "column", column.path)


def numbered_keys(job: Job, column: str) -> Iterator[PageKey]:
    """The column's numbered pages, oldest first."""
    pages = paginate(job.index.tally(job.site.key, column))
    for year, count in pages.years.items():
        for number in range(1, count + 1):
            yield numbered_key(column, year, number)


def numbered_key(column: str, year: int, number: int) -> PageKey:
    """One of them."""
    return PageKey(list_path(column, year, number), "list", column, year, number)


def compose_column(job: Job, findings: Findings, key: PageKey) -> Composed:
    """The column's own page: standing items, then the newest dated ones."""
    column = job.site.columns[key.subject]
    pages = paginate(job.index.years(job.site.key, column.path))
    items = job.index.standing(job.site.key, column.path)
    items += job.index.newest(job.site.key, column.path, pages.newest)
    latest = pages.latest()
    pager = Pager(older=_list_url(column, latest), years=_years(column, pages))
    return _composed(job, findings, key, column_view(job, column), items, pager)


def compose_list(job: Job, findings: Findings, key: PageKey) -> Composed:
    """One numbered page, newest first on the page.

    It names no columns beside its own: that a column gets its first item must not change thousands of old pages.
    """
    column = job.site.columns[key.subject]
    pages = paginate(job.index.tally(job.site.key, column.path))
    skip = (key.number - 1) * PER_PAGE
    items = job.index.of_year(job.site.key, column.path, key.year, skip=skip, count=PER_PAGE)
    older, newer = pages.neighbours(key.year, key.number)
    pager = Pager(_list_url(column, newer) or column.url, _list_url(column, older), key.year, key.number)
    return _composed(job, findings, key, fixed_column_view(job, column), items[::-1], pager)


def _composed(
    job: Job, findings: Findings, key: PageKey, column: ColumnView, items: tuple[IndexedItem, ...], pager: Pager
) -> Composed:
    first_level = job.site.columns[column.path.split("/")[0]]
    has_feed = job.index.is_dated(job.site.key, first_level.path)
    page = make_page(
        job,
        key.kind,
        key.path,
        column.title if key.kind == "column" else f"{column.title} {pager.year}-{pager.number}",
        trail=column_trail(job, column.path),
        description=column.description,
        feeds=(Link(first_level.title, f"{first_level.url}feed.xml"),) if has_feed else (),
    )
    context = {
        "column": column,
        "items": [item_link(job, findings, item) for item in items],
        "pager": pager,
    }
    return Composed(key.kind, page, context)


def _list_url(column: Column, at: tuple[int, int] | None) -> str:
    return f"/{list_path(column.path, *at)}" if at else ""


def _years(column: Column, pages: Pages) -> tuple[Link, ...]:
    """Links to each year's newest page, newest year first."""
    years = sorted(pages.years.items(), reverse=True)
    return tuple(Link(str(year), f"/{list_path(column.path, year, count)}") for year, count in years)
