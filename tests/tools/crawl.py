"""A crawler that reads the whole cluster over HTTP as a citizen's browser would, and tells what is broken.

It connects to 127.0.0.1 and names the site in the Host header, because Python does not resolve `*.localhost`.
Addresses are compared without port and query: a cluster built for port 8080 can be crawled on any port.
Called by the tests and by `python -m tests.tools.crawl --port 8080 HOST…`.
"""

from __future__ import annotations

import argparse
import http.client
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from queue import SimpleQueue
from urllib.parse import quote, unquote, urljoin, urlsplit

TIMEOUT = 30.0
WORKERS = 4

# tag -> its attributes that name another file
_SOURCES = {
    # The accessible mode's files, which its loader fetches when somebody wants them.
    "a": ("href", "data-script", "data-style", "data-captions", "data-arrow", "data-hand"),
    # The QR encoder, which the tools of an article fetch.
    "div": ("data-qr",),
    "area": ("href",),
    "link": ("href",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
    "form": ("action",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "script": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
}
_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""")
_SVG_ID = re.compile(r"""\bid=["']([^"']+)["']""")
_PARSED = ("text/html", "text/css", "image/svg+xml")
# Schemes that open a program on the citizen's side and fetch nothing.
_SILENT = frozenset({"mailto", "tel", "data"})

# Files that nobody links to by their nature: read by the server, by search engines, or on an error.
UNLINKED = (
    "*/_redirects",
    "*/404.html",
    "*/410.html",
    "*/robots.txt",
    "*/sitemap*.xml",
    "*/.well-known/*",
    # Chosen by the server for `_mode.css`.
    "*/_mode-*.css",
)
# Links that set a cookie and lead back: acts, not addresses.
ACTS = "/_mode/"


@dataclass(frozen=True, slots=True)
class Reference:
    """A link as a page holds it: the address without fragment, and the fragment decoded."""

    url: str
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One address of the cluster and what came back; `ids` are the anchors it offers."""

    url: str
    status: int
    content_type: str = ""
    size: int = 0
    references: tuple[Reference, ...] = ()
    ids: frozenset[str] = frozenset()

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page that was found."""
        return self.status == 200 and self.content_type.startswith("text/html")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an address, and the first pages that name it."""

    url: str
    what: str
    referrers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.what}: {self.url} (from {', '.join(self.referrers[:3]) or 'the start'})"


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """Everything that was fetched, by address; `referrers` tells who names an address (outside ones too)."""

    sites: Mapping[str, str]
    fetched: dict[str, Fetched] = field(default_factory=dict)
    referrers: dict[str, set[str]] = field(default_factory=dict)

    @property
    def pages(self) -> list[Fetched]:
        """The HTML pages that were found, by address."""
        return [found for _, found in sorted(self.fetched.items()) if found.is_page]

    def dead_links(self) -> list[Finding]:
        """Addresses of the cluster that answer neither with a file nor with a redirect."""
        bad = (found for found in self.fetched.values() if found.status not in (200, 301))
        return sorted((self._finding(found.url, str(found.status)) for found in bad), key=str)

    def redirected_links(self) -> list[Finding]:
        """Addresses that a page names although they lead elsewhere: the link should name the new place."""
        moved = (found for found in self.fetched.values() if found.status == 301)
        return sorted((self._finding(found.url, "301") for found in moved), key=str)

    def external_links(self) -> list[Finding]:
        """All addresses outside the cluster."""
        outside = (url for url in self.referrers if _host(url) not in self.sites)
        return sorted((self._finding(url, "external") for url in outside), key=str)

    def stray_links(self) -> list[Finding]:
        """External addresses that a page names without the notice of leaving, `.gov.cn` excepted."""
        found = []
        for link in self.external_links():
            pages = tuple(page for page in link.referrers if not urlsplit(page).path.startswith("/leave/"))
            if pages and not _is_government(link.url):
                found.append(Finding(link.url, "leads outside without notice", pages))
        return found

    def missing_anchors(self) -> list[Finding]:
        """Links to a place in a page that the page does not have."""
        missing: dict[str, set[str]] = {}
        for page in self.fetched.values():
            for reference in page.references:
                if self._lacks(reference):
                    missing.setdefault(f"{reference.url}#{reference.fragment}", set()).add(page.url)
        return [Finding(url, "no such anchor", tuple(sorted(pages))) for url, pages in sorted(missing.items())]

    def unreached(self, manifest_paths: Iterable[str]) -> list[str]:
        """The manifest's paths (`<site>/<URL path>`, `assets/<name>`) that no link leads to."""
        reached = {path for url, found in self.fetched.items() if found.status == 200 for path in self._paths(url)}
        return sorted(path for path in manifest_paths if path not in reached and not _is_unlinked(path))

    def _lacks(self, reference: Reference) -> bool:
        target = self.fetched.get(reference.url)
        if not reference.fragment or target is None or target.status != 200:
            return False
        is_marked = target.content_type.startswith(("text/html", "image/svg+xml"))
        return is_marked and reference.fragment not in target.ids

    def _paths(self, url: str) -> tuple[str, ...]:
        path = unquote(urlsplit(url).path)
        if path.startswith("/assets/"):
            return (path[1:],)
        path += "index.html" if path.endswith("/") else ""
        return (self.sites[_host(url)] + path,)

    def _finding(self, url: str, what: str) -> Finding:
        return Finding(url, what, tuple(sorted(self.referrers.get(url, ()))))


def crawl(base_port: int, hosts: Mapping[str, str] | Collection[str]) -> CrawlResult:
    """Reads every address that can be reached from the hosts' `/`.

    `hosts` may map a host to its site's key; without that, the key is the host's first label.
    """
    sites = dict(hosts) if isinstance(hosts, Mapping) else {host: host.partition(".")[0] for host in hosts}
    result = CrawlResult(sites)
    front = [f"http://{host}/" for host in sites]
    with _connections(base_port) as idle, ThreadPoolExecutor(WORKERS) as pool:
        while front:
            found = list(pool.map(lambda url: _fetch(idle, url), front))
            front = _take(result, found)
    return result


def _take(result: CrawlResult, found: list[Fetched]) -> list[str]:
    """Notes what was fetched and gives the addresses of the cluster that are new, sorted."""
    result.fetched.update((page.url, page) for page in found)
    waiting = set()
    for page in found:
        for reference in page.references:
            result.referrers.setdefault(reference.url, set()).add(page.url)
            if _host(reference.url) in result.sites and reference.url not in result.fetched:
                waiting.add(reference.url)
    return sorted(waiting)


@contextmanager
def _connections(port: int) -> Iterator[SimpleQueue[http.client.HTTPConnection]]:
    """As many kept-alive connections as there are workers; a worker takes one and gives it back."""
    opened = [http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT) for _ in range(WORKERS)]
    idle: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
    for connection in opened:
        idle.put(connection)
    try:
        yield idle
    finally:
        for connection in opened:
            connection.close()


