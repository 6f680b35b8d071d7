"""The workspace: one cluster's content, rooms, ledger and targets from its settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from cluster.clock import parse_date
from cluster.errors import ContentError, TargetError
from cluster.source import FolderSource
from publish import brake, release
from publish.build import Order, build_lock
from publish.workspace import Workspace, as_built, read_manifest
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
    built = as_built(city.workspace.build(Order(NOW)))

    assert built.commit == city.head()
    assert built.now == parse_date(NOW) == datetime.fromisoformat(NOW)


# ---- what a publish leaves ------------------------------------------------------------------------------------------


def publish(city: City) -> release.Outcome:
    workspace = city.workspace
    office = workspace.office(workspace.targets(), workspace.keep_releases)
    return workspace.publish(office, city.build(), at=parse_date(NOW), who="李明")


def test_blobs_that_no_manifest_has_go_after_a_publish_once_they_are_the_most(city: City) -> None:
    publish(city)
    blobs = city.workspace.rooms.blobs
    old = blobs.put(b"one of few")
    city.commit({ARTICLE: make_article("改了标题")})
    publish(city)
    assert old in blobs

    many = [blobs.put(f"{number}".encode()) for number in range(2000)]
    city.commit({ARTICLE: make_article("又改了标题")})
    outcome = publish(city)

    assert outcome.release is not None
    assert not any(sha in blobs for sha in (old, *many))
    assert [sha for sha in city.output().blobs() if sha not in blobs] == []


def test_nothing_is_swept_while_somebody_builds(city: City) -> None:
    publish(city)
    blob = city.workspace.rooms.blobs.put(b"of a build that runs")
    for number in range(2000):
        city.workspace.rooms.blobs.put(f"{number}".encode())
    with build_lock(city.workspace.settings.var):
        assert city.workspace.sweep() == 0
    assert blob in city.workspace.rooms.blobs
    assert city.workspace.sweep() > 2000


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


@pytest.mark.parametrize("changes", SINCE.values(), ids=SINCE)
def test_what_a_build_tells_is_what_publishing_would_weigh(city: City, changes: dict[str, bytes | None]) -> None:
    city.commit({"content/portal/news/2026/links.md": NOTICES})
    publish(city)
    city.commit(changes)
    city.build()
    assert lost(city) == brake.removals(read_manifest(city.workspace.released), city.output())

    city.commit({PLAN: make_article("别的方案")})
    city.build()
    assert lost(city) == brake.removals(read_manifest(city.workspace.released), city.output())


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
