"""Recipes: what makes every page of a site anew, what only a few pages, and what nothing at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cluster.site import Cluster
from publish.recipe import MAKERS, loaded_program, site_parts, site_recipe, theme_hash
from tests.builders import (
    REPOSITORY,
    make_cluster,
    make_cluster_files,
    make_cluster_toml,
    make_column,
    make_site,
    make_toml,
    make_topic,
)

THEME = "the hash of a theme"
SITE, COAL, TOPIC, GONE = (
    "sites/portal/site.toml", "sites/coal/site.toml", "sites/portal/topics/river.toml", "sites/portal/gone.toml",
)  # fmt: skip
HOME = [{"block": "headline", "column": "news", "count": 2}, {"block": "topics", "count": 3}]
OWNER = {"organizer": "甲", "operator": "乙", "phone": "0", "email": "a@b.example", "address": "丙"}
ARTICLE_TYPE = "sites/types/article.toml"


def portal(**settings: Any) -> bytes:
    """The portal's configuration, other than usual in these settings."""
    return make_site("portal", **{"columns": ("news", "about"), "home": HOME, "owner": OWNER, **settings})


def coal(**settings: Any) -> bytes:
    """The sister site's configuration."""
    return make_site("coal", **{"columns": ("news",), **settings})


def make_files() -> dict[str, bytes]:
    """Two sites, one of them with home blocks, a topic and a withdrawn address."""
    return make_cluster_files({"portal": portal(), "coal": coal()}) | {TOPIC: make_topic(), GONE: gone("/old.html")}


def gone(*paths: str) -> bytes:
    """A `gone.toml`."""
    return make_toml({"format": 1, "gone": [{"path": path} for path in paths]})


def changed(changes: Mapping[str, bytes | None]) -> Cluster:
    """The cluster with some files other than usual; None removes one."""
    files = {path: data for path, data in {**make_files(), **changes}.items() if data is not None}
    return make_cluster(files)


def recipe(cluster: Cluster, theme: str = THEME) -> str:
    return site_recipe(cluster, "portal", theme)


