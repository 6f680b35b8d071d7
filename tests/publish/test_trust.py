"""The inside's trust: keys and roots, signatures whose versions only grow, kills at every step, python-tuf's own client."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import FetcherInterface, Updater

from cluster.errors import ConfigError, FormatError, RefusedError, TargetError
from publish.receiver.trust import TrustState
from publish.trust import ONLINE, ROLES, Trust, Validity

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, NEW = b'{"number": 1}', b'{"number": 2}'

Bundle = dict[str, bytes]


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    made = Trust.of(tmp_path / "data")
    made.init(NOW)
    return made


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    return make_medium(tmp_path, "usb")


def make_medium(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def sign(trust: Trust, record: bytes = NEW, at: datetime = NOW, root_version: int = 0) -> Bundle:
    return trust.sign(record, at=at, expiry=3 * DAY, root_version=root_version)


def versions(bundle: Bundle) -> dict[str, int]:
    """The version of each role's newest file."""
    parsed = (Metadata[Any].from_bytes(data).signed for _, data in sorted(bundle.items()))
    return {signed.type: signed.version for signed in parsed}


def make_target(tmp_path: Path, trust: Trust, name: str = "dmz") -> TrustState:
    state = TrustState(tmp_path / name / "tuf")
    state.set_up(trust.root())
    return state


def keys_in(folder: Path) -> list[str]:
    """The roles of the keys in a folder."""
    return sorted(path.name.partition("-")[0] for path in folder.glob("*.pem"))


# ---- beginning ------------------------------------------------------------------------------------------------------


def test_a_beginning_makes_a_key_for_every_role_and_a_root(trust: Trust, tmp_path: Path) -> None:
    root = Metadata[Root].from_bytes(trust.root()).signed

    assert keys_in(trust.keys) == sorted(ROLES)
    assert len(root.keys) == 4
    assert root.expires == NOW + timedelta(days=365)
    make_target(tmp_path, trust).verify(sign(trust), NEW, NOW)


def test_private_keys_do_not_lie_among_the_public_files(trust: Trust) -> None:
    sign(trust)

    assert not any(b"PRIVATE" in path.read_bytes() for path in trust.folder.iterdir())
    assert all(path.stat().st_mode & 0o077 == 0 for path in trust.keys.iterdir())


def test_nothing_is_there_before_a_beginning(tmp_path: Path) -> None:
    trust = Trust.of(tmp_path / "data")

    assert not trust.is_set_up
    for ask in (trust.root, trust.fingerprint, lambda: sign(trust), lambda: trust.rotate("root", NOW)):
        with pytest.raises(ConfigError, match="zhanqun keys init"):
            ask()


def test_a_second_beginning_is_refused(trust: Trust) -> None:
    root = trust.root()
    with pytest.raises(ConfigError, match="zhanqun keys rotate"):
        trust.init(NOW)

    assert trust.root() == root


def test_keys_whose_root_was_lost_are_not_replaced(trust: Trust) -> None:
    keys = {path: path.read_bytes() for path in trust.keys.iterdir()}
    shutil.rmtree(trust.folder)
    for begin in (trust.init, trust.ensure):
        with pytest.raises(ConfigError, match="from the backup"):
            begin(NOW)

    assert {path: path.read_bytes() for path in trust.keys.iterdir()} == keys


def test_the_demo_makes_its_keys_once_and_without_a_question(tmp_path: Path) -> None:
    trust = Trust.of(tmp_path / "data")

    assert trust.ensure(NOW)
    root = trust.root()
    assert not trust.ensure(NOW + DAY)
    assert trust.root() == root


def test_two_who_begin_at_once_make_one_root(tmp_path: Path) -> None:
    trusts = [Trust.of(tmp_path / "data") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda trust: trust.ensure(NOW), trusts))

    assert [path.name for path in trusts[0].folder.glob("*.root.json")] == ["1.root.json"]
    assert keys_in(trusts[0].keys) == sorted(ROLES)


# ---- signing --------------------------------------------------------------------------------------------------------


