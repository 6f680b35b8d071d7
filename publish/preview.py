"""The preview server: a target folder over HTTP, with the headers of production.

Invariants:
- Only what stands below the target folder is served; names with a dot in front (`.well-known` excepted),
  `_redirects` and precompressed `.br` files never are.
- A request sees one release: `current` is resolved once, however often it is swapped meanwhile.
- A Host that is no site of the cluster is refused: a foreign name for this machine shows nothing.

Called by `cli` for `zhanqun serve` and by the tests; nginx does this work in production.
"""

from __future__ import annotations

import functools
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import quote, unquote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cluster.errors import ConfigError
from cluster.release import MODE, MODE_FILES
from publish.headers import (
    ASSET_CACHE,
    ERROR_CACHE,
    HEADERS,
    HSTS,
    MODE_CACHE,
    MODE_VARY,
    PAGE_CACHE,
    REFUSAL_CACHE,
    SVG_CSP,
)
from publish.media_types import content_type
from publish.modes import asked_mode, chosen_mode, set_cookie, sheet_of, way_back
from publish.preview_index import INDEX_CSS, IndexPage, render_index

# The names of this machine, where the list of sites is shown.
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

# Characters that a URL in `_redirects` may keep as they are in a Location header.
_URL_SAFE = "/:?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class PreviewLimits:
    """Limits of the server: connections waiting, and seconds granted to open ones when it stops."""

    backlog: int = 128
    stop_seconds: int = 2


LIMITS = PreviewLimits()


def preview_app(
    www: Path,
    *,
    hosts: Mapping[str, str] | Callable[[], Mapping[str, str]],
    index: IndexPage | Callable[[], IndexPage],
    domain: str | Callable[[], str] = "",
) -> Starlette:
    """The server over the target folder `www`; `hosts` maps a host name without port to a site's key.

    `domain` is what the hosts share for their cookies. What is given as a function is asked at every request, so a new
    site needs no restart.
    """

    def answer(request: Request) -> Response:
        host = host_name(request.headers.get("host", ""))
        known = hosts() if callable(hosts) else hosts
        if host in known and (mode := asked_mode(request.scope["path"])):
            return _switch(mode, domain() if callable(domain) else domain, request)
        if host in known:
            return _answer_site(www, known[host], request)
        if host in LOCAL_NAMES:
            return _answer_index(index() if callable(index) else index, request.url.path)
        return _tell(
            421,
            f"本站群没有名为 {host} 的网站。请打开 http://127.0.0.1:{_port(request)}/ 选择网站。",
            f"No site of this cluster is called {host}. Open the address above and choose one.",
        )

    routes = [Route("/{path:path}", answer, methods=["GET", "HEAD"])]
    return Starlette(routes=routes, middleware=[Middleware(ProductionHeaders)])


class ProductionHeaders:
    """ASGI middleware: the headers that nginx sends in production, on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and completes the headers of its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        await self.app(scope, receive, send_with_headers)


def host_name(header: str) -> str:
    """The name in a Host header, in small letters and without port; an IPv6 address keeps its brackets."""
    name = header.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].removesuffix(".")


def _port(request: Request) -> int:
    server = request.scope.get("server")
    return server[1] if server and server[1] else 80


def _tell(status: int, chinese: str, english: str) -> Response:
    headers = {"Cache-Control": REFUSAL_CACHE}
    return PlainTextResponse(f"{chinese}\n{english}\n", status_code=status, headers=headers)


# --- the pages of a site


def _answer_site(www: Path, site: str, request: Request) -> Response:
    path = request.scope["path"]
    try:
        top = www.resolve(strict=True)
        folder = ((top / "current").resolve(strict=True) / site).resolve(strict=True)
    except OSError:
        return _tell(
            503,
            f"网站 {site} 还没有发布。请运行 zhanqun publish。",
            f"The site {site} has not been published yet. Run: zhanqun publish",
        )
    moved = read_redirects(folder / "_redirects").get(path)
    if moved == "410":
        return _error_page(top, folder, 410)
    if moved is not None:
        return _redirect(moved)
    if path.startswith("/assets/"):
        file = find_file(top, top / "assets", path.removeprefix("/assets"))
    else:
        file = _find_page(top, folder, path, request)
    if file is None:
        return _error_page(top, folder, 404)
    if file.is_dir():
        return _redirect(quote(path + "/"))
    return _send_file(file, path, request)


def find_file(top: Path, folder: Path, path: str) -> Path | None:
    """The file or folder below `folder` that a URL path names, if it may be served and lies within `top`."""
    names = path.split("/")[1:]
    if names[-1] == "":
        names[-1] = "index.html"
    if names[0] == ".well-known":
        del names[0]
        folder = folder / ".well-known"
    if any(_is_private(name) for name in names):
        return None
    try:
        file = folder.joinpath(*names).resolve(strict=True)
    except OSError:
        return None
    return file if file.is_relative_to(top) else None


def _find_page(top: Path, folder: Path, path: str, request: Request) -> Path | None:
    """The file at a path of a site; for the sheet of the mode the one that the visitor's cookie asks for."""
    if path != f"/{MODE}":
        return find_file(top, folder, path)
    sheet = sheet_of(chosen_mode(request.headers.get("cookie", "")))
    # A release of before has the normal one alone.
    return find_file(top, folder, f"/{sheet}") or find_file(top, folder, path)


