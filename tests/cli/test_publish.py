"""`zhanqun publish`: the brake, holds and what they say."""

from __future__ import annotations

import fcntl

import pytest

from tests.builders import ARTICLE, NOW, make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City


def without_congress(city: City) -> dict[str, bytes | None]:
    """The changes that remove a whole site: its folders, and its name in cluster.toml."""
    with city.workspace.source() as source:
        files = {entry.path: source.read(entry) for entry in source.entries()}
    shorter = files["sites/cluster.toml"].replace(b', "congress"', b"")
    gone = dict.fromkeys(path for path in files if "/congress/" in path)
    return {**gone, "sites/cluster.toml": shorter}


def test_the_first_publish_makes_release_1_live(zhanqun: CommandLine, seeded: City) -> None:
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 0
    assert said.out.splitlines() == ["Release 1 is live.", "  dir:dmz/www"]
    assert "云泽河" in seeded.page("portal/news/2026/river.html")


def test_publishing_again_changes_nothing(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 0
    assert "Nothing has changed; release 1 stays live." in said.out


def test_publish_json_tells_build_and_release(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("改了标题")})
    seen = zhanqun("publish", "--now", NOW, "--json").json

    assert seen["release"]["number"] == 2
    assert seen["is_new"] is True
    assert seen["pages_written"] >= 2
    assert [receipt["target"] for receipt in seen["receipts"]] == ["dir:dmz/www"]


def test_issues_are_published_around_and_told(zhanqun: CommandLine, city: City) -> None:
    city.commit({"content/portal/news/2026/bad.md": make_article(title=None), ARTICLE: make_article("改了标题")})
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 3
    assert "content/portal/news/2026/bad.md" in said.err
    assert "改了标题" in city.page("portal/news/2026/river.html")


def test_removing_a_whole_site_is_held_and_says_why(zhanqun: CommandLine, city: City) -> None:
    city.commit(without_congress(city))
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 4
    assert "Held: Site congress would vanish with all its" in said.err
    assert "If this is meant: zhanqun publish --accept-removals" in said.err
    assert "市人大常委会" in city.page("congress/news/2026/session.html")


def test_a_hold_is_told_in_json_and_chinese(zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.commit(without_congress(city))
    held = zhanqun("publish", "--now", NOW, "--json")
    assert (held.code, held.json["held"][0]["reason"]) == (4, "site")

    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    assert "整个站点 congress 将消失" in zhanqun("publish", "--now", NOW).err


def test_accepted_removals_are_published(zhanqun: CommandLine, city: City) -> None:
    city.commit(without_congress(city))
    zhanqun("publish", "--now", NOW)
    said = zhanqun("publish", "--accept-removals", "--now", NOW)

    assert said.code == 0
    assert "Release 2 is live." in said.out
    assert not (city.www / "current" / "congress").exists()
    assert zhanqun("status").code == 0


def test_a_hold_ends_when_the_site_comes_back(zhanqun: CommandLine, city: City) -> None:
    kept = without_congress(city)
    with city.workspace.source() as source:
        files = {entry.path: source.read(entry) for entry in source.entries() if entry.path in kept}
    city.commit(kept)
    assert zhanqun("publish", "--now", NOW).code == 4
    city.commit(files)

    assert zhanqun("publish", "--now", NOW).code == 0
    assert zhanqun("status").code == 0


def test_after_a_rollback_publishing_waits_for_resume(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("出错了")})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")
    held = zhanqun("publish", "--now", NOW)
    assert held.code == 4
    assert "Publishing is held: 李明 rolled back to release 1." in held.err
    assert "出错了" not in city.page("portal/news/2026/river.html")

    city.commit({ARTICLE: make_article("改好了")})
    assert zhanqun("publish", "--resume", "--now", NOW).code == 0
    assert "改好了" in city.page("portal/news/2026/river.html")
    assert zhanqun("publish", "--now", NOW).code == 0


