"""A command is measured with all that it starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.measure import Measured, Process, measure, own_memory

MEGABYTE = 10**6
HOLDING = "import time; held = bytearray(50 * 10**6); time.sleep(0.6)"
WITH_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDING!r}], check=True)"
TWO_SHARING = """
import os, time
held = bytearray(50 * 10**6)
child = os.fork()
time.sleep(0.8)
if child:
    os.waitpid(child, 0)
"""
BUSY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(2 * 10**7))'], check=True)"


def run(program: str, **options: tuple[int, ...]) -> Measured:
    return measure([sys.executable, "-c", program], cwd=Path("/"), environment=dict(os.environ), **options)


@pytest.mark.parametrize("program", [HOLDING, WITH_A_CHILD], ids=["its own memory", "a child's memory"])
def test_memory_is_that_of_the_whole_tree(program: str) -> None:
    assert run(program).peak > 50 * MEGABYTE


def test_memory_that_processes_share_counts_once() -> None:
    assert 50 * MEGABYTE < run(TWO_SHARING).peak < 90 * MEGABYTE


def test_a_child_that_still_borrows_its_parent_s_memory_does_not_count() -> None:
    parent = Process(pid=10, parent=1, session=10, memory=(5000, 300))
    borrowing = Process(pid=11, parent=10, session=10, memory=(5000, 300))
    forked = Process(pid=12, parent=10, session=10, memory=(5000, 290))
    assert own_memory([parent, borrowing, forked]) == [10, 12]


def test_a_child_s_work_counts() -> None:
    idle = run("import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)")
    assert run(BUSY).cpu > idle.cpu


def test_what_the_command_said_is_kept() -> None:
    assert run("print('{}')").output == "{}\n"


def test_a_failed_command_has_no_figures() -> None:
    with pytest.raises(BenchError, match="no such page"):
        run("raise SystemExit('no such page')")


def test_an_accepted_exit_code_is_no_failure() -> None:
    assert run("raise SystemExit(3)", accept=(0, 3)).wall > 0
