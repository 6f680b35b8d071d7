"""The physical limit, as a program of its own: `python -m bench.raw VAR FOLDER`.

Writes the files of the last build again, at their paths, with nothing else done: a thousand at a time are read from the
blobs, which is not counted, then written, which is. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.results import Sample
from cluster.blobs import BlobStore
from publish.build import read_output

_AT_ONCE = 1000


def write_again(var: Path, folder: Path) -> Sample:
    """Writes all files of the last build below `folder`; only the writing is in the figures."""
    wall = cpu = 0.0
    count = 0
    made: set[str] = set()
    for files in _batches(var):
        started, used = time.perf_counter(), time.process_time()
        _write(folder, files, made)
        wall += time.perf_counter() - started
        cpu += time.process_time() - used
        count += len(files)
    return Sample(wall, cpu, written=count, files=count)


def _batches(var: Path) -> Iterator[list[tuple[str, bytes]]]:
    manifest, _ = read_output(var / "index.db")
    blobs = BlobStore(var / "blobs")
    paths = list(manifest)
    for at in range(0, len(paths), _AT_ONCE):
        yield [(path, blobs.read(manifest[path].raw)) for path in paths[at : at + _AT_ONCE]]


def _write(folder: Path, files: list[tuple[str, bytes]], made: set[str]) -> None:
    for path, data in files:
        parent = path.rpartition("/")[0]
        if parent not in made:
            (folder / parent).mkdir(parents=True, exist_ok=True)
            made.add(parent)
        with (folder / path).open("wb", buffering=0) as file:
            file.write(data)


if __name__ == "__main__":
    print(json.dumps(asdict(write_again(Path(sys.argv[1]), Path(sys.argv[2])))))
