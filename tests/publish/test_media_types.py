"""The media types of published files."""

import pytest

from publish.media_types import content_type, content_type_header


@pytest.mark.parametrize(
    ("name", "kind", "header"),
    [
        ("index.html", "text/html", "text/html; charset=utf-8"),
        ("feed.xml", "application/atom+xml; charset=utf-8", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json", "application/feed+json"),
        ("sitemap.xml", "application/xml; charset=utf-8", "application/xml; charset=utf-8"),
        ("PLAN.PDF", "application/pdf", "application/pdf"),
        ("shard-0.bin", "application/octet-stream", "application/octet-stream"),
        ("name", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_a_file_is_what_its_name_says(name, kind, header):
    assert (content_type(name), content_type_header(name)) == (kind, header)
