"""`zhanqun serve`: a target as visitors see it, or a working folder rebuilt on save."""

from __future__ import annotations

import json
import shutil
import signal
import socket
from pathlib import Path

import pytest

from cluster.clock import current_time
from cluster.media import MediaStore, dump_pointer
from publish import release
from publish.state import ClusterState
from tests.builders import ARTICLE, make_article, write_tree
from tests.cli.conftest import CommandLine
from tests.cli.running import free_port, process, run_beside, visit
from tests.publish.small_city import City, make_files, until

PORTAL = "portal.yunze.localhost"
RIVER = "/news/2026/river.html"
SITE = "sites/portal/site.toml"


@pytest.fixture
def folder(here: Path) -> Path:
    """A working folder with content/ and sites/."""
    return write_tree(here / "work", make_files())


def save(folder: Path, path: str, data: bytes) -> None:
    """Saves as editors do: aside, then in place."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{path}.tmp").write_bytes(data)
    (folder / f"{path}.tmp").replace(folder / path)


# ---- a target -------------------------------------------------------------------------------------------------------


def test_serve_shows_the_live_release_by_host(zhanqun: CommandLine, city: City) -> None:
    port, seen = free_port(), []

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        seen.extend([visit(port, PORTAL, RIVER), visit(port, "127.0.0.1"), visit(port, "foreign.example")])

    said = run_beside(zhanqun, ("serve", "--port", str(port)), visitor)

    assert said.code == 0
    assert "云泽河" in seen[0]
    assert f"http://{PORTAL}:{port}/" in seen[1]
    assert seen[2] == ""
    assert f"  http://{PORTAL}:{port}/  portal 网站" in said.out
    assert f"  http://127.0.0.1:{port}/  all sites" in said.out
    assert "Ctrl-C stops" in said.err


def test_serve_json_names_port_and_sites_once(zhanqun: CommandLine, city: City) -> None:
    port = free_port()
    said = run_beside(zhanqun, ("serve", "--port", str(port), "--json"), lambda: until(lambda: visit(port, PORTAL)))

    assert said.json["port"] == port
    assert said.json["sites"]["portal"] == f"http://{PORTAL}:{port}"


def test_a_new_site_is_served_without_a_restart(zhanqun: CommandLine, city: City) -> None:
    port = free_port()

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        with process(city.root, "new-site", "water", "--name", "水务局", "--host", "water.yunze.localhost") as making:
            assert making.wait() == 0
        with process(city.root, "publish") as publishing:
            assert publishing.wait() in (0, 3)
        until(lambda: "水务局" in visit(port, "water.yunze.localhost"))

    assert run_beside(zhanqun, ("serve", "--port", str(port)), visitor).code == 0


def test_a_main_that_is_broken_while_serving_changes_nothing(zhanqun: CommandLine, city: City) -> None:
    port, seen = free_port(), []

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        city.commit({SITE: b"format = 1\n"})
        office = city.workspace.office(city.workspace.targets(), keep=10)
        release.change_state(office, ClusterState(grey=True), at=current_time(), who="李明")
        seen.append(visit(port, PORTAL, RIVER))

    run_beside(zhanqun, ("serve", "--port", str(port)), visitor)

    assert "云泽河" in seen[0]


def test_without_a_folder_as_target_there_is_nothing_to_serve(
    zhanqun: CommandLine, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHANQUN_TARGETS", "ssh://dmz/www")
    said = zhanqun("serve")

    assert said.code == 1
    assert "nothing here to serve" in said.err


def test_a_port_that_is_taken_is_told(zhanqun: CommandLine, city: City) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = zhanqun("serve", "--port", str(other.getsockname()[1]))

    assert said.code == 1
    assert "--port" in said.err


# ---- a working folder -----------------------------------------------------------------------------------------------


def test_watch_rebuilds_on_save(zhanqun: CommandLine, folder: Path) -> None:
    port = free_port()

    def visitor() -> None:
        until(lambda: "二期工程" in visit(port, PORTAL, RIVER))
        save(folder, ARTICLE, make_article("刚刚保存"))
        until(lambda: "刚刚保存" in visit(port, PORTAL, RIVER))
        save(folder, "content/portal/news/2026/new.md", make_article("新的一篇", "2026-11-19"))
        until(lambda: "新的一篇" in visit(port, PORTAL, "/news/"))
        (folder / ARTICLE).unlink()
        until(lambda: not visit(port, PORTAL, RIVER))

    said = run_beside(zhanqun, ("serve", "--watch", "--content", "work", "--port", str(port)), visitor)

    assert said.code == 0
    assert "pages, " in said.err
    assert not (folder.parent / "data").exists()


def test_a_mistake_while_watching_is_told_and_mended(zhanqun: CommandLine, folder: Path) -> None:
    port, good = free_port(), (folder / SITE).read_bytes()

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        save(folder, SITE, b"format = 1\n")
        save(folder, ARTICLE, make_article("不会出现"))
        save(folder, SITE, good.replace("portal 网站".encode(), "改名的网站".encode()))
        until(lambda: "改名的网站" in visit(port, PORTAL))

    assert run_beside(zhanqun, ("serve", "--watch", "--content", "work", "--port", str(port)), visitor).code == 0


def test_a_broken_configuration_while_watching_leaves_the_last_state(here: Path, folder: Path) -> None:
    port = free_port()
    with process(here, "serve", "--watch", "--content", "work", "--port", str(port)) as serving:
        until(lambda: visit(port, PORTAL))
        save(folder, SITE, b"format = 1\n")
        told = iter(serving.stderr or ())
        assert any("nothing was built" in line for line in told)
        assert "云泽河" in visit(port, PORTAL, RIVER)
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0


def test_a_new_site_in_the_folder_is_served(zhanqun: CommandLine, folder: Path) -> None:
    port = free_port()

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        making = ("new-site", "water", "--name", "水务局", "--host", "water.yunze.localhost", "--content", "work")
        with process(folder.parent, *making) as new_site:
            assert new_site.wait() == 0
        until(lambda: "水务局" in visit(port, "water.yunze.localhost"))
        assert "水务局" in visit(port, "127.0.0.1")

    run_beside(zhanqun, ("serve", "--watch", "--content", "work", "--port", str(port)), visitor)


def test_watch_json_stays_one_object(zhanqun: CommandLine, folder: Path) -> None:
    port = free_port()

    def visitor() -> None:
        until(lambda: visit(port, PORTAL))
        save(folder, ARTICLE, make_article("又一次"))
        until(lambda: "又一次" in visit(port, PORTAL, RIVER))

    said = run_beside(zhanqun, ("serve", "--watch", "--content", "work", "--port", str(port), "--json"), visitor)

    assert json.loads(said.out)["port"] == port


def test_watch_shows_large_files(zhanqun: CommandLine, folder: Path) -> None:
    port = free_port()
    film = folder.parent / "film.mp4"
    film.write_bytes(b"film" * 1000)
    pointer = MediaStore(folder.parent / "data" / "media").keep(film)
    article = make_article(body="看片：\n\n![短片](film.mp4)\n")
    write_tree(folder, {"content/portal/news/2026/film.mp4": dump_pointer(pointer), ARTICLE: article})

    run_beside(
        zhanqun,
        ("serve", "--watch", "--content", "work", "--port", str(port)),
        lambda: until(lambda: visit(port, PORTAL, "/news/2026/film.mp4") == "film" * 1000),
    )


def test_watch_does_without_a_content_folder(zhanqun: CommandLine, folder: Path) -> None:
    shutil.rmtree(folder / "content")
    port = free_port()

    said = run_beside(
        zhanqun,
        ("serve", "--watch", "--content", "work", "--port", str(port)),
        lambda: until(lambda: visit(port, PORTAL)),
    )
    assert said.code == 0


def test_watch_needs_a_folder_with_sites(zhanqun: CommandLine, here: Path) -> None:
    assert zhanqun("serve", "--watch").code == 1


def test_a_delivery_that_fails_while_watching_is_told(here: Path, folder: Path) -> None:
    (here / "var" / "watch").mkdir(parents=True)
    (here / "var" / "watch" / "www").write_text("a file in the way")
    with process(here, "serve", "--watch", "--content", "work", "--port", str(free_port())) as serving:
        assert any("was not delivered to" in line for line in iter(serving.stderr or ()))
