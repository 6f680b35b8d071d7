"""`python -m bench.engine`: measures this program, Hugo and stock Pelican side by side, then writes the report.

check the space → write the corpora → run the rows → report. Results are saved after every sample; `--resume` goes on
from them, and `python -m bench.report` writes the report again from them alone.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.corpus import SMALLEST, Corpus
from bench.errors import BenchError
from bench.generators import OURS, PEERS, hugo_program, hugo_version, open_generator
from bench.measure import counts_instructions
from bench.report import write_report
from bench.results import Results
from bench.rows import DISK, Bench, Repeats, run_all
from bench.space import need_for, require_space
from bench.stage import ROOT, Stage
from cluster.errors import ClusterError

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--sizes", default="10000", show_default=True, help="Numbers of items, with commas between.")
@click.option("--work", type=_FOLDER, required=True, help="A folder outside of the repository for everything big.")
@click.option("--peers", default="hugo,pelican", show_default=True, help=f"Any of {', '.join(PEERS)}, or nothing.")
@click.option("--runs", default=3, show_default=True, help="Cold builds of a size up to 100,000.")
@click.option("--articles", default=10, show_default=True, help="Samples of every one-article row.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives another cluster.")
@click.option("--resume", is_flag=True, help="Go on from the results in the work folder.")
@click.option("--report", type=_FOLDER, help="Where engine.md, engine.json and engine.svg go when all is measured.")
def main(
    sizes: str, work: Path, peers: str, runs: int, articles: int, seed: int, resume: bool, report: Path | None
) -> None:
    """Measures the engine beside its peers."""
    stages: list[Stage] = []
    try:
        named = tuple(filter(None, peers.split(",")))
        file = work / "engine.json"
        _refuse_repository(work)
        results = _begin(file, resume, named, work, seed)
        for size in _checked_sizes(sizes):
            repeats = Repeats(cold=runs, article=articles)
            require_space(work, need_for(size, (OURS, DISK, *named), repeats.cold_at(size)))
            stages.append(stage := Stage((work / str(size)).resolve(), Corpus(size, seed)))
            if not resume:
                stage.restart()
            stage.prepare(named, _tell)
            generators = {name: open_generator(name, work.resolve()) for name in (OURS, *named)}
            run_all(Bench(stage, generators, repeats, results, file, _tell))
        if report is not None:
            write_report(results, report)
    except ClusterError as error:
        click.echo(error.english, err=True)
        sys.exit(error.exit_code)
    finally:
        for stage in stages:
            stage.throw_away()


def _tell(words: str) -> None:
    click.echo(words)
    sys.stdout.flush()


def _refuse_repository(work: Path) -> None:
    if work.resolve().is_relative_to(ROOT):
        raise BenchError(
            f"{work} lies in the program's own folder. Name a --work outside of it, like ../bench-work.",
            f"{work} 在程序目录里。请用 --work 指定外面的文件夹，例如 ../bench-work。",
        )


def _begin(file: Path, resume: bool, peers: Sequence[str], work: Path, seed: int) -> Results:
    """The results so far, or none, with what they are measured with."""
    unknown = [peer for peer in peers if peer not in PEERS]
    if unknown:
        raise BenchError(
            f"There is no peer '{unknown[0]}'. Choose from {', '.join(PEERS)}.",
            f"没有名为“{unknown[0]}”的对照。可选：{', '.join(PEERS)}。",
        )
    results = Results.parse(file.read_text("utf-8")) if resume and file.is_file() else Results()
    results.about = about(work, peers, seed)
    return results


def _checked_sizes(sizes: str) -> list[int]:
    found = [int(one) for one in sizes.split(",") if one.isdecimal()]
    if not found or min(found) < SMALLEST:
        raise BenchError(
            f"--sizes '{sizes}' cannot be used. Give numbers from {SMALLEST} up, like 10000,100000.",
            f"--sizes “{sizes}”不能用。请写 {SMALLEST} 以上的数，例如 10000,100000。",
        )
    return found


# ---- what it is measured with ---------------------------------------------------------------------------------------


def about(work: Path, peers: Sequence[str], seed: int) -> dict[str, Any]:
    """Machine and versions, for the report."""
    program = hugo_program(work.resolve()) if any(peer.startswith("hugo") for peer in peers) else None
    return {
        "seed": seed,
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "processor": _processor(),
            "kernel": platform.release().partition("-")[0],
            "counts_instructions": counts_instructions(),
        },
        "versions": {
            "commit": _told("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
            "Python": platform.python_version(),
            "git": _told("git", "--version").removeprefix("git version "),
            "Pelican": importlib.metadata.version("pelican"),
            "Markdown": importlib.metadata.version("markdown"),
            **({"Hugo": hugo_version(program)} if program else {}),
        },
    }


def _processor() -> str:
    rows = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((row.partition(":")[2].strip() for row in rows if row.startswith("model name")), platform.machine())


def _told(*command: str) -> str:
    """What a command says, empty when it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
