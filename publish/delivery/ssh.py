"""`ssh://` targets: the system's OpenSSH client, and the receiver at the other end of it.

- The target's `authorized_keys` ties our key to one command, `zhanqun receive --stdio`, with `restrict`: the key opens
  no shell and no tunnel, and whoever steals it can offer nothing that the signatures do not allow.
- The host's key is checked against `known_hosts`; one that is unknown or has changed is told, never taken silently.
- What breaks is told by what to do: the client's own words are read for the reason and quoted where there is none.

Opened by `publish.delivery.open_target`. What is said over the line: `publish.receiver.wire`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from cluster.errors import TargetError
from publish.delivery.conversation import Conversation, NotGreetedError
from publish.delivery.parcel import Parcel
from publish.receiver import Receipt
from publish.receiver.receive import Hello
from publish.receiver.wire import TIMEOUTS, Channel, SilenceError, Timeouts, shown
from publish.validity import VALIDITY

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]+(?:%[0-9A-Za-z]+)?")
_QUOTED = 300
_HEARD = 16 * 1024
_NO_COMMAND = (126, 127)


@dataclass(frozen=True, slots=True)
class SshSettings:
    """How the client is called; None leaves a choice to the user's own ssh configuration."""

    identity: Path | None = None
    known_hosts: Path | None = None
    # Whether a host seen for the first time is believed; a changed key never is.
    accept_new_hosts: bool = False
    config: Path | None = None
    program: str = "ssh"
    timeouts: Timeouts = TIMEOUTS


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target lies: `user` and `port` may be left to the ssh configuration."""

    user: str | None
    host: str
    port: int | None
    folder: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Reads `ssh://[USER@]HOST[:PORT]/FOLDER`. Raises: TargetError."""
        try:
            parts = urlsplit(url)
            user, host, port = parts.username, parts.hostname or "", parts.port
        except ValueError as error:
            raise _bad_url(url) from error
        folder = unquote(parts.path)
        has_more = bool(parts.query or parts.fragment or parts.password)
        is_fit = _HOST.fullmatch(host) and (user is None or _USER.fullmatch(user)) and folder.strip("/")
        if has_more or not is_fit or not folder.isprintable():
            raise _bad_url(url)
        return cls(user, host, port, folder)


@dataclass(frozen=True, slots=True)
class SshTarget:
    """A web root on another machine; each call is one connection."""

    url: str
    address: Address
    settings: SshSettings
    now: Callable[[], datetime]
    expiry: timedelta = VALIDITY.online
    _lent: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def at(cls, url: str, settings: SshSettings, now: Callable[[], datetime]) -> SshTarget:
        """The target of a URL. Raises: TargetError."""
        return cls(url, Address.parse(url), settings, now)

    def hello(self) -> Hello:
        """What the target has."""
        with self._connected() as conversation:
            return conversation.hello()

    def deliver(self, parcel: Parcel) -> Receipt:
        """Sends what the target lacks and makes the release live there."""
        with self._connected() as conversation:
            hello = conversation.hello()
            if hello.root_version == 0:
                raise _no_trust(self.url, self.address)
            return conversation.deliver(parcel, hello, self.expiry)

    def lend(self, id: str) -> bytes:
        """The text of a listing that the target keeps; what lies below it comes over the same connection."""
        if id not in self._lent:
            with self._connected() as conversation:
                conversation.hello()
                self._lent.update(conversation.lend_tree(id))
        return self._lent.pop(id)

    def command(self) -> list[str]:
        """The client's command line."""
        settings, address = self.settings, self.address
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "accept-new" if settings.accept_new_hosts else "yes",
            "ConnectTimeout": settings.timeouts.connect,
            "ServerAliveInterval": max(1, settings.timeouts.silence // 4),
            "ServerAliveCountMax": 3,
            "ClearAllForwardings": "yes",
            "PermitLocalCommand": "no",
            "LogLevel": "ERROR",
        }
        if settings.known_hosts:
            options["UserKnownHostsFile"] = _quoted(settings.known_hosts)
        command = [settings.program, "-T", "-x", "-a", "-e", "none"]
        command += [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        command += ["-F", str(settings.config)] if settings.config else []
        command += ["-i", str(settings.identity), "-o", "IdentitiesOnly=yes"] if settings.identity else []
        command += ["-l", address.user] if address.user else []
        command += ["-p", str(address.port)] if address.port else []
        return [*command, "--", address.host, f"zhanqun receive --stdio --www {shlex.quote(address.folder)}"]

    @contextmanager
    def _connected(self) -> Iterator[Conversation]:
        """One connection, closed at the end; whatever breaks it is told as a `TargetError`."""
        line = _Line.to(self)
        conversation = Conversation(self.url, line.channel, self.settings.timeouts)
        try:
            yield conversation
        except NotGreetedError as error:
            raise line.why_it_broke(conversation, error.first) from error
        except (EOFError, OSError) as error:
            raise line.why_it_broke(conversation, b"", error) from error
        finally:
            line.close()


@dataclass(slots=True)
class _Line:
    """A running ssh client: its pipes, and what it says beside them, of which the last is kept."""

    target: SshTarget
    process: subprocess.Popen[bytes]
    channel: Channel
    _heard: bytearray = field(default_factory=bytearray)
    _listener: threading.Thread | None = None

    @classmethod
    def to(cls, target: SshTarget) -> _Line:
        """Starts the client. Raises: TargetError when it cannot be."""
        settings = target.settings
        if settings.identity is not None and not os.access(settings.identity, os.R_OK):
            raise _no_identity(target.url, settings.identity)
        try:
            process = subprocess.Popen(
                target.command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {"LC_ALL": "C"},
                bufsize=0,
            )
        except OSError as error:
            raise _no_client(target.url, settings.program, error) from error
        channel = Channel.of(_pipe(process.stdout).fileno(), _pipe(process.stdin).fileno(), settings.timeouts.silence)
        line = cls(target, process, channel)
        line._listener = threading.Thread(target=line._listen, daemon=True)
        line._listener.start()
        return line

    def close(self) -> None:
        """Hangs up and waits for the client's end, which is brought about when it does not come."""
        with suppress(OSError):
            _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()
        for stop in (self.process.terminate, self.process.kill):
            try:
                self.process.wait(self.target.settings.timeouts.end)
                break
            except subprocess.TimeoutExpired:
                stop()
        self.process.wait()
        if self._listener:
            self._listener.join(self.target.settings.timeouts.end)
        _pipe(self.process.stderr).close()

    def why_it_broke(self, conversation: Conversation, first: bytes, error: Exception | None = None) -> TargetError:
        """The error to tell, from what the client and the other end have said."""
        if isinstance(error, EOFError | BrokenPipeError):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.target.settings.timeouts.end)
        if self._listener:
            self._listener.join(1)
        said = self._heard.decode("utf-8", "replace")
        url, address = self.target.url, self.target.address
        if conversation.is_greeted:
            return _cut(url, conversation, _last_line(said) or shown(str(error or "")))
        for pattern, tell in _REASONS:
            if re.search(pattern, said, re.IGNORECASE):
                return tell(url, address, _last_line(said))
        if self.process.returncode in _NO_COMMAND:
            return _no_receiver(url, address, _last_line(said))
        if isinstance(error, SilenceError):
            return _silent(url, address)
        if first:
            return _not_a_receiver(url, address, shown(first.decode("utf-8", "replace"))[:_QUOTED])
        return _unknown(url, address, _last_line(said) or shown(str(error or "")))

    def _listen(self) -> None:
        """Keeps the last of what is said, and takes the rest away so that nobody waits."""
        pipe = _pipe(self.process.stderr)
        with suppress(OSError, ValueError):
            while data := pipe.read(4096):
                self._heard += data
                del self._heard[:-_HEARD]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("no pipe")
    return pipe


