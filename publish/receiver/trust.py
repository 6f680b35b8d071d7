"""What a target trusts: the client state of The Update Framework in `state/tuf/`, and the check of a bundle against it.

- The rules are python-tuf's (`TrustedMetadataSet`): chain of roots, signatures, versions that only grow, expiry, files
  that belong together. Here stand the order, our limits, and the code and words of each refusal.
- The one target file is `release.json`: the release record, byte for byte.
- Everything is checked before anything is written: a refusal changes nothing. The same metadata again is accepted.
- `root.json`, `timestamp.json`, `snapshot.json` are the newest accepted, as they came, written in this order: a kill in
  between leaves a state that refuses whatever the older one refused.
- When the root names new keys for a role, what the old keys signed no longer counts (python-tuf's recovery).
- The clock is an argument. It judges new bundles only; what is live is not touched by it.

Called by the receiver for every bundle, and by `zhanqun receive --trust` and the folder delivery for the first root.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Snapshot, Timestamp
from tuf.api.serialization import DeserializationError

# Private in name only: python-tuf's client rules without its network, pinned below version 8. The public `Updater`
# reads the machine's clock, which here is an argument.
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from cluster.errors import RefusedError
from publish.receiver import trust_refusals as refusals
from publish.receiver.disk import sync_folder, told
from publish.receiver.trust_time import CLOCK, SIGNED_AT, TIME

RELEASE = "release.json"
_NAME = re.compile(r"timestamp\.json|([1-9][0-9]{0,14})\.(root|snapshot|targets)\.json")


@dataclass(frozen=True, slots=True)
class TrustLimits:
    """What metadata may be at most; python-tuf's own numbers where it has them."""

    file_bytes: int = 512_000
    roots: int = 256
    clock: timedelta = CLOCK


TRUST_LIMITS = TrustLimits()


