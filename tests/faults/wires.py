"""Deliveries over a wire under fault: the inside is killed when so many bytes have gone to an `ssh:` or `s3:` target.

The inside runs as a process of its own (`python -m tests.faults.wires FOLDER URL [SSHD PORT]`) and speaks with a real sshd
or with moto's server through a line of ours, which counts what passes and kills. A web root behind ssh then shows the old
release or the new one; a mirror, which has no switch, may stand between the two, each object whole.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cluster.clock import current_time
from publish.delivery import open_target
from publish.delivery.mirror import STATE
from publish.receiver.places import Places
from publish.receiver.trust import TrustState
from tests.faults.house import AFTER, CHANGES, Shown, copied, publish_main, shown_in, workspace_of
from tests.publish.delivery.s3_store import Store, running_store
from tests.publish.delivery.sshd import Sshd, running_sshd
from tests.publish.small_city import City

ROOT = Path(__file__).parents[2]
# The last bytes of a conversation are not the same at every run: ssh pads, dates change their length.
_SURE = 0.97
_PATIENCE_SECONDS = 30
_BUSY = "another publish"
_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(slots=True)
class Wired:
    """What came of the kills on one wire."""

    scene: str
    points: int = 0
    confirmed: int = 0
    bytes: int = 0
    left: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass
class Line:
    """A port that leads to another, counts the bytes that go there, and kills the `victim` once they are `fatal`."""

    to: int
    port: int = 0
    fatal: int = 0
    victim: int = 0
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, count: int) -> None:
        """So many bytes more want to pass."""
        with self._lock:
            self.sent += count
            if self.fatal and self.sent >= self.fatal and self.victim:
                with suppress(ProcessLookupError):
                    os.kill(self.victim, signal.SIGKILL)
                self.victim = 0


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """The line, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = Line(port, listener.getsockname()[1])
        threading.Thread(target=_accept, args=(listener, line), daemon=True).start()
        yield line


def _accept(listener: socket.socket, line: Line) -> None:
    with suppress(OSError):
        while True:
            here, _ = listener.accept()
            threading.Thread(target=_carry, args=(here, line), daemon=True).start()


def _carry(here: socket.socket, line: Line) -> None:
    with here, suppress(OSError), socket.create_connection(("127.0.0.1", line.to)) as there:
        back = threading.Thread(target=_pass, args=(there, here, None), daemon=True)
        back.start()
        _pass(here, there, line)
        back.join()


def _pass(source: socket.socket, target: socket.socket, line: Line | None) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 10):
            if line:
                line.note(len(data))
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


# ---- wires ----------------------------------------------------------------------------------------------------------


class Wire(Protocol):
    """A kind of target behind a line: how it is called, readied, and what it shows."""

    name: str
    line: Line

    def arguments(self, folder: Path) -> Sequence[str]:
        """What the process in `folder` is told of its target."""

    def ready(self, folder: Path) -> None:
        """Makes the target anew, showing the old release."""

    def shown(self, folder: Path) -> Shown:
        """The hashes of what the target shows."""


@dataclass(frozen=True, slots=True)
class SshWire:
    """The real receiver behind a real sshd."""

    sshd: Sshd
    line: Line
    name: str = "the inside: ssh:"

    def arguments(self, folder: Path) -> Sequence[str]:
        """URL, and where sshd has its keys."""
        return (self.sshd.url(folder / "dmz/www", self.line.port), str(self.sshd.folder), str(self.sshd.port))

    def ready(self, folder: Path) -> None:
        """The web root is in the folder already, delivered without a wire; only sshd is told where."""
        www = folder / "dmz/www"
        TrustState(Places.from_www(www).state / "tuf").set_up(workspace_of(folder).trust.root())
        self.sshd.forces_receiver(www)

    def shown(self, folder: Path) -> Shown:
        """The live tree."""
        return shown_in(folder / "dmz/www")


@dataclass(frozen=True, slots=True)
class S3Wire:
    """A mirror at moto's server."""

    store: Store
    line: Line
    name: str = "the inside: s3:"

    def arguments(self, folder: Path) -> Sequence[str]:
        """The URL, through the line."""
        return (f"s3://{self.store.bucket}/mirror?endpoint=http://127.0.0.1:{self.line.port}",)

    def ready(self, folder: Path) -> None:
        """The old release, brought by an undisturbed run."""
        self.store.empty()
        self.line.fatal = 0
        publish_over(folder, *self.arguments(folder))

    def shown(self, folder: Path) -> Shown:
        """Every object but the mirror's own."""
        bodies = self.store.bodies().items()
        return {key: sha256(body).hexdigest() for key, body in bodies if key != STATE}


