"""The inside's half of trust: keys, roots and signatures of The Update Framework.

- Public files lie in `data/trust`, private keys in `data/private/keys`.
- Four roles. `root` says whose keys count; its own may lie on media outside (`--offline`). `targets`, `snapshot` and
  `timestamp` sign every release on this machine. The one target file is the release record, `release.json`.
- `data/trust` holds public files only: every `<n>.root.json` there ever was, the newest targets and snapshot, the
  timestamp. Versions only grow: they are the higher of the last plus one and the seconds of the clock, so that
  signatures after a restored backup are still newer than what targets have seen.
- Targets, snapshot, timestamp are written in this order, each aside and on the disk; what was never written to the end
  was never given away. A root is written after the keys it names; keys that no longer count are deleted after it.
- One lock; the clock is an argument.

Called by the publish actions (`sign`), the worker (`ensure`, and `sign` again before a signature runs out) and
`zhanqun keys`.
"""

from __future__ import annotations

import copy
import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from publish import trust_words as words
from publish.keys import KeyFolder
from publish.receiver.trust import RELEASE, fingerprint
from publish.receiver.trust_time import SIGNED_AT, TIME
from publish.validity import VALIDITY, Validity

ROOT = "root"
ONLINE = ("targets", "snapshot", "timestamp")
ROLES = (ROOT, *ONLINE)
_HASH = "sha256"
_VERSIONED = re.compile(r"([1-9][0-9]*)\.(root|snapshot|targets)\.json")
# Stands in the folder of keys while the first root is not yet written.
_UNFINISHED = ".unfinished"
_S = TypeVar("_S", Root, Snapshot, Targets, Timestamp)


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """A role: its keys by the first digits of their ids, how many must sign and lie here, and until when it counts."""

    role: str
    keys: tuple[str, ...]
    threshold: int
    here: int
    until: datetime | None
    needs_care: bool
    english: str
    chinese: str

    def text(self, language: str) -> str:
        """What there is to say about it, in `zh` or `en`."""
        return self.chinese if language.startswith("zh") else self.english


