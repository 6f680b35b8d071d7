"""Promises of the preview server, over a small target folder made by hand as docs/formats.md says."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from cluster.errors import ConfigError
from publish.headers import CSP, HEADERS
from publish.preview import host_name, listen, make_server, preview_app, serve
from publish.preview_index import IndexPage, IndexSite, render_index
from tests.publish.mode_tables import CHOSEN, SHEETS, WAYS_BACK, sheet_for

PORTAL = "portal.yunze.localhost:8080"
INDEX = IndexPage(
    "云泽市政府网站集群",
    "Yunze Government Websites",
    (
        IndexSite("云泽市人民政府", "http://portal.yunze.localhost:8080/"),
        IndexSite("Yunze, <China>", "http://english.yunze.localhost:8080/", "en", "For guests & friends"),
    ),
)
HOSTS = {"portal.yunze.localhost": "portal", "english.yunze.localhost": "english"}


@dataclass
class Target:
    """A target folder made by hand: directories are symlinks into `trees/`, as the receiver makes them."""

    www: Path
    made: int = field(default=0)

    def release(self, files: dict[str, str]) -> None:
        """Places a complete release and makes it live."""
        self.made += 1
        top = self._tree(f"release-{self.made}")
        for path, text in files.items():
            self._put(top, path, text)
        link = self.www / "releases" / f"{self.made:08}"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(Path("../trees") / top.name)
        aside = self.www / "aside"
        aside.symlink_to(Path("releases") / link.name)
        aside.replace(self.www / "current")

    def asset(self, name: str, text: str) -> None:
        """Adds a file to the shared assets."""
        file = self.www / "assets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def _put(self, top: Path, path: str, text: str) -> None:
        folder = top
        *parents, name = path.split("/")
        for parent in parents:
            link = folder / parent
            if not link.exists():
                child = self._tree(f"{folder.resolve().name}-{parent}")
                link.symlink_to(Path("..") / child.name)
            folder = link
        (folder / name).write_text(text, "utf-8")

    def _tree(self, name: str) -> Path:
        tree = self.www / "trees" / name
        tree.mkdir(parents=True)
        return tree


FILES = {
    "portal/index.html": "<h1>云泽</h1>",
    "portal/404.html": "<h1>没有</h1>",
    "portal/410.html": "<h1>已删除</h1>",
    **SHEETS,
    "portal/_redirects": (
        "/old.html /news/new.html\n/%E6%97%A7.html https://www.example.gov.cn/新 \n/gone.html 410\n\nbroken\n"
    ),
    "portal/news/index.html": "news",
    "portal/news/index.html.br": "brotli",
    "portal/news/new.html": "new",
    "portal/news/.secret": "secret",
    "portal/.well-known/security.txt": "Contact: mailto:a@yunze.example",
    "portal/feed.xml": "<feed/>",
    "portal/feed.json": "{}",
    "portal/picture.svg": "<svg/>",
    "english/index.html": "Yunze",
}


@pytest.fixture
def target(tmp_path: Path) -> Target:
    made = Target(tmp_path / "www")
    made.release(FILES)
    made.asset("site-portal.0a1b2c.css", "body{}")
    made.asset("search/s1/shard-0.bin", "shard")
    return made


@pytest.fixture
def app(target: Target) -> Starlette:
    return preview_app(target.www, hosts=HOSTS, index=INDEX, domain="yunze.localhost")


def ask(
    app: Starlette,
    path: str,
    *,
    host: str = PORTAL,
    method: str = "GET",
    scheme: str = "http",
    **headers: str,
) -> httpx.Response:
    """One request; the path goes out as it stands, and `if_none_match=` becomes the header If-None-Match."""

    async def send() -> httpx.Response:
        url = httpx.URL(scheme=scheme, host="127.0.0.1", port=8080, raw_path=path.encode())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, url, headers={"host": host, **named})

    return asyncio.run(send())


# --- hosts


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("portal.yunze.localhost", "portal.yunze.localhost"),
        ("PORTAL.Yunze.LocalHost:8080", "portal.yunze.localhost"),
        ("portal.yunze.localhost.:8080", "portal.yunze.localhost"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
    ],
)
def test_a_host_header_is_read_without_port_and_case(header: str, name: str) -> None:
    assert host_name(header) == name


def test_each_host_shows_its_own_site(app: Starlette) -> None:
    assert ask(app, "/").text == "<h1>云泽</h1>"
    assert ask(app, "/", host="English.yunze.localhost").text == "Yunze"


def test_an_unknown_host_is_refused_and_told_where_to_go(app: Starlette) -> None:
    answer = ask(app, "/", host="evil.example")
    assert answer.status_code == 421
    assert "http://127.0.0.1:8080/" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_this_machines_own_names_show_the_list_of_sites(app: Starlette, host: str) -> None:
    page = ask(app, "/", host=host)
    assert page.status_code == 200
    assert page.text.index("云泽市政府网站集群") < page.text.index("Yunze Government Websites")
    assert 'href="http://portal.yunze.localhost:8080/"' in page.text
    assert ask(app, "/index.css", host=host).headers["content-type"].startswith("text/css")
    assert ask(app, "/news/", host=host).status_code == 404


def test_the_list_of_sites_escapes_names_and_has_no_inline_style() -> None:
    page = render_index(INDEX)
    assert "Yunze, &lt;China&gt;" in page
    assert "For guests &amp; friends" in page
    assert "style=" not in page
    assert "<style" not in page


def test_a_new_site_appears_without_restart(target: Target) -> None:
    hosts = dict(HOSTS)
    app = preview_app(target.www, hosts=lambda: hosts, index=lambda: INDEX)
    assert ask(app, "/", host="apple.yunze.localhost").status_code == 421
    hosts["apple.yunze.localhost"] = "apple"
    target.release({**FILES, "apple/index.html": "苹果"})
    assert ask(app, "/", host="apple.yunze.localhost").text == "苹果"
    assert ask(app, "/", host="localhost").status_code == 200


@pytest.mark.parametrize("exists", [True, False], ids=["empty target", "no target at all"])
def test_before_the_first_release_a_site_says_so(tmp_path: Path, exists: bool) -> None:
    www = tmp_path / "www"
    if exists:
        www.mkdir()
    answer = ask(preview_app(www, hosts=HOSTS, index=INDEX), "/")
    assert answer.status_code == 503
    assert "zhanqun publish" in answer.text


# --- files


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/news/", 200, "text/html; charset=utf-8"),
        ("/news/new.html", 200, "text/html; charset=utf-8"),
        ("/news/new.html?from=list", 200, "text/html; charset=utf-8"),
        ("/_mode.css", 200, "text/css; charset=utf-8"),
        ("/feed.xml", 200, "application/atom+xml; charset=utf-8"),
        ("/feed.json", 200, "application/feed+json"),
        ("/picture.svg", 200, "image/svg+xml"),
        ("/.well-known/security.txt", 200, "text/plain; charset=utf-8"),
        ("/assets/site-portal.0a1b2c.css", 200, "text/css; charset=utf-8"),
        ("/assets/search/s1/shard-0.bin", 200, "application/octet-stream"),
        ("/missing.html", 404, "text/html; charset=utf-8"),
    ],
)
def test_every_file_has_its_content_type(app: Starlette, path: str, status: int, kind: str) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/_redirects",
        "/news/index.html.br",
        "/news/.secret",
        "/.well-known/.secret",
        "/../english/index.html",
        "/%2e%2e/english/index.html",
        "/..%2fenglish/index.html",
        "/news/../../english/index.html",
        "/assets/../releases/00000001/english/index.html",
        "/assets/%2e%2e/format",
        "//news/new.html",
        "/news//new.html",
        "/news/new.html/",
        "/news/%00",
        "/assets/",
        "/assets/search/s1/",
        "/" + "a" * 5000,
    ],
)
def test_what_must_not_be_served_is_a_404(app: Starlette, path: str) -> None:
    answer = ask(app, path)
    assert answer.status_code == 404
    assert answer.text == "<h1>没有</h1>"


def test_a_link_that_leads_out_of_the_target_is_not_followed(target: Target, app: Starlette) -> None:
    outside = target.www.parent / "outside.html"
    outside.write_text("private", "utf-8")
    (target.www / "current" / "portal" / "out.html").symlink_to(outside)
    assert ask(app, "/out.html").status_code == 404


def test_a_missing_page_of_a_site_without_404_page_is_still_a_404(app: Starlette) -> None:
    answer = ask(app, "/missing", host="english.yunze.localhost")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


def test_a_folder_without_slash_leads_to_the_folder(app: Starlette) -> None:
    answer = ask(app, "/news")
    assert (answer.status_code, answer.headers["location"]) == (301, "/news/")


def test_a_video_can_be_read_in_parts(app: Starlette) -> None:
    answer = ask(app, "/news/new.html", range="bytes=1-")
    assert (answer.status_code, answer.text) == (206, "ew")


def test_a_page_and_its_head_have_the_same_headers(app: Starlette) -> None:
    page, head = ask(app, "/news/"), ask(app, "/news/", method="HEAD")
    assert head.content == b""
    assert head.headers == page.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_not_allowed(app: Starlette, method: str) -> None:
    answer = ask(app, "/", method=method)
    assert answer.status_code == 405
    assert {"GET", "HEAD"} == set(answer.headers["allow"].replace(" ", "").split(","))
    assert answer.headers["content-security-policy"] == CSP


# --- redirects


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/old.html", 301, "/news/new.html"),
        ("/old.html?from=search", 301, "/news/new.html"),
        ("/%E6%97%A7.html", 301, "https://www.example.gov.cn/%E6%96%B0"),
        ("/gone.html", 410, None),
        ("/broken", 404, None),
    ],
)
def test_redirects_are_honoured(app: Starlette, path: str, status: int, location: str | None) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.headers.get("location")) == (status, location)


def test_a_deleted_page_shows_the_sites_410_page(app: Starlette) -> None:
    assert ask(app, "/gone.html").text == "<h1>已删除</h1>"


def test_a_new_release_brings_its_own_redirects(target: Target, app: Starlette) -> None:
    assert ask(app, "/old.html").status_code == 301
    target.release({**FILES, "portal/_redirects": "/old.html 410\n"})
    assert ask(app, "/old.html").status_code == 410


# --- headers and caching


@pytest.mark.parametrize("path", ["/", "/missing", "/old.html", "/gone.html", "/news/new.html", "/_mode.css"])
def test_every_answer_has_the_headers_of_production(app: Starlette, path: str) -> None:
    answer = ask(app, path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "strict-transport-security" not in answer.headers


def test_the_content_security_policy_is_the_documented_one() -> None:
    contract = (Path(__file__).parents[2] / "docs" / "theme.md").read_text("utf-8")
    assert f"`{CSP}`" in contract


def test_hsts_is_sent_over_tls_only(app: Starlette) -> None:
    assert ask(app, "/", scheme="https").headers["strict-transport-security"].startswith("max-age=")


def test_a_picture_opened_as_a_page_is_sandboxed(app: Starlette) -> None:
    picture = ask(app, "/picture.svg")
    again = ask(app, "/picture.svg", if_none_match=picture.headers["etag"])
    assert picture.headers["content-security-policy"] == CSP + "; sandbox"
    assert (again.status_code, again.headers["content-security-policy"]) == (304, CSP + "; sandbox")


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/", "public, max-age=60"),
        ("/picture.svg", "public, max-age=60"),
        ("/assets/site-portal.0a1b2c.css", "public, max-age=31536000, immutable"),
        ("/_mode.css", "no-cache"),
        ("/missing", "no-cache"),
        ("/assets/missing.css", "no-cache"),
        ("/gone.html", "no-cache"),
    ],
)
def test_caching_follows_the_kind_of_file(app: Starlette, path: str, cache: str) -> None:
    assert ask(app, path).headers["cache-control"] == cache


@pytest.mark.parametrize(
    ("known", "status"),
    [
        (lambda page: {"if_none_match": page["etag"]}, 304),
        (lambda page: {"if_none_match": f'"other", W/{page["etag"]}'}, 304),
        (lambda page: {"if_none_match": "*"}, 304),
        (lambda page: {"if_none_match": '"other"'}, 200),
        (lambda page: {"if_none_match": '"other"', "if_modified_since": page["last-modified"]}, 200),
        (lambda page: {"if_modified_since": page["last-modified"]}, 304),
        (lambda page: {"if_modified_since": "Wed, 01 Jan 2031 00:00:00 GMT"}, 200),
        (lambda page: {"if_modified_since": "yesterday"}, 200),
    ],
    ids=[
        "same tag",
        "weak tag in a list",
        "any tag",
        "other tag",
        "tag outweighs time",
        "same time",
        "later time, because content times may go back",
        "no time at all",
    ],
)
def test_a_known_page_is_not_sent_again(
    app: Starlette, known: Callable[[httpx.Headers], dict[str, str]], status: int
) -> None:
    page = ask(app, "/")
    again = ask(app, "/", **known(page.headers))
    assert again.status_code == status
    assert again.headers["etag"] == page.headers["etag"]
    assert bool(again.content) is (status == 200)


def test_a_rollback_is_seen_although_its_files_are_older(target: Target, app: Starlette) -> None:
    os.utime(target.www / "current" / "portal" / "index.html", (1_500_000_000, 1_500_000_000))
    before = ask(app, "/")
    target.release({**FILES, "portal/index.html": "<h1>云河</h1>"})
    os.utime(target.www / "current" / "portal" / "index.html", (1_000_000_000, 1_000_000_000))
    after = ask(app, "/", if_modified_since=before.headers["last-modified"])
    assert (after.status_code, after.text) == (200, "<h1>云河</h1>")


# --- modes without script


@pytest.mark.parametrize(("cookies", "mode"), CHOSEN.values(), ids=CHOSEN)
def test_the_sheet_of_the_mode_follows_the_cookie(app: Starlette, cookies: str, mode: str) -> None:
    answer = ask(app, "/_mode.css", cookie=cookies)
    assert (answer.status_code, answer.text) == (200, sheet_for(mode))
    assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-cache", "Cookie")


def test_the_sheet_of_another_mode_is_never_not_modified(app: Starlette) -> None:
    normal, elder = ask(app, "/_mode.css"), ask(app, "/_mode.css", cookie="mode=elder")
    assert normal.headers["etag"] != elder.headers["etag"]
    again = ask(app, "/_mode.css", cookie="mode=elder", if_none_match=elder.headers["etag"])
    assert (again.status_code, again.headers["vary"]) == (304, "Cookie")
    assert ask(app, "/_mode.css", cookie="mode=elder", if_none_match=normal.headers["etag"]).text == elder.text


def test_no_page_depends_on_a_cookie(app: Starlette) -> None:
    assert ask(app, "/news/", cookie="mode=elder").text == "news"
    assert "vary" not in ask(app, "/news/").headers


@pytest.mark.parametrize(("referer", "path"), WAYS_BACK.values(), ids=WAYS_BACK)
def test_a_choice_of_mode_leads_back(app: Starlette, referer: str, path: str) -> None:
    answer = ask(app, "/_mode/elder", referer=referer)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_of_a_mode_is_everybodys_for_a_year(app: Starlette) -> None:
    kept = "mode=text; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.localhost"
    assert ask(app, "/_mode/text").headers["set-cookie"] == kept
    assert ask(app, "/_mode/text", scheme="https").headers["set-cookie"] == f"{kept}; Secure"
    gone = "mode=; Path=/; Max-Age=0; SameSite=Lax; Domain=yunze.localhost"
    assert ask(app, "/_mode/normal").headers["set-cookie"] == gone


@pytest.mark.parametrize("path", ["/_mode/huge", "/_mode/", "/_mode/elder/", "/_mode/elder/x"])
def test_an_unknown_mode_is_a_missing_page(app: Starlette, path: str) -> None:
    answer = ask(app, path)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


def test_a_release_of_before_the_modes_shows_the_normal_one(target: Target, app: Starlette) -> None:
    target.release({path: text for path, text in FILES.items() if not path.startswith("portal/_mode-")})
    assert ask(app, "/_mode.css", cookie="mode=elder").text == sheet_for("")


# --- running


def test_serving_answers_over_a_socket_and_stops_when_asked(app: Starlette) -> None:
    listener, server = listen("127.0.0.1", 0), make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1])
    connection.request("HEAD", "/", headers={"Host": "portal.yunze.localhost"})
    answer = connection.getresponse()
    connection.close()
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    assert (answer.status, answer.getheader("server")) == (200, None)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_and_the_program_goes_on(target: Target, sign: signal.Signals) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from publish.preview import preview_app, serve\n"
        "from publish.preview_index import IndexPage\n"
        "app = preview_app(Path(sys.argv[1]), hosts={}, index=IndexPage('站', 'Sites', ()))\n"
        "serve(app, port=0, ready=lambda port: print('ready', flush=True))\n"
        "print('goodbye')\n"
    )
    root = Path(__file__).parents[2]
    arguments = [sys.executable, "-c", program, str(target.www)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(sign)
        rest, errors = running.communicate(timeout=30)
    assert (running.returncode, rest, errors) == (0, b"goodbye\n", b"")


def test_serve_in_the_main_thread_gives_the_signals_back(app: Starlette) -> None:
    before = signal.getsignal(signal.SIGTERM)
    serve(app, port=0, ready=lambda port: os.kill(os.getpid(), signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is before


def test_serve_beside_a_main_thread_leaves_the_signals_alone(app: Starlette) -> None:
    found: list[object] = []

    def ready(port: int) -> None:
        found.append(signal.getsignal(signal.SIGTERM))
        raise InterruptedError

    def run() -> None:
        with pytest.raises(InterruptedError):
            serve(app, port=0, ready=ready)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert found == [signal.getsignal(signal.SIGTERM)]


def test_a_port_in_use_is_told_with_what_to_do(app: Starlette) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} .*--port") as refused:
            serve(app, port=port)
    assert f"端口 {port}" in refused.value.chinese
