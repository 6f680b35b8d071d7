"""`zhanqun purge`: what was taken out is nowhere any more."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest

from tests.builders import make_article
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City

SECRET = "7c1f-secret-of-the-mayor-42ab"
LEAK = "content/portal/news/2026/leak.md"


@pytest.fixture
def leaked(zhanqun: CommandLine, city: City) -> City:
    """A secret went live, and was taken out of the content again."""
    city.commit({LEAK: make_article(f"标题 {SECRET}", body=f"正文 {SECRET}。")})
    zhanqun("publish")
    assert holding(city.root / "dmz") != []
    city.commit({LEAK: None})
    return city


def holding(folder: Path) -> list[str]:
    """The files below a folder in which the secret can be read, plain or compressed."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path) for path in files if SECRET.encode() in path.read_bytes() + unpacked(path.read_bytes())]


def unpacked(data: bytes) -> bytes:
    try:
        return brotli.decompress(data)
    except brotli.error:
        return b""


def test_a_purge_leaves_the_secret_in_git_alone(zhanqun: CommandLine, leaked: City) -> None:
    said = zhanqun("purge", "--yes")

    assert said.code == 0
    assert "Release 3 is live." in said.out
    assert holding(leaked.root / "dmz") == holding(leaked.root / "var") == []
    assert [path for path in holding(leaked.root / "data") if "content.git" not in path] == []
    assert "云泽河" in leaked.page("portal/news/2026/river.html")


def test_without_a_yes_nothing_happens_and_the_consequence_is_told(zhanqun: CommandLine, leaked: City) -> None:
    said = zhanqun("purge")

    assert said.code == 4
    assert "no older release can come back" in said.err
    assert leaked.live_number() == 2
    assert holding(leaked.root / "dmz") != []


def test_no_rollback_goes_past_a_purge(zhanqun: CommandLine, leaked: City) -> None:
    zhanqun("purge", "--yes")

    assert zhanqun("rollback").code == 1
    said = zhanqun("rollback", "1")
    assert said.code == 1
    assert "was purged" in said.err
    assert zhanqun("status").code == 0


def test_releases_name_the_purge(zhanqun: CommandLine, leaked: City) -> None:
    zhanqun("purge", "--yes")

    assert " purge " in zhanqun("releases").out.splitlines()[0]


def test_purge_json_is_one_object(zhanqun: CommandLine, leaked: City) -> None:
    seen = zhanqun("purge", "--yes", "--json").json

    assert (seen["release"]["kind"], seen["is_new"], seen["failures"]) == ("purge", True, [])
