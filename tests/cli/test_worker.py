"""`zhanqun worker`: what it says while it works."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.builders import ARTICLE, make_article
from tests.cli.conftest import CommandLine
from tests.cli.running import run_beside
from tests.publish.small_city import City, until


def test_the_worker_tells_every_release_and_ends_with_0(zhanqun: CommandLine, seeded: City) -> None:
    def visitor() -> None:
        until(lambda: seeded.live_number() == 1)
        seeded.commit({ARTICLE: make_article("刚刚提交"), "content/portal/news/2026/bad.md": make_article(title=None)})
        until(lambda: "刚刚提交" in seeded.page("portal/news/2026/river.html"))
        until(lambda: seeded.live_number() == 2)

    said = run_beside(zhanqun, ("worker",), visitor)

    assert said.code == 0
    assert [line for line in said.out.splitlines() if "live" in line] == ["Release 1 is live.", "Release 2 is live."]
    assert "content/portal/news/2026/bad.md" in said.err


def test_a_failure_is_told_in_full(zhanqun: CommandLine, city: City) -> None:
    city.commit({"sites/portal/site.toml": b"format = 1\n"})

    def visitor() -> None:
        until(lambda: failed_jobs(city))

    said = run_beside(zhanqun, ("worker",), visitor)

    assert said.code == 0
    assert "sites/portal/site.toml:1: " in said.err


def failed_jobs(city: City) -> bool:
    """Whether a job ended in failure; the ledger itself tells only what is yet to do."""
    path = city.workspace.ledger.path
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT outcome FROM jobs WHERE state = 'done'").fetchall()
    return any(str(outcome).startswith("failed") for (outcome,) in rows)


def test_worker_json_is_one_object_at_its_end(zhanqun: CommandLine, seeded: City) -> None:
    said = run_beside(zhanqun, ("worker", "--json"), lambda: until(lambda: seeded.live_number() == 1))

    assert said.json["live"]["number"] == 1


def test_without_a_repository_the_worker_ends_with_1(zhanqun: CommandLine, here: Path) -> None:
    said = zhanqun("worker")

    assert said.code == 1
    assert "zhanqun seed" in said.err


def test_the_worker_ends_with_the_process_that_started_it(city: City) -> None:
    arguments = [sys.executable, "-m", "cli", "worker", "--with-parent"]
    worker = subprocess.Popen(arguments, cwd=city.root, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert worker.stdin is not None
    until(lambda: (city.root / "data" / ".worker.lock").exists())
    _, said = worker.communicate(timeout=60)

    assert (worker.returncode, b"Fatal" in said) == (0, False)
