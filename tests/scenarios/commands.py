"""The real commands for scenarios: `cli.main.main` in this process, in a working folder of its own.

A working folder (`base`) holds `data/`, `var/` and `dmz/www`, which are the program's defaults, so that a scenario
says what a clerk or a technician would type and nothing else. Also here: a clerk with a real Git clone.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.main import main

NOW = "2026-11-20T09:00:00+08:00"


@dataclass(frozen=True, slots=True)
class Run:
    """How a command ended: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The object that `--json` printed."""
        value: dict[str, Any] = json.loads(self.out)
        return value

    def issues_of(self, path: str) -> list[dict[str, Any]]:
        """The issues that `--json` told about a file."""
        return [issue for issue in self.result["issues"] if issue["path"] == path]


def zhanqun(base: Path, *arguments: str | Path, language: str = "en", url: str = "") -> Run:
    """Runs `zhanqun ARGUMENTS…` in the folder `base`; `url` is how hosts become addresses there."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        _environment({"ZHANQUN_LANG": language} | ({"ZHANQUN_URL": url} if url else {})),
        contextlib.chdir(base),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Run(code, out.getvalue(), err.getvalue())


def clean_environment(**variables: str) -> dict[str, str]:
    """This process's environment without the program's settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHANQUN_")}
    return kept | variables


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(clean_environment(**variables))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True, slots=True)
class Clerk:
    """A person with a clone of the content repository, who knows Git and nothing of this program."""

    folder: Path

    @classmethod
    def clone(cls, repository: Path, folder: Path) -> Clerk:
        """A fresh clone."""
        git(folder.parent, "clone", "--quiet", str(repository), str(folder))
        return cls(folder)

    def write(self, path: str, data: bytes) -> None:
        """Saves a file in the clone."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def remove(self, path: str) -> None:
        """Removes a file or folder with plain `git rm`."""
        git(self.folder, "rm", "-r", "--quiet", "--", path)

    def push(self, message: str) -> None:
        """Commits everything and pushes it to `main`, on top of what others pushed meanwhile."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        git(self.folder, "pull", "--quiet", "--rebase", "origin", "main")
        git(self.folder, "push", "--quiet", "origin", "HEAD:main")


def git(folder: Path, *arguments: str, data: bytes = b"") -> bytes:
    """Runs Git itself in a folder as the clerk, with `data` for its input and without anybody's own settings."""
    names = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = clean_environment(**names, **alone)
    run = subprocess.run(["git", *arguments], cwd=folder, env=environment, input=data, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode("utf-8", "replace")
    return run.stdout


_PERSON = {"NAME": "李明", "EMAIL": "liming@yunze.example"}