@dataclass(frozen=True, slots=True)
class Accepted:
    """Metadata that passed every check: the files that become the trusted state, in the order of writing."""

    files: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class TrustState:
    """The trusted metadata in a folder, `state/tuf`; made by `set_up`."""

    folder: Path
    limits: TrustLimits = TRUST_LIMITS
    at_step: Callable[[str], None] = lambda _step: None

    @property
    def root_version(self) -> int:
        """The version of the trusted root, 0 before set-up. Raises: FormatError when the file is damaged."""
        data = self._kept("root.json")
        return 0 if data is None else _trusting(self.folder, data).root.version

    def set_up(self, root: bytes, *, replace: bool = False) -> None:
        """Trusts this root from now on; the trusted one again changes nothing, another needs `replace`.

        Raises:
            RefusedError: `format` for what is no root, `signature` for a root that its own keys did not sign,
                `root-chain` when another root is trusted already.
        """
        _checked_root(root, self.limits)
        trusted = self._kept("root.json")
        if trusted == root:
            return
        if trusted is not None and not replace:
            raise refusals.trusts_another()
        # What the older root's keys signed counts no more by itself.
        self.remember(Accepted((("root.json", root),)))

    def verify(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> None:
        """Checks a bundle's metadata and record, and remembers them.

        Raises:
            RefusedError: with the code of the broken rule; nothing is changed.
            FormatError: the kept state is damaged.
        """
        self.remember(self.check(metadata, record, now))

    def check(self, metadata: Mapping[str, bytes], record: bytes, now: datetime) -> Accepted:
        """Checks without remembering; raises as `verify`."""
        offer = _Offer.sorted_out(metadata, self.limits)
        trusted_root = self._kept("root.json")
        if trusted_root is None:
            raise refusals.not_set_up()
        trusted = _trusting(self.folder, trusted_root)
        trusted.reference_time = now
        root = _follow_roots(trusted, trusted_root, offer)
        _check_root_lasts(trusted, now)
        timestamp = self._take_timestamp(trusted, offer, now)
        _check_clock(trusted, now, self.limits)
        snapshot = self._take_snapshot(trusted, offer, now)
        _take_targets(trusted, offer, now)
        _check_record(trusted, record)
        return Accepted((("root.json", root), ("timestamp.json", timestamp), ("snapshot.json", snapshot)))

    def remember(self, accepted: Accepted) -> None:
        """Makes checked metadata the trusted state; each file is on the disk before the next is written."""
        with told(self.folder):
            _make_durably(self.folder)
            for name, data in accepted.files:
                if self._kept(name) != data:
                    _write(self.folder / name, data)
                    self.at_step(name)

    def _take_timestamp(self, trusted: TrustedMetadataSet, offer: _Offer, now: datetime) -> bytes:
        """Loads the kept timestamp, then the offered one; returns the one that counts."""
        kept = self._kept("timestamp.json")
        if kept is not None:
            with self._loading("timestamp.json"):
                trusted.update_timestamp(kept)
        try:
            with _refusing(offer.timestamp, trusted, now, bad_version="replayed"):
                trusted.update_timestamp(offer.timestamp)
        except _SameVersion:
            return kept or offer.timestamp
        return offer.timestamp

    def _take_snapshot(self, trusted: TrustedMetadataSet, offer: _Offer, now: datetime) -> bytes:
        """Loads the kept snapshot, whose versions must not go back, then the offered one."""
        data = offer.snapshots.get(trusted.timestamp.snapshot_meta.version)
        if data is None:
            raise refusals.missing(f"{trusted.timestamp.snapshot_meta.version}.snapshot.json")
        kept = self._kept("snapshot.json")
        if kept is not None:
            with self._loading("snapshot.json"):
                trusted.update_snapshot(kept, trusted=True)
        with _refusing(data, trusted, now, bad_version="replayed"):
            trusted.update_snapshot(data)
        return data

    @contextmanager
    def _loading(self, name: str) -> Iterator[None]:
        """Loads a kept file: it may be expired, of another version, or signed by keys that count no more."""
        try:
            yield
        except DeserializationError as error:
            raise refusals.damaged(self.folder / name) from error
        except RepositoryError:
            pass

    def _kept(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None


def fingerprint(root: bytes) -> str:
    """A root's fingerprint in groups that two people can compare over the telephone."""
    digest = hashlib.sha256(root).hexdigest()[:32]
    return " ".join(digest[start : start + 4] for start in range(0, 32, 4))


@dataclass(frozen=True, slots=True)
class _Offer:
    """The files of a bundle by kind and version, looked at no further than their names and sizes."""

    timestamp: bytes
    roots: Mapping[int, bytes]
    snapshots: Mapping[int, bytes]
    targets: Mapping[int, bytes]

    @classmethod
    def sorted_out(cls, metadata: Mapping[str, bytes], limits: TrustLimits) -> _Offer:
        """Raises: RefusedError for a name that does not belong, a file too large, too many, or no signature at all."""
        kinds: dict[str, dict[int, bytes]] = {"root": {}, "snapshot": {}, "targets": {}}
        for name, data in metadata.items():
            match = _NAME.fullmatch(name)
            if match is None or len(data) > limits.file_bytes:
                raise refusals.not_metadata(name)
            if match[2]:
                kinds[match[2]][int(match[1])] = data
        if len(kinds["root"]) > limits.roots:
            raise refusals.too_many_roots(limits.roots)
        if "timestamp.json" not in metadata:
            raise refusals.unsigned("timestamp.json")
        return cls(metadata["timestamp.json"], kinds["root"], kinds["snapshot"], kinds["targets"])


# ---- the steps of a check -------------------------------------------------------------------------------------------


def _follow_roots(trusted: TrustedMetadataSet, known: bytes, offer: _Offer) -> bytes:
    """Goes from the trusted root to the newest offered one, step by step; returns the root that counts now."""
    if offer.roots.get(trusted.root.version, known) != known:
        raise refusals.other_root()
    for version in sorted(offer.roots):
        if version <= trusted.root.version:
            continue
        try:
            trusted.update_root(offer.roots[version])
        except DeserializationError as error:
            raise refusals.not_metadata(f"{version}.root.json") from error
        except RepositoryError as error:
            raise refusals.other_root() from error
        known = offer.roots[version]
    return known


def _check_root_lasts(trusted: TrustedMetadataSet, now: datetime) -> None:
    if trusted.root.is_expired(now):
        raise refusals.root_expired(trusted.root.expires, now)


def _check_clock(trusted: TrustedMetadataSet, now: datetime, limits: TrustLimits) -> None:
    signed_at = _signed_at(trusted.timestamp)
    if signed_at is not None and signed_at > now + limits.clock:
        raise refusals.clock_is_behind(signed_at, now)


def _take_targets(trusted: TrustedMetadataSet, offer: _Offer, now: datetime) -> None:
    version = trusted.snapshot.meta["targets.json"].version
    if version not in offer.targets:
        raise refusals.missing(f"{version}.targets.json")
    with _refusing(offer.targets[version], trusted, now, bad_version="mixed"):
        trusted.update_targets(offer.targets[version])


def _check_record(trusted: TrustedMetadataSet, record: bytes) -> None:
    named = trusted.targets.targets.get(RELEASE)
    if named is None:
        raise refusals.missing(RELEASE)
    try:
        named.verify_length_and_hashes(record)
    except LengthOrHashMismatchError as error:
        raise refusals.other_record() from error


class _SameVersion(Exception):
    """The offered timestamp has the version of the kept one, which goes on counting."""


@contextmanager
def _refusing(data: bytes, trusted: TrustedMetadataSet, now: datetime, *, bad_version: str) -> Iterator[None]:
    """Turns python-tuf's refusal of `data` into ours."""
    try:
        yield
    except EqualVersionNumberError as error:
        raise _SameVersion from error
    except DeserializationError as error:
        raise refusals.not_metadata("") from error
    except UnsignedMetadataError as error:
        raise _not_signed_by_the_trusted(data) from error
    except LengthOrHashMismatchError as error:
        raise refusals.do_not_belong_together() from error
    except BadVersionNumberError as error:
        is_mixed = bad_version == "mixed" or _is_another_snapshot(data, trusted)
        raise refusals.do_not_belong_together() if is_mixed else refusals.replayed() from error
    except ExpiredMetadataError as error:
        raise refusals.expired(_ran_out(data, trusted, now), now) from error
    except RepositoryError as error:
        raise refusals.not_metadata("") from error


def _not_signed_by_the_trusted(data: bytes) -> RefusedError:
    metadata = Metadata.from_bytes(data)
    role = metadata.signed.type
    return refusals.wrong_signature(role) if metadata.signatures else refusals.unsigned(role)


def _is_another_snapshot(data: bytes, trusted: TrustedMetadataSet) -> bool:
    """Whether this is a snapshot, but not the one that the timestamp names."""
    signed = Metadata.from_bytes(data).signed
    return isinstance(signed, Snapshot) and signed.version != trusted.timestamp.snapshot_meta.version


def _ran_out(data: bytes, trusted: TrustedMetadataSet, now: datetime) -> datetime:
    """When the signature that is no longer valid ran out: the timestamp's, else that of `data`."""
    if trusted.timestamp.is_expired(now):
        return trusted.timestamp.expires
    return Metadata.from_bytes(data).signed.expires


def _signed_at(timestamp: Timestamp) -> datetime | None:
    text = timestamp.unrecognized_fields.get(SIGNED_AT)
    with suppress(ValueError):
        return datetime.strptime(str(text), TIME).replace(tzinfo=UTC)
    return None


# ---- files ----------------------------------------------------------------------------------------------------------


def _checked_root(data: bytes, limits: TrustLimits) -> None:
    """Raises: RefusedError for what is no root, or not signed by its own keys."""
    if len(data) > limits.file_bytes:
        raise refusals.not_metadata("root.json")
    try:
        TrustedMetadataSet(data, EnvelopeType.METADATA)
    except UnsignedMetadataError as error:
        raise refusals.wrong_signature("root") from error
    except RepositoryError as error:
        raise refusals.not_metadata("root.json") from error


def _trusting(folder: Path, root: bytes) -> TrustedMetadataSet:
    """Raises: FormatError when the kept root is damaged."""
    try:
        return TrustedMetadataSet(root, EnvelopeType.METADATA)
    except RepositoryError as error:
        raise refusals.damaged(folder / "root.json") from error


def _write(path: Path, data: bytes) -> None:
    """Writes aside, waits for the disk, then puts in place: replay is refused after a power cut too."""
    aside = path.with_name(f".{path.name}.tmp")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_folder(path.parent)


def _make_durably(folder: Path) -> None:
    """Makes a folder whose name is on the disk, and so are those of the folders made above it."""
    if not folder.is_dir():
        _make_durably(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
