"""Promises about the theme at work: hashed assets, colours of a site, and a mistake in a template stops the build."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import BuildError
from plugins.pages.frame import site_view
from plugins.pages.theme import hashed_name, read_assets
from publish.pelican_run import run_pelican
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.rendering import THEME, MemorySink, make_job, render_site


def test_an_assets_name_follows_its_content() -> None:
    assert re.fullmatch(r"style\.[0-9a-f]{10}\.css", hashed_name("style.css", b"a"))
    assert hashed_name("style.css", b"a") != hashed_name("style.css", b"b")
    assert hashed_name("fonts/a.b.woff2", b"a").startswith("fonts-a.b.")


def test_a_site_has_a_sheet_with_its_colours() -> None:
    assets = read_assets(THEME, site_view(make_job(make_cluster_files())))
    assert assets["site-portal.css"] == b":root{--main:#0b4a8f;--accent:#b3261e;}\n"


def test_every_asset_that_a_page_names_is_in_the_output(tmp_path: Path) -> None:
    site = render_site(tmp_path, make_cluster_files() | {ARTICLE: make_article()})
    named = {name for path in site.pages() for name in re.findall(r'(?:href|src)="/(assets/[^"]+)"', site.text(path))}
    assert named
    assert named <= set(site.files)


def test_header_and_footer_are_the_same_on_every_page(tmp_path: Path) -> None:
    site = render_site(tmp_path, make_cluster_files() | {ARTICLE: make_article()})
    for part in ("header", "footer"):
        assert len({str(site.page(path).select_one(f".site-{part}")) for path in site.pages()}) == 1


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("{{ articel.title }}", "articel"),
        ("{{ asset('none.css') }}", "none.css"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_a_mistake_in_a_template_stops_the_build_and_is_named(tmp_path: Path, mistake: str, told: str) -> None:
    theme = shutil.copytree(THEME, tmp_path / "theme")
    (theme / "templates" / "article.html").write_text(mistake, "utf-8")
    sink = MemorySink()
    job = replace(make_job(make_cluster_files() | {ARTICLE: make_article()}), theme=theme, sink=sink)
    with pytest.raises(BuildError, match=told):
        run_pelican(job, tmp_path / "var")
    assert sink.finished == 0
