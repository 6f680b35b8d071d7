"""The receiver's trust: what the inside signed is taken, every attack is refused, and a refusal changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Targets

from cluster.errors import FormatError, RefusedError
from publish.keys import KeyFolder
from publish.receiver.trust import TrustLimits, TrustState, fingerprint
from publish.receiver.trust_time import minute
from publish.trust import ROLES, Trust

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)
OLD, NEW, OTHER = b'{"number": 1}', b'{"number": 2}', b'{"number": 3}'
STATE = ("root.json", "timestamp.json", "snapshot.json")

Bundle = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class City:
    """An inside and a target that trusts its first root."""

    folder: Path
    inside: Trust
    state: TrustState

    def sign(self, record: bytes, at: datetime = NOW, root_version: int = 0) -> Bundle:
        return self.inside.sign(record, at=at, expiry=3 * DAY, root_version=root_version)

    def resigned(self, data: bytes, change: Callable[[Any], None], *, key_of: str | None = None) -> bytes:
        """A metadata file, changed and signed again with the real keys of its role, or of another: they were stolen."""
        metadata: Metadata[Any] = Metadata.from_bytes(data)
        change(metadata.signed)
        role = key_of or metadata.signed.type
        root = Metadata[Root].from_bytes(self.inside.root()).signed
        metadata.signatures.clear()
        for keyid in root.roles[role].keyids:
            metadata.sign(KeyFolder(self.inside.keys).load(role, root.keys[keyid]), append=True)
        return metadata.to_bytes()

    def kept(self) -> dict[str, bytes]:
        """Every file of the target's trusted state."""
        return {path.name: path.read_bytes() for path in self.state.folder.iterdir()}


def make_inside(folder: Path) -> Trust:
    trust = Trust.of(folder)
    trust.init(NOW)
    return trust


@pytest.fixture
def city(tmp_path: Path) -> City:
    inside = make_inside(tmp_path / "data")
    state = TrustState(tmp_path / "dmz" / "state" / "tuf")
    state.set_up(inside.root())
    return City(tmp_path, inside, state)


def refused(state: TrustState, metadata: Bundle, record: bytes, now: datetime = NOW) -> str:
    """The code with which a bundle is refused; the words are there in both languages and say that nothing changed."""
    with pytest.raises(RefusedError) as caught:
        state.verify(metadata, record, now)
    error = caught.value
    assert "othing was changed" in error.english or error.code == "not-set-up"
    assert "未做任何改动" in error.chinese or error.code == "not-set-up"
    return error.code


def only(bundle: Bundle, kind: str) -> str:
    """The name of a bundle's one file of a kind."""
    (name,) = (name for name in bundle if name.endswith(f"{kind}.json"))
    return name


# ---- what is taken --------------------------------------------------------------------------------------------------


def test_what_the_inside_signed_is_taken_and_remembered(city: City) -> None:
    bundle = city.sign(NEW)
    city.state.verify(bundle, NEW, NOW)

    assert set(city.kept()) == set(STATE)
    assert city.kept()["timestamp.json"] == bundle["timestamp.json"]
    assert city.kept()["snapshot.json"] == bundle[only(bundle, "snapshot")]


def test_the_same_bundle_again_is_taken(city: City) -> None:
    bundle = city.sign(NEW)
    city.state.verify(bundle, NEW, NOW)
    kept = city.kept()
    city.state.verify(bundle, NEW, NOW + DAY)

    assert city.kept() == kept


def test_the_same_release_signed_again_and_the_next_release_are_taken(city: City) -> None:
    for record, at in ((OLD, NOW), (OLD, NOW + 2 * DAY), (NEW, NOW + 4 * DAY), (NEW, NOW + 5 * DAY)):
        city.state.verify(city.sign(record, at, root_version=city.state.root_version), record, at)


def test_a_bundle_without_the_roots_that_are_known_is_taken(city: City) -> None:
    bundle = city.sign(NEW, root_version=1)

    assert not any(name.endswith("root.json") for name in bundle)
    city.state.verify(bundle, NEW, NOW)


def test_checking_alone_remembers_nothing(city: City) -> None:
    kept = city.kept()
    accepted = city.state.check(city.sign(NEW), NEW, NOW)
    assert city.kept() == kept

    city.state.remember(accepted)
    assert set(city.kept()) == set(STATE)


