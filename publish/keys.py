"""Private keys in folders: one PEM file (PKCS #8, ed25519) for each, `<role>-<first 16 digits of its id>.pem`.

- The folder of this machine, `data/private/keys`, is for its owner alone; a key that others can read is not used.
- A folder on a medium, such as a USB stick, may lie on a file system without owners and modes: they are not asked for.
- A key never replaces another file: its name is made of its id. Keys lie nowhere else and are never printed.

Called by `publish.trust`.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.exceptions import Error as SignerError
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Key

from cluster.errors import ConfigError

_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class KeyFolder:
    """A folder of private keys; `on_medium` says that its file system may know no owners."""

    path: Path
    on_medium: bool = False

    def make(self, role: str) -> CryptoSigner:
        """Makes a new key for a role and writes it down.

        Raises:
            ConfigError: the folder of a medium is not there, or it cannot be written.
        """
        signer = CryptoSigner.generate_ed25519()
        try:
            if not self.on_medium:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_private(self._file(role, signer.public_key.keyid), signer.private_bytes)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        return signer

    def holds(self, role: str, keyid: str) -> bool:
        """Whether the key's file lies here."""
        return self._file(role, keyid).is_file()

    def load(self, role: str, key: Key) -> CryptoSigner:
        """The signer of a public key.

        Raises:
            ConfigError: its file is missing, belongs to somebody else, can be read by others, or is damaged.
        """
        path = self._file(role, key.keyid)
        data = self._read(path)
        try:
            private = load_pem_private_key(data, None)
            if not isinstance(private, Ed25519PrivateKey) or not isinstance(key, SSlibKey):
                raise _damaged(path)
            return CryptoSigner(private, key)
        except (ValueError, TypeError, SignerError) as error:
            raise _damaged(path) from error

    def forget(self, role: str, keyid: str) -> None:
        """Deletes a key that no longer counts."""
        self._file(role, keyid).unlink(missing_ok=True)

    def forget_others(self, kept: Collection[tuple[str, str]]) -> None:
        """Deletes every key but those of these (role, id): what a kill left here, and what no longer counts."""
        names = {self._file(role, keyid).name for role, keyid in kept}
        for path in self.path.glob("*.pem"):
            if path.name not in names:
                path.unlink()

    def is_empty(self) -> bool:
        """Whether there is no key at all."""
        return not any(self.path.glob("*.pem"))

    def _file(self, role: str, keyid: str) -> Path:
        return self.path / f"{role}-{keyid[:_ID_DIGITS]}.pem"

    def _read(self, path: Path) -> bytes:
        try:
            status = path.stat()
            if not self.on_medium:
                _check_owner(path, status)
            return path.read_bytes()
        except FileNotFoundError as error:
            raise _missing(path) from error
        except OSError as error:
            raise _unreadable(path, error) from error


def _write_private(path: Path, data: bytes) -> None:
    """Writes aside with mode 0600 from the first moment, waits for the disk, puts in place."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise _other_owner(path, _user(status.st_uid), _user(os.geteuid()))
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise _open_to_others(path)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _missing(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: this key is missing. Restore it from the backup; if it is lost: zhanqun keys rotate "
        f"{path.name.partition('-')[0]}",
        f"{path}：缺少此密钥。请从备份恢复；如已丢失，请运行：zhanqun keys rotate {path.name.partition('-')[0]}",
    )


def _other_owner(path: Path, owner: str, user: str) -> ConfigError:
    return ConfigError(
        f"{path}: this key belongs to {owner}, but you are {user}. Run the command as {owner}.",
        f"{path}：此密钥属于 {owner}，而当前用户是 {user}。请以 {owner} 的身份运行。",
    )


def _open_to_others(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: other users can read this key. Run: chmod 600 {path}. If somebody may have copied it: zhanqun keys "
        f"rotate {path.name.partition('-')[0]}",
        f"{path}：其他用户可以读取此密钥。请运行：chmod 600 {path}。"
        f"如可能已被复制，请运行：zhanqun keys rotate {path.name.partition('-')[0]}",
    )


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: this key cannot be read ({error.strerror}). Check the folder's permissions and the medium.",
        f"{path}：无法读取此密钥（{error.strerror}）。请检查文件夹权限和介质。",
    )


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: this is not the key it should be. Restore it from the backup; if it is lost: zhanqun keys rotate "
        f"{path.name.partition('-')[0]}",
        f"{path}：密钥内容不符。请从备份恢复；如已丢失，请运行：zhanqun keys rotate {path.name.partition('-')[0]}",
    )


def _cannot_write(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: no key can be written here ({error.strerror}). Put the medium in and name an existing folder "
        "that you may write to.",
        f"{path}：无法在此写入密钥（{error.strerror}）。请插好介质，并指定一个已有且可写的文件夹。",
    )
