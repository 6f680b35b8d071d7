"""The same content at the same moment gives the same bytes: built again, elsewhere, by another process, by Pelican."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.manifest import Manifest
from cluster.source import FolderSource
from publish.build import read_cluster, read_output
from tests.scenarios.city import City
from tests.scenarios.commands import NOW, clean_environment, zhanqun
from tests.scenarios.house import REPOSITORY

BIN = Path(sys.executable).parent
SITES = list(read_cluster(FolderSource(REPOSITORY)).sites)
# What `FolderSink` leaves in a plain folder beside the output, to know its own files.
MARKER = ".zhanqun-files"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's content as it is now, out of reach of whoever edits it meanwhile."""
    folder = tmp_path_factory.mktemp("content")
    for top in ("content", "sites"):
        shutil.copytree(REPOSITORY / top, folder / top)
    return folder


@pytest.fixture(scope="module")
def built(content: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which the content was built once."""
    return _build(content, tmp_path_factory.mktemp("built"))


def _build(content: Path, base: Path) -> Path:
    run = zhanqun(base, "build", "--content", content, "--now", NOW)
    assert run.code in (0, 3), run.err
    return base


def _manifest(base: Path) -> bytes:
    manifest, root = read_output(base / "var" / "index.db")
    assert root == manifest.root()
    return manifest.dump()


def test_a_clean_build_elsewhere_gives_the_same_manifest(content: Path, built: Path, tmp_path: Path) -> None:
    assert _manifest(_build(content, tmp_path)) == _manifest(built)


def test_deleting_var_loses_nothing(content: Path, tmp_path: Path) -> None:
    first = _manifest(_build(content, tmp_path))
    shutil.rmtree(tmp_path / "var")
    assert _manifest(_build(content, tmp_path)) == first


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_the_order_of_hashes_does_not_matter(content: Path, built: Path, tmp_path: Path, seed: str) -> None:
    command = [str(BIN / "zhanqun"), "build", "--content", str(content), "--now", NOW]
    environment = clean_environment(PYTHONHASHSEED=seed)
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert run.returncode in (0, 3), run.stderr.decode()
    assert _manifest(tmp_path) == _manifest(built)


def test_a_history_of_edits_ends_with_the_bytes_of_a_clean_build(tmp_path: Path) -> None:
    edits = City.found(tmp_path / "edits")
    for number, title in enumerate(("桥", "路", "河")):
        path = f"content/portal/news/2026/edit-{number}.md"
        edits.commit({path: f"---\ntitle: {title}\ndate: 2026-11-1{number}\nsource: 水务局\n---\n\n正文\n".encode()})
        assert edits.publish().code == 0
        if number:
            edits.commit({f"content/portal/news/2026/edit-{number - 1}.md": None})
            assert edits.publish().code == 0
    before = edits.output()
    shutil.rmtree(edits.base / "var")
    assert edits.publish().code == 0
    assert edits.output() == before


@pytest.mark.parametrize("site", SITES)
def test_plain_pelican_writes_the_manifests_files_of_a_site(
    site: str, content: Path, built: Path, tmp_path: Path
) -> None:
    shutil.copy(REPOSITORY / "pelicanconf.py", tmp_path)
    for room in ("cluster", "plugins", "publish", "themes"):
        (tmp_path / room).symlink_to(REPOSITORY / room)
    environment = clean_environment(SITE=site, ZHANQUN_CONTENT=str(content), ZHANQUN_NOW=NOW)
    command = [str(BIN / "pelican"), "-s", "pelicanconf.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    written = _files(tmp_path / "output" / site)
    manifest = Manifest.parse(_manifest(built))
    own = {path.removeprefix(f"{site}/"): path for path in manifest if path.startswith(f"{site}/")}
    assets = {path: path for path in manifest if path.startswith("assets/") and path in written}
    assert written == {path: _blob(built, manifest[full].raw) for path, full in (own | assets).items()}
    assert _assets_named_in(written) <= set(assets)


def _files(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != MARKER)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def _assets_named_in(written: dict[str, bytes]) -> set[str]:
    texts = (data.decode() for path, data in written.items() if path.endswith((".html", ".css")))
    named = {name for text in texts for name in re.findall(r"/(assets/[\w.-]+)", text)}
    assert named
    return named


def _blob(built: Path, name: str) -> bytes:
    return (built / "var" / "blobs" / name[:2] / name[2:]).read_bytes()
