"""Runs the harness in a process of its own, since the layer must be in place before the code under test is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_faults(kind: str, **options: object) -> list[dict[str, Any]]:
    """The rows of one kind of faults, one for each scene (and each sort of it)."""
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "tests.faults", "--json", "--kinds", kind, *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)[kind]
    return rows


def faults_of(rows: list[dict[str, Any]]) -> list[str]:
    """Everything that went wrong, by scene."""
    return [f"{row['scene']}: {fault}" for row in rows for fault in row["faults"]]
