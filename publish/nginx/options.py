"""What a configuration of nginx is asked to have: folders, addresses, certificates, limits; refused when unfit.

- Whatever ends up in the configuration has passed a pattern here: nothing in it can end a directive or begin one.

Called by `cli.nginx` and by `publish.nginx.configuration`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ConfigError
from cluster.site import Cluster, Site

_PORT = re.compile(r"[1-9][0-9]{0,4}")
# No blanks, quotes, braces, semicolons, variables or wildcards of nginx.
_PATH = re.compile(r"/[^\x00-\x20\x7f\"'\\$;{}*?\[\]#]*")
_CERTIFICATE = re.compile(r"/(?:[^\x00-\x20\x7f\"'\\$;{}*?\[\]#]|\{host\})*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class NginxLimits:
    """Limits of nginx.

    `files` is the descriptor limit of a worker: two for each of its `connections` and one for each cached file. An
    answer from the cache may be `cache_seconds` old, which concerns only what is restored in its place: a release's
    folders never change. Per address: open connections, requests a second, and how many may come at once; an office
    with hundreds of people behind one address stays below.
    """

    connections: int = 4096
    cached_files: int = 8000
    files: int = 16384
    cache_seconds: int = 2
    address_connections: int = 256
    address_requests: int = 200
    address_burst: int = 1000
    retry_seconds: int = 600


@dataclass(frozen=True, slots=True)
class Tls:
    """HTTPS: paths of certificate and key, in which `{host}` stands for the site's host, and where to listen."""

    certificate: str
    key: str
    listen: tuple[str, ...] = ("443", "[::]:443")


@dataclass(frozen=True, slots=True)
class Options:
    """One configuration. `run` holds logs, temporary files and pid where nginx runs outside the system's service."""

    www: Path
    listen: tuple[str, ...] = ("80", "[::]:80")
    tls: Tls | None = None
    user: str = "www-data"
    brotli: bool = True
    proxies: tuple[str, ...] = ()
    run: Path | None = None
    command: str = "zhanqun nginx"
    limits: NginxLimits = NginxLimits()

    def __post_init__(self) -> None:
        for path in (self.www, *([self.run] if self.run else [])):
            if not _PATH.fullmatch(str(path)):
                raise _unfit_path(str(path))
        for name in (self.tls.certificate, self.tls.key) if self.tls else ():
            if not _CERTIFICATE.fullmatch(name):
                raise _unfit_path(name)
        if self.user and not _USER.fullmatch(self.user):
            raise _unfit_user(self.user)


def listen_addresses(words: tuple[str, ...], *, ipv6: bool = True) -> tuple[str, ...]:
    """The addresses as nginx writes them; a bare port means all of this machine's, IPv6 included.

    Raises: ConfigError naming what is no port and no `address:port`.
    """
    found: list[str] = []
    for word in words:
        host, _, port = word.rpartition(":")
        if not _PORT.fullmatch(port) or int(port) > 65535 or not _is_address(host):
            raise _unfit_address(word)
        found += [word] if host else [port, f"[::]:{port}"] if ipv6 else [port]
    return tuple(dict.fromkeys(found))


def proxy_networks(words: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses or networks of proxies in their plain form. Raises: ConfigError."""
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in words)
    except ValueError as error:
        raise ConfigError(
            f"{error}. Write a proxy as 10.0.0.5 or 10.0.0.0/24.", f"{error}。代理地址请写成 10.0.0.5 或 10.0.0.0/24。"
        ) from error


def _is_address(host: str) -> bool:
    if not host:
        return True
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        is_six = ipaddress.ip_address(inner).version == 6
    except ValueError:
        return False
    return is_six == (inner != host) and "%" not in inner


def is_host(name: str) -> bool:
    """Whether a name means nothing else to nginx."""
    return bool(_HOST.fullmatch(name))


def refuse_unfit_hosts(cluster: Cluster) -> None:
    """Refuses a host that means something else to nginx. Raises: ConfigError with every such `site.toml`."""
    unfit = [site for site in cluster.sites.values() if not is_host(site.host)]
    if unfit:
        raise ConfigError("\n".join(map(_unfit_host_in_english, unfit)), "\n".join(map(_unfit_host_in_chinese, unfit)))


def _unfit_host_in_english(site: Site) -> str:
    return f"{site.config_path}: 'host' {site.host!r} is no host name. Write it as portal.example.gov.cn."


def _unfit_host_in_chinese(site: Site) -> str:
    return f"{site.config_path}：host {site.host!r} 不是有效的主机名。请写成 portal.example.gov.cn 的形式。"


def _unfit_path(path: str) -> ConfigError:
    return ConfigError(
        f"{path!r} cannot stand in nginx's configuration. Use an absolute path without blanks, quotes, $ ; {{ }} * ?",
        f"{path!r} 不能写入 nginx 配置。请使用绝对路径，且不含空格、引号及 $ ; {{ }} * ? 等字符。",
    )


def _unfit_user(user: str) -> ConfigError:
    return ConfigError(
        f"{user!r} is no user of this system. Try www-data.", f"{user!r} 不是系统用户名。可用 www-data。"
    )


def _unfit_address(word: str) -> ConfigError:
    return ConfigError(
        f"{word!r} is no address to listen on. Write 8080, 127.0.0.1:8080 or [::1]:8080.",
        f"{word!r} 不是监听地址。请写成 8080、127.0.0.1:8080 或 [::1]:8080。",
    )