def _quoted(path: Path) -> str:
    """A path in an option's value, where spaces divide and `%` stands for something."""
    escaped = str(path).replace("%", "%%")
    return f'"{escaped}"'


def _last_line(said: str) -> str:
    lines = [shown(line) for line in said.splitlines() if line.strip()]
    return lines[-1][:_QUOTED] if lines else ""


# ---- what is told ---------------------------------------------------------------------------------------------------


def _bad_url(url: str) -> TargetError:
    return TargetError(
        f"{shown(url)}: not an ssh target. Write it as ssh://USER@HOST[:PORT]/FOLDER, without a password.",
        f"{shown(url)}：不是有效的 ssh 发布目标。请写成 ssh://用户@主机[:端口]/文件夹，不含密码。",
    )


def _no_client(url: str, program: str, error: OSError) -> TargetError:
    return TargetError(
        f"{url}: '{program}' cannot be started ({error.strerror}). Install the OpenSSH client (openssh-client).",
        f"{url}：无法启动“{program}”（{error.strerror}）。请安装 OpenSSH 客户端（openssh-client）。",
    )


def _no_identity(url: str, identity: Path) -> TargetError:
    return TargetError(
        f"{url}: the key file {identity} is missing or not readable. Make one with: "
        f"ssh-keygen -t ed25519 -f {identity}",
        f"{url}：密钥文件 {identity} 不存在或不可读。可用 ssh-keygen -t ed25519 -f {identity} 生成。",
    )


def _host_changed(url: str, address: Address, _said: str) -> TargetError:
    return TargetError(
        f"{url}: the key of host {address.host} is not the one it had before. Nothing was sent. Ask the host's "
        f"administrator for the new fingerprint; only if it is right, remove the old key with: ssh-keygen -R "
        f"{_known_as(address)}",
        f"{url}：主机 {address.host} 的密钥与以前不同，未发送任何内容。请向该主机的管理员核对新指纹；"
        f"确认无误后才可用 ssh-keygen -R {_known_as(address)} 删除旧密钥。",
    )


def _host_unknown(url: str, address: Address, _said: str) -> TargetError:
    port = f"-p {address.port} " if address.port else ""
    return TargetError(
        f"{url}: host {address.host} is unknown here. Nothing was sent. Fetch its key with: ssh-keyscan {port}"
        f"{address.host} , compare its fingerprint with the administrator's, and add it to known_hosts.",
        f"{url}：本机不认识主机 {address.host}，未发送任何内容。请用 ssh-keyscan {port}{address.host} 取得其密钥，"
        f"与管理员核对指纹后加入 known_hosts。",
    )


