"""The whole house behind the real nginx, as the web server in the DMZ has it; for tests and measurements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publish.nginx.configuration import configuration
from publish.nginx.options import Options, Tls, listen_addresses
from tests.publish.nginx_house import GENEROUS, USER, RunningNginx, free_port, running_nginx
from tests.scenarios.house import House


@contextmanager
def behind_nginx(house: House, folder: Path, *, port: int = 0, tls: Tls | None = None) -> Iterator[RunningNginx]:
    """nginx over the house's live release, by default on a port of its own, configured as by `zhanqun nginx`."""
    port = port or free_port()
    options = Options(
        house.www, listen=listen_addresses((str(port),), ipv6=False), tls=tls, user=USER, run=folder, limits=GENEROUS
    )
    with running_nginx(configuration(house.cluster, options), folder, port) as nginx:
        yield nginx