# ---- kills ----------------------------------------------------------------------------------------------------------


def kill_on_wires(house: Path, work: Path, count: int) -> Iterator[Wired]:
    """Kills `count` deliveries in all, half of them on each wire; `house` holds the cluster, its old release built."""
    keys = work / "sshd"
    keys.mkdir(parents=True)
    os.environ.update(_KEY)
    with running_sshd(keys) as sshd, line_to(sshd.port) as line:
        yield _kill(SshWire(sshd, line), house, work / "ssh", (count + 1) // 2)
    with running_store() as store, line_to(store.proxy.server_address[1]) as line:
        store.empty()
        yield _kill(S3Wire(store, line), house, work / "s3", count // 2)


def _kill(wire: Wire, house: Path, folder: Path, count: int) -> Wired:
    known, total = _undisturbed(wire, house, folder)
    wired = Wired(wire.name, count, bytes=total)
    for index in range(count):
        at = max(1, round(total * _SURE * index / max(count - 1, 1)))
        _ready(wire, house, folder)
        if _run_apart(wire, folder, fatal=at) == -signal.SIGKILL:
            wired.confirmed += 1
            _look(wire, folder, at, known, wired)
        else:
            wired.faults.append(f"{wire.name}, {at} bytes: the run was not killed there")
        shutil.rmtree(folder)
    return wired


def _undisturbed(wire: Wire, house: Path, folder: Path) -> tuple[dict[str, Shown], int]:
    """What is shown before, after the move, and after the next one; and the bytes of the move."""
    _ready(wire, house, folder)
    known = {"old": wire.shown(folder)}
    assert _run_apart(wire, folder, fatal=0) == 0
    known["new"], total = wire.shown(folder), wire.line.sent
    City(folder).commit(AFTER)
    assert publish_over(folder, *wire.arguments(folder)) == ""
    known["after"] = wire.shown(folder)
    shutil.rmtree(folder)
    return known, total


def _ready(wire: Wire, house: Path, folder: Path) -> None:
    copied(house, folder)
    wire.ready(folder)
    City(folder).commit(CHANGES)


def _look(wire: Wire, folder: Path, at: int, known: dict[str, Shown], wired: Wired) -> None:
    state = _state(wire, wire.shown(folder), known)
    wired.left[state] += 1
    if state == "broken":
        wired.faults.append(f"{wire.name}, killed after {at} bytes: neither the old release nor the new one")
    wire.line.fatal = 0
    for name in ("new", "after"):
        if name == "after":
            City(folder).commit(AFTER)
        reason = publish_over(folder, *wire.arguments(folder))
        if reason or wire.shown(folder) != known[name]:
            wired.faults.append(
                f"{wire.name}, killed after {at} bytes: {name} is not live after the next run: {reason}"
            )


def _state(wire: Wire, shown: Shown, known: dict[str, Shown]) -> str:
    for name in ("old", "new"):
        if shown == known[name]:
            return name
    is_whole = all(sha in (known["old"].get(key), known["new"].get(key)) for key, sha in shown.items())
    lasting = known["old"].keys() & known["new"].keys()
    return "between" if isinstance(wire, S3Wire) and is_whole and lasting <= shown.keys() else "broken"


def _run_apart(wire: Wire, folder: Path, fatal: int) -> int:
    """Builds and publishes in a process of its own, which dies when so many bytes have gone (0: never); its exit code."""
    command = [sys.executable, "-m", "tests.faults.wires", str(folder), *wire.arguments(folder)]
    wire.line.sent, wire.line.fatal = 0, fatal
    process = subprocess.Popen(command, cwd=ROOT)
    wire.line.victim = process.pid
    code = process.wait()
    wire.line.victim = 0
    return code


def publish_over(folder: Path, url: str, keys: str = "", port: str = "") -> str:
    """Builds `main` and publishes it to the target that is named; what went wrong, or empty."""
    workspace = workspace_of(folder)
    if keys:
        workspace = replace(workspace, clock=current_time)  # the receiver behind sshd goes by the real clock
    ssh = Sshd(Path(keys), int(port)).settings() if keys else None
    target = open_target(url, folder, now=workspace.clock, ssh=ssh)
    until = time.monotonic() + _PATIENCE_SECONDS
    # The receiver of a line that was just cut needs a moment to notice and let go.
    while _BUSY in (reason := publish_main(workspace, (target,))) and time.monotonic() < until:
        time.sleep(0.1)
    return reason


if __name__ == "__main__":
    sys.exit(publish_over(Path(sys.argv[1]), *sys.argv[2:]) or None)
