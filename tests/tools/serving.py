"""A preview server in the background, for tests that speak HTTP to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from publish.preview import listen, make_server


@contextmanager
def running(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """Serves `app` on 127.0.0.1 until the block ends; gives the port (0 takes a free one)."""
    server = make_server(app)
    with listen("127.0.0.1", port) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)