def _identity_unfit(url: str, _address: Address, said: str) -> TargetError:
    return TargetError(
        f"{url}: the key file cannot be used ({said}). It must be readable for its owner only (chmod 600) and have no "
        "passphrase, or be in ssh-agent.",
        f"{url}：密钥文件无法使用（{said}）。其权限须仅限所有者读取（chmod 600），且不设口令，或已加入 ssh-agent。",
    )


def _key_refused(url: str, address: Address, _said: str) -> TargetError:
    return TargetError(
        f"{url}: {address.host} refuses our key. Add its public part to authorized_keys of the receiving user there, "
        'as: restrict,command="zhanqun receive --stdio --www FOLDER" ssh-ed25519 …',
        f"{url}：{address.host} 拒绝了我们的密钥。请将公钥加入对方接收用户的 authorized_keys，"
        '写成：restrict,command="zhanqun receive --stdio --www 文件夹" ssh-ed25519 …',
    )


def _unreachable(url: str, address: Address, said: str) -> TargetError:
    return TargetError(
        f"{url}: {address.host} cannot be reached ({said}). Check the name, the port, the firewall and that sshd runs.",
        f"{url}：无法连接 {address.host}（{said}）。请检查主机名、端口、防火墙以及 sshd 是否在运行。",
    )


def _no_receiver(url: str, address: Address, said: str) -> TargetError:
    return TargetError(
        f"{url}: zhanqun does not run on {address.host} ({said}). Install it there, and write its full path into the "
        "command= of authorized_keys.",
        f"{url}：{address.host} 上无法运行 zhanqun（{said}）。"
        "请在该主机安装，并在 authorized_keys 的 command= 中写明完整路径。",
    )


def _not_a_receiver(url: str, address: Address, said: str) -> TargetError:
    return TargetError(
        f"{url}: {address.host} answers, but not as a receiver: '{said}'. Its authorized_keys must start "
        "'zhanqun receive --stdio', of the same version, and the login must print nothing.",
        f"{url}：{address.host} 的应答不是接收端：“{said}”。其 authorized_keys 须启动相同版本的 "
        "'zhanqun receive --stdio'，且登录时不得输出任何内容。",
    )


def _cut(url: str, conversation: Conversation, said: str) -> TargetError:
    done, all_ = conversation.done_bytes, conversation.all_bytes
    words = f" ({said})" if said else ""
    return TargetError(
        f"{url}: the connection was cut after {done} of {all_} bytes{words}. The site there is as it was and what has "
        "arrived is kept: publish again and the rest follows.",
        f"{url}：连接在传输 {done}/{all_} 字节后中断{words}。"
        "对方网站保持原样，已收到的内容会保留；请重新发布，将继续传输其余部分。",
    )


def _unknown(url: str, address: Address, said: str) -> TargetError:
    return TargetError(
        f"{url}: {address.host} hung up without a word ({said or '-'}). Try by hand: ssh -v {address.host}",
        f"{url}：{address.host} 未作应答即断开（{said or '-'}）。请手工检查：ssh -v {address.host}",
    )


def _silent(url: str, address: Address) -> TargetError:
    return TargetError(
        f"{url}: {address.host} does not answer. Check that the machine is well, and its authorized_keys; "
        "then publish again.",
        f"{url}：{address.host} 没有应答。请检查该主机是否正常及其 authorized_keys，然后重新发布。",
    )


def _no_trust(url: str, address: Address) -> TargetError:
    return TargetError(
        f"{url}: this target does not know yet whose signatures to trust. Carry data/trust/1.root.json there and run: "
        f"zhanqun receive --www {address.folder} --trust 1.root.json",
        f"{url}：该目标尚未设置信任的签名。请将 data/trust/1.root.json 带到该主机并运行："
        f"zhanqun receive --www {address.folder} --trust 1.root.json",
    )


def _known_as(address: Address) -> str:
    """The host's name in known_hosts."""
    return f"'[{address.host}]:{address.port}'" if address.port not in (None, 22) else address.host


# What the client says on standard error, and what to tell then; the first that is found counts.
_REASONS: tuple[tuple[str, Callable[[str, Address, str], TargetError]], ...] = (
    (r"HOST IDENTIFICATION HAS CHANGED|Offending \S+ key", _host_changed),
    (r"Host key verification failed|No \S+ host key is known", _host_unknown),
    (r"UNPROTECTED PRIVATE KEY|Load key .*: (bad permissions|invalid format|error in|incorrect)", _identity_unfit),
    (r"Permission denied \(|Too many authentication failures", _key_refused),
    (
        r"Could not resolve|Connection (refused|timed out|reset|closed)|No route to host|unreachable|kex_exchange|"
        r"Connection to \S+ port \d+ timed out",
        _unreachable,
    ),
    (r": not found|command not found|No module named|No such file or directory", _no_receiver),
)
