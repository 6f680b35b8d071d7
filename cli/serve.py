"""`zhanqun serve`: the preview server over a target, or over a working folder that is rebuilt on save."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from cli.console import Console
from cli.options import FOLDER, command, stamp_of
from cli.publish import tell_outcome
from cluster.clock import current_time
from cluster.errors import ClusterError, ConfigError
from cluster.site import Cluster
from cluster.source import ChangedError, is_scratch
from publish.build import Outcome, read_cluster
from publish.preview import preview_app
from publish.preview import serve as serve_app
from publish.preview_index import IndexPage, IndexSite
from publish.watch import Bell, watching
from publish.workspace import Workspace

WATCH_PORT = 8081
# How often a build is repeated because a file was saved meanwhile; the next ring is another chance.
TRIES = 5


@command("serve", example="zhanqun serve --watch --content .")
@click.option("--watch", is_flag=True, help="Show a working folder and rebuild it whenever a file is saved.")
@click.option("--content", type=FOLDER, default=Path(), help="The working folder for --watch (default: this one).")
@click.option("--port", type=click.IntRange(1, 65535), help="The port (default: 8080; with --watch 8081).")
def serve(console: Console, workspace: Workspace, watch: bool, content: Path, port: int | None) -> int:
    """Serves the sites as the web server would, with its headers. Ctrl-C stops it."""
    if watch:
        return _serve_folder(console, workspace, content, port or WATCH_PORT)
    serve_target(console, workspace, port or workspace.settings.port)
    return 0


def serve_target(console: Console, workspace: Workspace, port: int) -> None:
    """Serves the first `dir:` target of the settings until it is told to stop."""
    www = _folder_of(workspace)
    live = _LiveCluster(workspace, www, workspace.settings.url or _address(port))
    _run(console, www, live.cluster, workspace.settings.host, port)


def _run(console: Console, www: Path, cluster: Callable[[], Cluster], host: str, port: int) -> None:
    app = preview_app(
        www,
        hosts=lambda: hosts_of(cluster()),
        index=lambda: index_page(cluster()),
        domain=lambda: cluster().domain,
    )
    serve_app(app, host, port, ready=lambda port: tell_addresses(console, cluster(), port))


def hosts_of(cluster: Cluster) -> dict[str, str]:
    """Host name → site."""
    return {site.host: site.key for site in cluster.sites.values()}


@dataclass(slots=True)
class _LiveCluster:
    """The cluster's configuration as of the last release, so that a new site is served without a restart."""

    workspace: Workspace
    www: Path
    url: str
    read_at: str = ""
    last: Cluster | None = None

    def cluster(self) -> Cluster:
        """The configuration on `main`, read again whenever something was released."""
        current = self.www / "current"
        release = str(current.readlink()) if current.is_symlink() else ""
        if self.last is None or release != self.read_at:
            self.last = self._read()
            self.read_at = release
        return self.last

    def _read(self) -> Cluster:
        """What `main` says; the last configuration while `main` has a mistake in it."""
        try:
            with self.workspace.source() as source:
                return read_cluster(source, self.url)
        except ClusterError:
            if self.last is None:
                raise
            return self.last


def _address(port: int) -> str:
    return f"http://{{host}}:{port}"


def _folder_of(workspace: Workspace) -> Path:
    for url in workspace.settings.targets:
        kind, _, folder = url.partition(":")
        if kind == "dir":
            return workspace.settings.base / folder
    raise ConfigError(
        "No target is a folder (dir:…), so there is nothing here to serve.",
        "没有 dir: 形式的发布目标，这里没有可以预览的网站。",
    )


def index_page(cluster: Cluster) -> IndexPage:
    """The list of sites that the bare address shows."""
    sites = (
        IndexSite(site.name, f"{cluster.address(site)}/", site.language, site.description)
        for site in cluster.sites.values()
    )
    return IndexPage(cluster.name["zh"], cluster.name["en"], tuple(sites))


def tell_addresses(console: Console, cluster: Cluster, port: int) -> None:
    """Names every address that is served."""
    for site in cluster.sites.values():
        console.result(f"  http://{site.host}:{port}/  {site.name}")
    console.result(f"  http://127.0.0.1:{port}/  {console.words('all sites')}")
    console.tell("Serving. Ctrl-C stops.")
    console.dump({"port": port, "sites": {site.key: cluster.address(site) for site in cluster.sites.values()}})


def _serve_folder(console: Console, workspace: Workspace, content: Path, port: int) -> int:
    """A workspace of its own below `var/watch`, built from the folder and rebuilt on save."""
    base = workspace.settings.var / "watch"
    settings = replace(
        workspace.settings, var=base / "var", data=base / "data", targets=(f"dir:{base / 'www'}",), url=_address(port)
    )
    folder = _WatchedFolder(console, Workspace(settings, media=workspace.rooms.media), content)
    bell = Bell()
    watched = [path for path in (content / "content", content / "sites", settings.theme) if path.is_dir()]
    with watching(watched, bell, _is_content):
        first = folder.rebuild()
        thread = threading.Thread(target=folder.rebuild_on_save, args=(bell,), daemon=True)
        thread.start()
        try:
            _run(console, base / "www", lambda: folder.cluster or first, settings.host, port)
        finally:
            bell.stop()
            thread.join()
    return 0


def _is_content(path: str) -> bool:
    return not is_scratch(Path(path).name)


@dataclass(slots=True)
class _WatchedFolder:
    """A working folder and its configuration as of the last build that went through."""

    console: Console
    workspace: Workspace
    content: Path
    cluster: Cluster | None = None

    def rebuild_on_save(self, bell: Bell) -> None:
        """Rebuilds at every ring; a mistake is told and the last good state stays."""
        while bell.wait(None):
            try:
                self.rebuild()
            except ClusterError as error:
                self.console.tell("{why}", why=error.text(self.console.language))

    def rebuild(self) -> Cluster:
        """Builds the folder and shows it."""
        workspace, console = self.workspace, self.console
        built = self._built()
        console.issues(built.issues)
        office = workspace.office(workspace.targets(), keep=2)
        tell_outcome(console, workspace.publish(office, built, at=current_time(), who="watch", accept_removals=True))
        console.tell("{total} pages, {written} changed.", total=built.pages_total, written=built.pages_written)
        self.cluster = built.cluster
        return built.cluster

    def _built(self) -> Outcome:
        """A build of the folder as it stands; what was saved while it was read is read again."""
        for _ in range(TRIES):
            with suppress(ChangedError):
                return self._build()
        return self._build()

    def _build(self) -> Outcome:
        return self.workspace.build(self.workspace.order(stamp_of(None)), self.content, self.console.progress())