def test_any_zone_of_the_clock_is_as_good(city: City) -> None:
    city.state.verify(city.sign(NEW), NEW, datetime.fromisoformat("2026-11-20T09:00:00+08:00"))


# ---- attacks --------------------------------------------------------------------------------------------------------

Attack = Callable[[City], tuple[Bundle, bytes, datetime]]


def nothing_at_all(city: City) -> tuple[Bundle, bytes, datetime]:
    return {}, NEW, NOW


def no_timestamp(city: City) -> tuple[Bundle, bytes, datetime]:
    return _without(city.sign(NEW), "timestamp"), NEW, NOW


def signatures_cut_out(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    timestamp = json.loads(bundle["timestamp.json"]) | {"signatures": []}
    return bundle | {"timestamp.json": json.dumps(timestamp).encode()}, NEW, NOW


def signed_by_a_stranger(city: City) -> tuple[Bundle, bytes, datetime]:
    stranger = make_inside(city.folder / "stranger")
    return stranger.sign(NEW, at=NOW + DAY, expiry=3 * DAY, root_version=1), NEW, NOW + DAY


def a_longer_life_written_in(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    return bundle | {"timestamp.json": bundle["timestamp.json"].replace(b'"2026-11-23', b'"2029-11-23')}, NEW, NOW


def a_timestamp_signed_with_the_key_of_targets(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    forged = city.resigned(bundle["timestamp.json"], lambda signed: None, key_of="targets")
    return bundle | {"timestamp.json": forged}, NEW, NOW


def targets_signed_with_the_key_of_the_timestamp(city: City) -> tuple[Bundle, bytes, datetime]:
    """Whoever holds the timestamp's and the snapshot's key still cannot name a record of their own."""
    bundle = city.sign(NEW)
    name = only(bundle, "targets")
    forged = city.resigned(bundle[name], lambda signed: None, key_of="timestamp")
    return _named_by_stolen_keys(city, bundle, name, forged), NEW, NOW


def an_old_bundle(city: City) -> tuple[Bundle, bytes, datetime]:
    old = city.sign(OLD)
    city.state.verify(city.sign(NEW, NOW + DAY), NEW, NOW + DAY)
    return old, OLD, NOW + DAY


def an_old_bundle_long_expired(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle, record, _ = an_old_bundle(city)
    return bundle, record, NOW + 100 * DAY


def an_old_timestamp_of_the_same_release(city: City) -> tuple[Bundle, bytes, datetime]:
    old = city.sign(NEW)
    city.state.verify(city.sign(NEW, NOW + DAY), NEW, NOW + DAY)
    return old, NEW, NOW + DAY


def a_stolen_timestamp_key_names_an_old_snapshot(city: City) -> tuple[Bundle, bytes, datetime]:
    old = city.sign(OLD)
    new = city.sign(NEW, NOW + DAY)
    city.state.verify(new, NEW, NOW + DAY)
    meta = Metadata[Any].from_bytes(old["timestamp.json"]).signed.snapshot_meta

    def change(signed: Any) -> None:
        signed.version += 1
        signed.snapshot_meta = meta

    return old | {"timestamp.json": city.resigned(new["timestamp.json"], change)}, OLD, NOW + DAY


def stolen_timestamp_and_snapshot_keys_name_old_targets(city: City) -> tuple[Bundle, bytes, datetime]:
    old = city.sign(OLD)
    new = city.sign(NEW, NOW + DAY)
    city.state.verify(new, NEW, NOW + DAY)
    targets = only(old, "targets")
    bundle = _without(new, "targets") | {targets: old[targets]}
    return _named_by_stolen_keys(city, bundle, targets, old[targets]), OLD, NOW + DAY


def held_back_until_it_ran_out(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW), NEW, NOW + 3 * DAY


def the_last_accepted_shown_for_ever(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    city.state.verify(bundle, NEW, NOW)
    return bundle, NEW, NOW + 3 * DAY


def targets_that_ran_out(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    name = only(bundle, "targets")
    expired = city.resigned(bundle[name], lambda signed: setattr(signed, "expires", NOW - DAY))
    return _named_by_stolen_keys(city, bundle, name, expired), NEW, NOW


def a_root_that_ran_out(city: City) -> tuple[Bundle, bytes, datetime]:
    at = NOW + YEAR - DAY
    return city.sign(NEW, at), NEW, at + DAY


def a_clock_a_year_ahead(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW), NEW, NOW + YEAR


def a_clock_a_year_behind(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW), NEW, NOW - YEAR


def another_record(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW), OTHER, NOW


def a_record_with_one_bit_flipped(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW), NEW[:-1] + bytes([NEW[-1] ^ 1]), NOW


def the_snapshot_of_another_release(city: City) -> tuple[Bundle, bytes, datetime]:
    return _with_from_another(city, "snapshot")


def the_targets_of_another_release(city: City) -> tuple[Bundle, bytes, datetime]:
    return _with_from_another(city, "targets")


def the_timestamp_of_another_release(city: City) -> tuple[Bundle, bytes, datetime]:
    old, new = city.sign(OLD), city.sign(NEW, NOW + DAY)
    return old | {"timestamp.json": new["timestamp.json"]}, OLD, NOW + DAY


def no_snapshot(city: City) -> tuple[Bundle, bytes, datetime]:
    return _without(city.sign(NEW), "snapshot"), NEW, NOW


def no_targets(city: City) -> tuple[Bundle, bytes, datetime]:
    return _without(city.sign(NEW), "targets"), NEW, NOW


def targets_that_name_no_release(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    name = only(bundle, "targets")
    empty = city.resigned(bundle[name], lambda signed: signed.targets.clear())
    return _named_by_stolen_keys(city, bundle, name, empty), NEW, NOW


def another_first_root(city: City) -> tuple[Bundle, bytes, datetime]:
    stranger = make_inside(city.folder / "stranger")
    return stranger.sign(NEW, at=NOW, expiry=3 * DAY, root_version=0), NEW, NOW


def a_second_root_by_a_stranger(city: City) -> tuple[Bundle, bytes, datetime]:
    stranger = make_inside(city.folder / "stranger")
    stranger.rotate("timestamp", NOW)
    return stranger.sign(NEW, at=NOW, expiry=3 * DAY, root_version=1), NEW, NOW


def a_chain_of_roots_with_a_gap(city: City) -> tuple[Bundle, bytes, datetime]:
    city.inside.rotate("timestamp", NOW)
    city.inside.rotate("timestamp", NOW)
    bundle = city.sign(NEW)
    del bundle["2.root.json"]
    return bundle, NEW, NOW


def a_new_root_that_only_its_own_keys_signed(city: City) -> tuple[Bundle, bytes, datetime]:
    return _with_root_signatures(city, lambda signatures, new: [one for one in signatures if one["keyid"] in new])


def a_new_root_that_only_the_old_keys_signed(city: City) -> tuple[Bundle, bytes, datetime]:
    return _with_root_signatures(city, lambda signatures, new: [one for one in signatures if one["keyid"] not in new])


def no_json(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"timestamp.json": b"{"}, NEW, NOW


def endless_nesting(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"timestamp.json": b"[" * 400_000}, NEW, NOW


def a_root_in_the_place_of_the_timestamp(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"timestamp.json": city.inside.root()}, NEW, NOW


def a_garbled_new_root(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"2.root.json": b"\xff\xfe"}, NEW, NOW


def an_unknown_specification(city: City) -> tuple[Bundle, bytes, datetime]:
    bundle = city.sign(NEW)
    strange = bundle["timestamp.json"].replace(b'"spec_version":"1.', b'"spec_version":"2.')
    assert strange != bundle["timestamp.json"]
    return bundle | {"timestamp.json": strange}, NEW, NOW


def a_name_that_leads_out(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"../2.root.json": b"{}"}, NEW, NOW


def a_name_that_is_none_of_ours(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"mirrors.json": b"{}"}, NEW, NOW


def a_file_too_large(city: City) -> tuple[Bundle, bytes, datetime]:
    return city.sign(NEW) | {"9.targets.json": b" " * (TrustLimits().file_bytes + 1)}, NEW, NOW


def too_many_roots(city: City) -> tuple[Bundle, bytes, datetime]:
    roots = {f"{number}.root.json": b"{}" for number in range(2, TrustLimits().roots + 3)}
    return city.sign(NEW, root_version=1) | roots, NEW, NOW


def _without(bundle: Bundle, kind: str) -> Bundle:
    return {name: data for name, data in bundle.items() if not name.endswith(f"{kind}.json")}


def _with_from_another(city: City, kind: str) -> tuple[Bundle, bytes, datetime]:
    """A bundle whose file of a kind has another release's bytes, under the right name."""
    old, new = city.sign(OLD), city.sign(NEW, NOW + DAY)
    return new | {only(new, kind): old[only(old, kind)]}, NEW, NOW + DAY


def _named_by_stolen_keys(city: City, bundle: Bundle, name: str, targets: bytes) -> Bundle:
    """The bundle with a snapshot and a timestamp, signed with the real keys, that name these targets."""
    version = Metadata[Targets].from_bytes(targets).signed.version
    old_name = only(bundle, "snapshot")

    def change_snapshot(signed: Any) -> None:
        signed.version += 1
        signed.meta["targets.json"] = MetaFile.from_data(version, targets, ["sha256"])

    snapshot = city.resigned(bundle[old_name], change_snapshot)
    snapshot_version = int(old_name.partition(".")[0]) + 1

    def change_timestamp(signed: Any) -> None:
        signed.version += 1
        signed.snapshot_meta = MetaFile.from_data(snapshot_version, snapshot, ["sha256"])

    timestamp = city.resigned(bundle["timestamp.json"], change_timestamp)
    named = {f"{snapshot_version}.snapshot.json": snapshot, name: targets, "timestamp.json": timestamp}
    return _without(bundle, "snapshot") | named


def _with_root_signatures(
    city: City, choose: Callable[[list[dict[str, str]], list[str]], list[dict[str, str]]]
) -> tuple[Bundle, bytes, datetime]:
    city.inside.rotate("root", NOW)
    bundle = city.sign(NEW)
    root = json.loads(bundle["2.root.json"])
    new = root["signed"]["roles"]["root"]["keyids"]
    root["signatures"] = choose(root["signatures"], new)
    assert len(root["signatures"]) == 1
    return bundle | {"2.root.json": json.dumps(root).encode()}, NEW, NOW


ATTACKS: list[tuple[Attack, str]] = [
    (nothing_at_all, "unsigned"),
    (no_timestamp, "unsigned"),
    (signatures_cut_out, "unsigned"),
    (signed_by_a_stranger, "signature"),
    (a_longer_life_written_in, "signature"),
    (a_timestamp_signed_with_the_key_of_targets, "signature"),
    (targets_signed_with_the_key_of_the_timestamp, "signature"),
    (an_old_bundle, "replayed"),
    (an_old_bundle_long_expired, "replayed"),
    (an_old_timestamp_of_the_same_release, "replayed"),
    (a_stolen_timestamp_key_names_an_old_snapshot, "replayed"),
    (stolen_timestamp_and_snapshot_keys_name_old_targets, "replayed"),
    (held_back_until_it_ran_out, "expired"),
    (the_last_accepted_shown_for_ever, "expired"),
    (targets_that_ran_out, "expired"),
    (a_root_that_ran_out, "expired"),
    (a_clock_a_year_ahead, "expired"),
    (a_clock_a_year_behind, "clock"),
    (another_record, "mixed"),
    (a_record_with_one_bit_flipped, "mixed"),
    (the_snapshot_of_another_release, "mixed"),
    (the_targets_of_another_release, "mixed"),
    (the_timestamp_of_another_release, "mixed"),
    (no_snapshot, "mixed"),
    (no_targets, "mixed"),
    (targets_that_name_no_release, "mixed"),
    (another_first_root, "root-chain"),
    (a_second_root_by_a_stranger, "root-chain"),
    (a_chain_of_roots_with_a_gap, "root-chain"),
    (a_new_root_that_only_its_own_keys_signed, "root-chain"),
    (a_new_root_that_only_the_old_keys_signed, "root-chain"),
    (no_json, "format"),
    (endless_nesting, "format"),
    (a_root_in_the_place_of_the_timestamp, "format"),
    (a_garbled_new_root, "format"),
    (an_unknown_specification, "format"),
    (a_name_that_leads_out, "format"),
    (a_name_that_is_none_of_ours, "format"),
    (a_file_too_large, "format"),
    (too_many_roots, "format"),
]


@pytest.mark.parametrize(("attack", "code"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_an_attack_is_refused_and_nothing_changes(city: City, attack: Attack, code: str) -> None:
    metadata, record, now = attack(city)
    kept = city.kept()

    assert refused(city.state, metadata, record, now) == code
    assert city.kept() == kept


@pytest.mark.parametrize("attack", [attack for attack, _ in ATTACKS], ids=lambda attack: attack.__name__)
def test_after_an_attack_the_next_right_bundle_is_taken(city: City, attack: Attack) -> None:
    metadata, record, now = attack(city)
    refused(city.state, metadata, record, now)
    at = NOW + 2 * DAY

    city.state.verify(city.sign(OTHER, at, root_version=city.state.root_version), OTHER, at)


@pytest.mark.parametrize("kind", ["timestamp", "snapshot", "targets", "root"])
def test_no_flipped_bit_gets_through(city: City, kind: str) -> None:
    city.inside.rotate("root", NOW)
    bundle = city.sign(NEW, root_version=1)
    kept = city.kept()
    name = only(bundle, kind)
    for position in range(0, len(bundle[name]), max(1, len(bundle[name]) // 60)):
        flipped = bytearray(bundle[name])
        flipped[position] ^= 1 << position % 8
        refused(city.state, bundle | {name: bytes(flipped)}, NEW)
        refused(city.state, bundle | {name: bundle[name][:position]}, NEW)

    assert city.kept() == kept
    city.state.verify(bundle, NEW, NOW)


def test_what_is_to_be_done_about_a_wrong_clock_is_said(city: City) -> None:
    bundle = city.sign(NEW)
    moments = {
        "a month ahead": (NOW + 30 * DAY, NOW + 3 * DAY),
        "a year ahead": (NOW + YEAR, NOW + YEAR),  # where the root has run out as well
        "a year behind": (NOW - YEAR, NOW),
    }
    for now, other in moments.values():
        with pytest.raises(RefusedError) as caught:
            city.state.verify(bundle, NEW, now)
        english, chinese = caught.value.english, caught.value.chinese
        assert "check the clock of this machine" in english.lower()
        assert "the site goes on" in english
        assert "检查" in chinese
        assert "本机时钟" in chinese
        for text in (english, chinese):
            assert minute(now) in text
            assert minute(other) in text


def test_a_clock_some_hours_behind_does_no_harm(city: City) -> None:
    city.state.verify(city.sign(NEW), NEW, NOW - timedelta(hours=20))


# ---- new keys -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_target_follows_new_keys_of_a_role(city: City, role: str) -> None:
    city.state.verify(city.sign(OLD), OLD, NOW)
    city.inside.rotate(role, NOW + DAY)
    city.state.verify(city.sign(NEW, NOW + DAY, root_version=1), NEW, NOW + DAY)

    assert city.state.root_version == 2
    assert city.kept()["root.json"] == city.inside.root()


def test_a_target_that_slept_through_many_roots_follows_them_all(city: City) -> None:
    for role in (*ROLES, *ROLES):
        city.inside.rotate(role, NOW)
    city.state.verify(city.sign(NEW, root_version=1), NEW, NOW)

    assert city.state.root_version == 9


@pytest.mark.parametrize("role", ["targets", "snapshot", "timestamp"])
def test_what_a_stolen_key_signs_after_its_replacement_is_refused(city: City, role: str, tmp_path: Path) -> None:
    stolen = {path.name: path.read_bytes() for path in city.inside.keys.glob("*.pem")}
    public = {path.name: path.read_bytes() for path in city.inside.folder.glob("*.json")}
    city.inside.rotate(role, NOW)
    city.state.verify(city.sign(NEW, root_version=1), NEW, NOW)
    thief = Trust.of(tmp_path / "thief")
    thief.keys.mkdir(parents=True)
    thief.folder.mkdir(parents=True)
    for folder, files in ((thief.keys, stolen), (thief.folder, public)):
        for name, data in files.items():
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o600)
    bundle = thief.sign(OTHER, at=NOW + DAY, expiry=3 * DAY, root_version=1)

    assert refused(city.state, bundle, OTHER, NOW + DAY) == "signature"


def test_new_keys_free_a_target_from_versions_that_a_thief_drove_up(city: City) -> None:
    bundle = city.sign(OLD)

    def drive_up(signed: Signed) -> None:
        signed.version = 10**14

    city.state.verify(bundle | {"timestamp.json": city.resigned(bundle["timestamp.json"], drive_up)}, OLD, NOW)
    assert refused(city.state, city.sign(NEW, NOW + DAY), NEW, NOW + DAY) == "replayed"

    city.inside.rotate("timestamp", NOW + DAY)
    city.state.verify(city.sign(NEW, NOW + DAY), NEW, NOW + DAY)


def test_a_refused_bundle_brings_no_new_root(city: City) -> None:
    city.inside.rotate("timestamp", NOW)
    refused(city.state, city.sign(NEW), OTHER)

    assert city.state.root_version == 1


# ---- the first root -------------------------------------------------------------------------------------------------


def test_a_target_that_trusts_nobody_takes_nothing(tmp_path: Path) -> None:
    inside = make_inside(tmp_path / "data")
    state = TrustState(tmp_path / "tuf")

    assert state.root_version == 0
    assert refused(state, inside.sign(NEW, at=NOW, expiry=DAY, root_version=0), NEW) == "not-set-up"
    assert not state.folder.exists()


def test_the_first_root_is_taken_once_and_the_same_again_changes_nothing(city: City) -> None:
    city.state.verify(city.sign(NEW), NEW, NOW)
    kept = city.kept()
    city.state.set_up(city.inside.root())

    assert city.kept() == kept


def test_another_root_is_taken_only_when_it_is_to_replace_the_first(city: City) -> None:
    city.state.verify(city.sign(NEW), NEW, NOW)
    stranger = make_inside(city.folder / "anew")
    with pytest.raises(RefusedError, match="another root") as caught:
        city.state.set_up(stranger.root())
    assert caught.value.code == "root-chain"

    city.state.set_up(stranger.root(), replace=True)
    city.state.verify(stranger.sign(OLD, at=NOW, expiry=DAY, root_version=1), OLD, NOW)
    assert refused(city.state, city.sign(OTHER, NOW + DAY, 1), OTHER, NOW) == "signature"


NO_ROOTS = [
    ("garbage", lambda root: b"garbage", "format"),
    ("an empty file", lambda root: b"", "format"),
    ("a root that nobody signed", lambda root: json.dumps(json.loads(root) | {"signatures": []}).encode(), "signature"),
    ("a changed root", lambda root: root.replace(b'"threshold":1', b'"threshold":2', 1), "signature"),
    ("a huge file", lambda root: root + b" " * TrustLimits().file_bytes, "format"),
]


@pytest.mark.parametrize(("spoil", "code"), [row[1:] for row in NO_ROOTS], ids=[row[0] for row in NO_ROOTS])
def test_what_is_no_root_is_not_trusted(tmp_path: Path, spoil: Callable[[bytes], bytes], code: str) -> None:
    state = TrustState(tmp_path / "tuf")
    with pytest.raises(RefusedError) as caught:
        state.set_up(spoil(make_inside(tmp_path / "data").root()))

    assert caught.value.code == code
    assert state.root_version == 0


def test_a_fingerprint_tells_roots_apart(city: City) -> None:
    mark = fingerprint(city.inside.root())

    assert mark == city.inside.fingerprint()
    assert [len(group) for group in mark.split()] == [4] * 8
    assert mark != make_inside(city.folder / "other").fingerprint()


# ---- kills and damage -----------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process dies here."""


@pytest.mark.parametrize("step", STATE)
def test_a_kill_while_remembering_lets_the_new_in_and_the_old_stay_out(city: City, step: str) -> None:
    old = city.sign(OLD)
    city.state.verify(old, OLD, NOW)
    city.inside.rotate("root", NOW)
    new = city.sign(NEW, NOW + DAY, root_version=1)

    def die(at: str) -> None:
        if at == step:
            raise Killed

    with pytest.raises(Killed):
        TrustState(city.state.folder, at_step=die).verify(new, NEW, NOW + DAY)

    if step != "root.json":
        assert refused(city.state, old, OLD, NOW + DAY) == "replayed"
    city.state.verify(new, NEW, NOW + DAY)
    assert refused(city.state, old, OLD, NOW + DAY) == "replayed"


@pytest.mark.parametrize("name", STATE)
def test_a_damaged_state_is_told_and_lets_nothing_in(city: City, name: str) -> None:
    bundle = city.sign(NEW)
    city.state.verify(bundle, NEW, NOW)
    (city.state.folder / name).write_bytes(b"\0" * 100)
    with pytest.raises(FormatError, match=name):
        city.state.verify(bundle, NEW, NOW)


def test_nothing_is_left_aside(city: City) -> None:
    city.state.verify(city.sign(NEW), NEW, NOW)

    assert {path.name for path in city.state.folder.iterdir()} == set(STATE)
