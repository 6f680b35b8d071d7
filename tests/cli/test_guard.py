"""`zhanqun guard`: checks once, or guards until it is stopped, with nothing of the inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cluster.clock import current_time
from publish.receiver.trust import TrustState
from publish.trust import Trust
from tests.builders import REPOSITORY
from tests.cli.conftest import CommandLine
from tests.cli.running import process
from tests.publish.guard.target import ONE, Target
from tests.publish.small_city import until

PAGE = "portal/news/a.html"


@pytest.fixture
def target(here: Path) -> Target:
    target = Target(here)
    target.publish(ONE)
    return target


def damage(target: Target) -> None:
    place = target.real(PAGE)
    place.chmod(0o644)
    place.write_text("evil")


def test_a_clean_web_root_ends_with_0(zhanqun: CommandLine, target: Target) -> None:
    said = zhanqun("guard", "--once")

    assert (said.code, said.out) == (0, "Everything is as it was signed.\n")


def test_damage_is_mended_and_told_and_ends_with_3(zhanqun: CommandLine, target: Target) -> None:
    damage(target)

    said = zhanqun("guard", "--once", "--json")

    assert said.code == 3
    assert PAGE in {incident.get("page") for incident in said.json["incidents"]}
    assert "restored from the vault" in said.err
    assert target.real(PAGE).read_text() == ONE[PAGE]


def test_what_cannot_be_mended_ends_with_1(zhanqun: CommandLine, target: Target) -> None:
    damage(target)
    for packed in (True, False):
        target.vault_blob(PAGE, packed=packed).unlink()

    said = zhanqun("guard", "--once", "--json")

    assert said.code == 1
    assert said.json["missing"] == 2
    assert "Publish again" in said.err


def test_without_a_release_it_says_what_to_do_and_ends_with_1(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("guard", "--once", "--json")

    assert said.code == 1
    assert "Publish once" in said.json["error"]["en"]


def test_the_guard_mends_until_it_is_stopped(target: Target, here: Path) -> None:
    with process(here, "guard") as running:
        until(lambda: (target.places.state / "guard.json").exists())
        damage(target)
        until(lambda: target.real(PAGE).read_text() == ONE[PAGE])
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(timeout=60) == 0


def old_signature(target: Target) -> None:
    """The state that a release of long ago leaves; the guard's tests have a trust that signs nothing."""
    inside = Trust.of(target.root / "inside")
    then = current_time() - timedelta(days=60)
    inside.init(then)
    trusted = TrustState(target.places.state / "tuf")
    trusted.set_up(inside.root())
    trusted.verify(inside.sign(b"{}", at=then, expiry=timedelta(days=3), root_version=0), b"{}", then)


def test_a_signature_that_ran_out_is_told_and_changes_nothing_about_the_check(
    zhanqun: CommandLine, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_signature(target)

    said = zhanqun("guard", "--once")
    assert (said.code, said.out) == (0, "Everything is as it was signed.\n")
    assert "No fresh signature came since" in said.err
    assert zhanqun("guard", "--once", "--json").json["alarm"]["code"] == "expired"
    monkeypatch.setenv("ZHANQUN_LANG", "zh")
    assert "没有新的签名" in zhanqun("guard", "--once").err


def test_a_guard_at_work_tells_of_a_signature_that_ran_out(target: Target, here: Path) -> None:
    old_signature(target)
    with process(here, "guard") as running:
        assert running.stderr is not None
        said = [running.stderr.readline(), running.stderr.readline()]
        damage(target)
        until(lambda: target.real(PAGE).read_text() == ONE[PAGE])
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(timeout=60) == 0
    assert any("No fresh signature came since" in line for line in said)


def test_the_guard_loads_nothing_of_the_inside() -> None:
    words = "import sys, publish.guard.guard; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    )

    assert {"pelican", "yaml", "git", "babel", "rich", "markdown", "jinja2"}.isdisjoint(done.stdout.split())
