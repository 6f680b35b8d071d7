"""Asking nginx itself whether it would take a configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cluster.errors import ConfigError

CHECK_SECONDS = 60
# Where Debian and openEuler have it: not in everybody's PATH.
_PLACES = os.pathsep.join(("/usr/sbin", "/usr/local/sbin", "/sbin"))


def find_nginx() -> str:
    """The path of nginx on this machine. Raises: ConfigError when there is none."""
    found = shutil.which("nginx") or shutil.which("nginx", path=_PLACES)
    if found is None:
        raise ConfigError(
            "nginx is not installed here. Install it (Debian: apt-get install nginx-light "
            "libnginx-mod-http-brotli-static), or check the file on the machine that has it: nginx -t -c FILE",
            "本机没有安装 nginx。请安装（Debian：apt-get install nginx-light libnginx-mod-http-brotli-static），"
            "或在装有 nginx 的机器上检查：nginx -t -c 文件",
        )
    return found


def check(file: Path) -> None:
    """Runs `nginx -t` over a configuration file. Raises: ConfigError with nginx's words when it would not take it."""
    command = [find_nginx(), "-t", "-q", "-e", "stderr", "-c", str(file)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=CHECK_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(str(error)) from error
    if done.returncode != 0:
        raise _refused(done.stderr.strip()[-2000:])


def _refused(why: str) -> ConfigError:
    return ConfigError(
        f"nginx does not take this configuration; nothing was written:\n{why}",
        f"nginx 不接受这份配置，未写入任何文件：\n{why}",
    )
