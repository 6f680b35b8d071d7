"""`zhanqun nginx`: the web server's complete configuration, from `sites/`."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

import click

from cli.console import Console
from cli.options import FOLDER, command, content_option
from cluster.aside import write_aside
from cluster.errors import ConfigError
from publish.build import read_cluster
from publish.nginx.check import check as check_file
from publish.nginx.configuration import configuration
from publish.nginx.known import COPY, known_sites
from publish.nginx.options import Options, Tls, listen_addresses, proxy_networks
from publish.workspace import Workspace

FILE = click.Path(path_type=Path, dir_okay=False)


@command("nginx", example="zhanqun nginx --www /srv/www --tls-cert /etc/ssl/{host}.pem --tls-key /etc/ssl/{host}.key")
@click.option("--www", type=FOLDER, help="The web root on the web server (default: the first dir: target).")
@click.option("--listen", multiple=True, default=("80",), help="Port or address:port for HTTP; may be repeated.")
@click.option("--tls-listen", multiple=True, default=("443",), help="The same for HTTPS.")
@click.option("--tls-cert", default="", help="Certificate with its chain; {host} stands for the site's host.")
@click.option("--tls-key", default="", help="The certificate's key; {host} as above.")
@click.option("--no-ipv6", is_flag=True, help="Bare ports listen on IPv4 only.")
@click.option("--no-brotli", is_flag=True, help="For an nginx without the module brotli_static.")
@click.option("--behind", multiple=True, help="A proxy in front whose X-Forwarded-For is believed; may be repeated.")
@click.option("--user", default="www-data", help="The user that nginx runs as; it needs to read only.")
@click.option("--run", "run_folder", type=FOLDER, help="Keep logs and temporary files there: nginx without root.")
@click.option("--out", type=FILE, help="Write it there instead of printing it.")
@click.option("--check", is_flag=True, help="Ask nginx whether it takes it, before anything is written.")
@content_option
def nginx(
    console: Console,
    workspace: Workspace,
    www: Path | None,
    listen: tuple[str, ...],
    tls_listen: tuple[str, ...],
    tls_cert: str,
    tls_key: str,
    no_ipv6: bool,
    no_brotli: bool,
    behind: tuple[str, ...],
    user: str,
    run_folder: Path | None,
    out: Path | None,
    check: bool,
    content: Path | None,
) -> int:
    """Prints nginx's complete configuration for all sites, or writes it with --out."""
    options = Options(
        www=_absolute(www) if www else _folder_of(workspace),
        listen=listen_addresses(listen, ipv6=not no_ipv6),
        tls=_tls(tls_cert, tls_key, listen_addresses(tls_listen, ipv6=not no_ipv6)),
        user=user,
        brotli=not no_brotli,
        proxies=proxy_networks(behind),
        run=_absolute(run_folder) if run_folder else None,
        command=_command_line(),
    )
    with workspace.source(content) as source:
        cluster = read_cluster(source, workspace.settings.url, port=workspace.settings.port)
    text = configuration(cluster, options)
    if check:
        _check(text)
    if out is None:
        console.result(text.removesuffix("\n"))
    else:
        _write(console, workspace, out, text)
    console.dump({"sites": dict(known_sites(text)), "out": str(out) if out else "", "configuration": text})
    return 0


def _absolute(path: Path) -> Path:
    return Path.cwd() / path


def _folder_of(workspace: Workspace) -> Path:
    for url in workspace.settings.targets:
        kind, _, folder = url.partition(":")
        if kind == "dir":
            return _absolute(workspace.settings.base / folder)
    raise ConfigError(
        "No target is a folder (dir:…). Name the web root on the web server with --www.",
        "没有 dir: 形式的发布目标。请用 --www 指定 Web 服务器上的网站根目录。",
    )


def _tls(certificate: str, key: str, listen: tuple[str, ...]) -> Tls | None:
    if bool(certificate) != bool(key):
        raise ConfigError(
            "HTTPS needs both --tls-cert and --tls-key.", "启用 HTTPS 需要同时给出 --tls-cert 和 --tls-key。"
        )
    return Tls(certificate, key, listen) if certificate else None


def _command_line() -> str:
    """This call, for the configuration's first lines: whoever has to repeat it finds it there."""
    return shlex.join(["zhanqun", *sys.argv[1:]]) if sys.argv[1:2] == ["nginx"] else "zhanqun nginx"


def _check(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(text, "utf-8")
        check_file(file)


def _write(console: Console, workspace: Workspace, out: Path, text: str) -> None:
    """Puts the file in its place, and a copy where `status` looks for sites that nginx does not know."""
    try:
        write_aside(out, text.encode())
    except OSError as error:
        raise ConfigError(
            f"{out} cannot be written: {error.strerror}. Choose another place with --out.",
            f"无法写入 {out}：{error.strerror}。请用 --out 另选位置。",
        ) from error
    write_aside(workspace.settings.data / COPY, text.encode())
    console.tell("Written: {path}. Make nginx read it: nginx -t && systemctl reload nginx", path=out)
