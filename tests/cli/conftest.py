"""A command line in a working folder of its own: in this process, with an environment that says little."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from cluster.clock import current_time
from tests.publish.small_city import City


@dataclass(frozen=True, slots=True)
class Said:
    """What a command did: its exit code, and what it wrote to standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; anything else there fails."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`zhanqun` in the present working folder."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Said:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, out, err)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, entered, with English words and a known author."""
    folder = tmp_path / "city"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith(("ZHANQUN_", "LC_", "GIT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "李明")
    return folder


@pytest.fixture
def zhanqun(here: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs a command and gives what it said."""
    return CommandLine(capsys)


@pytest.fixture
def seeded(here: Path) -> City:
    """A working folder whose content repository is filled and nothing else."""
    return replace(City.founded(here), clock=current_time)


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The city with release 1 live, signed today; tests get copies of it."""
    city = replace(City.founded(tmp_path_factory.mktemp("published") / "city"), clock=current_time)
    workspace = city.workspace
    office = workspace.office(workspace.targets(), keep=10)
    workspace.publish(office, city.build(), at=current_time(), who="李明")
    return city


@pytest.fixture
def city(here: Path, published_once: City) -> City:
    """A working folder with release 1 live."""
    shutil.copytree(published_once.root, here, symlinks=True, dirs_exist_ok=True)
    return City(here, clock=current_time)
