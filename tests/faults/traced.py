"""The layer held against the system: every call that `strace` sees below the target must be in the layer's record.

`python -m tests.faults.traced SCENE FOLDER` plays one scene and prints what the layer counted, as JSON; `seen_by_strace`
runs it under strace and counts for itself.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

STRACE = shutil.which("strace")
NAMES = {
    **dict.fromkeys(("open", "openat", "creat"), "open"),
    **dict.fromkeys(("write", "pwrite64", "writev"), "write"),
    **dict.fromkeys(("rename", "renameat", "renameat2"), "rename"),
    **dict.fromkeys(("link", "linkat"), "link"),
    **dict.fromkeys(("symlink", "symlinkat"), "symlink"),
    **dict.fromkeys(("unlink", "unlinkat"), "unlink"),
    **dict.fromkeys(("mkdir", "mkdirat"), "mkdir"),
    **dict.fromkeys(("chmod", "fchmod", "fchmodat"), "chmod"),
    **dict.fromkeys(("fsync", "fdatasync"), "fsync"),
    **dict.fromkeys(("truncate", "ftruncate"), "truncate"),
    "utimensat": "utime",
    "rmdir": "rmdir",
    "syncfs": "syncfs",
    "sync": "sync",
}
# What the layer does not know: none of these may happen.
UNKNOWN = (
    "sendfile",
    "copy_file_range",
    "fallocate",
    "chown",
    "fchown",
    "fchownat",
    "lchown",
    "mknod",
    "mknodat",
    "splice",
)
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_CHANGING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")


def seen_by_strace(scene: str, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each call happened below the target: by the layer, and by strace."""
    log = folder / "strace.log"
    calls = ",".join(sorted({*NAMES, *UNKNOWN} - {"open", "creat"}))
    command = ["strace", "-f", "-y", "-s", "0", "-o", str(log), "-e", f"trace={calls}"]
    play = [sys.executable, "-m", "tests.faults.traced", scene, str(folder / "played")]
    done = subprocess.run([*command, *play], capture_output=True, text=True, check=True)
    return Counter(json.loads(done.stdout)), count_calls(
        log.read_text("utf-8", "replace"), str(folder / "played" / "here")
    )


def count_calls(log: str, base: str) -> Counter[str]:
    """The calls in strace's log that changed something below `base`, by the layer's names."""
    counted: Counter[str] = Counter()
    for line in log.splitlines():
        match = _LINE.match(line)
        if match is None or (f"{base}/" not in line and f"{base}>" not in line) or match[3].startswith("-"):
            continue
        name = NAMES.get(match[1], match[1])
        if name == "open" and not _CHANGING.search(match[2]):
            continue
        counted["rmdir" if "AT_REMOVEDIR" in match[2] else name] += 1
    return counted


def main() -> None:
    """Plays one scene with the layer listening."""
    from tests.faults import layer  # the layer comes before what it lies under

    layer.install()
    from tests.faults.layer import Listener
    from tests.faults.subjects import SCENES, Stage

    name, folder = sys.argv[1], Path(sys.argv[2])
    stage = Stage.set(next(scene for scene in SCENES if scene.name == name), folder)
    # strace sees this copying under another name.
    stage.copy(folder / "copy").rename(folder / "here")
    listener = Listener(folder / "here")
    layer.listen(listener)
    stage.play(folder / "here", listener.step)
    layer.listen(None)
    print(json.dumps(Counter(point.call for point in listener.points if point.call != "step")))


if __name__ == "__main__":
    main()
