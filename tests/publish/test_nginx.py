"""Promises of nginx's configuration as a text; what nginx makes of it is in `tests/scenarios/test_nginx_real.py`."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import ConfigError
from cluster.site import Cluster
from publish.media_types import MEDIA_TYPES
from publish.nginx.check import check, find_nginx
from publish.nginx.configuration import configuration
from publish.nginx.known import COPY, command_in, known_sites, unknown_sites, unknown_to_nginx
from publish.nginx.options import NginxLimits, Options, Tls, listen_addresses, proxy_networks
from tests.builders import make_cluster, make_cluster_files, make_site

WWW = Path("/srv/www")
TLS = Tls("/etc/ssl/{host}.pem", "/etc/ssl/{host}.key")
TWO = make_cluster(make_cluster_files({"portal": ("news",), "coal-power": ("news",)}))


def make_cluster_of(**settings: str) -> Cluster:
    return make_cluster(make_cluster_files({"portal": make_site("portal", **settings)}))


def with_host(host: str) -> Cluster:
    """A cluster whose host no `site.toml` may have: what if that check were weaker one day?"""
    cluster = make_cluster_of()
    return replace(cluster, sites={"portal": replace(cluster.sites["portal"], host=host)})


def test_the_same_input_gives_the_same_text() -> None:
    assert configuration(TWO, Options(WWW)) == configuration(TWO, Options(WWW))


def test_every_site_has_a_server_of_its_own() -> None:
    text = configuration(TWO, Options(WWW))

    assert known_sites(text) == {"portal": "portal.yunze.localhost", "coal-power": "coal-power.yunze.localhost"}
    assert 'root "/srv/www/current/coal-power";' in text
    assert "$zq_moved_coal_power" in text


def test_no_mark_of_the_template_is_left() -> None:
    text = configuration(TWO, Options(WWW, tls=TLS, run=Path("/run/x"), proxies=("10.0.0.5/32",)))

    assert set(re.findall(r"@\S*", text)) == {"@missing;", "@closed;", "@missing", "@closed"}


def test_every_ending_has_its_type() -> None:
    text = configuration(TWO, Options(WWW))
    block = text.partition("types {")[2].partition("}")[0]

    assert set(re.findall(r"[ ]([a-z0-9]+)(?=[ ;])", block)) >= {ending[1:] for ending in MEDIA_TYPES}


def test_without_certificates_there_is_no_https() -> None:
    text = configuration(TWO, Options(WWW))

    assert "ssl" not in text
    assert text.count("listen [::]:80;") == 2


def test_with_certificates_http_only_leads_to_https() -> None:
    text = configuration(TWO, Options(WWW, tls=TLS))

    assert "return 301 https://$host$request_uri;" in text
    assert text.count("listen [::]:443 ssl http2;") == 2
    assert 'ssl_certificate "/etc/ssl/coal-power.yunze.localhost.pem";' in text
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in text


def test_https_on_another_port_is_led_to_by_its_number() -> None:
    text = configuration(TWO, Options(WWW, tls=replace(TLS, listen=("8443",))))

    assert "https://$host:8443$request_uri" in text


def test_a_worker_may_open_all_that_it_caches_and_all_that_it_serves() -> None:
    limits = NginxLimits()

    assert limits.cached_files + 2 * limits.connections < limits.files


def test_a_proxy_in_front_is_believed_only_when_it_is_named() -> None:
    assert "real_ip" not in configuration(TWO, Options(WWW))
    assert "set_real_ip_from 10.0.0.5/32;" in configuration(TWO, Options(WWW, proxies=proxy_networks(("10.0.0.5",))))


def test_a_domain_that_means_something_to_nginx_is_nobodys() -> None:
    text = configuration(replace(TWO, domain='x"; } evil { listen 1'), Options(WWW))

    assert "evil" not in text
    assert "Domain=" not in text


# ---- hostile values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "a.example; } server { listen 1",
        "a.example\n include /etc/passwd",
        "a b",
        "~^(.*)$",
        "*.example",
        ".example",
        "a.example.",
        "a..example",
        "-a.example",
        "_",
        "",
        "A.example",
        "$host",
        '"x"',
        "a{2}",
        "x" * 64 + ".example",
        ".".join(["x" * 60] * 5),
    ],
)
def test_a_host_that_means_something_to_nginx_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=r"sites/portal/site.toml: 'host'"):
        configuration(with_host(host), Options(WWW))


@pytest.mark.parametrize(
    "name", ['云泽"; } evil', "云泽\n} evil", "$host ${host}", "\\", 'a\\"b', "<script>'", "名" * 5000], ids=ascii
)
def test_the_name_of_a_site_stays_text(name: str) -> None:
    cluster = make_cluster_of()
    text = configuration(replace(cluster, sites={"portal": replace(cluster.sites["portal"], name=name)}), Options(WWW))
    line = next(line for line in text.split("\n") if "return 503 " in line)
    page = line.partition("return 503 ")[2]

    assert re.fullmatch(r'"[^"\\$]*";', page)
    assert len(page.encode()) < 4096
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["www", "/srv/w w", '/srv/"', "/srv/$host", "/srv/a;b", "/srv/{x}", "/srv/*", "/a\nb"])
def test_a_folder_that_nginx_would_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="cannot stand in nginx's configuration"):
        Options(Path(path))
    with pytest.raises(ConfigError, match="cannot stand in nginx's configuration"):
        Options(WWW, tls=Tls(path, "/etc/key"))


def test_a_user_is_a_plain_name() -> None:
    with pytest.raises(ConfigError, match="no user"):
        Options(WWW, user="www-data; include /etc/x")


def test_a_command_cannot_leave_its_comment() -> None:
    text = configuration(TWO, Options(WWW, command="zhanqun nginx --www '/srv\nevil on;'"))

    assert "\nevil" not in text
    assert command_in(text) == "zhanqun nginx --www '/srv evil on;'"


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "ipv6", "addresses"),
    [
        (("80",), True, ("80", "[::]:80")),
        (("80",), False, ("80",)),
        (("127.0.0.1:8080", "[::1]:8080"), True, ("127.0.0.1:8080", "[::1]:8080")),
        (("80", "80"), True, ("80", "[::]:80")),
    ],
    ids=["a port", "a port without IPv6", "addresses", "twice the same"],
)
def test_addresses_to_listen_on(words: tuple[str, ...], ipv6: bool, addresses: tuple[str, ...]) -> None:
    assert listen_addresses(words, ipv6=ipv6) == addresses


@pytest.mark.parametrize(
    "word", ["", "0", "65536", "http", "80;", "1.2.3:80", "::1:80", "[1.2.3.4]:80", "[fe80::1%x]:80"]
)
def test_what_is_no_address_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="no address to listen on"):
        listen_addresses((word,))


def test_what_is_no_proxy_is_refused() -> None:
    with pytest.raises(ConfigError, match="Write a proxy as"):
        proxy_networks(("10.0.0.5; x",))


# ---- what nginx knows -----------------------------------------------------------------------------------------------


def test_a_new_site_is_unknown_until_the_configuration_is_written_again(tmp_path: Path) -> None:
    old = configuration(
        make_cluster_of(), Options(WWW, command="zhanqun nginx --www /srv/www --out /etc/nginx/nginx.conf")
    )
    (tmp_path / COPY).write_text(old, "utf-8")

    assert unknown_sites(TWO, old) == ("coal-power",)
    unknown = unknown_to_nginx(TWO, tmp_path)
    assert unknown is not None
    assert unknown.sites == ("coal-power",)
    assert unknown.command == "zhanqun nginx --www /srv/www --out /etc/nginx/nginx.conf"
    (tmp_path / COPY).write_text(configuration(TWO, Options(WWW)), "utf-8")
    assert unknown_to_nginx(TWO, tmp_path) is None


@pytest.mark.parametrize("tls", [None, TLS], ids=["http", "https"])
def test_a_site_under_another_host_is_unknown(tls: Tls | None) -> None:
    text = configuration(make_cluster_of(host="old.yunze.localhost"), Options(WWW, tls=tls))

    assert known_sites(text) == {"portal": "old.yunze.localhost"}
    assert unknown_sites(make_cluster_of(), text) == ("portal",)


def test_where_nginx_was_never_configured_nothing_is_told(tmp_path: Path) -> None:
    assert unknown_to_nginx(TWO, tmp_path) is None


def test_without_nginx_the_check_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_words, **_more: None)

    with pytest.raises(ConfigError, match="apt-get install nginx-light"):
        find_nginx()
    with pytest.raises(ConfigError):
        check(tmp_path / "nginx.conf")
