"""The program's own settings: `zhanqun.toml` in the working folder, each key also as `ZHANQUN_…` in the environment.

The environment wins over the file, options of a command win over both. Secrets are never settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ConfigError
from cluster.issues import Issue
from cluster.toml import Table

FILE = "zhanqun.toml"
DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie and how the program speaks; `url` replaces the cluster's when it is given,
    `port` the one in it (`url_at`). `nginx_reload` is the command that makes a web server on this machine read new
    redirects; the two of ssh are files for `ssh:` targets, empty for the user's own."""

    base: Path
    data: Path
    var: Path
    theme: Path
    targets: tuple[str, ...]
    language: str
    host: str
    port: int
    url: str
    ssh_identity: str = ""
    ssh_known_hosts: str = ""
    nginx_reload: str = ""

    @property
    def repository(self) -> Path:
        """The content repository."""
        return self.data / "content.git"


def load_settings(base: Path, environment: Mapping[str, str]) -> Settings:
    """The settings of a working folder.

    Raises:
        ConfigError: `zhanqun.toml` or a variable cannot be used; all mistakes are named at once.
    """
    issues: list[Issue] = []
    file = base / FILE
    data = file.read_bytes() if file.is_file() else b"format = 1\n"
    table = Table.parse(FILE, data, issues)
    if table is None:
        raise _mistakes(issues)
    # The file is read even where the environment wins: what nobody reads is told as unknown.
    port_in_file, language_in_file = table.whole("port", DEFAULT_PORT), table.text("lang", "")
    port = environment.get("ZHANQUN_PORT") or str(port_in_file)
    settings = Settings(
        base=base,
        data=base / _text(table, environment, "data", "data"),
        var=base / _text(table, environment, "var", "var"),
        theme=base / _text(table, environment, "theme", str(Path(__file__).parent.parent / "themes" / "gov")),
        targets=tuple(_text(table, environment, "targets", "dir:dmz/www").split()),
        language=environment.get("ZHANQUN_LANG") or language_in_file or environment.get("LANG") or "en",
        host=_text(table, environment, "host", "127.0.0.1"),
        port=int(port) if port.isdecimal() else 0,
        url=_text(table, environment, "url", ""),
        ssh_identity=_text(table, environment, "ssh_identity", ""),
        ssh_known_hosts=_text(table, environment, "ssh_known_hosts", ""),
        nginx_reload=_text(table, environment, "nginx_reload", ""),
    )
    if not 0 < settings.port < 65536:
        table.note("config-value", "port", value=port, hint="1-65535")
    table.close()
    if issues:
        raise _mistakes(issues)
    return settings


def url_at(url: str, port: int) -> str:
    """The cluster's url on a machine that serves at `port`: only one that names the default port follows."""
    ending = f":{DEFAULT_PORT}"
    return f"{url.removesuffix(ending)}:{port}" if url.endswith(ending) else url


def _text(table: Table, environment: Mapping[str, str], key: str, default: str) -> str:
    in_file = table.text(key, default)
    return environment.get(f"ZHANQUN_{key.upper()}") or in_file


def _mistakes(issues: list[Issue]) -> ConfigError:
    english, chinese = ("\n".join(f"{one.place()}: {one.text(lang)}" for one in issues) for lang in ("en", "zh"))
    return ConfigError(english, chinese)


def environment() -> Mapping[str, str]:
    """The process environment, at the program's edge."""
    return os.environ
