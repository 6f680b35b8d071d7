"""Where links lead: to an item, a file, a page of the site, another host, or nowhere.

A link out of the cluster passes a small notice page of the same site (rule of the guideline on leaving notices),
except to addresses below `gov.cn`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from cluster.index import Period
from cluster.issues import Issue
from cluster.references import cut, locate
from plugins.bilingual.addresses import in_traditional, out_of_traditional
from plugins.pages.body import Resolved
from plugins.pages.files import place_file
from plugins.pages.job import Findings, Job
from plugins.pages.pagination import paginate
from plugins.pages.sanitize import has_unsafe_scheme

_FIXED_PAGES = (
    "/",
    "/index.html",
    "/sitemap.html",
    "/search.html",
    "/feed.xml",
    "/feed.json",
    "/notice.html",
    "/404.html",
    "/410.html",
    "/robots.txt",
    "/sitemap.xml",
)
_EXTERNAL = ' rel="external noopener"'
_FOLDER = re.compile(r"/(.+)/(?:index\.html)?")
_COLUMN_FEED = re.compile(r"/([^/]+)/feed\.xml")
_NUMBERED = re.compile(r"/(.+)/(\d{4})/list-(?:([1-9]\d?)-)?([1-9]\d{0,5})\.html")


def leaving_path(url: str) -> str:
    """The path of the notice page for an external address, without the leading slash."""
    return f"leave/{hashlib.sha256(url.encode()).hexdigest()[:16]}.html"


def is_external(job: Job, url: str) -> bool:
    """Whether an absolute address leaves the cluster for somewhere that is no government site."""
    host = "" if "\\" in url else urlsplit(url).hostname or ""  # browsers read a backslash as a slash, we do not
    own = {site.host for site in job.cluster.sites.values()}
    return host not in own and host != "gov.cn" and not host.endswith(".gov.cn")


def outward(job: Job, findings: Findings, url: str) -> str:
    """The address to write for an absolute URL: a leaving notice, or the cluster's own address of that host.

    Raises:
        ValueError: no browser could follow it.
    """
    if is_external(job, url):
        findings.leaving.add(url)
        return f"/{leaving_path(url)}"
    parts = urlsplit(url)
    site = next((one for one in job.cluster.sites.values() if one.host == parts.hostname), None)
    if site is None:
        return url
    base = "" if site.key == job.site.key else job.cluster.address(site)
    return base + parts._replace(scheme="", netloc="", path=parts.path or "/").geturl()


def resolve_anchor(job: Job, findings: Findings, target: str, *, of: str, line: int) -> Resolved | None:
    """Today's address of a link in the body of the item at `of`, None with an issue when it has none."""
    url = resolve_link(job, findings, target, of=of, line=line)
    if url is None:
        return None
    return Resolved(url, _EXTERNAL if url.startswith("/leave/") else "")


def resolve_link(job: Job, findings: Findings, target: str, *, of: str, line: int) -> str | None:
    """Today's address of a link written in content or configuration, None with an issue when it leads nowhere."""
    if target.lower().startswith(("http://", "https://")):
        try:
            address = outward(job, findings, target)
        except ValueError:
            findings.issues.append(Issue.of("link-scheme", of, line, target=target))
            return None
        if _is_dead(job, target):
            findings.issues.append(Issue.of("link-missing", of, line, target=target))
            return None
        return address
    if target.startswith(("mailto:", "tel:", "#")):
        return target
    if target.startswith("//") or has_unsafe_scheme(target):
        findings.issues.append(Issue.of("link-scheme", of, line, target=target))
        return None
    path, tail = cut(target)
    if not _is_page(path):
        placed = place_file(job, findings, path, of=of, line=line)
        return placed.url if placed else None
    url = _page_url(job, path, of)
    if url is None:
        findings.issues.append(Issue.of("link-missing", of, line, target=target))
        return None
    query, _, fragment = tail.partition("#")
    return f"{url}{query}#{quote(fragment, safe='-._~')}" if fragment else f"{url}{query}"


def _is_page(path: str) -> bool:
    is_path = path.startswith("/")
    return path.endswith(".md") or (is_path and (path.endswith((".html", "/", "/feed.xml")) or path in _FIXED_PAGES))


def _is_dead(job: Job, url: str) -> bool:
    """Whether an absolute address names one of the cluster's hosts and nothing that is there."""
    parts = urlsplit(url)
    site = next((one for one in job.cluster.sites.values() if one.host == parts.hostname), None)
    if site is None:
        return False
    there = replace(job, site=site)
    path = unquote(parts.path) or "/"
    is_file = job.index.file(f"content/{site.key}{path}") is not None
    return not is_file and _page_url(there, path, "") is None


def _page_url(job: Job, path: str, of: str) -> str | None:
    if path.endswith(".md"):
        item = job.index.item(locate(path, of))
        return job.url_of(item) if item else None
    if page_exists(job, path):
        return path
    moved = job.index.redirected(job.site.key, path)
    return moved.url if moved else None


def missing_help(job: Job) -> list[Issue]:
    """The issue for every help page that the site's configuration names and the site does not have."""
    paths = (path for path in job.site.help.values() if not page_exists(job, path))
    return [Issue.of("link-missing", job.site.config_path, 0, "help", target=path) for path in paths]


def page_exists(job: Job, path: str) -> bool:
    """Whether the site has a page at this URL path."""
    if path in _FIXED_PAGES or job.index.at(job.site.key, path) is not None:
        return True
    if plain := out_of_traditional(path):
        return in_traditional(job.site, plain) == path and page_exists(job, plain)
    numbered = _NUMBERED.fullmatch(path)
    if numbered:
        period = Period(int(numbered[2]), int(numbered[3] or 0))
        return _has_numbered(job, numbered[1], period, int(numbered[4]))
    feed = _COLUMN_FEED.fullmatch(path)
    if feed:
        return feed[1] in job.site.columns and job.index.is_dated(job.site.key, feed[1])
    folder = _FOLDER.fullmatch(path)
    return folder is not None and _has_folder(job, folder[1])


def _has_folder(job: Job, name: str) -> bool:
    """Whether a folder of the site has its own page: the topics, one of them, or a column."""
    if name == "topics":
        return bool(job.site.topics)
    if name.startswith("topics/"):
        return name.removeprefix("topics/") in job.site.topics
    column = job.site.columns.get(name)
    return column is not None and job.is_shown(column)


def _has_numbered(job: Job, column: str, period: Period, number: int) -> bool:
    """Whether a column has this numbered list page."""
    pages = paginate(job.index.months(job.site.key, column))
    return column in job.site.columns and number <= pages.periods.get(period, 0)