def test_signing_the_same_release_again_renews_the_timestamp_alone(trust: Trust) -> None:
    first, again = versions(sign(trust)), versions(sign(trust, at=NOW + DAY))

    assert again["timestamp"] > first["timestamp"]
    assert (again["snapshot"], again["targets"]) == (first["snapshot"], first["targets"])


def test_another_release_gets_higher_versions_throughout(trust: Trust) -> None:
    first, second = versions(sign(trust, OLD)), versions(sign(trust, NEW))

    assert all(second[role] > first[role] for role in ONLINE)


def test_versions_grow_when_the_clock_goes_back(trust: Trust) -> None:
    first, second = versions(sign(trust, OLD)), versions(sign(trust, NEW, NOW - 300 * DAY))

    assert all(second[role] > first[role] for role in ONLINE)


def test_after_a_restored_backup_signatures_are_newer_than_what_targets_saw(trust: Trust, tmp_path: Path) -> None:
    state = make_target(tmp_path, trust)
    shutil.copytree(trust.folder, tmp_path / "backup")
    for hour in range(5):
        at = NOW + timedelta(hours=hour)
        record = str(hour).encode()
        state.verify(sign(trust, record, at), record, at)
    shutil.rmtree(trust.folder)
    shutil.copytree(tmp_path / "backup", trust.folder)

    state.verify(sign(trust, NEW, NOW + DAY), NEW, NOW + DAY)


def test_each_target_gets_its_own_expiry_and_the_roots_it_lacks(trust: Trust) -> None:
    trust.rotate("timestamp", NOW)
    carried = trust.sign(NEW, at=NOW, expiry=30 * DAY, root_version=0)
    online = trust.sign(NEW, at=NOW, expiry=3 * DAY, root_version=2)

    assert {name for name in carried if name.endswith("root.json")} == {"1.root.json", "2.root.json"}
    assert not any(name.endswith("root.json") for name in online)
    ends = [Metadata[Any].from_bytes(bundle["timestamp.json"]).signed.expires for bundle in (carried, online)]
    assert ends == [NOW + 30 * DAY, NOW + 3 * DAY]


def test_a_signature_is_good_however_long_the_release_stays_live(trust: Trust, tmp_path: Path) -> None:
    """Months without a change: targets and snapshot are renewed before they run out."""
    state = make_target(tmp_path, trust)
    for day in range(0, 1000, 25):
        at = NOW + day * DAY
        trust.ensure(at)
        state.verify(sign(trust, NEW, at, state.root_version), NEW, at)


def test_only_the_newest_files_are_kept(trust: Trust) -> None:
    for number in range(5):
        sign(trust, str(number).encode())

    kinds = sorted(path.name.partition(".")[2] for path in trust.folder.glob("[0-9]*"))
    assert kinds == ["root.json", "snapshot.json", "targets.json"]