def differing_parts(cluster: Cluster) -> set[str]:
    """The parts by which the portal differs from the usual one."""
    before, after = (site_parts(one, "portal") for one in (changed({}), cluster))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def column_rows(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [*rows, make_column("about")]


def text_of(path: str, old: str, new: str) -> dict[str, bytes]:
    """A usual file with other words in it."""
    data = make_files()[path].decode()
    assert old in data
    return {path: data.replace(old, new, 1).encode()}


# ---- every page -----------------------------------------------------------------------------------------------------

WHOLE = {
    "the site's name": {SITE: portal(name="别名")},
    "its colours": {SITE: portal(colors={"main": "#000000", "accent": "#b3261e"})},
    "its telephone": {SITE: portal(owner={**OWNER, "phone": "0999-1"})},
    "its help pages": {SITE: portal(help={"about": "/about/x.html"})},
    "its language": {SITE: portal(language="en")},
    "a column's title": {SITE: portal(columns=column_rows(make_column("news", title="要闻")))},
    "a column's description": {SITE: portal(columns=column_rows(make_column("news", description="新")))},
    "a column that is hidden": {SITE: portal(columns=column_rows(make_column("news", hidden=True)))},
    "the order of columns": {SITE: portal(columns=[make_column("about"), make_column("news")])},
    "another site's short name": {COAL: coal(short_name="煤")},
    "another site's host": {COAL: coal(host="mine.yunze.localhost")},
    "another site's language": {COAL: coal(language="en")},
    "another site's column title": {COAL: coal(columns=[make_column("news", title="煤讯")])},
    "another site's help pages": {COAL: coal(help={"about": "/news/x.html"})},
    "the cluster's name": text_of("sites/cluster.toml", "云泽市政府网站集群", "集群"),
    "the addresses": text_of("sites/cluster.toml", "http://{host}:8080", "https://{host}"),
    "precompression": {"sites/cluster.toml": make_files()["sites/cluster.toml"] + b"\n[build]\ncompress = false\n"},
    "a content type": {ARTICLE_TYPE: make_files()[ARTICLE_TYPE] + b"\n# other\n"},
}  # fmt: skip


@pytest.mark.parametrize("changes", WHOLE.values(), ids=WHOLE)
def test_what_any_page_may_show_changes_the_recipe(changes: dict[str, bytes]) -> None:
    assert recipe(changed(changes)) != recipe(changed({}))


def test_another_theme_changes_the_recipe() -> None:
    assert recipe(changed({}), "another") != recipe(changed({}))


def test_each_site_has_its_own_recipe() -> None:
    cluster = changed({})
    assert site_recipe(cluster, "coal", THEME) != recipe(cluster)


def test_a_site_that_joins_changes_the_recipe_of_the_others() -> None:
    sites = {"portal": portal(), "coal": coal(), "english": make_site("english", ["news"])}
    assert recipe(make_cluster(make_files() | make_cluster_files(sites))) != recipe(changed({}))


def test_official_names_change_the_recipe_of_english_sites_alone() -> None:
    terms = make_toml({"format": 1, "terms": [{"zh": ["市长"], "en": "Mayor", "avoid": ["City Head"]}]})
    chinese, english = ({"sites/glossary.toml": terms} | {SITE: portal(language=one)} for one in ("zh-Hans", "en"))
    assert recipe(changed(chinese)) == recipe(changed({}))
    assert recipe(changed(english)) != recipe(changed({SITE: portal(language="en")}))


# ---- a few pages ----------------------------------------------------------------------------------------------------

PARTS = {
    "a home block": ({SITE: portal(home=[{**HOME[0], "count": 5}, HOME[1]])}, {"home"}),
    "a topic's title": ({TOPIC: make_topic("治水")}, {"topic:portal:river"}),
    "a topic's end": ({TOPIC: make_topic(ends="2027-01-01")}, {"topic:portal:river"}),
    "a topic's section": ({TOPIC: make_topic(sections=[{"title": "动态", "column": "news"}])}, {"topic:portal:river"}),
    "a topic that joins": ({"sites/portal/topics/new.toml": make_topic()}, {"topic:portal:new"}),
    "a topic that is no more": ({TOPIC: None}, {"topic:portal:river"}),
    "a withdrawn address": ({GONE: gone("/old.html", "/older.html")}, {"gone"}),
    "no withdrawn address": ({GONE: None}, {"gone"}),
    "a line above the columns": (text_of(SITE, "[[columns]]", "# 栏目\n[[columns]]"), {"lines", "home"}),
    "a line between columns and home blocks": (text_of(SITE, "[[home]]", "# 首页\n[[home]]"), {"home"}),
}


@pytest.mark.parametrize(("changes", "parts"), PARTS.values(), ids=PARTS)
def test_what_few_pages_show_changes_a_part_and_not_the_recipe(
    changes: dict[str, bytes | None], parts: set[str]
) -> None:
    cluster = changed(changes)
    assert recipe(cluster) == recipe(changed({}))
    assert differing_parts(cluster) == parts


# ---- no page --------------------------------------------------------------------------------------------------------

NOTHING = {
    "a comment at the end": {SITE: make_files()[SITE] + b"# the end\n"},
    "another spelling of the same": text_of(SITE, '"portal"', "'portal'"),
    "how many releases are kept": {"sites/cluster.toml": make_cluster_toml(sites=["portal", "coal"], keep_releases=3)},
    "who may publish": {"sites/cluster.toml": make_cluster_toml(sites=["portal", "coal"], intake="reviewed")},
    "another site's description": {COAL: coal(description="新")},
    "another site's home blocks": {COAL: coal(home=[HOME[0]])},
    "another site's topic": {"sites/coal/topics/new.toml": make_topic()},
    "another site's withdrawn address": {"sites/coal/gone.toml": gone("/old.html")},
}  # fmt: skip


@pytest.mark.parametrize("changes", NOTHING.values(), ids=NOTHING)
def test_what_no_page_shows_changes_nothing(changes: dict[str, bytes]) -> None:
    cluster = changed(changes)
    assert recipe(cluster) == recipe(changed({}))
    assert differing_parts(cluster) == set()


# ---- program and theme ----------------------------------------------------------------------------------------------


def test_an_upgrade_under_a_running_process_does_not_change_its_recipe(tmp_path: Path) -> None:
    for room in ("cluster", "plugins", "publish"):
        shutil.copytree(REPOSITORY / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "from pathlib import Path; from publish.recipe import loaded_program as program; one = program();"
        "Path('publish/build.py').open('a').write('# newer\\n'); assert program() == one; print(one)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True) for _ in "12"]

    assert runs[0].stdout != runs[1].stdout


def test_all_of_publish_that_a_build_needs_counts_to_the_program() -> None:
    code = "import publish.build, sys; print(*sorted(name for name in sys.modules if name.startswith('publish.')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert {f"{name.replace('.', '/')}.py" for name in done.stdout.split()} <= set(MAKERS)


def test_the_program_is_told_with_the_versions_of_its_libraries() -> None:
    assert all(f"{library} " in loaded_program() for library in ("pelican", "markdown", "jinja2", "nh3", "brotli"))


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    """A theme of two files."""
    for name in ("templates/home.html", "static/style.css"):
        (tmp_path / "theme" / name).parent.mkdir(parents=True)
        (tmp_path / "theme" / name).write_text(name, "utf-8")
    return tmp_path / "theme"


def test_every_file_of_a_theme_counts_by_name_and_bytes(theme: Path) -> None:
    found = [theme_hash(theme)]
    (theme / "static" / "style.css").write_text("static/other.css", "utf-8")
    found.append(theme_hash(theme))
    (theme / "static" / "style.css").rename(theme / "static" / "sheet.css")
    found.append(theme_hash(theme))
    (theme / "static" / "sheet.css").unlink()
    found.append(theme_hash(theme))
    (theme / "static" / "new.css").write_text("", "utf-8")
    found.append(theme_hash(theme))
    assert len(set(found)) == len(found)


def test_a_theme_that_is_as_it_was_has_the_hash_it_had(theme: Path, tmp_path: Path) -> None:
    before = theme_hash(theme)
    (theme / "static" / "style.css").write_text("other", "utf-8")
    assert theme_hash(theme) != before
    (theme / "static" / "style.css").write_text("static/style.css", "utf-8")
    assert theme_hash(theme) == before
    assert theme_hash(Path(shutil.copytree(theme, tmp_path / "elsewhere"))) == before


def test_what_python_leaves_in_a_theme_and_a_new_time_change_nothing(theme: Path) -> None:
    before = theme_hash(theme)
    (theme / "__pycache__").mkdir()
    (theme / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    os.utime(theme / "static" / "style.css", (0, 0))
    assert theme_hash(theme) == before
