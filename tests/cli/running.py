"""Commands that run until they are stopped: in this process with a visitor beside, or as a process of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.builders import REPOSITORY
from tests.cli.conftest import CommandLine, Said


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def visit(port: int, host: str, path: str = "/") -> str:
    """The page that a visitor of `host` sees, empty while nobody answers or there is none."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Host": host}, trust_env=False, timeout=20)
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == 200 else ""


def run_beside(zhanqun: CommandLine, arguments: tuple[str | Path, ...], visitor: Callable[[], None]) -> Said:
    """Runs a command in this process until `visitor`, in a thread, is done; then presses Ctrl-C."""
    mishaps: list[BaseException] = []
    has_ended = threading.Event()

    def visiting() -> None:
        try:
            visitor()
        except BaseException as mishap:  # noqa: BLE001 - told below, in the test's own thread
            mishaps.append(mishap)
        if not has_ended.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=visiting)
    thread.start()
    try:
        return zhanqun(*arguments)
    finally:
        has_ended.set()
        thread.join()
        for mishap in mishaps:
            raise mishap


@contextmanager
def process(folder: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """`zhanqun` as a process of its own and leader of its group, which is gone for certain afterwards."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "ZHANQUN_LANG": "en"} | variables
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], cwd=folder, env=environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        if group_is_there(running.pid):
            os.killpg(running.pid, signal.SIGKILL)
        running.communicate()


def group_is_there(leader: int) -> bool:
    """Whether a process of this group still runs."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
