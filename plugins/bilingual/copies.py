"""The copies in traditional characters of a site's pages: one for each page of a column that is shown so.

A copy follows from its page's bytes alone, so it is made, and goes, whenever its page is.
"""

from __future__ import annotations

from plugins.bilingual.addresses import in_traditional
from plugins.bilingual.traditional import Address, convert_page
from plugins.pages.job import Job


class TraditionalPages:
    """Makes them."""

    kind = "traditional"

    def path(self, job: Job, path: str) -> str:
        """The output path of the copy of a page, empty when it has none."""
        return in_traditional(job.site, f"/{path}").lstrip("/") if path.endswith(".html") else ""

    def copy(self, job: Job, path: str, data: bytes) -> bytes:
        """The copy of a page."""
        plain = f"/{path}".removesuffix("index.html")
        address = Address(job.address, plain, in_traditional(job.site, plain))
        return convert_page(data.decode(), address, lambda url: in_traditional(job.site, url)).encode()