def _fetch(idle: SimpleQueue[http.client.HTTPConnection], url: str) -> Fetched:
    """Fetches one address and reads its links; status 0 when the server gave no answer."""
    connection, parts = idle.get(), urlsplit(url)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        answer = connection.getresponse()
        return _read(url, answer, answer.read())
    except (OSError, http.client.HTTPException):
        connection.close()
        return Fetched(url, 0)
    finally:
        idle.put(connection)


def _read(url: str, answer: http.client.HTTPResponse, body: bytes) -> Fetched:
    kind = answer.getheader("Content-Type", "").lower()
    target = answer.getheader("Location")
    references = [_refer(url, target)] if target else []
    ids: set[str] = set()
    if answer.status == 200 and kind.startswith(_PARSED):
        references, ids = read_references(url, kind, body.decode("utf-8", "replace"))
    kept = tuple(dict.fromkeys(reference for reference in references if reference))
    return Fetched(url, answer.status, kind, len(body), kept, frozenset(ids))


def read_references(url: str, kind: str, text: str) -> tuple[list[Reference | None], set[str]]:
    """The links that a page, stylesheet or picture holds, and the anchors it offers."""
    if kind.startswith("text/css"):
        return [_refer(url, first or second) for first, second in _CSS_URL.findall(text)], set()
    if kind.startswith("image/svg+xml"):
        return [], set(_SVG_ID.findall(text))
    reader = _LinkReader()
    reader.feed(text)
    reader.close()
    return [_refer(url, target) for target in reader.targets], reader.ids


class _LinkReader(HTMLParser):
    """Collects what a page links to and the ids it offers; much faster than building a tree."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the attributes of one tag."""
        wanted = _SOURCES.get(tag, ())
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.ids.add(value or "")
            elif name in wanted:
                self.targets += _split_srcset(value or "") if name == "srcset" else [value or ""]


def _split_srcset(value: str) -> list[str]:
    return [part.split()[0] for part in value.split(",") if part.strip()]


def _refer(page: str, target: str) -> Reference | None:
    """The address that `target` means on `page`, without port and query; none when it fetches nothing."""
    try:
        parts = urlsplit(urljoin(page, target.strip()))
        host = (parts.hostname or "").lower()
    except ValueError:
        return Reference(f"unreadable:{target}")
    if parts.scheme in _SILENT or parts.path.startswith(ACTS):
        return None
    if parts.scheme not in ("http", "https"):
        return Reference(f"{parts.scheme}:{parts.path}")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    return Reference(f"http://{host}{path}", _anchor(parts.fragment))


def _anchor(fragment: str) -> str:
    """The id that a fragment asks for; `#top` and text fragments ask for none."""
    name = unquote(fragment.partition(":~:")[0])
    return "" if name == "top" else name


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_government(url: str) -> bool:
    return _host(url).endswith(".gov.cn")


def _is_unlinked(path: str) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in UNLINKED)


def main() -> int:
    """Crawls the given hosts and prints what is broken; returns 1 when anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("hosts", nargs="+", metavar="HOST")
    arguments = parser.parse_args()
    result = crawl(arguments.port, arguments.hosts)
    findings = [*result.dead_links(), *result.stray_links(), *result.missing_anchors()]
    for finding in findings:
        print(finding)
    print(f"{len(result.fetched)} addresses, {len(result.pages)} pages, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