def test_several_who_sign_at_once_get_different_timestamps(trust: Trust, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        bundles = list(pool.map(lambda _: sign(trust), range(8)))
    for number, bundle in enumerate(bundles):
        make_target(tmp_path, trust, f"dmz{number}").verify(bundle, NEW, NOW)

    assert len({versions(bundle)["timestamp"] for bundle in bundles}) == 8


def test_a_root_that_ran_out_signs_nothing_and_a_new_one_helps(trust: Trust) -> None:
    late = NOW + timedelta(days=365)
    with pytest.raises(ConfigError, match="zhanqun keys rotate root"):
        sign(trust, at=late)
    trust.rotate("root", late)

    assert sign(trust, at=late)


def test_a_target_with_a_newer_root_than_ours_is_told(trust: Trust) -> None:
    with pytest.raises(TargetError, match="older backup"):
        sign(trust, root_version=2)


@pytest.mark.parametrize("role", ONLINE)
def test_a_missing_key_stops_signing_and_new_keys_help(trust: Trust, tmp_path: Path, role: str) -> None:
    state = make_target(tmp_path, trust)
    next(trust.keys.glob(f"{role}-*.pem")).unlink()
    with pytest.raises(ConfigError, match=f"zhanqun keys rotate {role}"):
        sign(trust)
    trust.rotate(role, NOW)

    state.verify(sign(trust), NEW, NOW)


@pytest.mark.parametrize("kind", ["root", "targets", "snapshot", "timestamp"])
def test_a_damaged_public_file_is_told(trust: Trust, kind: str) -> None:
    sign(trust)
    (path,) = trust.folder.glob(f"*{kind}.json")
    path.write_bytes(b"{")
    with pytest.raises(FormatError, match="from the backup"):
        sign(trust)


def test_a_folder_that_cannot_be_written_is_told(trust: Trust) -> None:
    (trust.folder / ".timestamp.json.tmp").mkdir()
    with pytest.raises(ConfigError, match=r"timestamp\.json\.tmp: cannot be written"):
        sign(trust)


def test_a_moment_without_a_zone_is_a_mistake_of_the_program(trust: Trust) -> None:
    with pytest.raises(ValueError, match="has no zone"):
        sign(trust, at=datetime(2027, 1, 1))


# ---- root keys on media ---------------------------------------------------------------------------------------------


def test_an_offline_root_key_lies_on_its_medium_alone(tmp_path: Path, usb: Path) -> None:
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=[usb])

    assert keys_in(usb) == ["root"]
    assert keys_in(trust.keys) == sorted(ONLINE)
    make_target(tmp_path, trust).verify(sign(trust), NEW, NOW)


def test_new_keys_need_the_medium_with_the_root_key(tmp_path: Path, usb: Path) -> None:
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=[usb])
    before = keys_in(trust.keys), trust.root()
    for role in ROLES:
        with pytest.raises(ConfigError, match="--offline DIR"):
            trust.rotate(role, NOW)
    assert (keys_in(trust.keys), trust.root()) == before

    trust.rotate("timestamp", NOW, offline=[usb])
    assert keys_in(usb) == ["root"]
    assert keys_in(trust.keys) == sorted(ONLINE)


def test_the_root_key_moves_from_the_machine_to_a_medium(trust: Trust, tmp_path: Path, usb: Path) -> None:
    state = make_target(tmp_path, trust)
    trust.rotate("root", NOW, offline=[usb])

    assert keys_in(usb) == ["root"]
    assert keys_in(trust.keys) == sorted(ONLINE)
    state.verify(sign(trust), NEW, NOW)


def test_a_new_root_key_takes_the_old_ones_place_on_its_medium(tmp_path: Path, usb: Path) -> None:
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=[usb])
    (usb / "root-0123456789abcdef.pem").write_bytes(b"another cluster's key")
    old = set(usb.iterdir())
    trust.rotate("root", NOW, offline=[usb])

    assert len(list(usb.iterdir())) == 2
    assert len(old & set(usb.iterdir())) == 1
    assert (usb / "root-0123456789abcdef.pem").exists()


def test_two_of_three_root_keys_are_enough_and_one_is_not(tmp_path: Path) -> None:
    media = [make_medium(tmp_path, f"usb{number}") for number in range(3)]
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=media, threshold=2)
    state = make_target(tmp_path, trust)
    with pytest.raises(ConfigError, match="1 of 2"):
        trust.rotate("targets", NOW, offline=media[:1])
    trust.rotate("targets", NOW, offline=media[1:])
    state.verify(sign(trust), NEW, NOW)

    assert state.root_version == 2


def test_a_lost_root_key_of_three_is_replaced(tmp_path: Path) -> None:
    media = [make_medium(tmp_path, f"usb{number}") for number in range(4)]
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=media[:3], threshold=2)
    state = make_target(tmp_path, trust)
    trust.rotate("root", NOW, offline=media[1:])
    state.verify(sign(trust), NEW, NOW)

    assert trust.key_status(NOW)[0].threshold == 2
    assert len(trust.key_status(NOW)[0].keys) == 3
    with pytest.raises(ConfigError, match="1 of 2"):
        trust.rotate("targets", NOW, offline=[media[0], media[1]])


