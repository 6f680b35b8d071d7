"""`zhanqun nginx`: the web server's configuration, printed, written or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.nginx import nginx
from publish.nginx.known import COPY, known_sites, unknown_to_nginx
from tests.builders import make_cluster, make_cluster_files, write_tree


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the sites of a cluster in `town`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHANQUN_LANG", "en")
    write_tree(tmp_path / "town", make_cluster_files({"portal": ("news",), "tourism": ("news",)}))
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(nginx, ["--content", "town", *words], standalone_mode=False)


def test_it_prints_a_configuration_with_every_site(folder: Path) -> None:
    said = run("--www", "/srv/www")

    assert said.return_value == 0
    assert set(known_sites(said.stdout)) == {"portal", "tourism"}
    assert not (folder / "data" / COPY).exists()


def test_without_a_web_root_it_takes_the_first_folder_target(folder: Path) -> None:
    assert f'root "{folder}/dmz/www/current/portal";' in run().stdout


def test_what_it_writes_is_remembered(folder: Path) -> None:
    said = run("--www", "/srv/www", "--out", "made/nginx.conf", "--listen", "8080", "--no-ipv6")
    text = (folder / "made/nginx.conf").read_text()

    assert said.return_value == 0
    assert said.stdout == ""
    assert "Written: made/nginx.conf" in said.stderr
    assert "listen 8080;" in text
    assert "[::]" not in text
    assert (folder / "data" / COPY).read_text() == text
    assert unknown_to_nginx(make_cluster(make_cluster_files({"portal": (), "new": ()})), folder / "data") is not None


def test_json_has_the_sites_and_the_text(folder: Path) -> None:
    said = json.loads(run("--www", "/srv/www", "--json").stdout)

    assert said["sites"] == {"portal": "portal.yunze.localhost", "tourism": "tourism.yunze.localhost"}
    assert said["configuration"].startswith("# nginx for all sites.")


def test_a_configuration_that_nginx_does_not_take_is_not_written(folder: Path) -> None:
    said = run(
        "--www", "/srv/www", "--tls-cert", "/no/{host}.pem", "--tls-key", "/no/key", "--out", "x.conf", "--check"
    )

    assert said.return_value == 1
    assert not (folder / "x.conf").exists()
    assert not (folder / "data" / COPY).exists()


REFUSED = {
    "a certificate without its key": (("--tls-cert", "/etc/x.pem"), "needs both"),
    "a port that is none": (("--listen", "eighty"), "no address to listen on"),
    "a proxy that is none": (("--behind", "here"), "Write a proxy as"),
    "a folder with a blank": (("--www", "/srv/w w"), "cannot stand in nginx's configuration"),
}


@pytest.mark.parametrize(("words", "why"), REFUSED.values(), ids=REFUSED)
def test_what_it_cannot_use_is_refused(folder: Path, words: tuple[str, ...], why: str) -> None:
    said = run("--www", "/srv/www", *words)

    assert said.return_value == 1
    assert why in said.stderr