@dataclass(frozen=True, slots=True)
class Trust:
    """Public files in `folder`, private keys in `keys`; nothing is touched before something is asked."""

    folder: Path
    keys: Path
    validity: Validity = VALIDITY
    at_step: Callable[[str], None] = lambda _step: None

    @classmethod
    def of(cls, data: Path) -> Trust:
        """The trust of a cluster whose lasting files lie in `data`."""
        return cls(data / "trust", data / "private" / "keys")

    # What is there

    @property
    def is_set_up(self) -> bool:
        """Whether there is a root."""
        return bool(self._versions(ROOT))

    def root(self) -> bytes:
        """The newest root, which a new target must be told to trust. Raises: ConfigError when there is none."""
        return self._root_file(self._root().signed.version)

    def root_path(self) -> Path:
        """Where the newest root lies. Raises: ConfigError when there is none."""
        return self.folder / f"{self._root().signed.version}.root.json"

    def fingerprint(self) -> str:
        """The newest root's, as `zhanqun receive --trust` shows it too."""
        return fingerprint(self.root())

    def key_status(self, at: datetime) -> tuple[RoleStatus, ...]:
        """What there is to know about every role, the root first. Raises: ConfigError when nothing is set up."""
        root = self._root().signed
        return tuple(self._status(root, role, at) for role in ROLES)

    # Keys

    def ensure(self, at: datetime) -> bool:
        """Makes keys when there are none, and renews a root that is about to run out if its keys lie on this machine.

        Returns whether anything was made; asks nobody. Raises: ConfigError as `init`.
        """
        if not self._wants(at):
            return False
        with self._locked():
            if not self.is_set_up:
                self._begin(at, (), 1)
            elif self._wants(at):
                self._renew(at)
        return True

    def init(self, at: datetime, *, offline: Sequence[Path] = (), threshold: int = 1) -> None:
        """Makes all keys and the first root; a root key in each folder of `offline`, or one on this machine.

        Raises:
            ConfigError: there are keys already, `threshold` asks for more root keys than are made, or a folder cannot
                be written.
        """
        with self._locked():
            if self.is_set_up:
                raise words.set_up_already()
            self._begin(at, offline, threshold)

    def rotate(self, role: str, at: datetime, *, offline: Sequence[Path] = (), threshold: int | None = None) -> None:
        """Gives a role new keys, by a new root that the old root keys sign and, for `root`, the new ones too.

        Root keys are looked for in the folders of `offline` and on this machine. For `root` a new one is made in each
        folder of `offline`, or one on this machine; no older root key counts then. Old keys are deleted.

        Raises:
            ConfigError: nothing is set up, too few root keys are at hand, or `threshold` does not fit.
        """
        if role not in ROLES:
            raise ValueError(role)
        with self._locked():
            old = self._root().signed
            signers = self._root_signers(old, offline)
            root = self._successor(old, at)
            for keyid in tuple(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            if role == ROOT:
                folders = self._folders(offline)
                _check_threshold(threshold or old.roles[ROOT].threshold, len(folders))
                signers += self._make_keys(root, ROOT, folders, threshold or old.roles[ROOT].threshold)
            else:
                self._make_keys(root, role, (self._own,), 1)
            self._write_root(root, signers)
            self._forget_root_keys(old, root, offline)

    # Signatures

    def sign(self, record: bytes, *, at: datetime, expiry: timedelta, root_version: int) -> dict[str, bytes]:
        """The files that vouch for a release record until `at + expiry`, with all roots above `root_version`.

        The same record again is signed anew: a newer timestamp over the same targets.

        Raises:
            ConfigError: nothing is set up, the root ran out, or a key is missing or not ours.
            TargetError: the target trusts a newer root than there is here.
            FormatError: a file of `data/trust` is damaged.
        """
        with self._locked():
            until = _utc(at + expiry)
            root = self._root().signed
            if root.expires <= at:
                raise words.root_ran_out(root.expires)
            if root_version > root.version:
                raise words.target_is_ahead(root_version, root.version)
            targets, targets_file = self._targets(root, record, at, until)
            snapshot, snapshot_file = self._snapshot(root, (targets, targets_file), at, until)
            timestamp_file = self._timestamp(root, (snapshot, snapshot_file), at, until)
            self._drop_older(targets=targets.version, snapshot=snapshot.version)
            roots = range(root_version + 1, root.version + 1)
            return {
                **{f"{version}.root.json": self._root_file(version) for version in roots},
                "timestamp.json": timestamp_file,
                f"{snapshot.version}.snapshot.json": snapshot_file,
                f"{targets.version}.targets.json": targets_file,
            }

    def _targets(self, root: Root, record: bytes, at: datetime, until: datetime) -> tuple[Targets, bytes]:
        """The newest targets when they name this record and last, else new ones."""
        named = TargetFile.from_data(RELEASE, record, [_HASH])
        last = self._newest(Targets, "targets")
        if last is not None and last[0].signed.targets == {RELEASE: named} and _counts(root, last[0], until):
            return last[0].signed, last[1]
        version = _next_version(last[0].signed.version if last else 0, at)
        expires = max(until, _utc(at + self.validity.release))
        signed = Targets(version=version, expires=expires, targets={RELEASE: named})
        return signed, self._sign_and_write(root, signed, f"{version}.targets.json")

    def _snapshot(
        self, root: Root, targets: tuple[Targets, bytes], at: datetime, until: datetime
    ) -> tuple[Snapshot, bytes]:
        """The newest snapshot when it names these targets and lasts, else a new one."""
        named = MetaFile.from_data(targets[0].version, targets[1], [_HASH])
        last = self._newest(Snapshot, "snapshot")
        if last is not None and last[0].signed.meta == {"targets.json": named} and _counts(root, last[0], until):
            return last[0].signed, last[1]
        version = _next_version(last[0].signed.version if last else 0, at)
        expires = max(until, _utc(at + self.validity.release))
        signed = Snapshot(version=version, expires=expires, meta={"targets.json": named})
        return signed, self._sign_and_write(root, signed, f"{version}.snapshot.json")

    def _timestamp(self, root: Root, snapshot: tuple[Snapshot, bytes], at: datetime, until: datetime) -> bytes:
        """A new timestamp, always."""
        last = self._read(Timestamp, "timestamp.json")
        signed = Timestamp(
            version=_next_version(last[0].signed.version if last else 0, at),
            expires=until,
            snapshot_meta=MetaFile.from_data(snapshot[0].version, snapshot[1], [_HASH]),
            unrecognized_fields={SIGNED_AT: _utc(at).strftime(TIME)},
        )
        return self._sign_and_write(root, signed, "timestamp.json")

    def _sign_and_write(self, root: Root, signed: _S, name: str) -> bytes:
        metadata = Metadata(signed)
        for keyid in root.roles[signed.type].keyids:
            metadata.sign(self._own.load(signed.type, root.keys[keyid]), append=True)
        return self._write(name, metadata)

    # Roots

    def _root(self) -> Metadata[Root]:
        """The newest root. Raises: ConfigError when there is none."""
        found = self._newest(Root, ROOT)
        if found is None:
            raise words.not_set_up()
        return found[0]

    def _root_file(self, version: int) -> bytes:
        path = self.folder / f"{version}.root.json"
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise words.damaged(path) from error

    def _wants(self, at: datetime) -> bool:
        """Whether `ensure` has something to do that it can do."""
        if not self.is_set_up:
            return True
        root = self._root().signed
        return root.expires - at <= self.validity.warning and self._here(root, ROOT) >= root.roles[ROOT].threshold

    def _begin(self, at: datetime, offline: Sequence[Path], threshold: int) -> None:
        """All keys and the first root. Keys without a root are a killed beginning, or a root that was lost."""
        if not self._own.is_empty() and not (self.keys / _UNFINISHED).exists():
            raise words.roots_are_lost(self.folder, self.keys)
        folders = self._folders(offline)
        _check_threshold(threshold, len(folders))
        self.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.keys / _UNFINISHED).touch()
        root = Root(version=1, expires=_utc(at + self.validity.root))
        signers = self._make_keys(root, ROOT, folders, threshold)
        for role in ONLINE:
            self._make_keys(root, role, (self._own,), 1)
        self._write_root(root, signers)

    def _renew(self, at: datetime) -> None:
        """A new root with the same keys and a later end."""
        old = self._root().signed
        self._write_root(self._successor(old, at), self._root_signers(old, ()))

    def _successor(self, old: Root, at: datetime) -> Root:
        root = copy.deepcopy(old)
        root.version += 1
        root.expires = _utc(at + self.validity.root)
        return root

    def _root_signers(self, root: Root, offline: Iterable[Path]) -> list[CryptoSigner]:
        """The root keys at hand. Raises: ConfigError when they are fewer than must sign."""
        places = (*(KeyFolder(path, on_medium=True) for path in offline), self._own)
        signers = []
        for keyid in root.roles[ROOT].keyids:
            place = next((place for place in places if place.holds(ROOT, keyid)), None)
            if place is not None:
                signers.append(place.load(ROOT, root.keys[keyid]))
        if len(signers) < root.roles[ROOT].threshold:
            raise words.too_few_root_keys(len(signers), root.roles[ROOT].threshold)
        return signers

    def _make_keys(self, root: Root, role: str, folders: Sequence[KeyFolder], threshold: int) -> list[CryptoSigner]:
        signers = [folder.make(role) for folder in folders]
        for signer in signers:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = threshold
        self.at_step(f"{role} key")
        return signers

    def _write_root(self, root: Root, signers: Iterable[CryptoSigner]) -> None:
        """Signs and writes a root; then the keys on this machine that it does not name are of no use to anybody."""
        metadata = Metadata(root)
        for signer in {signer.public_key.keyid: signer for signer in signers}.values():
            metadata.sign(signer, append=True)
        self._write(f"{root.version}.root.json", metadata)
        (self.keys / _UNFINISHED).unlink(missing_ok=True)
        self._own.forget_others([(name, keyid) for name, role in root.roles.items() for keyid in role.keyids])
        self.at_step("forgot keys")

    def _forget_root_keys(self, old: Root, new: Root, offline: Iterable[Path]) -> None:
        """Deletes old root keys on media; other keys there may be another cluster's and are left alone."""
        for path in offline:
            for keyid in set(old.roles[ROOT].keyids) - set(new.roles[ROOT].keyids):
                KeyFolder(path, on_medium=True).forget(ROOT, keyid)

    @property
    def _own(self) -> KeyFolder:
        return KeyFolder(self.keys)

    def _folders(self, offline: Sequence[Path]) -> tuple[KeyFolder, ...]:
        """Where root keys are made. Raises: ConfigError when a medium is not there."""
        for path in offline:
            if not path.is_dir():
                raise words.no_folder(path)
        return tuple(KeyFolder(path, on_medium=True) for path in dict.fromkeys(offline)) or (self._own,)

    def _here(self, root: Root, role: str) -> int:
        return sum(self._own.holds(role, keyid) for keyid in root.roles[role].keyids)

    def _status(self, root: Root, role: str, at: datetime) -> RoleStatus:
        keys, threshold, here = root.roles[role].keyids, root.roles[role].threshold, self._here(root, role)
        until = root.expires if role == ROOT else None
        runs_out = until is not None and until - at <= self.validity.warning
        is_missing = role != ROOT and here < threshold
        english, chinese = (
            words.said_of_root(root.expires, at, runs_out) if role == ROOT else words.said_of_keys(role, here)
        )
        ids = tuple(keyid[:16] for keyid in keys)
        return RoleStatus(role, ids, threshold, here, until, runs_out or is_missing, english, chinese)

    # Files

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Waits for the one who signs or makes keys, in this process or another.

        Raises:
            ConfigError: a file cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise words.cannot_write(Path(error.filename or self.folder), error) from error

    def _versions(self, kind: str) -> list[int]:
        matches = map(_VERSIONED.fullmatch, _names(self.folder))
        return sorted(int(match[1]) for match in matches if match and match[2] == kind)

    def _newest(self, type_: type[_S], kind: str) -> tuple[Metadata[_S], bytes] | None:
        versions = self._versions(kind)
        return self._read(type_, f"{versions[-1]}.{kind}.json") if versions else None

    def _read(self, type_: type[_S], name: str) -> tuple[Metadata[_S], bytes] | None:
        """A file and what is in it; None when there is none. Raises: FormatError when it is damaged."""
        path = self.folder / name
        try:
            data = path.read_bytes()
            metadata = Metadata[_S].from_bytes(data)
        except FileNotFoundError:
            return None
        except DeserializationError as error:
            raise words.damaged(path) from error
        if not isinstance(metadata.signed, type_):
            raise words.damaged(path)
        return metadata, data

    def _write(self, name: str, metadata: Metadata[_S]) -> bytes:
        """Writes aside, waits for the disk, puts in place."""
        data = metadata.to_bytes()
        aside = self.folder / f".{name}.tmp"
        with aside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.folder / name)
        self.at_step(name.lstrip("0123456789."))
        return data

    def _drop_older(self, **kept: int) -> None:
        """Deletes targets and snapshots that the timestamp no longer leads to."""
        for kind, version in kept.items():
            for other in self._versions(kind):
                if other != version:
                    (self.folder / f"{other}.{kind}.json").unlink()
        self.at_step("dropped")


def _counts(root: Root, metadata: Metadata[_S], until: datetime) -> bool:
    """Whether a file is signed by the keys of today and lasts long enough."""
    try:
        root.verify_delegate(metadata.signed.type, metadata.signed_bytes, metadata.signatures)
    except RepositoryError:
        return False
    return metadata.signed.expires >= until


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _next_version(last: int, at: datetime) -> int:
    return max(last + 1, int(at.timestamp()))


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC)


def _check_threshold(threshold: int, keys: int) -> None:
    if not 1 <= threshold <= keys:
        raise words.wrong_threshold(threshold, keys)
