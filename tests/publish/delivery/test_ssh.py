"""`ssh://` targets: the real OpenSSH client against a real sshd on the loopback, and our receiver behind it."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.blobs import BlobStore
from cluster.clock import current_time
from cluster.errors import BusyError, ClusterError, RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.release import Kind
from publish.delivery import Hello, Receipt, Target, open_target
from publish.receiver.forget import SWEEP_AFTER
from publish.receiver.remembered import Remembered
from publish.receiver.wire import Timeouts
from tests.publish.delivery.signed import Files, SignedCity
from tests.publish.delivery.sshd import SSHD, Sshd, cut_line, running_sshd

pytestmark = pytest.mark.skipif(not os.access(SSHD, os.X_OK), reason="needs openssh-server: tests/tools/packages.sh")

ONE = {"portal/index.html": b"<p>one</p>", "portal/a.txt": b"a", "assets/style.css": b"p {}"}
TWO = ONE | {"portal/index.html": b"<p>two</p>"}
# Bytes that cannot be compressed, so that what travels is as large as it looks.
_LARGE = {f"portal/{number}.bin": random.Random(number).randbytes(250_000) for number in range(40)}
# What an ssh connection holds in its own buffers, and is lost with it.
_WINDOW = 2 << 20


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def city(tmp_path: Path) -> SignedCity:
    city = SignedCity(tmp_path / "inside")
    city.at = current_time()  # the receiver behind sshd goes by the real clock
    return city


@pytest.fixture
def www(tmp_path: Path, sshd: Sshd, city: SignedCity) -> Path:
    """A web root that trusts the city, with its receiver behind sshd."""
    from publish.receiver.trust import TrustState

    folder = tmp_path / "dmz/www"
    TrustState(tmp_path / "dmz/state/tuf").set_up(city.trust.root())
    sshd.forces_receiver(folder)
    return folder


@pytest.fixture
def target(sshd: Sshd, www: Path) -> Target:
    return open_target(sshd.url(www), Path("/nowhere"), ssh=sshd.settings())


def deliver_when_free(target: Target, city: SignedCity, files: Files) -> Receipt:
    """Delivers; the receiver of a line that was just cut needs a moment to notice and let go."""
    parcel = city.parcel(files)
    until = time.monotonic() + 30
    while True:
        try:
            return target.deliver(parcel)
        except BusyError:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_a_release_is_delivered_and_confirmed(city, target, www):
    assert target.hello() == Hello(0, EMPTY, 1)
    parcel = city.parcel(ONE)
    receipt = target.deliver(parcel)
    assert (receipt.target, receipt.number, receipt.root) == (target.url, 1, parcel.release.root)
    assert receipt.at.tzinfo is not None
    assert (www / "current/portal/index.html").read_bytes() == b"<p>one</p>"
    assert target.hello() == Hello(1, parcel.release.root, 1)


def test_only_what_the_target_lacks_travels(city, target, www):
    target.deliver(city.parcel(_LARGE))
    city.told.clear()
    target.deliver(city.parcel(_LARGE | {"portal/new.txt": b"new"}))
    last = city.told[-1]
    assert (last.blobs, last.done_bytes) == (1, last.all_bytes)
    assert last.all_bytes < 20_000
    assert (www / "current/portal/new.txt").read_bytes() == b"new"


def test_what_dropped_releases_left_is_swept_there_after_the_line_is_closed(city, target, www):
    target.deliver(city.parcel(ONE))
    state = www.parent / "state"
    replace(Remembered.read(state), forgotten=SWEEP_AFTER).write(state)
    assert target.deliver(city.parcel(TWO)).number == 2
    until = time.monotonic() + 30
    while Remembered.read(state).forgotten:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert target.hello().number == 2


def test_a_rollback_and_a_state_travel_without_a_page(city, target, www):
    files = ONE | {"portal/_mode.css": b"/* plain */"}
    target.deliver(city.parcel(files))
    target.deliver(city.parcel(TWO))
    city.told.clear()
    target.deliver(city.parcel(files, kind=Kind.ROLLBACK))
    assert city.told[-1].blobs == 0
    target.deliver(city.parcel(files, overlay={"portal/_mode.css": b"grey"}, kind=Kind.STATE))
    assert (www / "current/portal/_mode.css").read_bytes() == b"grey"
    assert (www / "current/portal/index.html").read_bytes() == b"<p>one</p>"


def test_what_arrived_before_a_cut_does_not_travel_again(city, target, www, sshd):
    target.deliver(city.parcel(ONE))
    with cut_line(sshd.port, after=6_000_000) as port:
        cut = open_target(sshd.url(www, port), Path("/nowhere"), ssh=sshd.settings())
        with pytest.raises(TargetError, match="cut after") as told:
            cut.deliver(city.parcel(ONE | _LARGE))
    assert "中断" in told.value.chinese
    assert (www / "current/portal/index.html").exists()
    assert not (www / "current/portal/0.bin").exists()
    city.told.clear()
    deliver_when_free(target, city, ONE | _LARGE)
    arrived = len(_LARGE) - city.told[-1].blobs
    assert arrived >= (6_000_000 - _WINDOW) // 250_000 - 2
    assert city.told[-1].done_bytes == city.told[-1].all_bytes < 10_000_000 - (arrived - 1) * 250_000
    assert (www / "current/portal/39.bin").read_bytes() == _LARGE["portal/39.bin"]


@pytest.mark.parametrize("after", [0, 1_000, 4_000, 20_000])
def test_a_cut_at_any_stage_is_told_and_the_next_try_succeeds(city, target, www, sshd, after):
    target.deliver(city.parcel(ONE))
    with cut_line(sshd.port, after=after) as port:
        cut = open_target(sshd.url(www, port), Path("/nowhere"), ssh=sshd.settings())
        with pytest.raises(TargetError):
            cut.deliver(city.parcel(ONE | _LARGE))
    assert not (www / "current/portal/0.bin").exists()
    deliver_when_free(target, city, ONE | _LARGE)
    assert (www / "current/portal/0.bin").exists()


def test_the_receivers_refusal_comes_back_in_both_languages_with_its_code(city, target, www):
    target.deliver(city.parcel(ONE))
    city.at = current_time() - timedelta(days=400)
    with pytest.raises(RefusedError) as told:
        target.deliver(city.parcel(TWO))
    assert told.value.code
    assert told.value.english != told.value.chinese
    assert (www / "current/portal/index.html").read_bytes() == b"<p>one</p>"


def test_a_target_that_trusts_nobody_yet_says_how_to_change_that(city, sshd, tmp_path):
    www = tmp_path / "new/www"
    sshd.forces_receiver(www)
    target = open_target(sshd.url(www), Path("/nowhere"), ssh=sshd.settings())
    assert target.hello().root_version == 0
    with pytest.raises(TargetError, match="--trust"):
        target.deliver(city.parcel(ONE))
    assert not www.exists()


def test_listings_that_the_inside_lost_are_lent(city, target):
    parcel = city.parcel(ONE)
    target.deliver(parcel)
    top = city.listings.checked(parcel.release.root, target.lend(parcel.release.root))
    for _, id in top.children:
        city.listings.checked(id, target.lend(id))
    with pytest.raises(TargetError):
        target.lend("0" * 64)


Prepare = Callable[[Sshd, Path], tuple[str, dict[str, object]]]


def _unknown_host(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www), {"known_hosts": sshd.folder / "none"}


def _changed_host(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www), {"known_hosts": sshd.folder / "changed"}


def _strange_key(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www), {"identity": sshd.folder / "stranger"}


def _open_key(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    key = sshd.folder / "open"
    key.write_bytes((sshd.folder / "client").read_bytes())
    key.chmod(0o644)
    return sshd.url(www), {"identity": key}


def _no_key(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www), {"identity": sshd.folder / "not-there"}


def _nobody_listens(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www, port=1), {}


def _no_such_name(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return f"ssh://{sshd.user}@no-such-host.invalid/srv/www", {}


def _nothing_installed(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("exec zhanqun-is-not-here receive --stdio")
    return sshd.url(www), {}


def _wrong_path(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("exec /opt/not-here/zhanqun receive --stdio")
    return sshd.url(www), {}


def _another_program(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("printf 'Welcome\\033[31m to the DMZ\\n'")
    return sshd.url(www), {}


def _endless_words(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("yes x | tr -d '\\n'")
    return sshd.url(www), {}


def _endless_complaints(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("yes complaint | head -n 200000 >&2; exit 3")
    return sshd.url(www), {}


def _silent_end(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("exit 0")
    return sshd.url(www), {}


def _says_nothing(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    sshd.forces("exec sleep 60")
    return sshd.url(www), {"timeouts": Timeouts(connect=1, hello=1, end=1)}


def _no_client(sshd: Sshd, www: Path) -> tuple[str, dict[str, object]]:
    return sshd.url(www), {"program": "ssh-is-not-here"}


TROUBLES: dict[str, tuple[Prepare, str, str]] = {
    "a host that is not known": (_unknown_host, "ssh-keyscan", "核对指纹"),
    "a host with another key than before": (_changed_host, "ssh-keygen -R", "核对新指纹"),
    "a key that is not in authorized_keys": (_strange_key, "authorized_keys", "拒绝"),
    "a key that everybody may read": (_open_key, "chmod 600", "chmod 600"),
    "a key that is not there": (_no_key, "ssh-keygen -t ed25519", "ssh-keygen"),
    "a port on which nobody listens": (_nobody_listens, "cannot be reached", "无法连接"),
    "a name that nobody knows": (_no_such_name, "cannot be reached", "无法连接"),
    "a machine without zhanqun": (_nothing_installed, "Install it there", "请在该主机安装"),
    "a wrong path in authorized_keys": (_wrong_path, "Install it there", "请在该主机安装"),
    "another program in authorized_keys": (_another_program, "not as a receiver: 'Welcome", "不是接收端"),
    "a program that talks without end": (_endless_words, "not as a receiver", "不是接收端"),
    "a program that complains without end": (_endless_complaints, "complaint", "complaint"),
    "a program that ends without a word": (_silent_end, "hung up without a word", "未作应答"),
    "a program that says nothing": (_says_nothing, "does not answer", "没有应答"),
    "no ssh client here": (_no_client, "openssh-client", "openssh-client"),
}


@pytest.mark.parametrize(("prepare", "english", "chinese"), TROUBLES.values(), ids=TROUBLES.keys())
def test_what_stands_in_the_way_is_told_with_what_to_do(sshd, tmp_path, prepare, english, chinese):
    url, settings = prepare(sshd, tmp_path / "www")
    target = open_target(url, tmp_path, ssh=sshd.settings(**settings))
    with pytest.raises(ClusterError) as told:
        target.hello()
    assert english in told.value.english
    assert chinese in told.value.chinese
    assert "\x1b" not in told.value.english
    assert len(told.value.english) < 1000


def test_an_unknown_host_is_remembered_when_the_settings_say_so(sshd, www, tmp_path):
    known = tmp_path / "known here"
    settings = sshd.settings(known_hosts=known, accept_new_hosts=True)
    open_target(sshd.url(www), tmp_path, ssh=settings).hello()
    assert "dmz ssh-ed25519" in known.read_text()


def test_our_key_opens_nothing_but_the_receiver(sshd, www):
    """Whatever the client asks for, sshd runs the receiver: a shell, another command, another folder."""
    target = open_target(sshd.url(Path("/etc")), Path("/nowhere"), ssh=sshd.settings())
    assert target.hello().number == 0
    assert not Path("/etc/blobs").exists()


def test_no_more_is_stored_than_was_sent(city, target, www):
    target.deliver(city.parcel(ONE))
    for path in (path for path in (www / "blobs").rglob("*") if path.is_file()):
        assert path.parent.name + path.name in city.blobs
    assert isinstance(city.blobs, BlobStore)
