"""The layer sees everything: strace, below the program, counts the same calls."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.traced import STRACE, count_calls, seen_by_strace

SCENES = ("the first release", "a release that drops older ones", "a purge")
MISSING = "NOT TESTED: strace is missing. Install it: apt install strace"


@pytest.mark.parametrize("scene", SCENES)
def test_no_call_goes_past_the_layer(tmp_path: Path, scene: str):
    if STRACE is None:
        (pytest.fail if os.environ.get("ZHANQUN_REQUIRE_TOOLS") == "1" else pytest.skip)(MISSING)
    layer, strace = seen_by_strace(scene, tmp_path)
    assert sum(layer.values()) > 50
    assert layer == strace


LOG = """\
7 openat(AT_FDCWD</x>, "/base/a", O_WRONLY|O_CREAT, 0666) = 3</base/a>
7 openat(AT_FDCWD</x>, "/base/a", O_RDONLY) = 3</base/a>
7 write(3</base/a>, ""..., 4) = 4
7 write(4</elsewhere/a>, ""..., 4) = 4
7 unlinkat(5</base>, "b", 0) = 0
7 unlinkat(5</base>, "c", AT_REMOVEDIR) = 0
7 rename("/base/a", "/base/b") = -1 ENOENT (No such file or directory)
7 fsync(5</base>) = 0
7 sendfile(3</base/a>, 4</base/b>, NULL, 4) = 4
7 mkdir("/basement", 0777) = 0
"""


def test_the_log_is_read_as_it_is_meant():
    assert count_calls(LOG, "/base") == {"open": 1, "write": 1, "unlink": 1, "rmdir": 1, "fsync": 1, "sendfile": 1}
