"""A real sshd on the loopback, with keys and a forced command of its own, and a line before it that can be cut."""

from __future__ import annotations

import os
import pwd
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from publish.delivery import SshSettings
from tests.builders import REPOSITORY

SSHD = "/usr/sbin/sshd"
_PATIENCE = 30


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running server; its one user is the user of the tests."""

    folder: Path
    port: int

    @property
    def user(self) -> str:
        """Who may log in."""
        return pwd.getpwuid(os.getuid()).pw_name

    def url(self, www: Path, port: int | None = None) -> str:
        """The URL of a web root behind this server, or behind another port that leads to it."""
        return f"ssh://{self.user}@127.0.0.1:{port or self.port}{www}"

    def settings(self, **others: object) -> SshSettings:
        """Settings that know this server and have its key."""
        known = {"identity": self.folder / "client", "known_hosts": self.folder / "known", "config": self.config}
        return SshSettings(**(known | others))  # type: ignore[arg-type]  # names and types of the dataclass

    @property
    def config(self) -> Path:
        """The client's configuration: whatever the port, it is the host named `dmz`."""
        return self.folder / "config"

    def forces(self, command: str) -> None:
        """Ties the client's key to this shell command."""
        script = self.folder / "forced.sh"
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o755)
        public = (self.folder / "client.pub").read_text()
        (self.folder / "authorized").write_text(f'restrict,command="{script}" {public}')

    def forces_receiver(self, www: Path) -> None:
        """Ties the client's key to the real receiver of a web root."""
        parts = [
            "env",
            f"PYTHONPATH={REPOSITORY}",
            sys.executable,
            "-m",
            "cli",
            "receive",
            "--stdio",
            "--www",
            str(www),
        ]
        self.forces(f"exec {shlex.join(parts)}")


@contextmanager
def running_sshd(folder: Path) -> Iterator[Sshd]:
    """The server, until the end of the block."""
    for name in ("host", "other-host", "client", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    server = Sshd(folder, _free_port())
    (folder / "known").write_text("dmz " + (folder / "host.pub").read_text())
    (folder / "changed").write_text("dmz " + (folder / "other-host.pub").read_text())
    (folder / "none").write_text("")
    server.config.write_text("Host *\n  HostKeyAlias dmz\n  GlobalKnownHostsFile none\n")
    server.forces("exit 1")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's sshd locks itself in
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nMaxStartups 100\n"
    )
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(server.port)
        yield server
    finally:
        process.terminate()
        process.wait()


@contextmanager
def cut_line(to: int, after: int) -> Iterator[int]:
    """A port that leads to port `to`, and breaks every connection once so many bytes have gone there."""
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            with suppress(OSError):
                here, _ = listener.accept()
                threading.Thread(target=_carry, args=(here, to, after), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        is_over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _carry(here: socket.socket, to: int, after: int) -> None:
    with here, socket.create_connection(("127.0.0.1", to)) as there:
        back = threading.Thread(target=_pass_on, args=(there, here, None), daemon=True)
        back.start()
        _pass_on(here, there, after)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket, most: int | None) -> None:
    gone = 0
    with suppress(OSError):
        while data := source.recv(1 << 14):
            target.sendall(data if most is None else data[: most - gone])
            gone += len(data)
            if most is not None and gone >= most:
                break
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_it_listens(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")
