"""Where a site's pages in traditional characters lie: `/zh-hant/…`, the same path below.

Pure: follows from the configuration alone. Called by whoever names such a page: pages, sitemap, redirects, the copies.
"""

from __future__ import annotations

from cluster.site import TRADITIONAL, Site

CODE = "zh-Hant"


def in_traditional(site: Site, path: str) -> str:
    """The URL path of the page in traditional characters, empty where there is none: `/about/` → `/zh-hant/about/`.

    It is there exactly when the page itself is.
    """
    if not site.traditional or not path.endswith((".html", "/")):
        return ""
    folder = path.rpartition("/")[0].strip("/")
    return f"/{TRADITIONAL}{path}" if site.is_traditional(folder) else ""


def out_of_traditional(path: str) -> str:
    """The URL path of the page that one in traditional characters is made of, empty for any other path."""
    prefix = f"/{TRADITIONAL}/"
    return path[len(prefix) - 1 :] if path.startswith(prefix) else ""