def test_a_hold_after_a_rollback_is_one_json_object(zhanqun: CommandLine, city: City) -> None:
    city.commit({ARTICLE: make_article("出错了")})
    zhanqun("publish", "--now", NOW)
    zhanqun("rollback")
    said = zhanqun("publish", "--now", NOW, "--json")

    assert said.code == 4
    assert "Publishing is held" in said.json["error"]["en"]
    assert "发布已暂停" in said.json["error"]["zh"]


def test_named_targets_are_published_to(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("publish", "dir:second", "--now", NOW)

    assert said.code == 0
    assert (city.root / "second" / "current" / "portal" / "index.html").is_file()


def test_a_target_that_fails_is_named_and_the_others_are_served(zhanqun: CommandLine, city: City) -> None:
    (city.root / "broken").write_text("a file")
    city.commit({ARTICLE: make_article("改了标题")})
    said = zhanqun("publish", "dir:broken", "dir:dmz/www", "--now", NOW)

    assert said.code == 3
    assert "dir:broken was not delivered to: " in said.err
    assert "改了标题" in city.page("portal/news/2026/river.html")


def test_nothing_published_ends_with_1(zhanqun: CommandLine, seeded: City) -> None:
    (seeded.root / "dmz").mkdir()
    seeded.www.write_text("a file")
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 1
    assert "is live" not in said.out


def test_a_target_that_is_none_is_refused(zhanqun: CommandLine, city: City) -> None:
    said = zhanqun("publish", "www", "--now", NOW)

    assert said.code == 1
    assert "not a target" in said.err


def test_the_moment_of_the_content_says_nothing_about_the_signature(zhanqun: CommandLine, seeded: City) -> None:
    """`--now` is that of the content: a release of last year is signed today."""
    said = zhanqun("publish", "--now", "2025-11-20T09:00")

    assert "Release 1 is live." in said.out
    recorded = seeded.workspace.ledger.live()
    assert recorded is not None
    assert recorded.release.now.year == 2025
    assert recorded.at.year > 2025


# ---- the sweep that comes after everything is told ------------------------------------------------------------------

SWEEPS = {
    "a publish": ("publish", "--now", NOW),
    "a rollback": ("rollback",),
    "grey mode": ("state", "grey"),
}


@pytest.mark.parametrize("words", SWEEPS.values(), ids=SWEEPS.keys())
def test_a_sweep_that_is_due_comes_after_the_release_is_told(
    zhanqun: CommandLine, city: City, words: tuple[str, ...]
) -> None:
    city.commit({ARTICLE: make_article("改了标题")})
    zhanqun("publish", "--now", NOW)
    city.owe_sweep()
    said = zhanqun(*words)

    assert said.code == 0
    assert "release" in said.out.lower()
    assert "Ctrl-C ends that without harm" in said.err
    assert not city.owes_sweep


def test_with_json_there_is_still_one_object(zhanqun: CommandLine, city: City) -> None:
    city.owe_sweep()
    assert zhanqun("publish", "--now", NOW, "--json").json["is_new"] is False
    assert not city.owes_sweep


def test_a_worker_sweeps_in_the_commands_stead(zhanqun: CommandLine, city: City) -> None:
    city.owe_sweep()
    with (city.root / "data" / ".worker.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = zhanqun("publish", "--now", NOW)

    assert said.code == 0
    assert "Ctrl-C" not in said.err
    assert city.owes_sweep


def test_a_sweep_that_fails_is_told_and_the_publish_stays_done(zhanqun: CommandLine, city: City) -> None:
    city.owe_sweep()
    root = city.workspace.ledger.live().release.root
    for folder in ("www", "vault"):
        (city.root / "dmz" / folder / "listings" / root).write_bytes(b"rubbish")
    said = zhanqun("publish", "--now", NOW)

    assert said.code == 0
    assert "listing is damaged" in said.err
