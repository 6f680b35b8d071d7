"""Builds: the same state gives the same manifest, nothing is done twice, and a failure leaves the last one alone."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pelican import signals

from cluster.errors import BuildError, BusyError, ConfigError, ContentError
from cluster.gitstore import GitStore
from cluster.issues import Issue
from cluster.manifest import Manifest
from cluster.media import MediaStore, dump_pointer
from publish.build import MisconfiguredError, Order, read_manifest, read_state
from publish.workspace import Workspace
from tests.builders import ARTICLE, NOW, REPOSITORY, make_article, make_topic, write_tree
from tests.publish.small_city import LATER, SESSION, City, make_files

SCHEDULED = "content/portal/news/2026/soon.md"
SITE = "sites/portal/site.toml"
CHANGE = {SESSION: make_article("改了标题", "2026-11-12")}
TYPO = "content/portal/news/2026/typo.md"


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.founded(tmp_path / "city")


@pytest.fixture
def broken_theme(tmp_path: Path) -> Path:
    """The theme with an article page that fails."""
    theme = tmp_path / "theme"
    shutil.copytree(REPOSITORY / "themes" / "gov", theme)
    (theme / "templates" / "article.html").write_text("{{ article.nothing.at.all }}", "utf-8")
    return theme


def written_files(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its inode and time of change: equal only when nothing was written."""
    stats = {file: file.stat() for file in folder.rglob("*") if file.is_file()}
    return {file: (stat.st_ino, stat.st_mtime_ns) for file, stat in stats.items()}


@contextmanager
def plugin(reaction: Callable[[object], None]) -> Iterator[None]:
    """A third-party plugin that does this with every item."""

    def receive(content: object, **_: object) -> None:
        reaction(content)

    signals.content_object_init.connect(receive)
    try:
        yield
    finally:
        signals.content_object_init.disconnect(receive)


def nothing_was_published(city: City, before: bytes) -> bool:
    return city.workspace.rooms.manifest.read_bytes() == before


# ---- what a build tells ---------------------------------------------------------------------------------------------


def test_a_first_build_writes_every_page_and_tells_what_it_made(city: City) -> None:
    outcome = city.build()

    assert outcome.commit == city.head()
    assert outcome.pages_total == outcome.pages_written > 10
    assert outcome.pages_removed == 0
    assert (outcome.issues, outcome.exit_code, outcome.next_moment) == ((), 0, "")
    assert outcome.manifest == read_manifest(city.workspace.rooms.manifest)
    assert set(outcome.manifest.sites()) == {"portal", "congress"}


def test_every_file_of_the_manifest_is_in_the_blob_store(city: City) -> None:
    outcome = city.build()

    blobs = city.workspace.rooms.blobs
    for path in outcome.manifest:
        entry = outcome.manifest[path]
        assert len(blobs.read(entry.raw)) == entry.size
        assert entry.brotli is None or entry.brotli in blobs


def test_one_new_article_counts_the_pages_that_it_changed(city: City) -> None:
    before = city.build()
    city.commit({"content/portal/news/2026/new.md": make_article("新文章", "2026-11-19")})
    after = city.build()

    assert after.pages_total == before.pages_total + 1
    assert 2 <= after.pages_written < after.pages_total / 2
    assert after.pages_removed == 0


def test_a_removed_article_is_counted(city: City) -> None:
    city.build()
    city.commit({ARTICLE: None})

    assert city.build().pages_removed == 1


def test_an_item_with_a_mistake_is_left_out_and_the_rest_is_built(city: City) -> None:
    city.commit({TYPO: make_article(title=None)})
    outcome = city.build()

    assert [issue.path for issue in outcome.issues if issue.leaves_out] == [TYPO]
    assert outcome.exit_code == 3
    assert "portal/news/2026/typo.html" not in outcome.manifest
    assert "portal/news/2026/river.html" in outcome.manifest


def test_progress_names_the_index_and_every_site(city: City) -> None:
    steps: list[str] = []
    workspace = city.workspace
    workspace.build(Order(NOW), progress=steps.append)

    assert steps == ["index", "portal", "congress"]


# ---- nothing is done twice ------------------------------------------------------------------------------------------


def test_an_unchanged_build_runs_no_pelican_and_touches_no_blob(city: City) -> None:
    first = city.build()
    blobs = written_files(city.workspace.rooms.blobs.root)
    pages: list[object] = []
    with plugin(pages.append):
        again = city.build()

    assert pages == []
    assert again.pages_written == again.pages_removed == 0
    assert again.manifest == first.manifest
    assert written_files(city.workspace.rooms.blobs.root) == blobs


def test_an_unchanged_build_tells_the_same_issues_again(city: City) -> None:
    city.commit({TYPO: make_article(title=None)})

    assert city.build().issues == city.build().issues != ()