@pytest.mark.parametrize("threshold", [0, 2])
def test_a_threshold_that_does_not_fit_is_refused(tmp_path: Path, usb: Path, threshold: int) -> None:
    trust = Trust.of(tmp_path / "data")
    with pytest.raises(ConfigError, match="--offline DIR"):
        trust.init(NOW, offline=[usb], threshold=threshold)

    assert keys_in(usb) == []
    assert not trust.is_set_up


def test_a_medium_that_is_not_in_is_told_before_anything_is_made(tmp_path: Path, usb: Path) -> None:
    trust = Trust.of(tmp_path / "data")
    with pytest.raises(ConfigError, match="Put the medium in"):
        trust.init(NOW, offline=[usb, tmp_path / "forgotten"])

    assert keys_in(usb) == []
    trust.init(NOW, offline=[usb])


# ---- what is told ---------------------------------------------------------------------------------------------------


def test_the_root_is_renewed_by_itself_when_its_key_lies_here(trust: Trust, tmp_path: Path) -> None:
    state = make_target(tmp_path, trust)
    keys = keys_in(trust.keys)
    assert not trust.ensure(NOW + 300 * DAY)
    assert trust.ensure(NOW + 310 * DAY)
    assert not trust.ensure(NOW + 310 * DAY)
    state.verify(sign(trust, at=NOW + 400 * DAY, root_version=1), NEW, NOW + 400 * DAY)

    assert keys_in(trust.keys) == keys


def test_an_offline_root_is_not_renewed_but_told(tmp_path: Path, usb: Path) -> None:
    trust = Trust.of(tmp_path / "data")
    trust.init(NOW, offline=[usb])

    assert not trust.ensure(NOW + 310 * DAY)
    assert trust.key_status(NOW + 310 * DAY)[0].needs_care


SAID = [
    ("a fresh root", 0, False, "counts until 2027-11-20, 365 days more", "有效期至"),
    ("a root near its end", 310, True, "in 55 day(s). Run: zhanqun keys rotate root", "还有 55 天"),
    ("a root that ran out", 365, True, "ran out on 2027-11-20", "已于 2027-11-20 到期"),
]


@pytest.mark.parametrize(
    ("days", "needs_care", "english", "chinese"), [row[1:] for row in SAID], ids=[row[0] for row in SAID]
)
def test_the_status_says_how_the_root_stands(
    trust: Trust, days: int, needs_care: bool, english: str, chinese: str
) -> None:
    root = trust.key_status(NOW + days * DAY)[0]

    assert (root.role, root.here, root.threshold) == ("root", 1, 1)
    assert root.needs_care is needs_care
    assert english in root.text("en")
    assert chinese in root.text("zh_CN")


def test_the_status_names_a_missing_key(trust: Trust) -> None:
    next(trust.keys.glob("snapshot-*.pem")).unlink()
    careless = [row for row in trust.key_status(NOW) if row.needs_care]

    assert [row.role for row in careless] == ["snapshot"]
    assert "rotate snapshot" in careless[0].text("en")
    assert "rotate snapshot" in careless[0].text("zh")


EXPIRIES = [
    ("a folder", "dir:dmz/www", 3),
    ("a connection", "ssh://www@dmz/srv/www", 3),
    ("a carried bundle", "file:/media/usb", 30),
]


@pytest.mark.parametrize(("url", "days"), [row[1:] for row in EXPIRIES], ids=[row[0] for row in EXPIRIES])
def test_a_signature_lasts_as_long_as_its_way_takes(url: str, days: int) -> None:
    assert Validity().of(url) == days * DAY
    assert Validity().sign_again_after(url) == days * DAY / 3


# ---- kills ----------------------------------------------------------------------------------------------------------


class Killed(Exception):
    """The process dies here."""


class Steps:
    """Counts steps, and dies at one of them."""

    def __init__(self, deadly: int = 0) -> None:
        self.deadly, self.count = deadly, 0

    def __call__(self, step: str) -> None:
        self.count += 1
        if self.count == self.deadly:
            raise Killed(step)


def began(trust: Trust) -> None:
    trust.ensure(NOW)


