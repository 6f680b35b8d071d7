"""The corpus in the program's own form: a valid cluster, as a bare repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.corpus import NOW
from bench.forms.content import LINKS, content_files, write_repository
from bench.raw import write_again
from cluster.clock import parse_date, stamp
from cluster.gitstore import GitSource, GitStore
from cluster.settings import load_settings
from cluster.source import blob_id
from publish.build import Rooms
from publish.check import find_issues
from publish.workspace import Workspace
from tests.bench.making import SMALL, make_corpus
from tests.builders import REPOSITORY

MOMENT = stamp(parse_date(NOW))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "data" / "content.git"
    write_repository(make_corpus(), path)
    return path


def test_the_repository_holds_every_file_of_the_form(repository: Path) -> None:
    with GitStore(repository) as store:
        head = store.head()
        assert head is not None
        found = {entry.path: entry.blob for entry in store.files(head)}
    assert found == {path: blob_id(data) for path, data in content_files(make_corpus())}


def test_a_check_finds_nothing_to_mend(repository: Path, tmp_path: Path) -> None:
    with GitStore(repository) as store:
        head = store.head()
        assert head is not None
        rooms = Rooms(tmp_path / "var", tmp_path / "media", REPOSITORY / "themes" / "gov")
        assert find_issues(GitSource(store, head), rooms, MOMENT) == ()


def test_a_build_makes_a_page_of_every_item_and_can_be_written_again(repository: Path, tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {"ZHANQUN_DATA": str(repository.parent)})
    workspace = Workspace(settings)
    outcome = workspace.build(workspace.order(MOMENT))
    assert outcome.issues == ()
    pages = {f"{item.place.site}{item.place.url}" for item in make_corpus().items(LINKS)}
    assert len(pages) == SMALL
    assert pages <= set(outcome.manifest)
    assert "portal/index.html" in outcome.manifest
    assert not [path for path in outcome.manifest if outcome.manifest[path].brotli], "the peers do not compress"
    sample = write_again(settings.var, tmp_path / "again")
    files = (path for path in (tmp_path / "again").rglob("*") if path.is_file())
    again = {path.relative_to(tmp_path / "again").as_posix() for path in files}
    assert (sample.written, again) == (len(outcome.manifest), set(outcome.manifest))