def test_a_date_that_has_passed_makes_a_build(city: City) -> None:
    city.commit({SCHEDULED: make_article("明天见", "2026-11-21T09:00")})
    first = city.build()
    assert first.next_moment == "2026-11-21T09:00:00+08:00"
    assert city.build("2026-11-21T08:59:59+08:00").pages_written == 0

    second = city.build("2026-11-21T09:00:00+08:00")
    assert "portal/news/2026/soon.html" in second.manifest
    assert "portal/news/2026/soon.html" not in first.manifest
    assert second.next_moment == ""


def test_an_item_that_expired_goes(city: City) -> None:
    city.commit({SCHEDULED: make_article("报名", "2026-11-01", expires="2026-11-21T09:00")})

    assert "portal/news/2026/soon.html" in city.build().manifest
    assert "portal/news/2026/soon.html" not in city.build(LATER).manifest


def test_the_end_of_a_topic_is_a_moment_to_build_at(city: City) -> None:
    city.commit({"sites/portal/topics/river.toml": make_topic(ends="2026-11-25")})

    assert city.build().next_moment == "2026-11-25T00:00:00+08:00"


def test_an_earlier_now_is_built_as_of_then(city: City) -> None:
    city.build()

    assert "portal/news/2026/river.html" not in city.build("2026-11-15T00:00:00+08:00").manifest


def test_full_builds_everything_anew_with_the_same_result(city: City) -> None:
    first = city.build()
    pages: list[object] = []
    with plugin(pages.append):
        again = city.build(full=True)

    assert len(pages) == 4
    assert again.manifest == first.manifest


def test_a_large_file_that_arrives_later_is_taken_in(city: City, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 1000)
    elsewhere = MediaStore(tmp_path / "elsewhere")
    pointer = dump_pointer(elsewhere.keep(film))
    city.commit(
        {"content/portal/news/2026/film.mp4": pointer, ARTICLE: make_article(body="看片：\n\n![短片](film.mp4)\n")}
    )
    assert [issue.code for issue in city.build().issues] == ["file-missing"]

    MediaStore(city.workspace.rooms.media).keep(film)
    outcome = city.build()
    assert outcome.issues == ()
    assert outcome.manifest["portal/news/2026/film.mp4"].size == 4000


# ---- some sites only ------------------------------------------------------------------------------------------------


def test_a_look_at_one_site_leaves_the_manifest_alone(city: City) -> None:
    before = city.build()
    kept = city.workspace.rooms.manifest.read_bytes()
    city.commit({ARTICLE: make_article("改了标题"), SESSION: make_article("也改了", "2026-11-12")})
    look = city.build(sites=("portal",))

    assert nothing_was_published(city, kept)
    assert look.pages_total == before.pages_total
    assert look.pages_removed == 0
    assert look.manifest["portal/news/2026/river.html"] != before.manifest["portal/news/2026/river.html"]
    assert look.manifest["congress/news/2026/session.html"] == before.manifest["congress/news/2026/session.html"]


def test_a_build_after_a_look_at_one_site_takes_in_the_others(city: City) -> None:
    city.build()
    city.commit({SESSION: make_article("改了标题", "2026-11-12")})
    city.build(sites=("portal",))

    assert city.build().pages_written >= 2


def test_a_site_that_does_not_exist_cannot_be_looked_at(city: City) -> None:
    with pytest.raises(ConfigError, match=r"no site 'tourism'. Choose from: portal congress"):
        city.build(sites=("portal", "tourism"))


# ---- the same bytes -------------------------------------------------------------------------------------------------


def test_two_clean_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    one, two = City.founded(tmp_path / "one"), City.founded(tmp_path / "two")

    assert one.build().manifest.dump() == two.build().manifest.dump()


def test_a_build_after_var_was_deleted_is_equal(city: City) -> None:
    first = city.build()
    shutil.rmtree(city.workspace.rooms.var)
    again = city.build()

    assert again.manifest == first.manifest
    assert again.pages_written == again.pages_total


def test_an_incremental_build_equals_a_clean_one(tmp_path: Path) -> None:
    changes = {ARTICLE: make_article("改了标题", "2026-11-17"), SESSION: None}
    grown = City.founded(tmp_path / "grown")
    grown.build()
    grown.commit(changes)
    fresh = City.founded(tmp_path / "fresh")
    fresh.commit(changes)

    assert grown.build().manifest.dump() == fresh.build().manifest.dump()


def test_several_sites_at_once_give_the_same_manifest(tmp_path: Path) -> None:
    one, two = City.founded(tmp_path / "one"), City.founded(tmp_path / "two")

    assert one.build(jobs=1).manifest.dump() == two.build(jobs=2).manifest.dump()


