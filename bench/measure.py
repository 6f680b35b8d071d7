"""One command measured as a whole process tree.

Wall time, CPU (user and system of the command and of all descendants it waited for), retired user instructions where
the processor tells them, and the peak of the sum of PSS: memory that processes share is counted once. The tree is all
processes of the command's own session, so a process whose parent has gone still belongs to it. Sampling is done by the
measuring process, whose own CPU is not counted, and takes at most a tenth of the time.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_EVERY_SECONDS = 0.05
_SHARE = 10  # a sample that took much CPU is followed by a pause this many times as long
_TOLD = 2000  # characters of a failed command's output


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command took: seconds, bytes, instructions (None where the machine does not count them)."""

    wall: float
    cpu: float
    peak: int
    instructions: int | None
    output: str


def measure(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], accept: Sequence[int] = (0,)
) -> Measured:
    """Runs a command to its end; `output` is what it wrote to standard output.

    Raises:
        BenchError: it ended with an exit code that is not accepted.
    """
    os.sync()  # what an earlier run left to be written is not this one's
    with tempfile.TemporaryDirectory() as folder:
        out, errors, counts = (Path(folder) / name for name in ("out", "errors", "counts"))
        counting = counts_instructions()
        words = [*_PERF, "--output", str(counts), "--", *command] if counting else list(command)
        with out.open("wb") as output, errors.open("wb") as complaints:
            start = time.perf_counter()
            process = subprocess.Popen(
                words, cwd=cwd, env=environment, stdout=output, stderr=complaints, start_new_session=True
            )
            with _watching(process.pid) as peak:
                _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accept:
            raise _failed(command, process.returncode, (errors.read_text("utf-8") + out.read_text("utf-8")))
        instructions = _read_counts(counts.read_text("utf-8")) if counting else None
        return Measured(wall, usage.ru_utime + usage.ru_stime, max(peak), instructions, out.read_text("utf-8"))


def _failed(command: Sequence[str], code: int, told: str) -> BenchError:
    words, told = " ".join(command[:4]), told[-_TOLD:]
    return BenchError(
        f"'{words} …' ended with exit code {code}. Mend it and repeat with --resume. It said:\n{told}",
        f"“{words} …”以退出码 {code} 结束。请修正后用 --resume 重来。输出：\n{told}",
    )


# ---- memory ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _watching(session: int) -> Iterator[list[int]]:
    """Samples the session's memory meanwhile; the list grows by a number of bytes a sample."""
    samples = [0]
    ended = threading.Event()

    def sample() -> None:
        pause = 0.0
        while not ended.wait(pause):
            before = time.thread_time()
            samples.append(sum(pss(pid) for pid in processes_of(session)))
            pause = max(_EVERY_SECONDS, _SHARE * (time.thread_time() - before))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class Process:
    """A living process: its parent, its session, and the size of its memory and of what of it is resident."""

    pid: int
    parent: int
    session: int
    memory: tuple[int, int]


def processes_of(session: int) -> list[int]:
    """The processes of a session whose memory is their own."""
    return own_memory([one for one in _processes() if one.session == session])


def own_memory(processes: Sequence[Process]) -> list[int]:
    """Without children that have not become a program yet and, after vfork(2), run in their parent's memory."""
    memory = {one.pid: one.memory for one in processes}
    return [one.pid for one in processes if memory.get(one.parent) != one.memory]


def _processes() -> Iterator[Process]:
    """All processes; see proc(5), /proc/PID/stat."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            parent, session, size, resident = (int(fields[at]) for at in (1, 3, 20, 21))
            yield Process(int(folder.name), parent, session, (size, resident))


def pss(pid: int) -> int:
    """A process's proportional share of memory in bytes, 0 when it has gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0


# ---- instructions ---------------------------------------------------------------------------------------------------

_PERF = ("perf", "stat", "--event", "instructions:u", "--field-separator", ",")


@functools.cache
def counts_instructions() -> bool:
    """Whether `perf stat` counts retired instructions here; virtual machines often do not."""
    if shutil.which("perf") is None:
        return False
    ran = subprocess.run([*_PERF, "--", "true"], capture_output=True, text=True, check=False)
    return ran.returncode == 0 and _read_counts(ran.stderr) is not None


def _read_counts(text: str) -> int | None:
    """The number in what perf wrote, None when it says `<not supported>` or nothing."""
    rows = [row.split(",") for row in text.splitlines() if ",instructions" in row]
    return int(rows[0][0]) if rows and rows[0][0].isdecimal() else None
