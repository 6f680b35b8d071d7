"""The workspace: one cluster's content, rooms, ledger and targets from its settings."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import brotli
import pytest

from cluster.clock import parse_date
from cluster.errors import BusyError, ContentError, TargetError
from cluster.manifest import Manifest
from cluster.release import Kind
from cluster.source import FolderSource
from publish import brake, release
from publish.build import Order, build_lock
from publish.receiver.forget import SWEEP_AFTER
from publish.sweeping import SWEEP_EVERY
from publish.workspace import Workspace
from tests.builders import ARTICLE, NOW, make_article, make_cluster_toml, write_tree
from tests.publish.small_city import City, make_files


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.founded(tmp_path / "city")


def test_opening_a_workspace_touches_no_disk(tmp_path: Path) -> None:
    workspace = City(tmp_path).workspace
    assert workspace.rooms.var == tmp_path / "var"
    assert workspace.ledger.path == tmp_path / "data" / "publish.db"
    assert workspace.office(workspace.targets(), keep=3).keep == 3

    assert list(tmp_path.iterdir()) == []


def test_large_files_lie_in_data_unless_another_place_is_named(city: City) -> None:
    assert city.workspace.rooms.media == city.root / "data" / "media"
    assert Workspace(city.workspace.settings, media=Path("/srv/media")).rooms.media == Path("/srv/media")


def test_the_source_is_main_of_the_content_repository(city: City) -> None:
    with city.workspace.source() as source:
        assert source.revision == city.head()


def test_a_folder_with_sites_is_read_as_it_lies(city: City, tmp_path: Path) -> None:
    with city.workspace.source(write_tree(tmp_path / "folder", make_files())) as source:
        assert isinstance(source, FolderSource)


def test_another_repository_can_be_named(city: City, tmp_path: Path) -> None:
    other = City.founded(tmp_path / "other")
    with city.workspace.source(other.root / "data" / "content.git") as source:
        assert source.revision == other.head()


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_place_without_content_says_what_to_do(city: City, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContentError, match="zhanqun seed"), city.workspace.source(tmp_path / name):
        pass


def test_targets_are_those_of_the_settings_or_those_named(city: City) -> None:
    workspace = Workspace(replace(city.workspace.settings, targets=("dir:one", "dir:two")))

    assert [target.url for target in workspace.targets()] == ["dir:one", "dir:two"]
    assert [target.url for target in workspace.targets(("dir:three",))] == ["dir:three"]


def test_a_target_that_is_none_is_refused(city: City) -> None:
    with pytest.raises(TargetError, match="not a target"):
        city.workspace.targets(("www",))


def test_a_build_is_handed_to_a_release_with_its_moment(city: City) -> None:
    built = city.workspace.as_built(city.workspace.build(Order(NOW)))

    assert built.commit == city.head()
    assert built.now == parse_date(NOW) == datetime.fromisoformat(NOW)


def test_a_build_is_handed_to_a_release_with_its_tree_and_the_pages_of_each_site(city: City) -> None:
    built = city.workspace.as_built(city.workspace.build(Order(NOW)))

    assert built.root == city.output().root()
    assert dict(city.workspace.listings.walk(built.root)) == city.output().entries
    assert built.pages == Counter(Manifest.site_of(path) for path in city.output() if brake.is_page(path))


def test_a_build_after_another_puts_only_the_listings_of_what_changed(city: City) -> None:
    workspace = city.workspace
    workspace.as_built(workspace.build(Order(NOW)))
    before = workspace.listings.known()
    city.commit({ARTICLE: make_article("改了标题")})
    workspace.as_built(workspace.build(Order(NOW)))

    # The top, the site, its column, the year and what follows it: nothing of the other site.
    assert 0 < len(workspace.listings.known() - before) <= 5


def test_keys_are_made_at_the_first_publish_without_a_question(city: City) -> None:
    assert not city.workspace.trust.is_set_up
    publish(city)
    assert city.workspace.trust.is_set_up
    assert (city.root / "data" / "trust" / "1.root.json").is_file()


# ---- what a publish leaves ------------------------------------------------------------------------------------------


def publish(city: City) -> release.Outcome:
    workspace = city.workspace
    office = workspace.office(workspace.targets(), workspace.keep_releases)
    return workspace.publish(office, city.build(), at=parse_date(NOW), who="李明")


def later_releases(city: City, count: int) -> None:
    """Changes a page and publishes it, `count` times."""
    for number in range(count):
        city.commit({ARTICLE: make_article(f"第{number}次修改")})
        publish(city)


def test_a_publish_sweeps_nothing_and_says_when_it_is_due(city: City) -> None:
    publish(city)
    blob = city.workspace.rooms.blobs.put(b"of a build that nobody published")
    later_releases(city, SWEEP_EVERY - 2)
    assert not city.workspace.owes_sweep
    later_releases(city, 1)
    assert city.workspace.owes_sweep
    assert blob in city.workspace.rooms.blobs

    city.workspace.sweep_at_rest(lambda: True)
    assert not city.workspace.owes_sweep
    assert blob not in city.workspace.rooms.blobs


def test_a_target_on_this_machine_is_swept_at_rest_too(city: City) -> None:
    publish(city)
    keep = city.workspace.keep_releases
    later_releases(city, keep + SWEEP_AFTER - 1)
    vault = city.root / "dmz" / "vault"
    (target,) = city.workspace.targets()
    assert len(list((vault / "dropped").iterdir())) == SWEEP_AFTER
    assert city.workspace.owes_sweep
    assert target.owes_sweep

    city.workspace.sweep_at_rest(lambda: True)
    assert list((vault / "dropped").iterdir()) == []
    assert not target.owes_sweep
    assert "第" in city.page("portal/news/2026/river.html")


# ---- a lost var -----------------------------------------------------------------------------------------------------


def test_after_var_was_lost_the_next_publish_goes_on_as_if_nothing_was(city: City) -> None:
    publish(city)
    shutil.rmtree(city.root / "var")
    assert not publish(city).is_new

    shutil.rmtree(city.root / "var")
    city.commit({ARTICLE: None})
    outcome = publish(city)
    assert outcome.held == ()
    assert "portal/news/2026/river.html" in outcome.changes.removed
    assert city.live_number() == 2


def test_after_var_was_lost_the_brake_still_holds(city: City) -> None:
    publish(city)
    shutil.rmtree(city.root / "var")
    city.commit({"sites/cluster.toml": make_cluster_toml(sites=["portal"])})
    assert [removal.site for removal in publish(city).held] == ["congress"]


# ---- purging a secret -----------------------------------------------------------------------------------------------

SECRET = "7c1f-secret-of-the-mayor-42ab"
LEAK = "content/portal/news/2026/leak.md"


def holding(folder: Path, secret: str = SECRET) -> list[str]:
    """The files below a folder in which the secret can be read, plain or compressed."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (secret.encode() in path.read_bytes() or secret.encode() in unpacked(path.read_bytes()))
    ]