def test_the_hash_seed_changes_nothing(city: City) -> None:
    roots = set()
    for seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-m", "cli", "build", "--now", NOW, "--json", "--var", f"var-{seed}"]
        done = subprocess.run(command, cwd=city.root, env=environment, capture_output=True, check=True)
        roots.add(json.loads(done.stdout)["root"])

    assert roots == {city.build().manifest.root()}


def test_a_folder_builds_what_the_repository_builds(city: City, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", make_files())
    outcome = Workspace(city.workspace.settings).build(Order(NOW), folder)
    assert outcome.commit.startswith("folder-")
    assert outcome.manifest == city.build().manifest


# ---- failures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_template_that_fails_voids_the_build(city: City, broken_theme: Path, jobs: int) -> None:
    city.build()
    before = city.workspace.rooms.manifest.read_bytes()
    with pytest.raises(BuildError, match=r"could not be built: UndefinedError.*Nothing was published"):
        city.with_theme(broken_theme).build(Order(NOW, jobs=jobs))

    assert nothing_was_published(city, before)
    assert city.build().pages_written == 0


def test_a_template_with_a_wrong_sign_voids_the_build(city: City, broken_theme: Path) -> None:
    (broken_theme / "templates" / "article.html").write_text("{% if %}", "utf-8")
    with pytest.raises(BuildError, match="could not be built"):
        city.with_theme(broken_theme).build(Order(NOW))

    assert not city.workspace.rooms.manifest.exists()


def raise_error(_content: object) -> None:
    raise RuntimeError("the plugin is broken")


def log_error(_content: object) -> None:
    logging.getLogger("pelican.plugins.broken").error("Could not process %s", "this")


@pytest.mark.parametrize(
    ("reaction", "told"),
    [(raise_error, "RuntimeError: the plugin is broken"), (log_error, "Could not process this")],
    ids=["a plugin that raises", "a plugin that only logs an error"],
)
def test_a_failing_plugin_voids_the_build(city: City, reaction: Callable[[object], None], told: str) -> None:
    city.build()
    before = city.workspace.rooms.manifest.read_bytes()
    city.commit({ARTICLE: make_article("改了标题")})
    with plugin(reaction), pytest.raises(BuildError, match=told) as caught:
        city.build()

    assert "站点“portal”构建失败" in caught.value.chinese
    assert nothing_was_published(city, before)
    assert city.build().pages_written > 0


def test_every_mistake_of_the_configuration_is_named_and_nothing_is_built(city: City) -> None:
    city.build()
    before = city.workspace.rooms.manifest.read_bytes()
    files = make_files()
    city.commit({SITE: files[SITE].replace(b"zh-Hans", b"latin"), "sites/congress/site.toml": b"format = 7\n"})
    with pytest.raises(MisconfiguredError) as caught:
        city.build()

    assert {issue.path for issue in caught.value.issues} == {SITE, "sites/congress/site.toml"}
    for issue in caught.value.issues:
        assert f"{issue.place()}: {issue.text('en')}" in caught.value.english
        assert f"{issue.place()}: {issue.text('zh')}" in caught.value.chinese
    assert nothing_was_published(city, before)


def test_two_builds_at_once_are_refused(city: City) -> None:
    city.build()
    with (city.workspace.rooms.var / ".lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="Another build works in"):
            city.build()

    assert city.build().pages_written == 0


def test_a_repository_without_main_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    GitStore.create(tmp_path / "data" / "content.git").close()
    with pytest.raises(ContentError, match="has no branch 'main'. Run 'zhanqun seed'"):
        City(tmp_path).build()


# ---- what is derived heals ------------------------------------------------------------------------------------------

DAMAGE = [
    ("a state that is no JSON", "build.json", b"{"),
    ("a state that is a list", "build.json", b"[]"),
    ("a state without its keys", "build.json", b'{"recipe": "x"}'),
    ("a state with a strange issue", "build.json", b'{"issues": ["{}"]}'),
    ("a state with an issue of no known rule", "build.json", b'{"issues": [3]}'),
    ("a state that is not UTF-8", "build.json", b"\xff\xfe"),
    ("an empty manifest", "manifest", b""),
    ("a manifest of another format", "manifest", b"zhanqun-manifest 99\n"),
    ("a manifest cut short", "manifest", b"zhanqun-manifest 1\n00"),
    ("an index that is no database", "index.db", b"not a database, far from it" * 300),
    ("an empty index", "index.db", b""),
]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """What a clean build makes of the cluster with `CHANGE`."""
    return City.founded(tmp_path_factory.mktemp("clean") / "city", make_files() | CHANGE).build().manifest


@pytest.mark.parametrize(("name", "data"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_damage_in_var_heals_by_itself(city: City, wanted: Manifest, name: str, data: bytes) -> None:
    city.build()
    city.commit(CHANGE)
    file = city.workspace.rooms.var / name
    for leftover in file.parent.glob(f"{name}-*"):
        leftover.unlink()
    file.write_bytes(data)

    assert city.build().manifest == wanted
    assert city.build().pages_written == 0


@pytest.mark.parametrize("name", ["build.json", "manifest", "index.db", "blobs"])
def test_what_is_missing_in_var_is_made_again(city: City, name: str) -> None:
    first = city.build()
    gone = city.workspace.rooms.var / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    again = city.build()
    assert again.manifest == first.manifest
    assert all(again.manifest[path].raw in city.workspace.rooms.blobs for path in again.manifest)


def test_the_state_of_the_last_build_reads_back(city: City) -> None:
    city.commit({TYPO: make_article(title=None), SCHEDULED: make_article("明天见", "2026-11-21T09:00")})
    outcome = city.build()

    state = read_state(city.workspace.rooms.state)
    assert state is not None
    assert (state.root, state.now, state.next_moment) == (outcome.manifest.root(), NOW, outcome.next_moment)
    assert state.issues == outcome.issues


def test_an_index_that_is_damaged_in_the_middle_is_made_again(city: City, wanted: Manifest) -> None:
    city.build()
    city.commit(CHANGE)
    damage_index(city.workspace.rooms.index)

    assert city.build().manifest == wanted


def damage_index(file: Path) -> None:
    """Leaves the head and the schema, so that the damage shows when the tables are read."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    data[12288:] = b"\xff" * (len(data) - 12288)
    file.write_bytes(data)
    with closing(sqlite3.connect(file)) as db, pytest.raises(sqlite3.DatabaseError):
        db.executescript("SELECT * FROM item; PRAGMA quick_check; UPDATE file SET blob = 1; DELETE FROM item")


def test_a_file_that_is_saved_during_a_build_is_told_as_such(city: City, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "folder", make_files())

    def save(_step: str) -> None:
        (folder / ARTICLE).write_bytes(make_article("刚刚保存"))

    with pytest.raises(ContentError, match=f"{ARTICLE} was changed meanwhile"):
        city.workspace.build(Order(NOW), folder, lambda step: save(step) if step == "portal" else None)
    assert (
        "刚刚保存"
        in city.workspace.rooms.blobs.read(
            city.workspace.build(Order(NOW), folder).manifest["portal/news/2026/river.html"].raw
        ).decode()
    )


PORT = [
    ("the cluster's own address follows the port", "http://{host}:8080", "http://portal.yunze.localhost:9001/"),
    ("a production address does not", "https://{host}", "https://portal.yunze.localhost/"),
]


@pytest.mark.parametrize(("url", "expected"), [row[1:] for row in PORT], ids=[row[0] for row in PORT])
def test_the_port_of_the_settings_is_for_the_default_port_only(city: City, url: str, expected: str) -> None:
    with city.workspace.source() as source:
        cluster = next(source.read(entry) for entry in source.entries() if entry.path == "sites/cluster.toml")
    city.commit({"sites/cluster.toml": cluster.replace(b"http://{host}:8080", url.encode())})
    outcome = city.workspace.build(Order(NOW, port=9001))
    page = city.workspace.rooms.blobs.read(outcome.manifest["portal/index.html"].raw).decode()

    assert expected in page
    assert city.workspace.build(Order(NOW, port=9001)).pages_written == 0


def test_templates_that_the_theme_does_not_have_are_told_before_any_item_uses_them(city: City) -> None:
    article = make_files()["sites/types/article.toml"]
    poem, home = (article.replace(b'"article"', name) for name in (b'"poem"', b'"home"'))
    city.commit({"sites/types/poem.toml": poem, "sites/types/home.toml": home, SITE: b""})
    with pytest.raises(MisconfiguredError) as caught:
        city.build()

    assert {"sites/types/poem.toml", "sites/types/home.toml", SITE} == {issue.path for issue in caught.value.issues}


def test_an_upgrade_under_a_running_process_does_not_change_its_recipe(tmp_path: Path) -> None:
    for room in ("cluster", "plugins", "publish"):
        shutil.copytree(REPOSITORY / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "from pathlib import Path; from publish.build import loaded_program as program; one = program();"
        "Path('publish/watch.py').open('a').write('# newer\\n'); assert program() == one; print(one)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True) for _ in "12"]

    assert runs[0].stdout != runs[1].stdout


def test_mistakes_of_the_configuration_travel_between_processes() -> None:
    error = MisconfiguredError((Issue.of("config-missing", "sites/portal/site.toml", 3, "name"),))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.issues, copy.english, copy.chinese) == (error.issues, error.english, error.chinese)
