"""The layer: what a program does to its disk is counted and recorded, however it does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLAY = """
import json, os, shutil, sys
from pathlib import Path
from tests.faults import layer
from tests.faults.layer import Listener
from tests.faults.model import perform, is_sync, read_disk
layer.install()
base = Path(sys.argv[1])
(base / "old").mkdir(); (base / "old/file").write_text("old"); (base / "link").symlink_to("old")
listener = Listener(base, is_recording=True)
layer.listen(listener)
{code}
layer.listen(None)
disk = listener.start.copy()
for act in listener.acts:
    perform(disk, act)
real = read_disk(base)[0]
def shown(disk, at=0, path=""):
    out = {{}}
    for name, id_ in disk.names.get(at, {{}}).items():
        node = disk.nodes[id_]
        facts = "" if node.kind == "link" else oct(node.mode)
        out[f"{{path}}/{{name}}"] = [node.kind, node.data.decode("latin-1"), node.target, facts]
        out |= shown(disk, id_, f"{{path}}/{{name}}")
    return out
print(json.dumps([shown(disk), shown(real), [point.call for point in listener.points], sum(map(is_sync, listener.acts))]))
"""

PROGRAMS = {
    "write text": ('(base / "a").write_text("text")', ["open", "write"]),
    "write bytes over a file": ('(base / "old/file").write_bytes(b"new")', ["open", "write"]),
    "append": ('f = open(base / "old/file", "a"); f.write("more"); f.close()', ["open", "write"]),
    "write in the middle": (
        'f = open(base / "old/file", "r+b"); f.seek(1); f.write(b"X"); f.close()',
        ["open", "write"],
    ),
    "write without a buffer": (
        'f = open(base / "a", "wb", buffering=0); f.write(b"1"); f.write(b"2"); f.close()',
        ["open", "write", "write"],
    ),
    "write by descriptor": (
        'd = os.open(base / "a", os.O_WRONLY | os.O_CREAT, 0o444); os.write(d, b"x"); os.fsync(d); os.close(d)',
        ["open", "write", "fsync"],
    ),
    "a file object of a descriptor": (
        'f = os.fdopen(os.open(base / "a", os.O_WRONLY | os.O_CREAT), "wb"); f.write(b"x"); f.close()',
        ["open", "write"],
    ),
    "touch": ('(base / "a").touch()', ["open"]),
    "touch again": ('(base / "old/file").touch()', ["utime"]),
    "rename": ('(base / "old/file").rename(base / "b")', ["rename"]),
    "replace": ('(base / "a").write_text("1"); (base / "a").replace(base / "old/file")', ["open", "write", "rename"]),
    "replace by the same file": (
        'os.link(base / "old/file", base / "a"); os.replace(base / "a", base / "old/file")',
        ["link", "rename"],
    ),
    "rename a folder": ('(base / "old").rename(base / "new")', ["rename"]),
    "links": ('(base / "l").symlink_to("old"); (base / "h").hardlink_to(base / "old/file")', ["symlink", "link"]),
    "folders": ('(base / "x/y").mkdir(parents=True); os.rmdir(base / "x/y")', ["mkdir", "mkdir", "rmdir"]),
    "through a link": ('(base / "link/new").write_text("x")', ["open", "write"]),
    "facts": ('(base / "old/file").chmod(0o444); os.utime(base / "old/file", (5, 5))', ["chmod", "utime"]),
    "facts by descriptor": (
        'd = os.open(base / "old/file", os.O_RDWR); os.fchmod(d, 0o400); os.utime(d, (5, 5)); os.close(d)',
        ["open", "chmod", "utime"],
    ),
    "remove": ('(base / "old/file").unlink(); (base / "link").unlink(missing_ok=True)', ["unlink", "unlink"]),
    "remove what is not there": ('(base / "none").unlink(missing_ok=True)', []),
    "remove a tree": ('shutil.rmtree(base / "old")', ["unlink", "rmdir"]),
    "copy": ('shutil.copy2(base / "old/file", base / "a")', ["open", "write", "utime", "chmod"]),
    "cut": ('os.truncate(base / "old/file", 1)', ["truncate"]),
    "promises": (
        'import cluster.blobs; cluster.blobs.sync(base); d = os.open(base / "old", os.O_RDONLY); os.fsync(d); os.close(d)',
        ["syncfs", "fsync"],
    ),
    "reading": ('(base / "old/file").read_text(); list(base.iterdir()); (base / "old").mkdir(exist_ok=True)', []),
    "elsewhere": ('(base.parent / "elsewhere").write_text("x")', []),
}


@pytest.mark.parametrize(("code", "calls"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_a_program_does_is_counted_and_the_record_leads_to_the_same_disk(
    tmp_path: Path, code: str, calls: list[str]
):
    (tmp_path / "disk").mkdir()
    play = PLAY.format(code=code)
    done = subprocess.run(
        [sys.executable, "-c", play, str(tmp_path / "disk")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    recorded, real, counted, syncs = json.loads(done.stdout)
    assert recorded == real
    assert counted == calls
    assert syncs == sum(call in ("fsync", "syncfs") for call in calls)