def unpacked(data: bytes) -> bytes:
    try:
        return brotli.decompress(data)
    except brotli.error:
        return b""


def purge(city: City) -> release.Outcome:
    workspace = city.workspace
    office = workspace.office(workspace.targets(), workspace.keep_releases)
    now = parse_date(NOW)
    return workspace.publish(office, city.build(), at=now, who="李明", accept_removals=True, purge=True)


def test_after_a_purge_nothing_holds_the_secret_but_git(city: City) -> None:
    city.commit({LEAK: make_article(f"标题 {SECRET}", body=f"正文 {SECRET}。\n\n" * 300, summary=SECRET)})
    publish(city)
    later_releases(city, 1)
    assert holding(city.root / "dmz") != []
    assert holding(city.root / "var") != []

    city.commit({LEAK: None})
    outcome = purge(city)
    assert outcome.failures == ()
    assert "portal/news/2026/leak.html" in outcome.changes.removed
    assert holding(city.root / "dmz") == []
    assert holding(city.root / "var") == []
    assert [name for name in holding(city.root / "data") if not name.startswith("content.git/")] == []


def test_a_purge_leaves_nothing_in_the_index_even_where_sqlite_keeps_deleted_bytes(city: City) -> None:
    publish(city)
    with closing(sqlite3.connect(city.workspace.rooms.index)) as db:
        db.execute("PRAGMA secure_delete = OFF")  # what some systems' SQLite does by itself
        db.execute("CREATE TABLE leak (words TEXT)")
        db.execute("INSERT INTO leak VALUES (?)", (SECRET * 500,))
        db.commit()
        db.execute("DROP TABLE leak")
        db.commit()
    assert holding(city.root / "var") != []

    purge(city)
    assert holding(city.root / "var") == []
    assert not publish(city).is_new


def test_a_purge_that_cannot_clean_up_says_so_and_the_next_publish_does_it(city: City) -> None:
    city.commit({LEAK: make_article(SECRET)})
    publish(city)
    city.commit({LEAK: None})
    built = city.build()
    workspace = city.workspace
    office = workspace.office(workspace.targets(), 10)
    with build_lock(workspace.settings.var), pytest.raises(BusyError):
        workspace.publish(office, built, at=parse_date(NOW), who="李明", accept_removals=True, purge=True)
    assert holding(city.root / "dmz") == []
    assert holding(city.root / "var") != []

    assert not publish(city).is_new
    assert holding(city.root / "var") == []


