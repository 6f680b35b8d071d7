"""A small city for scenarios: one portal, made-up content, the real commands, and the live release over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from cluster.gitstore import GitStore
from publish.build import read_output
from publish.preview import preview_app
from publish.preview_index import IndexPage
from tests.builders import ARTICLE, commit_files, make_article, make_cluster_files, make_page, make_store
from tests.scenarios.commands import NOW, Run, git, zhanqun

GOOD_URL = "/news/2026/river.html"
GOOD_TITLE = "云泽河综合治理二期工程开工"
# Every column that the header names holds something, so that a city is published without an issue.
CONTENT = {
    ARTICLE: make_article(title=GOOD_TITLE, id="00000000000000a1"),
    "content/portal/news/2026/bridge.md": make_article("云泽大桥通车", "2026-11-10", id="00000000000000a4"),
    "content/portal/residents/moving.md": make_page("搬家指南", id="00000000000000a2"),
    "content/portal/about/city.md": make_page(id="00000000000000a3"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a visitor gets."""

    status: int
    text: str
    location: str


@dataclass(frozen=True, slots=True)
class City:
    """A working folder with a content repository and a DMZ."""

    base: Path

    @classmethod
    def found(cls, base: Path, files: Mapping[str, bytes] | None = None) -> City:
        """A city whose `main` holds these files, by default a portal with `CONTENT`; nothing is published yet."""
        base.mkdir(parents=True, exist_ok=True)
        (base / "data").mkdir()
        make_store(base / "data", make_cluster_files() | CONTENT if files is None else files).close()
        return cls(base)

    @property
    def repository(self) -> Path:
        """The content repository."""
        return self.base / "data" / "content.git"

    @property
    def live(self) -> Path:
        """The folder that the web server serves."""
        return self.base / "dmz" / "www" / "current"

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """Commits the changes to `main` as if somebody had pushed them."""
        with GitStore(self.repository) as store:
            commit_files(store, changes)

    def commit_raw(self, path: Sequence[bytes], data: bytes) -> None:
        """Commits a file whose path no Git client would make, name by name, with Git's plumbing."""
        blob = git(self.repository, "hash-object", "-w", "--stdin", data=data).decode().strip()
        tree = _tree_with(self.repository, "main^{tree}", path, blob)
        made = git(self.repository, "commit-tree", tree, "-p", "main", "-m", "raw").decode().strip()
        git(self.repository, "update-ref", "refs/heads/main", made)

    def publish(self, *arguments: str, language: str = "en", now: str = NOW) -> Run:
        """Runs `zhanqun publish`."""
        return zhanqun(self.base, "publish", "--now", now, *arguments, language=language)

    def get(self, path: str, site: str = "portal") -> Answer:
        """What a visitor of a site gets at a path; redirects are not followed."""
        host = f"{site}.yunze.localhost"
        app = preview_app(self.base / "dmz" / "www", hosts={host: site}, index=IndexPage("云泽", "Yunze", ()))
        answer = asyncio.run(_ask(httpx.ASGITransport(app), f"http://{host}{path}"))
        return Answer(answer.status_code, answer.text, answer.headers.get("location", ""))

    def output(self) -> dict[str, bytes]:
        """Every file of the last build, by its path in the manifest."""
        var = self.base / "var"
        manifest, _ = read_output(var / "index.db")
        return {path: _blob(var, manifest[path].raw) for path in manifest}

    def live_bytes(self) -> dict[str, bytes]:
        """Every file that is live, by its path below the release."""
        folder = self.live.resolve()
        return {file: (folder / file).read_bytes() for file in sorted(_walk(folder))}


async def _ask(transport: httpx.ASGITransport, url: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=transport) as visitor:
        return await visitor.get(url)


def _tree_with(repository: Path, tree: str, path: Sequence[bytes], blob: str) -> str:
    """The id of `tree` with the blob at the path; `tree` empty for a folder that is new."""
    rows = git(repository, "ls-tree", "-z", tree).split(b"\0") if tree else []
    known = {row.partition(b"\t")[2]: row for row in rows if row}
    name, *rest = path
    if rest:
        below = known[name].split()[2].decode() if name in known else ""
        known[name] = b"040000 tree %s\t%s" % (_tree_with(repository, below, rest, blob).encode(), name)
    else:
        known[name] = b"100644 blob %s\t%s" % (blob.encode(), name)
    listing = b"".join(row + b"\0" for row in known.values())
    return git(repository, "mktree", "-z", data=listing).decode().strip()


def _blob(var: Path, name: str) -> bytes:
    return (var / "blobs" / name[:2] / name[2:]).read_bytes()


def _walk(folder: Path, above: str = "") -> list[str]:
    """All files below a release, whose directories are symbolic links."""
    found = []
    for child in folder.iterdir():
        path = f"{above}{child.name}"
        found += _walk(child.resolve(), f"{path}/") if child.is_dir() else [path]
    return found
