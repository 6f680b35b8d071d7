"""What the vault lacks (format 1), `state/missing.json`: the hashes of blobs and listings that a delivery is to bring.

Written by the guard, which finds damage, and by the receiver, which runs into it; read and cleared by the receiver. A
file that cannot be read counts as empty: it only asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from publish.receiver.disk import make_folder, write_durably

FORMAT = 1
NAME = "missing.json"


def read(state: Path) -> frozenset[str]:
    """The hashes that are missing."""
    try:
        data = json.loads((state / NAME).read_bytes())
    except (FileNotFoundError, ValueError):
        return frozenset()
    hashes = data.get("hashes") if isinstance(data, dict) and data.get("format") == FORMAT else None
    return frozenset(each for each in hashes if isinstance(each, str)) if isinstance(hashes, list) else frozenset()


def write(state: Path, hashes: Iterable[str]) -> None:
    """Asks for these and no others."""
    make_folder(state)
    data = json.dumps({"format": FORMAT, "hashes": sorted(hashes)}).encode() + b"\n"
    write_durably(state / NAME, data, aside=state / f".tmp-{NAME}")


def add(state: Path, hashes: Iterable[str]) -> None:
    """Asks for these too."""
    write(state, read(state).union(hashes))


def leave(state: Path, hashes: Iterable[str]) -> None:
    """Asks for these and no others, which may be none."""
    left = frozenset(hashes)
    if left:
        write(state, left)
    else:
        (state / NAME).unlink(missing_ok=True)
