"""`zhanqun up`: everything at once, and nothing left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cluster.gitstore import GitStore
from tests.builders import ARTICLE, make_article, write_tree
from tests.cli.conftest import CommandLine
from tests.cli.running import free_port, group_is_there, process, run_beside, visit
from tests.publish.small_city import City, make_files, until

PORTAL = "portal.yunze.localhost"
RIVER = "/news/2026/river.html"


@pytest.fixture
def demo(here: Path) -> Path:
    """A working folder that holds content/ and sites/."""
    return write_tree(here, make_files())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_up_serves_publishes_and_ends_with_no_child_left(demo: Path, number: int) -> None:
    port = free_port()
    with process(demo, "up", ZHANQUN_PORT=str(port)) as running:
        until(lambda: "云泽河" in visit(port, PORTAL, RIVER))
        overview = visit(port, "127.0.0.1")
        assert f"http://{PORTAL}:{port}/" in overview
        assert f"http://congress.yunze.localhost:{port}/" in overview
        City(demo).commit({ARTICLE: make_article("工作进程发布的")})
        until(lambda: "工作进程发布的" in visit(port, PORTAL, RIVER))
        running.send_signal(number)
        out, err = running.communicate(timeout=20)

        assert running.returncode == 0
        assert not group_is_there(running.pid)
    assert f"  http://{PORTAL}:{port}/  portal 网站" in out
    assert f"  http://127.0.0.1:{port}/  all sites" in out
    assert "The content repository was made from the demo content." in err
    assert "Traceback" not in err


def test_ctrl_c_in_the_terminal_reaches_all_and_ends_cleanly(demo: Path) -> None:
    """A terminal sends SIGINT to the whole group, the worker included."""
    port = free_port()
    with process(demo, "up", ZHANQUN_PORT=str(port)) as running:
        until(lambda: visit(port, PORTAL))
        until(lambda: (demo / "data" / ".worker.lock").exists())
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=20)

        assert running.returncode == 0
        assert not group_is_there(running.pid)
    assert "Traceback" not in err


@pytest.mark.parametrize("left", ["an empty repository", "an empty folder"])
def test_a_seed_that_was_stopped_is_made_again(
    zhanqun: CommandLine, demo: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    repository = demo / "data" / "content.git"
    repository.mkdir(parents=True)
    if left == "an empty repository":
        GitStore.create(repository).close()
    port = free_port()
    monkeypatch.setenv("ZHANQUN_PORT", str(port))
    said = run_beside(zhanqun, ("up",), lambda: until(lambda: "云泽河" in visit(port, PORTAL, RIVER)))

    assert said.code == 0, said.err
    assert "was made from the demo content" in said.err


def test_up_does_without_the_demo_once_there_is_a_main(
    zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("ZHANQUN_PORT", str(port))
    said = run_beside(zhanqun, ("up",), lambda: until(lambda: "云泽河" in visit(port, PORTAL, RIVER)))

    assert said.code == 0, said.err
    assert not (city.root / "sites").exists()


def test_up_speaks_chinese(zhanqun: CommandLine, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("ZHANQUN_PORT", str(port))
    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    said = run_beside(zhanqun, ("up",), lambda: until(lambda: visit(port, PORTAL)))

    assert said.code == 0
    assert f"  http://127.0.0.1:{port}/  全部站点" in said.out


def test_a_hold_does_not_keep_the_live_state_from_being_served(
    zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.commit({ARTICLE: make_article("出错了")})
    zhanqun("publish")
    zhanqun("rollback")
    write_tree(city.root, make_files())
    port = free_port()
    monkeypatch.setenv("ZHANQUN_PORT", str(port))
    said = run_beside(zhanqun, ("up",), lambda: until(lambda: "云泽河" in visit(port, PORTAL, RIVER)))

    assert said.code == 0
    assert "Publishing is held" in said.err


def test_up_json_is_one_object(zhanqun: CommandLine, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("ZHANQUN_PORT", str(port))
    said = run_beside(zhanqun, ("up", "--json"), lambda: until(lambda: visit(port, PORTAL)))

    assert said.json["port"] == port


def test_up_in_an_empty_folder_says_what_is_missing(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("up")

    assert said.code == 1
    assert "holds no folder 'sites'" in said.err


def test_a_broken_configuration_ends_up_before_it_serves(zhanqun: CommandLine, demo: Path) -> None:
    (demo / "sites" / "portal" / "site.toml").write_text("format = 1\n")
    said = zhanqun("up")

    assert said.code == 1
    assert "sites/portal/site.toml:1: " in said.err
