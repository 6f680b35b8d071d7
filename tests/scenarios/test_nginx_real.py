"""The real nginx over a web root: what visitors get, over HTTP and HTTPS, before, during and after a switch."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import brotli
import pytest

from cluster.errors import ConfigError, TargetError
from publish.headers import ASSET_CACHE, CSP, ERROR_CACHE, HEADERS, HSTS, MODE_CACHE, PAGE_CACHE, REFUSAL_CACHE, SVG_CSP
from publish.nginx.check import check, find_nginx
from publish.nginx.configuration import configuration
from publish.nginx.options import NginxLimits, Options, Tls, listen_addresses
from publish.receiver.reload import DUE, FOLDER, reload, write_maps
from tests.builders import make_cluster, make_cluster_files
from tests.publish.mode_tables import CHOSEN, HOST, SHEETS, WAYS_BACK, sheet_for
from tests.publish.nginx_house import (
    GENEROUS,
    USER,
    Answer,
    RunningNginx,
    WebRoot,
    free_port,
    running_nginx,
    wait_until,
)
from tests.tools.swap_load import swap_under_load

LONG = "云泽河综合治理二期工程开工。" * 60
FILES = {
    "portal/index.html": f"<h1>云泽</h1>{LONG}",
    "portal/404.html": "<h1>没有这个页面</h1>",
    "portal/410.html": "<h1>已删除</h1>",
    **SHEETS,
    "portal/_redirects": (
        "/Case.html /news/upper.html\n/a{2}.html /news/braces.html\n/case.html /news/lower.html\n/gone.html 410\n"
        "/news/new.html /never.html\n/old.html /news/new.html\n/%E6%97%A7.html https://www.example.gov.cn/新\n"
    ),
    "portal/news/index.html": "news",
    "portal/news/new.html": f"new {LONG}",
    "portal/新闻/index.html": "中文",
    "portal/empty/page.html": "no index here",
    "portal/.well-known/security.txt": "Contact: mailto:a@yunze.example",
    "portal/.well-known/.secret": "secret",
    "portal/news/.secret/x.html": "secret",
    "portal/feed.xml": "<feed/>",
    "portal/feed.json": "{}",
    "portal/sitemap.xml": "<urlset/>",
    "portal/picture.svg": f"<svg>{LONG}</svg>",
    "portal/plan.pdf": "%PDF",
    "portal/plan.ofd": "ofd",
    "english/index.html": "Yunze",
    "english/404.html": "no such page",
    "assets/gov.0a1b2c.css": f"body{{}} /* {LONG} */",
}
CLUSTER = make_cluster(make_cluster_files({"portal": ("news",), "english": ("news",), "new-town": ("news",)}))


@dataclass(frozen=True)
class Served:
    """A web root and nginx over it."""

    root: WebRoot
    nginx: RunningNginx

    def ask(self, path: str, **headers: str) -> Answer:
        return self.nginx.ask(path, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture(scope="module", autouse=True)
def _nginx() -> None:
    try:
        find_nginx()
    except ConfigError as error:
        (pytest.fail if os.environ.get("ZHANQUN_REQUIRE_TOOLS") == "1" else pytest.skip)(error.english)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    root = WebRoot(tmp_path / "www")
    tree = root.release(FILES)
    write_maps(root.www, root.listings, tree)
    port = free_port()
    config = configuration(CLUSTER, options(tmp_path, port))
    with running_nginx(config, tmp_path, port) as nginx:
        yield Served(root, nginx)


def options(folder: Path, port: int, *, limits: NginxLimits = GENEROUS, tls: Tls | None = None) -> Options:
    return Options(
        folder / "www", listen=listen_addresses((str(port),), ipv6=False), tls=tls, user=USER, run=folder, limits=limits
    )


# ---- taken by nginx -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("brotli_static", [True, False], ids=["with brotli", "without brotli"])
def test_nginx_takes_the_configuration_before_anything_was_published(tmp_path: Path, brotli_static: bool) -> None:
    file = tmp_path / "nginx.conf"
    (tmp_path / "www").mkdir()
    made = Options(
        tmp_path / "www",
        listen=listen_addresses((str(free_port()),)),
        user=USER,
        brotli=brotli_static,
        proxies=("10.0.0.0/24",),
        run=tmp_path,
    )
    file.write_text(configuration(CLUSTER, made), "utf-8")

    check(file)


def test_what_nginx_does_not_take_is_refused_with_its_words(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text("events {}\nhttp { serve_everything on; }\n")

    with pytest.raises(ConfigError, match='unknown directive "serve_everything"'):
        check(file)


def test_nginx_may_open_more_files_than_it_caches(served: Served) -> None:
    for worker in served.nginx.workers():
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert int(re.search(r"Max open files\s+(\d+)", limits)[1]) > GENEROUS.cached_files  # type: ignore[index]


def test_visitors_over_ipv6_get_the_same(tmp_path: Path) -> None:
    root, port = WebRoot(tmp_path / "www"), free_port()
    root.release(FILES)
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    made = replace(options(tmp_path, port), listen=listen_addresses((str(port),)))
    with running_nginx(configuration(CLUSTER, made), tmp_path, port):
        connection = http.client.HTTPConnection("::1", port, timeout=30)
        connection.request("GET", "/", headers={"Host": "portal.yunze.localhost"})
        assert connection.getresponse().read().decode() == FILES["portal/index.html"]
        connection.close()


# ---- pages ----------------------------------------------------------------------------------------------------------

PAGES = {
    "a home page": ("/", "text/html; charset=utf-8", PAGE_CACHE),
    "a column": ("/news/", "text/html; charset=utf-8", PAGE_CACHE),
    "a column with a Chinese name": ("/%E6%96%B0%E9%97%BB/", "text/html; charset=utf-8", PAGE_CACHE),
    "a query": ("/news/new.html?from=weixin", "text/html; charset=utf-8", PAGE_CACHE),
    "the sheet of the mode": ("/_mode.css", "text/css; charset=utf-8", MODE_CACHE),
    "an Atom feed": ("/feed.xml", "application/atom+xml; charset=utf-8", PAGE_CACHE),
    "a JSON feed": ("/feed.json", "application/feed+json", PAGE_CACHE),
    "a sitemap": ("/sitemap.xml", "application/xml; charset=utf-8", PAGE_CACHE),
    "a picture": ("/picture.svg", "image/svg+xml", PAGE_CACHE),
    "a document": ("/plan.pdf", "application/pdf", PAGE_CACHE),
    "a Chinese document": ("/plan.ofd", "application/ofd", PAGE_CACHE),
    "a well-known file": ("/.well-known/security.txt", "text/plain; charset=utf-8", PAGE_CACHE),
    "an asset": ("/assets/gov.0a1b2c.css", "text/css; charset=utf-8", ASSET_CACHE),
}


def test_every_file_has_its_type_its_cache_and_the_security_headers(served: Served) -> None:
    for path, kind, cache in PAGES.values():
        answer = served.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (200, kind), path
        assert answer.headers["cache-control"] == cache, path
        wanted = {**HEADERS, "Content-Security-Policy": SVG_CSP if path.endswith(".svg") else CSP}
        assert {name: answer.headers[name.lower()] for name in wanted} == wanted, path
        assert "etag" in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert answer.headers["server"] == "nginx"


def test_each_host_has_its_own_site_and_all_share_the_assets(served: Served) -> None:
    assert served.nginx.ask("/", host="english.yunze.localhost").text == "Yunze"
    assert served.nginx.ask("/assets/gov.0a1b2c.css", host="english.yunze.localhost").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "x.portal.yunze.localhost", "yunze.localhost"])
def test_a_foreign_host_shows_nothing(served: Served, host: str) -> None:
    answer = served.nginx.ask("/", host=host)

    assert answer.status == 421
    assert "云泽" not in answer.text
    assert answer.headers["cache-control"] == REFUSAL_CACHE
    assert answer.headers["content-security-policy"] == CSP


@pytest.mark.parametrize(
    ("accepted", "packing", "unpack"),
    [("br, gzip", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress), ("identity", None, bytes)],
    ids=["brotli", "gzip", "identity"],
)
def test_text_comes_as_the_client_can_read_it(served: Served, accepted: str, packing: str | None, unpack) -> None:
    for path in ("/", "/news/new.html", "/assets/gov.0a1b2c.css", "/picture.svg"):
        answer = served.ask(path, Accept_Encoding=accepted)
        assert answer.headers.get("content-encoding") == packing, path
        assert answer.headers["vary"] == "Accept-Encoding", path
        name = {"/": "/index.html"}.get(path, path)
        assert unpack(answer.body).decode() == FILES.get(f"portal{name}", FILES.get(name[1:]))


def test_a_head_request_has_headers_only(served: Served) -> None:
    answer = served.nginx.ask("/news/new.html", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_nothing_but_get_and_head_is_answered(served: Served, method: str) -> None:
    answer = served.nginx.ask("/", method=method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.headers["content-security-policy"] == CSP


# ---- what is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.html",
        "/_redirects",
        "/index.html.br",
        "/assets/gov.0a1b2c.css.br",
        "/assets/nothing.css",
        "/assets/",
        "/empty/",
        "/news/new.html/",
        "/news/new.html/x",
        "/news/.secret/x.html",
        "/.well-known/.secret",
        "/.git/config",
        "/_zq/404",
        "/blobs/",
        "/assets/%2e%2e/format",
        "/assets/..%2fformat",
        "/CASE.html",
    ],
)
def test_what_is_not_there_is_a_real_404_with_the_site_s_page(served: Served, path: str) -> None:
    answer = served.ask(path)

    assert (answer.status, answer.text) == (404, "<h1>没有这个页面</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == ERROR_CACHE
    assert answer.headers["content-security-policy"] == CSP


def test_a_path_that_leaves_the_site_is_no_request(served: Served) -> None:
    assert served.ask("/%2e%2e/format").status == 400
    assert served.ask("/news/../../format").status == 400


def test_a_site_without_error_pages_still_says_404(served: Served) -> None:
    served.root.release({"english/index.html": "Yunze"})

    assert served.nginx.ask("/x", host="english.yunze.localhost").status == 404


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/old.html", "/news/new.html"),
        ("/old.html?x=1", "/news/new.html"),
        ("/%E6%97%A7.html", "https://www.example.gov.cn/%E6%96%B0"),
        ("/a%7B2%7D.html", "/news/braces.html"),
        ("/Case.html", "/news/upper.html"),
        ("/case.html", "/news/lower.html"),
        ("/news", "/news/"),
        ("/%E6%96%B0%E9%97%BB", "/%E6%96%B0%E9%97%BB/"),
    ],
)
def test_an_old_address_leads_on(served: Served, path: str, target: str) -> None:
    answer = served.ask(path)

    assert (answer.status, answer.headers["location"]) == (301, target)
    assert answer.headers["cache-control"] == PAGE_CACHE


def test_a_deleted_page_is_gone_for_good(served: Served) -> None:
    answer = served.ask("/gone.html")

    assert (answer.status, answer.text) == (410, "<h1>已删除</h1>")
    assert answer.headers["cache-control"] == ERROR_CACHE


def test_a_page_that_is_there_is_never_redirected(served: Served) -> None:
    assert served.ask("/news/new.html").status == 200


# ---- closed, and not there yet --------------------------------------------------------------------------------------


def test_a_closed_site_answers_503_and_the_others_go_on(served: Served) -> None:
    assert served.ask("/").status == 200
    served.root.close("portal")
    for path in ("/", "/assets/gov.0a1b2c.css", "/nothing.html", "/_mode-elder.css", "/_mode/elder"):
        answer = served.ask(path)
        assert answer.status == 503, path
        assert "set-cookie" not in answer.headers
        assert answer.headers["cache-control"] == REFUSAL_CACHE
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert int(answer.headers["retry-after"]) > 0
        assert "portal 网站" in answer.text
        assert "closed for maintenance" in answer.text
    assert served.nginx.ask("/", host="english.yunze.localhost").status == 200


def test_the_notice_of_a_closed_site_is_in_the_mode_of_the_visitor_and_grey_like_all(served: Served) -> None:
    served.root.close("portal")

    assert "<link rel='stylesheet' href='/_mode.css'>" in served.ask("/").text
    assert served.ask("/_mode.css").text == sheet_for("")
    assert served.ask("/_mode.css", Cookie="mode=elder").text == sheet_for("elder")


def test_a_site_that_was_opened_again_is_back(served: Served) -> None:
    served.root.close("portal")
    assert served.ask("/").status == 503
    served.root.open("portal")

    wait_until(lambda: served.ask("/").status == 200, "the site never came back")


def test_a_site_that_was_not_published_yet_answers_503(served: Served) -> None:
    assert served.nginx.ask("/", host="new-town.yunze.localhost").status == 503


# ---- modes without script -------------------------------------------------------------------------------------------


def test_the_sheet_of_the_mode_follows_the_cookie(served: Served) -> None:
    for cookies, mode in CHOSEN.values():
        answer = served.ask("/_mode.css", Cookie=cookies)
        assert (answer.status, answer.text) == (200, sheet_for(mode)), cookies
        assert (answer.headers["cache-control"], answer.headers["vary"]) == (MODE_CACHE, "Cookie"), cookies


def test_every_sheet_has_a_tag_of_its_own_and_only_that_one_is_not_modified(served: Served) -> None:
    cookies = ["", "mode=elder", "mode=yellow", "mode=text"]
    tags = {cookie: served.ask("/_mode.css", Cookie=cookie).headers["etag"] for cookie in cookies}

    assert len(set(tags.values())) == len(cookies)
    for cookie in cookies:
        for other, tag in tags.items():
            answer = served.ask("/_mode.css", Cookie=cookie, If_None_Match=tag)
            assert answer.status == (304 if cookie == other else 200), (cookie, other)
            assert answer.headers["vary"] == "Cookie"


def test_the_sheet_of_the_mode_comes_as_brotli(served: Served) -> None:
    answer = served.ask("/_mode.css", Cookie="mode=text", Accept_Encoding="br")

    assert answer.headers["content-encoding"] == "br"
    assert brotli.decompress(answer.body).decode() == sheet_for("text")


def test_no_page_depends_on_a_cookie(served: Served) -> None:
    plain, chosen = served.ask("/news/"), served.ask("/news/", Cookie="mode=elder")

    assert (plain.body, plain.headers["etag"]) == (chosen.body, chosen.headers["etag"])
    assert "Cookie" not in chosen.headers.get("vary", "")


def test_a_choice_of_mode_leads_back_to_a_path_of_the_same_host_or_home(served: Served) -> None:
    for case, (referer, path) in WAYS_BACK.items():
        answer = served.nginx.ask("/_mode/elder", {"Referer": referer}, host=HOST)
        assert (answer.status, answer.headers["location"]) == (303, path), case
        assert answer.headers["cache-control"] == REFUSAL_CACHE


COOKIES = {
    "/_mode/elder": "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.localhost",
    "/_mode/yellow": "mode=yellow; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.localhost",
    "/_mode/text?from=header": "mode=text; Path=/; Max-Age=31536000; SameSite=Lax; Domain=yunze.localhost",
    "/_mode/normal": "mode=; Path=/; Max-Age=0; SameSite=Lax; Domain=yunze.localhost",
}


@pytest.mark.parametrize(("path", "cookie"), COOKIES.items())
def test_the_cookie_of_a_mode_is_everybodys_for_a_year(served: Served, path: str, cookie: str) -> None:
    answer = served.ask(path)

    assert (answer.status, answer.headers["location"], answer.headers["set-cookie"]) == (303, "/", cookie)
    assert answer.headers["content-security-policy"] == CSP


def test_nothing_else_sets_a_cookie(served: Served) -> None:
    for path in ("/", "/_mode.css", "/_mode-elder.css", "/old.html", "/nothing.html", "/_mode/huge", "/_mode/"):
        assert "set-cookie" not in served.ask(path).headers, path
    foreign = served.nginx.ask("/_mode/elder", host="evil.example")
    assert (foreign.status, "set-cookie" in foreign.headers) == (421, False)


@pytest.mark.parametrize("path", ["/_mode/huge", "/_mode/", "/_mode/elder/", "/_mode/Elder"])
def test_an_unknown_mode_is_a_missing_page(served: Served, path: str) -> None:
    assert served.ask(path).status == 404


def test_a_host_outside_the_cluster_s_domain_has_a_cookie_of_its_own(tmp_path: Path) -> None:
    root, port = WebRoot(tmp_path / "www"), free_port()
    root.release(FILES)
    cluster = replace(CLUSTER, domain="other.example")
    with running_nginx(configuration(cluster, options(tmp_path, port)), tmp_path, port) as nginx:
        cookie = nginx.ask("/_mode/elder").headers["set-cookie"]

    assert cookie == "mode=elder; Path=/; Max-Age=31536000; SameSite=Lax"


def test_a_release_of_before_the_modes_shows_the_normal_one(served: Served) -> None:
    served.root.release({path: text for path, text in FILES.items() if not path.startswith("portal/_mode-")})

    assert served.ask("/_mode.css", Cookie="mode=elder").text == sheet_for("")


# ---- switches -------------------------------------------------------------------------------------------------------


def test_a_page_that_has_not_changed_is_not_sent_again(served: Served) -> None:
    for accepted in ("br", "gzip", "identity"):
        first = served.ask("/news/new.html", Accept_Encoding=accepted)
        again = served.ask("/news/new.html", Accept_Encoding=accepted, If_None_Match=first.headers["etag"])
        assert (again.status, again.headers["cache-control"]) == (304, PAGE_CACHE)
        assert again.headers["content-security-policy"] == CSP


def test_an_edit_of_the_same_length_is_seen_at_once(served: Served) -> None:
    for accepted, unpack in (("br", brotli.decompress), ("identity", bytes)):
        before = served.ask("/news/new.html", Accept_Encoding=accepted)
        text = unpack(before.body).decode()
        edited = text.replace("二期", "三期") if "二期" in text else text.replace("三期", "四期")
        served.root.release(FILES | {"portal/news/new.html": edited})
        after = served.ask(
            "/news/new.html",
            Accept_Encoding=accepted,
            If_None_Match=before.headers["etag"],
            If_Modified_Since=before.headers["last-modified"],
        )
        assert len(edited) == len(text)
        assert (after.status, unpack(after.body).decode()) == (200, edited)


def test_a_rollback_is_seen_at_once_although_its_files_are_older(served: Served) -> None:
    first = served.ask("/")
    served.root.release(FILES | {"portal/index.html": "second"})
    second = served.ask("/", If_None_Match=first.headers["etag"])
    served.root.switch(1)
    third = served.ask("/", If_None_Match=second.headers["etag"], If_Modified_Since=second.headers["last-modified"])

    assert (second.text, third.text) == ("second", first.text)


def test_a_tab_opened_before_still_finds_what_the_new_release_dropped(served: Served) -> None:
    served.root.release({"portal/index.html": "without any style"})

    assert served.ask("/").text == "without any style"
    assert served.ask("/assets/gov.0a1b2c.css").status == 200


def test_a_restored_file_is_served_within_seconds(served: Served) -> None:
    """The guard puts a new file in the place of a damaged one that nginx has open."""
    page = (served.root.www / "current/portal/news/new.html").resolve()
    good = served.ask("/news/new.html", Accept_Encoding="identity")
    page.chmod(0o644)
    page.write_bytes(good.body.replace(b"new", b"bad", 1))
    wait_until(lambda: served.ask("/news/new.html").text.startswith("bad"), "nginx never saw the damage")
    aside = page.with_name(".tmp")
    aside.write_bytes(good.body)
    aside.replace(page)

    wait_until(lambda: served.ask("/news/new.html").body == good.body, "nginx kept the damaged file")


def test_no_request_fails_while_releases_are_switched(served: Served) -> None:
    result = swap_under_load(served.root, served.nginx.port, swaps=20, requests=1000, clients=4)

    assert result.swaps >= 20
    assert result.answered >= 1000
    assert result.errors == []
    assert result.states > 2


# ---- redirects that change ------------------------------------------------------------------------------------------


def test_new_redirects_are_known_after_the_reload(served: Served) -> None:
    tree = served.root.release(FILES | {"portal/_redirects": "/moved.html /news/\n"})
    assert served.ask("/moved.html").status == 404
    assert write_maps(served.root.www, served.root.listings, tree)

    reload(served.root.www, f"kill -HUP {served.nginx.process.pid}")
    wait_until(lambda: served.ask("/moved.html").status == 301, "the redirect never came")
    assert served.ask("/old.html").status == 404
    assert not (served.root.www / FOLDER / DUE).exists()
    assert not write_maps(served.root.www, served.root.listings, tree)


def test_a_failed_reload_is_told_and_due_again(served: Served) -> None:
    tree = served.root.release(FILES | {"portal/_redirects": ""})
    assert write_maps(served.root.www, served.root.listings, tree)
    with pytest.raises(TargetError, match="nginx has not read the new redirects"):
        reload(served.root.www, "false")

    assert write_maps(served.root.www, served.root.listings, tree)


def test_hostile_redirects_cannot_keep_nginx_from_reading_its_configuration(served: Served) -> None:
    lines = (
        '/"; } evil { /x', "/a\\ /b", "/a;b /c", "/$host /$host", "/${x} /${y}", "/{ /}", "include /etc/passwd",
        "default /x", "/%0a%0d /x", "/%00 /x", "/%ff%fe /x", "~^/.* /x", f"/{'长' * 300} /x", f"/{'a' * 5000} /x",
        "/same /one", "/SAME /two", "/same /three", "#/x /y", "/x #y", "/up/../down /x", f"/y /{'b' * 5000}", "'/q' '/r'",
        "/nginx-$zq_tree 410", "hostnames /x", "volatile 1", "/%5c /z", "/%22 /z",
    )  # fmt: skip
    tree = served.root.release(FILES | {"portal/_redirects": "\n".join(lines)})
    write_maps(served.root.www, served.root.listings, tree)

    check(served.nginx.folder / "nginx.conf")
    served.nginx.reload()
    assert served.ask("/$host").headers["location"] == "/%24host"
    assert served.ask("/%7B").headers["location"] == "/%7D"
    assert served.ask("/%5C").headers["location"] == "/z"
    assert served.ask("/%22").headers["location"] == "/z"
    assert served.ask("/same").headers["location"] == "/one"
    assert served.ask("/SAME").headers["location"] == "/two"
    assert served.ask("/%E9%95%BF").status == 404
    assert served.ask("/" + "%E9%95%BF" * 300).headers["location"] == "/x"


def test_a_city_s_thousands_of_redirects_are_taken(served: Served) -> None:
    lines = "".join(
        f"/news/{year}/t{number}.html /n/{number}.html\n" for year in range(2010, 2020) for number in range(1000)
    )
    tree = served.root.release(FILES | {"portal/_redirects": lines})
    write_maps(served.root.www, served.root.listings, tree)
    served.nginx.reload()

    assert served.ask("/news/2013/t777.html").headers["location"] == "/n/777.html"


# ---- limits and logs ------------------------------------------------------------------------------------------------


def test_one_address_cannot_ask_without_end(tmp_path: Path) -> None:
    root = WebRoot(tmp_path / "www")
    root.release(FILES)
    port = free_port()
    limits = NginxLimits(address_requests=1, address_burst=2)
    with running_nginx(configuration(CLUSTER, options(tmp_path, port, limits=limits)), tmp_path, port) as nginx:
        answers = [nginx.ask("/") for _ in range(6)]

    assert {answer.status for answer in answers} == {200, 429}
    assert {answer.headers["cache-control"] for answer in answers if answer.status == 429} == {REFUSAL_CACHE}


def test_logs_hold_no_query_strings(served: Served) -> None:
    served.ask("/news/new.html?phone=13900000000", Referer="https://search.example/?q=secretword")
    served.ask("/missing?phone=13900000000")
    served.nginx.process.terminate()
    served.nginx.process.wait(30)
    logs = "".join(file.read_text() for file in served.nginx.folder.glob("*.log"))

    assert '"GET /news/new.html HTTP/1.1" 200' in logs
    assert '"https://search.example/"' in logs
    assert "13900000000" not in logs
    assert "secretword" not in logs


# ---- HTTPS ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Secret:
    """nginx with certificates, asked by curl."""

    folder: Path
    plain: int
    port: int

    def ask(self, path: str, *words: str, host: str = "portal.yunze.localhost", name: str = "") -> Answer:
        """One request; `name` is the one in the TLS handshake where it differs from the Host."""
        name = name or host
        command = [
            "curl", "--silent", "--show-error", "--include", "--noproxy", "*", "--cacert", self.folder / f"{name}.pem",
            "--resolve", f"{name}:{self.port}:127.0.0.1", "--resolve", f"{name}:{self.plain}:127.0.0.1",
            "--header", f"Host: {host}:{self.port}", *words, f"https://{name}:{self.port}{path}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines) | {"version": status.split()[0]}
        return Answer(int(status.split()[1]), headers, body)


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Secret]:
    root = WebRoot(tmp_path / "www")
    root.release(FILES)
    for site in CLUSTER.sites.values():
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", f"/CN={site.host}", "-addext", f"subjectAltName=DNS:{site.host}",
                "-keyout", tmp_path / f"{site.host}.key", "-out", tmp_path / f"{site.host}.pem",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
    plain, port = free_port(), free_port()
    tls = Tls(f"{tmp_path}/{{host}}.pem", f"{tmp_path}/{{host}}.key", listen_addresses((str(port),), ipv6=False))
    with running_nginx(configuration(CLUSTER, options(tmp_path, plain, tls=tls)), tmp_path, plain):
        yield Secret(tmp_path, plain, port)


@pytest.mark.parametrize(("word", "version"), [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")])
def test_https_has_the_same_headers_and_demands_https_from_now_on(secret: Secret, word: str, version: str) -> None:
    answer = secret.ask("/", word)

    assert (answer.status, answer.headers["version"]) == (200, version)
    assert answer.headers["strict-transport-security"] == HSTS.lower()
    assert {name: answer.headers[name.lower()] for name in HEADERS} == {k: v.lower() for k, v in HEADERS.items()}


def test_https_sends_brotli_and_a_real_404(secret: Secret) -> None:
    assert secret.ask("/", "--header", "Accept-Encoding: br").headers["content-encoding"] == "br"
    assert secret.ask("/nothing").status == 404


def test_over_https_the_cookie_of_a_mode_never_goes_over_http(secret: Secret) -> None:
    answer = secret.ask("/_mode/elder", "--referer", f"https://portal.yunze.localhost:{secret.port}/news/")

    assert (answer.status, answer.headers["location"]) == (303, "/news/")
    assert answer.headers["set-cookie"].endswith("; samesite=lax; domain=yunze.localhost; secure")


def test_http_leads_to_https(secret: Secret) -> None:
    nginx = RunningNginx(None, secret.folder, secret.plain)  # type: ignore[arg-type]  # asked only
    answer = nginx.ask("/news/?page=2")

    assert answer.status == 301
    assert answer.headers["location"] == f"https://portal.yunze.localhost:{secret.port}/news/?page=2"
    assert "strict-transport-security" not in answer.headers
    assert nginx.ask("/", host="evil.example").status == 421


def test_a_foreign_name_gets_no_certificate_and_a_foreign_host_no_site(secret: Secret) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        secret.ask("/", "--insecure", "--cacert", "/dev/null", host="evil.example")
    assert secret.ask("/", host="evil.example", name="portal.yunze.localhost").status == 421


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_tls_is_refused(secret: Secret, version: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        secret.ask("/", f"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0")
    assert b"alert protocol version" in refused.value.stderr