def test_a_purge_that_no_target_took_leaves_var_as_it_is(city: City) -> None:
    city.commit({LEAK: make_article(SECRET)})
    publish(city)
    city.commit({LEAK: None})
    (city.root / "dmz").rename(city.root / "away")
    (city.root / "dmz").write_text("in the way")
    assert purge(city).receipts == ()
    assert holding(city.root / "var") != []

    (city.root / "dmz").unlink()
    (city.root / "away").rename(city.root / "dmz")
    assert publish(city).release.kind is Kind.PURGE
    assert holding(city.root / "dmz") == holding(city.root / "var") == []


def test_after_a_purge_the_next_build_is_what_it_would_have_been(city: City) -> None:
    city.commit({LEAK: make_article(SECRET)})
    publish(city)
    city.commit({LEAK: None})
    purge(city)
    assert not publish(city).is_new
    assert city.output() == city.build(full=True).manifest
    assert city.workspace.listings.known() >= {city.output().root()}


def test_after_a_purge_there_is_no_way_back(city: City) -> None:
    city.commit({LEAK: make_article(SECRET)})
    publish(city)
    city.commit({LEAK: None})
    purge(city)
    office = city.workspace.office(city.workspace.targets(), 10)
    with pytest.raises(TargetError):
        release.rollback(office, at=parse_date(NOW), who="李明")
    with pytest.raises(TargetError, match="was purged"):
        release.rollback(office, 1, at=parse_date(NOW), who="李明")


def test_the_number_of_kept_releases_is_the_cluster_s_and_a_mistake_on_main_is_no_obstacle(city: City) -> None:
    with city.workspace.source() as source:
        cluster = next(source.read(entry) for entry in source.entries() if entry.path == "sites/cluster.toml")
    city.commit({"sites/cluster.toml": cluster.replace(b"format = 1\n", b"format = 1\nkeep_releases = 3\n")})
    assert city.workspace.keep_releases == 3
    city.commit({"sites/cluster.toml": b"format = 1\n"})
    assert city.workspace.keep_releases == 10


# ---- what a release would lose --------------------------------------------------------------------------------------

NOTICES = make_article(body=" ".join(f"[外{n}](https://example.com/{n})" for n in range(30)))
PLAN = "content/portal/news/2026/plan.md"
SINCE = {
    "nothing": {},
    "a page": {ARTICLE: None},
    "a page that came and another that went": {ARTICLE: None, PLAN: make_article("方案")},
    "a column with its last item": {"content/portal/about/city.md": None},
    "leaving notices, which do not count": {"content/portal/news/2026/links.md": make_article("链接")},
    "most of a site": dict.fromkeys(path for path in make_files() if path.startswith("content/portal/")),
    "a site": {"sites/cluster.toml": make_cluster_toml(sites=["portal"])},
}


def lost(city: City) -> list[brake.Removal]:
    """What the last build would take from the last release, as a build tells it."""
    found = city.workspace.removed_since_release()
    assert found is not None
    return brake.judge(found.pages, found.gone, set(city.output().sites()))


def weighed(before: Manifest, after: Manifest) -> list[brake.Removal]:
    """The same from two whole trees."""
    counts = Counter(Manifest.site_of(path) for path in before if brake.is_page(path))
    pages = {site: counts[site] for site in before.sites()}
    return brake.judge(pages, [path for path in before if path not in after], set(after.sites()))


@pytest.mark.parametrize("changes", SINCE.values(), ids=SINCE)
def test_what_a_build_tells_is_what_publishing_weighs(city: City, changes: dict[str, bytes | None]) -> None:
    city.commit({"content/portal/news/2026/links.md": NOTICES})
    publish(city)
    released = city.output()
    city.commit(changes)
    city.build()
    assert lost(city) == weighed(released, city.output())

    city.commit({PLAN: make_article("别的方案")})
    city.build()
    told = lost(city)
    assert told == weighed(released, city.output())
    assert list(publish(city).held) == [removal for removal in told if removal.is_held]


def test_what_went_and_came_back_is_not_lost(city: City) -> None:
    publish(city)
    city.commit({ARTICLE: None})
    city.build()
    assert [removal.count for removal in lost(city)] == [1]
    city.commit({ARTICLE: make_files()[ARTICLE]})
    city.build()
    assert lost(city) == []


def test_before_the_first_release_nothing_can_be_lost(city: City) -> None:
    city.build()
    assert city.workspace.removed_since_release() is None
