"""A store to test mirrors with: moto's server, and a proxy before it that fails when it is told to.

`Store` looks into moto's own objects, so that what a test sees has not come through the code under test.
"""

from __future__ import annotations

import http.client
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends

ACCOUNT = "123456789012"


class Fault(StrEnum):
    """How one request goes wrong."""

    LOST = "the connection breaks before the request arrives"
    UNANSWERED = "the request is done, its answer is lost"
    ERROR = "the store answers 500"
    CUT = "a body is cut in the middle, the request's or else the answer's"
    DEAD = "nothing arrives any more from this request on, as after a kill"


@dataclass
class Plot:
    """What is to go wrong: the request with this number, counted from 1, or each with `answered` in it, by an `answer`.

    `seen` is what has come so far, as `METHOD path`.
    """

    fault: Fault | None = None
    at: int = 0
    answer: tuple[int, str] | None = None
    answered: str = ""
    seen: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def was_hit(self) -> bool:
        return self.fault is not None and len(self.seen) >= self.at

    def next(self, request: str) -> Fault | None:
        with self._lock:
            self.seen.append(request)
            number = len(self.seen)
        if number == self.at or (self.fault is Fault.DEAD and number > self.at):
            return self.fault
        return None


class _Handler(BaseHTTPRequestHandler):
    """Passes one connection's requests on to the store, unless the plot says otherwise."""

    protocol_version = "HTTP/1.1"
    server: Any

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection(*self.server.upstream)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        return

    def _pass(self) -> None:
        fault = self.server.plot.next(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.plot.answer and self.server.plot.answered in f"{self.command} {self.path}":
            status, code = self.server.plot.answer
            self._answer(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())
        elif fault is None:
            self._answer(*self._ask(body))
        elif fault is Fault.ERROR:
            self._answer(500, {}, b"")
        elif fault is Fault.CUT and not body:
            status, headers, data = self._ask(body)
            self._answer(status, headers, data, cut=True)
        else:
            if fault is Fault.UNANSWERED:
                self._ask(body)
            if fault is Fault.CUT:
                self._send_half(body)
            self._break()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - http.server's names

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        self._upstream.request(self.command, self.path, body=body, headers=headers)
        answer = self._upstream.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()

    def _send_half(self, body: bytes) -> None:
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                self._upstream.putheader(name, value)
        self._upstream.endheaders()
        self._upstream.send(body[: len(body) // 2])
        self._upstream.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
        if cut and not data:
            # What has no body is cut in its head.
            self.wfile.write(b"HTTP/1.1 2")
            self._break()
            return
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True

    def _break(self) -> None:
        """Closes the connection by a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class _Proxy(ThreadingHTTPServer):
    """The server in front of the store."""

    daemon_threads = True
    upstream: tuple[str, int]
    plot: Plot

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has hung up is what these tests are about."""


@dataclass
class Store:
    """A running store, with one bucket that a test may fill."""

    port: int
    proxy: _Proxy
    bucket: str = "city"

    def plot(
        self, fault: Fault | None = None, at: int = 0, answer: tuple[int, str] | None = None, answered: str = ""
    ) -> Plot:
        """What goes wrong from now on."""
        self.proxy.plot = Plot(fault, at, answer, answered)
        return self.proxy.plot

    def url(self, prefix: str = "mirror", **options: str) -> str:
        """The mirror's URL; requests go through the proxy."""
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"s3://{self.bucket}/{prefix}?endpoint=http://127.0.0.1:{self.proxy.server_address[1]}{more}"

    @property
    def inside(self) -> Any:
        """Moto's own bucket."""
        return s3_backends[ACCOUNT]["aws"].buckets[self.bucket]

    def keys(self) -> dict[str, Any]:
        """Moto's own objects by key."""
        return dict(self.inside.keys.items())

    def bodies(self, prefix: str = "mirror/") -> dict[str, bytes]:
        """The bytes below the prefix."""
        return {key.removeprefix(prefix): one.value for key, one in self.keys().items() if key.startswith(prefix)}

    def put(self, key: str, data: bytes = b"x") -> None:
        """An object that somebody else has put there."""
        s3_backends[ACCOUNT]["aws"].put_object(self.bucket, key, data)

    def empty(self) -> None:
        """A fresh bucket."""
        backend = s3_backends[ACCOUNT]["aws"]
        backend.reset()
        backend.create_bucket(self.bucket, "us-east-1")
        self.plot()


@contextmanager
def running_store() -> Iterator[Store]:
    """Starts moto's server and the proxy, and stops both."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # moto's server tells every request
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    proxy = _Proxy(("127.0.0.1", 0), _Handler)
    proxy.upstream, proxy.plot = moto.get_host_and_port(), Plot()
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Store(proxy.upstream[1], proxy)
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
        moto.stop()
