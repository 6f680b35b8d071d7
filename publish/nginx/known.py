"""Which sites an nginx configuration has, and which of the cluster's it does not know yet.

`data/nginx.conf` is a copy of what `zhanqun nginx --out` wrote last: what nginx was told, asked by `status` and
`publish`. Without that file nothing is known and nothing is told. Reads text only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.site import Cluster

COPY = "nginx.conf"
_SERVER = re.compile(r'^\s*server_name ([a-z0-9.-]+);\n\s*root "[^"\n]*/current/([a-z0-9-]+)";$', re.MULTILINE)
_COMMAND = re.compile(r"^#   (zhanqun nginx\b.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sites that nginx does not serve yet, and the command that writes a configuration with them."""

    sites: tuple[str, ...]
    command: str


def known_sites(config: str) -> Mapping[str, str]:
    """The sites that a configuration serves: key → host."""
    return {site: host for host, site in _SERVER.findall(config)}


def unknown_sites(cluster: Cluster, config: str) -> tuple[str, ...]:
    """The keys of the cluster's sites that a configuration does not serve under their present host."""
    known = known_sites(config)
    return tuple(key for key, site in cluster.sites.items() if known.get(key) != site.host)


def command_in(config: str) -> str:
    """The command that wrote a configuration."""
    found = _COMMAND.search(config)
    return found[1] if found else "zhanqun nginx"


def unknown_to_nginx(cluster: Cluster, data: Path) -> Unknown | None:
    """What nginx has to be told, by the copy in `data`; None when nothing, or when nobody configured it from here."""
    try:
        config = (data / COPY).read_text("utf-8", "replace")
    except OSError:
        return None
    sites = unknown_sites(cluster, config)
    return Unknown(sites, command_in(config)) if sites else None
