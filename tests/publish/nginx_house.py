"""A web root in the receiver's layout, made by hand (docs/formats.md "Target folder"), and the real nginx over it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster.blobs import BlobStore, compress, mtime_of
from cluster.listings import EMPTY, Listings
from cluster.manifest import ASSETS, Entry
from publish.nginx.check import find_nginx
from publish.nginx.options import NginxLimits

PATIENCE = 30
TEXT = (".html", ".css", ".js", ".xml", ".json", ".svg", "_redirects")
# nginx runs as whoever runs the tests: their folders are nobody else's.
USER = "root" if os.geteuid() == 0 else ""
# A test asks more than any visitor.
GENEROUS = NginxLimits(address_requests=100_000, address_burst=100_000, address_connections=10_000)


@dataclass
class WebRoot:
    """The folder that nginx reads; releases are placed and made live as the receiver does it."""

    www: Path
    made: int = field(default=0)

    def __post_init__(self) -> None:
        for name in ("trees", "releases", "assets", "closed"):
            (self.www / name).mkdir(parents=True, exist_ok=True)
        (self.www / "format").write_text("zhanqun-target 2\n")

    @property
    def listings(self) -> Listings:
        return Listings(self.www / "listings")

    def release(self, files: Mapping[str, str]) -> str:
        """Places a release and makes it live; the id of the tree that is served."""
        number, served = self.place(files)
        self.switch(number)
        return served

    def place(self, files: Mapping[str, str]) -> tuple[int, str]:
        """Places a release without making it live; its number and the id of the tree that is served."""
        self.made += 1
        entries = {path: self._keep(path, text.encode()) for path, text in files.items()}
        root = self.listings.change(EMPTY, entries.items())
        top = self.listings.read(root).without(ASSETS)
        self.listings.put(top)
        for directory in self.listings.directories(top.id):
            self._place_tree(directory.id, directory.files, directory.children)
        for path, entry in entries.items():
            if path.startswith(f"{ASSETS}/"):
                self._link(entry, self.www / path)
        self._point(self.www / "releases" / f"{self.made:08}", f"../trees/{top.id}")
        return self.made, top.id

    def switch(self, number: int) -> None:
        """Makes a placed release live by one rename."""
        self._point(self.www / "current", f"releases/{number:08}")

    def close(self, site: str) -> None:
        (self.www / "closed" / site).touch()

    def open(self, site: str) -> None:
        (self.www / "closed" / site).unlink()

    def _keep(self, path: str, data: bytes) -> Entry:
        packed = compress(data) if path.endswith(TEXT) else None
        return Entry(self._blob(data), self._blob(packed) if packed else None, len(data))

    def _blob(self, data: bytes) -> str:
        blobs = BlobStore(self.www / "blobs")
        sha = blobs.put(data)
        blobs.path(sha).chmod(0o444)
        os.utime(blobs.path(sha), (mtime_of(sha), mtime_of(sha)))
        return sha

    def _place_tree(self, id: str, files: tuple[tuple[str, Entry], ...], children: tuple[tuple[str, str], ...]) -> None:
        tree = self.www / "trees" / id
        if tree.exists():
            return
        tree.mkdir()
        for name, entry in files:
            self._link(entry, tree / name)
        for name, child in children:
            (tree / name).symlink_to(f"../{child}")

    def _link(self, entry: Entry, place: Path) -> None:
        blobs = BlobStore(self.www / "blobs")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.hardlink_to(blobs.path(entry.raw))
            if entry.brotli:
                place.with_name(f"{place.name}.br").hardlink_to(blobs.path(entry.brotli))

    def _point(self, link: Path, to: str) -> None:
        aside = link.with_name(f".tmp-{link.name}")
        aside.symlink_to(to)
        aside.replace(link)


@dataclass(frozen=True)
class RunningNginx:
    """nginx with one configuration, until the end of the test."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def reload(self) -> None:
        """Has nginx read its configuration again, and waits until the old workers take nothing more."""
        old = self.workers()
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.workers() and not old & self.workers(), "nginx never took the new configuration")

    def workers(self) -> set[int]:
        """The process ids of the workers that take requests, or finish some."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(word) for word in file.read_text().split()}

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, *, host: str = "portal.yunze.localhost",
        method: str = "GET",
    ) -> Answer:  # fmt: skip
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers={"Host": host, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Answer:
    """What nginx said; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@contextmanager
def running_nginx(config: str, folder: Path, port: int) -> Iterator[RunningNginx]:
    """nginx in the foreground; ended, with its workers, afterwards."""
    file = folder / "nginx.conf"
    file.write_text(config, "utf-8")
    errors = folder / "stderr"
    with errors.open("wb") as stderr:
        command = [find_nginx(), "-e", "stderr", "-c", str(file), "-g", "daemon off;"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), "nginx never listened")
        assert process.poll() is None, errors.read_text()
        yield RunningNginx(process, folder, port)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], object], complaint: str) -> None:
    """Looks again and again; fails with the complaint when it takes absurdly long."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, complaint
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
