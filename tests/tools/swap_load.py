"""Switches releases under load: clients ask nginx without end while `current` is swapped, and every answer is judged.

`python -m tests.tools.swap_load [--swaps 200] [--requests 10000] [--clients 4]` needs nginx; it ends with 1 when any
request failed, got no 200, or got an answer that mixes releases. The suite runs a
short form of it (`tests/scenarios/test_nginx_real.py`).
"""

from __future__ import annotations

import argparse
import http.client
import re
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import brotli

from publish.nginx.configuration import configuration
from publish.nginx.options import Options, listen_addresses
from tests.builders import make_cluster
from tests.publish.nginx_house import GENEROUS, PATIENCE, USER, WebRoot, free_port, running_nginx

HOST = "portal.yunze.localhost"
FILLER = "云泽河综合治理二期工程开工。" * 400
OLD_ASSET = "/assets/tab-opened-before.0a1b2c.css"
PATHS = ("/", "/news/", "/news/2026/page.html", "/news/2026/other.html", "/_mode.css", OLD_ASSET)
STATES = 4
_STATE = re.compile(r"state (\d+) ")


@dataclass
class Result:
    """What came of it: how many answers, how many switches, in how many states pages were seen, what went wrong."""

    answered: int = 0
    swaps: int = 0
    seen: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    @property
    def states(self) -> int:
        return len(self.seen)


def files_in_state(state: int) -> dict[str, str]:
    """A small site whose every page says several times in which state it is; pages of all states are equally long."""
    page = f"state {state} begins {FILLER} state {state} middle {FILLER} state {state} ends"
    return {f"portal{path}{'index.html' if path.endswith('/') else ''}": page for path in PATHS if path != OLD_ASSET}


def swap_under_load(root: WebRoot, port: int, *, swaps: int, requests: int, clients: int) -> Result:
    """Has clients ask until both numbers are reached."""
    root.release({"portal/index.html": "before", OLD_ASSET[1:]: "state 0 style"})
    numbers = [root.place(files_in_state(state))[0] for state in range(STATES)]
    root.switch(numbers[0])
    result, lock, is_over = Result(), threading.Lock(), threading.Event()
    threads = [
        threading.Thread(target=_ask_on, args=(port, number, result, lock, is_over), daemon=True)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    while not result.errors and (result.swaps < swaps or result.answered < requests):
        aim = min(requests, (result.swaps + 1) * requests // swaps)
        while result.answered < aim and not result.errors:
            assert any(thread.is_alive() for thread in threads), "all clients have died"
            is_over.wait(0.001)
        result.swaps += 1
        root.switch(numbers[result.swaps % STATES])
    is_over.set()
    for thread in threads:
        thread.join(PATIENCE)
    return result


def _ask_on(port: int, client: int, result: Result, lock: threading.Lock, is_over: threading.Event) -> None:
    """One client with one lasting connection; every second one takes brotli."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    count = client
    while not is_over.is_set():
        path, accepted = PATHS[count % len(PATHS)], ("identity", "br")[client % 2]
        count += 1
        try:
            connection.request("GET", path, headers={"Host": HOST, "Accept-Encoding": accepted})
            response = connection.getresponse()
            body = response.read()
            packing = response.getheader("Content-Encoding")
            states = set(_STATE.findall((brotli.decompress(body) if packing == "br" else body).decode()))
            fault = "" if response.status == 200 and len(states) == 1 else f"{path}: {response.status}, states {states}"
        except (OSError, http.client.HTTPException, brotli.error, UnicodeDecodeError) as error:
            states, fault = set(), f"{path}: {error!r}"
            connection.close()
        with lock:
            result.answered += 1
            result.seen |= states
            if fault:
                result.errors.append(fault)
    connection.close()


def main() -> int:
    """The long form, from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=4)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        root = WebRoot(folder / "www")
        options = Options(root.www, listen_addresses((str(port),), ipv6=False), user=USER, run=folder, limits=GENEROUS)
        with running_nginx(configuration(make_cluster(), options), folder, port):
            result = swap_under_load(root, port, swaps=wanted.swaps, requests=wanted.requests, clients=wanted.clients)
    print(f"{result.answered} requests, {result.swaps} swaps, {result.states} states seen, {len(result.errors)} errors")
    print(*result.errors[:10], sep="\n")
    return 1 if result.errors else 0


if __name__ == "__main__":
    sys.exit(main())
