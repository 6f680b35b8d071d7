"""A small made-up cluster, two sites and four items without a mistake, with the real theme, and the rooms around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cluster.clock import parse_date
from cluster.errors import ClusterError
from cluster.gitstore import GitStore
from cluster.manifest import Manifest
from cluster.settings import load_settings
from publish.build import Order, Outcome, read_output
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.remembered import Remembered
from publish.release import Outcome as Release
from publish.workspace import Workspace
from tests.builders import ARTICLE, NOW, commit_files, make_article, make_cluster_files, make_page, make_store

LATER = "2026-11-21T12:00:00+08:00"
SESSION = "content/congress/news/2026/session.md"
SITES = {"portal": ("news", "about"), "congress": ("news",)}
PATIENCE_SECONDS = 20.0


def make_files() -> dict[str, bytes]:
    """All files of the cluster: nothing in it needs mending."""
    return make_cluster_files(SITES) | {
        ARTICLE: make_article(id="6f1c2a9e0b7d4c35"),
        "content/portal/news/2026/bridge.md": make_article("云泽大桥通车", "2026-11-10", id="6f1c2a9e0b7d4c36"),
        "content/portal/about/city.md": make_page(id="6f1c2a9e0b7d4c37"),
        SESSION: make_article("市人大常委会举行会议", "2026-11-12", source="云泽市人大", id="6f1c2a9e0b7d4c38"),
    }


def standing_clock() -> datetime:
    """The moment as of which the city's content is written."""
    return parse_date(NOW)


@dataclass(frozen=True, slots=True)
class City:
    """The cluster in a working folder: `data/content.git`, `var`, and `dmz/www` as the only target."""

    root: Path
    clock: Callable[[], datetime] = standing_clock

    @classmethod
    def founded(cls, root: Path, files: Mapping[str, bytes] | None = None) -> City:
        """The city with its content committed and nothing built."""
        (root / "data").mkdir(parents=True)
        make_store(root / "data", make_files() if files is None else files).close()
        return cls(root)

    @property
    def workspace(self) -> Workspace:
        return Workspace(load_settings(self.root, {}), clock=self.clock)

    def with_theme(self, theme: Path) -> Workspace:
        return replace(self.workspace, settings=replace(self.workspace.settings, theme=theme))

    @property
    def www(self) -> Path:
        return self.root / "dmz" / "www"

    def commit(self, changes: Mapping[str, bytes | None], *, branch: str = "main") -> str:
        with GitStore(self.root / "data" / "content.git") as store:
            return commit_files(store, changes, branch=branch)

    def head(self, branch: str = "main") -> str | None:
        with GitStore(self.root / "data" / "content.git") as store:
            return store.head(branch)

    def build(self, now: str = NOW, *, sites: tuple[str, ...] = (), full: bool = False, jobs: int = 1) -> Outcome:
        return self.workspace.build(Order(now, sites=sites, full=full, jobs=jobs))

    def output(self) -> Manifest:
        """Every file of the last build, empty when there was none."""
        return read_output(self.workspace.rooms.index)[0]

    def built_page(self, path: str) -> str:
        """The text of a page of the last build."""
        return self.workspace.rooms.blobs.read(self.output()[path].raw).decode()

    def owe_sweep(self) -> None:
        """Makes the target as one that has dropped many releases since it was swept."""
        state = self.root / "dmz" / "state"
        replace(Remembered.read(state), forgotten=SWEEP_AFTER).write(state)

    @property
    def owes_sweep(self) -> bool:
        """Whether the target still is."""
        return Remembered.read(self.root / "dmz" / "state").forgotten > 0

    def page(self, path: str) -> str:
        """A live page's text, empty when there is none."""
        file = self.www / "current" / path
        return file.read_text("utf-8") if file.is_file() else ""

    def live_number(self) -> int:
        recorded = self.workspace.ledger.live()
        return recorded.release.number if recorded else 0


@dataclass(slots=True)
class Notes:
    """What a worker reported."""

    builds: list[Outcome]
    releases: list[Release]
    errors: list[ClusterError]

    def published(self, build: Outcome, outcome: Release) -> None:
        self.builds.append(build)
        self.releases.append(outcome)

    def failed(self, error: ClusterError) -> None:
        self.errors.append(error)


def until(condition: Callable[[], object]) -> None:
    """Waits for something that happens elsewhere; fails when it never does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