def _switch(mode: str, domain: str, request: Request) -> Response:
    """Sets the cookie of a mode and leads back."""
    host = request.headers.get("host", "")
    cookie = set_cookie(mode, host=host_name(host), domain=domain, is_secure=request.url.scheme == "https")
    back = way_back(host, request.headers.get("referer", ""))
    return Response(status_code=303, headers={"Location": back, "Set-Cookie": cookie, "Cache-Control": REFUSAL_CACHE})


def _is_private(name: str) -> bool:
    """Whether a name is never served: empty, `..` and dotfiles, the redirects, precompressed siblings."""
    return not name or name.startswith(".") or name == "_redirects" or name.endswith(".br") or "\0" in name


def _send_file(file: Path, path: str, request: Request) -> Response:
    headers = {"Cache-Control": _cache_control(path)}
    if _is_sheet_of_mode(path):
        headers["Vary"] = MODE_VARY
    kind = content_type(file.name)
    if kind == "image/svg+xml":
        headers["Content-Security-Policy"] = SVG_CSP
    response = FileResponse(file, headers=headers, media_type=kind, stat_result=file.stat())
    return _not_modified(response) if _is_known(request, response) else response


def _cache_control(path: str) -> str:
    if path.startswith("/assets/"):
        return ASSET_CACHE
    return MODE_CACHE if _is_sheet_of_mode(path) else PAGE_CACHE


def _is_sheet_of_mode(path: str) -> bool:
    return path.removeprefix("/") in MODE_FILES


def _is_known(request: Request, response: Response) -> bool:
    """Whether the browser has these bytes already.

    The time must be the same, not merely later: it is derived from the content and may well go back.
    """
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(known & {"*", response.headers["etag"]})
    return request.headers.get("if-modified-since") == response.headers["last-modified"]


def _not_modified(response: Response) -> Response:
    kept = ("cache-control", "content-security-policy", "etag", "last-modified", "vary")
    return Response(status_code=304, headers={k: v for k, v in response.headers.items() if k in kept})


def _error_page(top: Path, folder: Path, status: int) -> Response:
    page = find_file(top, folder, f"/{status}.html")
    if page is None:
        return _tell(status, "没有这个页面。", "There is no such page.")
    headers = {"Cache-Control": ERROR_CACHE}
    return FileResponse(page, status_code=status, headers=headers, media_type="text/html")


def _redirect(target: str) -> Response:
    headers = {"Location": quote(target, safe=_URL_SAFE), "Cache-Control": PAGE_CACHE}
    return Response(status_code=301, headers=headers)


def read_redirects(file: Path) -> Mapping[str, str]:
    """A site's `_redirects` (docs/formats.md): old path, decoded -> new path, URL or `410`."""
    try:
        known = file.stat()
    except OSError:
        return {}
    return _parse_redirects(file, known.st_mtime_ns, known.st_size)


@functools.lru_cache(maxsize=64)
def _parse_redirects(file: Path, _mtime: int, _size: int) -> Mapping[str, str]:
    """Reads the table once for each of its states: a city's may have thousands of lines."""
    pairs = (line.split() for line in file.read_text("utf-8").splitlines())
    return {unquote(pair[0]): pair[1] for pair in pairs if len(pair) == 2}


# --- the list of sites


def _answer_index(index: IndexPage, path: str) -> Response:
    headers = {"Cache-Control": ERROR_CACHE}
    if path == "/":
        return HTMLResponse(render_index(index), headers=headers)
    if path == "/index.css":
        return Response(INDEX_CSS, media_type="text/css", headers=headers)
    if path == "/favicon.ico":
        return Response(status_code=204, headers=headers)
    return _tell(404, "没有这个页面。网站列表在 / 。", "There is no such page. The list of sites is at / .")


# --- running it


def serve(
    app: ASGIApp,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM, then returns; `ready` is told the port (port 0 takes a free one).

    Raises:
        ConfigError: the port is in use or may not be opened.
    """
    server = make_server(app)
    with listen(host, port) as listener, _stopped_by_signals(server):
        if ready is not None:
            ready(listener.getsockname()[1])
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigError: the port is in use or may not be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=LIMITS.backlog)
    except OSError as error:
        raise ConfigError(
            f"Port {port} of {host} cannot be opened: {error.strerror}. "
            "Stop the program that uses it, or choose another with --port.",
            f"无法打开 {host} 的端口 {port}（{error.strerror}）。请先停止占用它的程序，或用 --port 换一个端口。",
        ) from error
    # asyncio does not set it on sockets that it did not open itself; without it each answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def make_server(app: ASGIApp) -> uvicorn.Server:
    """A quiet server that says nothing but errors; `should_exit = True` stops it from another thread."""
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=LIMITS.stop_seconds,
    )
    return uvicorn.Server(config)


@contextmanager
def _stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Lets SIGINT and SIGTERM end the server only: uvicorn repeats the signal once it has stopped."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
