"""What every page has around its own content: the site, the breadcrumb, the head."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.pages.job import Job
from plugins.pages.languages import site_counterparts
from plugins.pages.views import LanguageLink, Link, Page, SiteView


def site_view(job: Job) -> SiteView:
    """The site as its pages show it: the configuration, and which first-level columns hold something."""
    site = job.site
    return SiteView(
        key=site.key,
        name=site.name,
        short_name=site.short_name,
        tagline=site.tagline,
        url=job.address,
        host=site.host,
        domain=job.cluster.domain,
        language=site.language,
        description=site.description,
        keywords=site.keywords,
        colors={"main": site.main, "accent": site.accent},
        site_id=site.site_id,
        icp=site.icp,
        police=site.police,
        organizer=site.organizer,
        operator=site.operator,
        phone=site.phone,
        email=site.email,
        address=site.address,
        navigation=tuple(Link(one.title, one.url) for one in site.children("") if job.is_in_navigation(one)),
        help=_help(job),
        sisters=_sisters(job),
        other_language=_other_language(job),
        counterparts=site_counterparts(job),
    )


def _sisters(job: Job) -> tuple[Link, ...]:
    others = (other for other in job.cluster.sites.values() if other.key != job.site.key)
    return tuple(Link(other.short_name, f"{job.cluster.address(other)}/") for other in others)


def _other_language(job: Job) -> Link | None:
    """The first site in another language, under that language's code."""
    others = (other for other in job.cluster.sites.values() if other.language != job.site.language)
    return next((Link(other.language, f"{job.cluster.address(other)}/") for other in others), None)


def _help(job: Job) -> dict[str, str]:
    """The site's own help pages, else those of the first site that has some."""
    if job.site.help:
        return dict(job.site.help)
    for other in job.cluster.sites.values():
        if other.help:
            return {name: job.cluster.address(other) + path for name, path in other.help.items()}
    return {}


def home_name(job: Job) -> str:
    """The word for the home page in a breadcrumb."""
    return job.words.gettext("Home")


def column_trail(job: Job, column: str) -> list[Link]:
    """The breadcrumb from the home page down to a column."""
    known = job.views.get(f"trail:{column}")
    if known is None:
        above = (Link(one.title, one.url) for one in job.site.ancestors(column))
        known = job.views[f"trail:{column}"] = (Link(home_name(job), "/"), *above)
    return list(known)


def make_page(
    job: Job,
    kind: str,
    path: str,
    title: str,
    *,
    trail: Sequence[Link] = (),
    description: str = "",
    alternates: tuple[tuple[str, str], ...] = (),
    feeds: tuple[Link, ...] = (),
    noindex: bool = False,
    languages: tuple[LanguageLink, ...] = (),
    counterpart: LanguageLink | None = None,
) -> Page:
    """A page's head; `path` is its output path without the leading slash, `title` without the site's name."""
    url = f"/{path}".removesuffix("index.html")
    full_title = job.site.name if kind == "home" else f"{title} - {job.site.name}"
    return Page(
        kind=kind,
        path=url,
        canonical=job.address + url,
        title=full_title,
        heading=title,
        tags=(),
        breadcrumb=tuple(trail),
        description=description,
        alternates=alternates,
        feeds=(Link(job.site.name, "/feed.xml"), *feeds),
        noindex=noindex,
        languages=languages,
        counterpart=counterpart,
    )
