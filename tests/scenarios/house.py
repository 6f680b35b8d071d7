"""The whole house: this repository's content, and the real statutes when they are there, published once for all tests.

`build_house` works in a folder that all workers of pytest-xdist share; a lock lets one of them build. `House` is what
tests get: the folder of the live release, its manifest, its configuration.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.manifest import Manifest
from cluster.site import Cluster
from cluster.source import FolderSource
from publish.build import read_cluster, read_output
from publish.preview import preview_app
from publish.preview_index import IndexPage, IndexSite
from tests.scenarios.commands import NOW, Run, zhanqun
from tests.tools.serving import running

REPOSITORY = Path(__file__).parents[2]
LAW_COLUMN = ("congress", "fagui/falv")
# Below the range from which the system gives ports to others.
_PORTS = range(18080, 18280)
_DONE = "published"


@dataclass(frozen=True, slots=True)
class House:
    """The live release of the whole cluster, built as of `NOW` for the port `port`."""

    base: Path
    port: int
    cluster: Cluster
    manifest: Manifest

    @property
    def www(self) -> Path:
        """The target folder."""
        return self.base / "dmz" / "www"

    @property
    def hosts(self) -> dict[str, str]:
        """Host name → site."""
        return {site.host: site.key for site in self.cluster.sites.values()}

    @property
    def pages(self) -> list[str]:
        """The manifest's paths of all pages."""
        return [path for path in self.manifest if path.endswith(".html")]

    def file(self, path: str) -> Path:
        """The live file of a manifest's path."""
        return self.www / path if path.startswith("assets/") else self.www / "current" / path

    def address(self, path: str) -> str:
        """The address of a manifest's path; assets are asked of the first site."""
        site, _, rest = path.partition("/")
        if site == "assets":
            return f"{self.cluster.address(next(iter(self.cluster.sites.values())))}/{path}"
        return f"{self.cluster.address(self.cluster.sites[site])}/{rest.removesuffix('index.html')}"


def laws_folder() -> Path | None:
    """The folder of real statutes that `ZHANQUN_LAWS` names, when it is there."""
    name = os.environ.get("ZHANQUN_LAWS", "")
    return Path(name) if name and Path(name).is_dir() else None


def open_house(base: Path) -> House:
    """The house below `base`, built by the first who asks."""
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = base / _DONE
        if not done.is_file():
            port = _free_port()
            build_house(base, port, laws_folder())
            done.write_text(str(port), "utf-8")
        port = int(done.read_text("utf-8"))
    return read_house(base, port)


def build_house(base: Path, port: int, laws: Path | None) -> None:
    """Seeds, imports and publishes as a technician would."""
    address = address_of(port)
    _expect(zhanqun(base, "seed", "--from", REPOSITORY), 0)
    if laws is not None:
        site, column = LAW_COLUMN
        _expect(zhanqun(base, "import", "markdown", laws, "--site", site, "--column", column), 0, 3)
    _expect(zhanqun(base, "publish", "--now", NOW, url=address), 0, 3)


def _expect(run: Run, *codes: int) -> None:
    assert run.code in codes, run.err


def address_of(port: int) -> str:
    """How hosts become addresses on this port."""
    return f"http://{{host}}:{port}"


def read_house(base: Path, port: int) -> House:
    """A built house."""
    cluster = read_cluster(FolderSource(REPOSITORY), address_of(port))
    return House(base, port, cluster, read_output(base / "var" / "index.db")[0])


@contextmanager
def served(house: House) -> Iterator[House]:
    """Serves the house on its port until the block ends."""
    sites = house.cluster.sites.values()
    rows = tuple(IndexSite(site.name, f"{house.cluster.address(site)}/", site.language) for site in sites)
    index = IndexPage(house.cluster.name["zh"], house.cluster.name["en"], rows)
    with running(preview_app(house.www, hosts=house.hosts, index=index), house.port):
        yield house


def _free_port() -> int:
    start = os.getpid() % len(_PORTS)
    for port in (*_PORTS[start:], *_PORTS[:start]):
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                return int(port)
    raise RuntimeError("No port of 18080-18279 is free for the tests.")