def signed_once(trust: Trust) -> None:
    began(trust)
    sign(trust, OLD)


WORK: list[tuple[str, Callable[[Trust], object], Callable[[Trust], object]]] = [
    ("a beginning", lambda trust: None, began),
    ("a first signature", began, lambda trust: sign(trust, NEW)),
    ("a signature", signed_once, lambda trust: sign(trust, NEW)),
    ("a signature again", signed_once, lambda trust: sign(trust, OLD, NOW + DAY)),
    ("a renewed root", signed_once, lambda trust: trust.ensure(NOW + 310 * DAY)),
    *((f"new keys for {role}", signed_once, lambda trust, role=role: trust.rotate(role, NOW)) for role in ROLES),
]


@pytest.mark.parametrize(("before", "work"), [row[1:] for row in WORK], ids=[row[0] for row in WORK])
def test_a_kill_at_any_step_leaves_what_the_next_run_goes_on_from(
    tmp_path: Path, before: Callable[[Trust], object], work: Callable[[Trust], object]
) -> None:
    for deadly, folder in _every_step(tmp_path, before, work):
        killed = Trust(folder / "trust", folder / "private" / "keys", at_step=Steps(deadly))
        trust = Trust.of(folder)
        state = make_target(folder, trust) if trust.is_set_up else None
        with pytest.raises(Killed):
            work(killed)

        trust.ensure(NOW)
        state = state or make_target(folder, trust)
        state.verify(sign(trust, NEW, NOW + DAY, state.root_version), NEW, NOW + DAY)
        work(trust)
        assert keys_in(trust.keys) == sorted(ROLES)
        at = NOW + 2 * DAY
        state.verify(sign(trust, b"last", at, state.root_version), b"last", at)


def _every_step(
    tmp_path: Path, before: Callable[[Trust], object], work: Callable[[Trust], object]
) -> Iterator[tuple[int, Path]]:
    """Each step of some work, with a folder of its own in which it is still to be done."""
    first = tmp_path / "first"
    first.mkdir()
    before(Trust.of(first))
    shutil.copytree(first, tmp_path / "counted")
    steps = Steps()
    work(Trust(tmp_path / "counted" / "trust", tmp_path / "counted" / "private" / "keys", at_step=steps))
    assert steps.count >= 2
    for deadly in range(1, steps.count + 1):
        shutil.copytree(first, tmp_path / str(deadly))
        yield deadly, tmp_path / str(deadly)


# ---- python-tuf's own client ----------------------------------------------------------------------------------------


class Shelf(FetcherInterface):
    """A repository in memory: a bundle's files and the record, by the names that the client asks for."""

    def __init__(self, bundle: Bundle, record: bytes) -> None:
        self.files = {f"/{name}": data for name, data in bundle.items()}
        self.files[f"/{hashlib.sha256(record).hexdigest()}.release.json"] = record

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix("memory://shelf")
        if name not in self.files:
            raise DownloadHTTPError(name, 404)
        yield self.files[name]


def test_the_stock_client_of_python_tuf_takes_our_metadata(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    trust = Trust.of(tmp_path / "data")
    trust.init(now)
    first = trust.root()
    trust.rotate("root", now)
    trust.rotate("snapshot", now)
    shelf = Shelf(sign(trust, NEW, now), NEW)
    for folder in ("state", "files"):
        (tmp_path / folder).mkdir()
    client = Updater(
        str(tmp_path / "state"),
        "memory://shelf/",
        str(tmp_path / "files"),
        "memory://shelf/",
        fetcher=shelf,
        bootstrap=first,
    )
    client.refresh()
    named = client.get_targetinfo("release.json")

    assert named is not None
    assert Path(client.download_target(named)).read_bytes() == NEW


def test_a_stranger_with_the_same_program_is_refused(trust: Trust, tmp_path: Path) -> None:
    state = make_target(tmp_path, trust)
    stranger = Trust.of(tmp_path / "stranger")
    stranger.init(NOW)
    with pytest.raises(RefusedError):
        state.verify(sign(stranger), NEW, NOW)
