"""Promises about how much is made anew when one of several forms of an item changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.source import blob_id
from plugins.pages.job import Job
from tests.builders import make_article, make_cluster_files, make_column, make_site, make_toml
from tests.plugins.growing import Changes, GrownSite
from tests.plugins.rendering import MemorySink

ORIGINAL = "content/portal/about/2026/river.md"
TRANSLATION = "content/english/news/2026/river.md"
PAGE = "about/2026/river.html"
OTHERS = 12


def original(**fields: object) -> bytes:
    """The Chinese item."""
    return make_article("河", "2026-11-20", id="aa11", **fields)  # type: ignore[arg-type]


def translation(recorded: bytes, **fields: object) -> bytes:
    """The translation, which read this edition of the original."""
    known = {"source": "News", "translation_of": "aa11", "translated_blob": blob_id(recorded)[:12], **fields}
    return make_article("River", "2026-11-20", **known)  # type: ignore[arg-type]


def files() -> dict[str, bytes]:
    """A pair in two sites, both columns the other's counterpart, a dozen items beside each."""
    columns = ["news", make_column("about", counterpart="english:news")]
    portal = make_site("portal", columns, traditional=["about"])
    english = make_site("english", ["news", "about"], language="en")
    beside = {
        f"content/{site}/{column}/2026/n{number:02}.md": make_article(
            f"N{number}", f"2026-10-{number + 1:02}", source="S"
        )
        for site, column in (("portal", "about"), ("portal", "news"), ("english", "news"))
        for number in range(OTHERS)
    }
    return make_cluster_files({"portal": portal, "english": english}) | beside | {
        "sites/glossary.toml": make_toml({"format": 1, "terms": [{"zh": ["河"], "en": "River", "avoid": ["Stream"]}]}),
        ORIGINAL: original(),
        TRANSLATION: translation(original()),
    }  # fmt: skip


def made(job: Job) -> list[str]:
    """The pages that a run made."""
    assert isinstance(job.sink, MemorySink)
    return sorted(path for path in job.sink.files if path.endswith(".html"))


EDITS = [
    (
        "the original's words, on its own site",
        "portal",
        {ORIGINAL: original(body="新话。")},
        {PAGE, f"zh-hant/{PAGE}"},
    ),
    ("the original's words, on the translation's site", "english", {ORIGINAL: original(body="新话。")}, {"news/2026/river.html"}),
    (
        "the translation brought up to it",
        "english",
        {TRANSLATION: translation(original(body="新话。"))},
        # A list and a neighbour might show any field.
        {"news/2026/river.html", "news/index.html", "news/2026/n11.html"},
    ),
    (
        "an item with a copy beside others",
        "portal",
        {"content/portal/about/2026/n00.md": make_article("N0", "2026-10-01", source="S", body="新话。")},
        {"about/2026/n00.html", "zh-hant/about/2026/n00.html"},
    ),
    (
        "an item in a column without copies",
        "portal",
        {"content/portal/news/2026/n00.md": make_article("N0", "2026-10-01", source="S", body="新话。")},
        {"news/2026/n00.html"},
    ),
]  # fmt: skip


@pytest.fixture
def grown(tmp_path: Path, request: pytest.FixtureRequest) -> GrownSite:
    """One of the two sites, made once."""
    return GrownSite.made(tmp_path, files(), site=request.param)


@pytest.mark.parametrize(
    ("grown", "changes", "pages"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS], indirect=["grown"]
)
def test_an_edit_makes_the_pages_that_show_it_and_their_copies(
    grown: GrownSite, changes: Changes, pages: set[str]
) -> None:
    assert set(made(grown.remade(changes))) == pages
