"""Where the changes of commands go: the intake policy, and a `main` that moves meanwhile."""

from __future__ import annotations

import pytest

from cli.change import TRIES, change
from cli.console import Console
from cluster.errors import ConflictError
from cluster.gitstore import GitSource, GitStore
from cluster.writing import Changes
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.cli.conftest import CommandLine
from tests.publish.small_city import SESSION, SITES, City

MOVE = ("mv", "portal/news/2026/river.md", "portal/news/2026/yunze-river.md")


@pytest.fixture
def reviewed(seeded: City) -> City:
    """A city where changes wait for a review."""
    files = make_cluster_files(SITES, intake="reviewed")
    seeded.commit({"sites/cluster.toml": files["sites/cluster.toml"]})
    return seeded


def branches(city: City) -> list[str]:
    folder = city.root / "data" / "content.git" / "refs" / "heads"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_with_reviews_a_change_waits_on_a_branch(zhanqun: CommandLine, reviewed: City) -> None:
    head = reviewed.head()
    said = zhanqun(*MOVE)

    assert said.code == 0
    assert "Waits for a review on the branch 'cli/" in said.err
    assert reviewed.head() == head
    assert len(branches(reviewed)) == 2


def test_an_urgent_change_goes_live_with_its_reason(zhanqun: CommandLine, reviewed: City) -> None:
    said = zhanqun(*MOVE, "--urgent", "防汛通知")

    assert said.code == 0
    assert "Goes live without a review: 防汛通知" in said.err
    assert branches(reviewed) == ["main"]


def test_an_urgent_change_needs_a_reason(zhanqun: CommandLine, reviewed: City) -> None:
    said = zhanqun(*MOVE, "--urgent", " ")

    assert said.code == 1
    assert "needs a reason" in said.err


def test_without_a_repository_a_change_says_what_to_do(zhanqun: CommandLine, here: object) -> None:
    said = zhanqun(*MOVE)

    assert said.code == 1
    assert "zhanqun seed" in said.err


def test_an_empty_repository_has_no_main(zhanqun: CommandLine, seeded: City) -> None:
    GitStore.create(seeded.root / "empty" / "content.git").close()
    said = zhanqun(*MOVE, "--data", "empty")

    assert said.code == 1
    assert "has no branch 'main'. Run 'zhanqun seed', or push one." in said.err


def test_a_broken_configuration_is_told_before_anything_changes(zhanqun: CommandLine, seeded: City) -> None:
    seeded.commit({"sites/portal/site.toml": b"format = 1\n"})
    head = seeded.head()
    said = zhanqun(*MOVE)

    assert said.code == 1
    assert "sites/portal/site.toml:1: " in said.err
    assert seeded.head() == head


def test_a_main_that_moved_is_read_again(seeded: City) -> None:
    others = iter(["别人的修改"])

    def make(source: object, _cluster: object) -> Changes:
        for title in others:
            seeded.commit({SESSION: make_article(title, "2026-11-12")})
        return {ARTICLE: make_article("我的修改")}

    change(Console(seeded.workspace.settings, "en"), seeded.workspace, None, None, make, "Change")

    with GitStore(seeded.root / "data" / "content.git") as store:
        source = GitSource(store, str(store.head()))
        texts = b"".join(source.read(entry) for entry in source.entries() if entry.path in (ARTICLE, SESSION))
    assert "别人的修改".encode() in texts
    assert "我的修改".encode() in texts


def test_a_main_that_never_rests_is_given_up(seeded: City) -> None:
    tries: list[int] = []

    def make(source: object, _cluster: object) -> Changes:
        tries.append(1)
        seeded.commit({SESSION: make_article(f"别人的修改{len(tries)}", "2026-11-12")})
        return {ARTICLE: make_article("我的修改")}

    with pytest.raises(ConflictError, match="Read again and repeat"):
        change(Console(seeded.workspace.settings, "en"), seeded.workspace, None, None, make, "Change")
    assert len(tries) == TRIES
