"""The program's settings: file, environment over file, all mistakes at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster.errors import ConfigError
from cluster.settings import Settings, environment, load_settings, url_at


def load(folder: Path, text: str | None = None, **variables: str) -> Settings:
    if text is not None:
        (folder / "zhanqun.toml").write_text(text, "utf-8")
    return load_settings(folder, variables)


def test_without_a_file_everything_lies_in_the_working_folder(tmp_path):
    settings = load(tmp_path)
    assert (settings.data, settings.var) == (tmp_path / "data", tmp_path / "var")
    assert settings.repository == tmp_path / "data" / "content.git"
    assert settings.targets == ("dir:dmz/www",)
    assert (settings.host, settings.port, settings.language, settings.url) == ("127.0.0.1", 8080, "en", "")
    assert (settings.theme / "templates").is_dir()


def test_the_file_is_read(tmp_path):
    paths = 'data = "/srv/data"\nvar = "v"\ntargets = "dir:a ssh://b/c"\n'
    settings = load(tmp_path, f'format = 1\n{paths}port = 9000\nlang = "zh"\nhost = "0.0.0.0"\n')
    assert (settings.data, settings.var) == (Path("/srv/data"), tmp_path / "v")
    assert settings.targets == ("dir:a", "ssh://b/c")
    assert (settings.port, settings.language, settings.host) == (9000, "zh", "0.0.0.0")


def test_the_environment_wins_over_the_file(tmp_path):
    settings = load(
        tmp_path,
        'format = 1\ndata = "a"\nport = 9000\nlang = "zh"\n',
        ZHANQUN_DATA="/b",
        ZHANQUN_PORT="9001",
        ZHANQUN_LANG="en",
        LANG="de_DE.UTF-8",
        ZHANQUN_VAR="",
    )
    assert settings.data == Path("/b")
    assert (settings.port, settings.language, settings.var) == (9001, "en", tmp_path / "var")


def test_the_language_comes_from_the_system_when_nobody_names_one(tmp_path):
    assert load(tmp_path, LANG="zh_CN.UTF-8").language == "zh_CN.UTF-8"
    assert load(tmp_path, 'format = 1\nlang = "en"\n', LANG="zh_CN.UTF-8").language == "en"


@pytest.mark.parametrize(
    ("url", "port", "expected"),
    [
        pytest.param("http://{host}:8080", 9001, "http://{host}:9001", id="the default port is replaced"),
        pytest.param("http://{host}:8080", 8080, "http://{host}:8080", id="the same port"),
        pytest.param("https://{host}", 9001, "https://{host}", id="a production address stays"),
        pytest.param("http://{host}:80", 9001, "http://{host}:80", id="another port stays"),
    ],
)
def test_another_port_replaces_the_default_one_only(url, port, expected):
    assert url_at(url, port) == expected


def test_an_address_of_the_settings_is_kept_apart_from_the_port(tmp_path):
    assert load(tmp_path, ZHANQUN_PORT="9001").url == ""
    assert load(tmp_path, ZHANQUN_PORT="9001", ZHANQUN_URL="https://{host}").url == "https://{host}"


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        pytest.param("format = 2\n", {}, ["format = 2 is unknown"], id="an unknown format"),
        pytest.param("data = \n", {}, ["zhanqun.toml:1"], id="no TOML"),
        pytest.param(
            "format = 1\ndaat = 'x'\n", {}, ["zhanqun.toml:2: There is no setting 'daat'"], id="a spelling mistake"
        ),
        pytest.param("format = 1\nport = 'http'\n", {}, ["zhanqun.toml:2: 'port' must be"], id="a word as port"),
        pytest.param(
            "format = 1\nport = 70000\n", {}, ["zhanqun.toml:2: 'port' cannot be '70000'"], id="a port too high"
        ),
        pytest.param(
            "format = 1\n", {"ZHANQUN_PORT": "-1"}, ["'port' cannot be '-1'"], id="a port from the environment"
        ),
        pytest.param("format = 1\nvar = 1\nx = 2\n", {}, ["zhanqun.toml:2", "zhanqun.toml:3"], id="two at once"),
    ],
)
def test_mistakes_are_told_together_with_their_lines(tmp_path, text, variables, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, **variables)
    assert all(word in caught.value.english for word in words)
    assert len(caught.value.english.splitlines()) == len(caught.value.chinese.splitlines()) == len(words)
    assert caught.value.chinese != caught.value.english


def test_the_environment_is_the_process_s():
    assert environment() is os.environ
