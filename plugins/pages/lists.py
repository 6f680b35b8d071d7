"""Items as lists show them, columns as pages name them, and the pages of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cluster.clock import read_stamp
from cluster.index import IndexedItem, Period
from cluster.site import Column
from plugins.pages.files import place_file
from plugins.pages.frame import column_trail, make_page
from plugins.pages.job import Findings, Job
from plugins.pages.language import period_name
from plugins.pages.languages import column_counterpart, fixed_counterpart, language_links, own_alternates
from plugins.pages.page import Composed, PageKey
from plugins.pages.pagination import Pages, paginate, slice_of
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
        language=home.language if home.language != job.site.language else "",
    )


def lead_picture(job: Job, findings: Findings, item: IndexedItem) -> Picture | None:
    """The item's lead picture, when it has one that can be shown."""
    target = item.fields.get("image")
    placed = place_file(job, findings, target, of=item.path, field="image", is_shown=True) if target else None
    if placed is None:
        return None
    return Picture(placed.url, str(item.fields.get("image_alt", "")), placed.width, placed.height, placed.srcset)


def column_list(job: Job, findings: Findings, path: str, count: int) -> ColumnList:
    """The newest items of a column, standing ones first, as a home page's block shows them."""
    items = job.index.standing(job.site.key, path) + job.index.newest(job.site.key, path, count)
    links = tuple(item_link(job, findings, item) for item in items[:count])
    return ColumnList(column_view(job, job.site.columns[path]), links)


# ---- pages of a column ----------------------------------------------------------------------------------------------


def list_path(column: str, period: Period, number: int) -> str:
    """The output path of a numbered list page: `news/2025/list-3.html`, `news/2026/list-11-3.html` of a month."""
    return f"{column}/{period.year}/list-{period.part(number)}.html"


def column_key(column: Column) -> PageKey:
    """The column's own page."""
    return PageKey(f"{column.path}/index.html", "column", column.path)


def numbered_keys(job: Job, column: str) -> Iterator[PageKey]:
    """The column's numbered pages, oldest first."""
    for period, count in numbered_pages(job, column).periods.items():
        for number in range(1, count + 1):
            yield numbered_key(column, period, number)


def numbered_pages(job: Job, column: str) -> Pages:
    """The pages of a column's list as its numbered pages follow them, counted once a run."""
    place = job.site.key, column
    known = job.pages.get(place)
    if known is None:
        known = job.pages[place] = paginate(job.index.tally(*place))
    return known


def numbered_key(column: str, period: Period, number: int) -> PageKey:
    """One of them."""
    return PageKey(list_path(column, period, number), "list", column, *period, number)


def compose_column(job: Job, findings: Findings, key: PageKey) -> Composed:
    """The column's own page: standing items, then the newest dated ones."""
    column = job.site.columns[key.subject]
    pages = paginate(job.index.months(job.site.key, column.path))
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
    pages = numbered_pages(job, column.path)
    skip, count = slice_of(key.number)
    items = job.index.of_period(job.site.key, column.path, key.period, skip=skip, count=count)
    older, newer = pages.neighbours(key.period, key.number)
    pager = Pager(
        newer=_list_url(column, newer) or column.url,
        older=_list_url(column, older),
        year=key.year,
        month=key.month,
        number=key.number,
        name=_page_name(job, key),
    )
    return _composed(job, findings, key, fixed_column_view(job, column), items[::-1], pager)


def _composed(
    job: Job, findings: Findings, key: PageKey, column: ColumnView, items: tuple[IndexedItem, ...], pager: Pager
) -> Composed:
    first_level = job.site.columns[column.path.split("/")[0]]
    has_feed = job.index.is_dated(job.site.key, first_level.path)
    alternates = own_alternates(job, f"/{key.path}".removesuffix("index.html"))
    find = column_counterpart if key.kind == "column" else fixed_counterpart
    page = make_page(
        job,
        key.kind,
        key.path,
        f"{column.title} {pager.name}".rstrip(),
        trail=column_trail(job, column.path),
        description=column.description,
        feeds=(Link(first_level.title, f"{first_level.url}feed.xml"),) if has_feed else (),
        alternates=alternates,
        languages=language_links(job, alternates),
        counterpart=find(job, column.path),
    )
    context = {
        "column": column,
        "items": [item_link(job, findings, item) for item in items],
        "pager": pager,
    }
    return Composed(key.kind, page, context)


def _page_name(job: Job, key: PageKey) -> str:
    """What a numbered page is called beside its column: its period and its number there."""
    name = period_name(key.period, language=job.site.language)
    return job.words.gettext("{period}, page {number}").format(period=name, number=key.number)


def _list_url(column: Column, at: tuple[Period, int] | None) -> str:
    return f"/{list_path(column.path, *at)}" if at else ""


def _years(column: Column, pages: Pages) -> tuple[Link, ...]:
    """Links to each year's newest page, newest year first."""
    latest = pages.latest_by_year()
    return tuple(Link(str(year), _list_url(column, latest[year])) for year in sorted(latest, reverse=True))
