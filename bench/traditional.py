"""`python -m bench.traditional --pages DIR`: what a page in traditional characters costs.

DIR is the live folder of a published cluster (`dmz/www/current`). Every page is converted once in a process of its own,
so nothing is remembered from the run before; CPU seconds, median of the runs with their spread. Prints a table; with
`--report` writes `bilingual.json` and `bilingual.md`.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.engine import about
from bench.errors import BenchError
from bench.stage import ROOT
from cluster.aside import write_aside
from plugins.bilingual.traditional import Address, convert_page

_ADDRESS = Address("http://portal.yunze.example", "/about/", "/zh-hant/about/")


def pages_below(folder: Path, pattern: str) -> list[Path]:
    """The pages whose path within the folder matches; a live folder's directories are links."""
    found = (Path(top, name) for top, _, names in os.walk(folder, followlinks=True) for name in names)
    return sorted(path for path in found if re.search(pattern, str(path.relative_to(folder))))


def convert_all(pages: Sequence[Path]) -> dict[str, float]:
    """CPU seconds for the first page, which loads the dictionaries, and for all others; characters in all."""
    texts = [page.read_text("utf-8") for page in pages]
    began = time.process_time()
    convert_page(texts[0], _ADDRESS, lambda _: "")
    loaded = time.process_time()
    for text in texts[1:]:
        convert_page(text, _ADDRESS, lambda _: "")
    return {"first": loaded - began, "others": time.process_time() - loaded, "characters": sum(map(len, texts))}


def measure(folder: Path, pattern: str, runs: int) -> dict[str, Any]:
    """The row of one folder of pages.

    Raises:
        BenchError: the folder has no pages.
    """
    pages = pages_below(folder, pattern)
    if len(pages) < 2:
        raise BenchError(
            f"{folder} has no pages {pattern}. Publish a cluster first: make up",
            f"{folder} 里没有网页 {pattern}。请先发布站群：make up",
        )
    command = [sys.executable, "-m", "bench.traditional", "--once", "--pages", str(folder), "--pattern", pattern]
    rows = [json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout) for _ in range(runs)]
    each = [row["others"] / (len(pages) - 1) * 1000 for row in rows]
    return {
        "pages": len(pages),
        "characters": int(rows[0]["characters"] / len(pages)),
        "each": [statistics.median(each), min(each), max(each)],
        "first": statistics.median(row["first"] * 1000 for row in rows),
    }


def report(rows: dict[str, dict[str, Any]], machine: dict[str, Any]) -> str:
    """The page `docs/benchmarks/bilingual.md`."""
    lines = [
        "# Pages in traditional characters",
        "",
        "CPU milliseconds to turn a finished page into one in traditional characters (OpenCC in pure Python, `s2tw`),",
        "each run in a process of its own, median of the runs (least to most). A page is turned only when it was made",
        "anew. Renew with `python -m bench.traditional --pages DIR --report docs/benchmarks`.",
        "",
        "| pages | how many | characters with markup, mean | ms a page | the first, with the dictionaries |",
        "|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        middle, least, most = row["each"]
        lines.append(
            f"| {name} | {row['pages']:,} | {row['characters']:,} | {middle:.1f} ({least:.1f}–{most:.1f}) "
            f"| {row['first']:.0f} |"
        )
    versions = machine["versions"]
    lines += ["", f"{machine['machine']['processor']}, Python {versions['Python']}, commit {versions['commit']}.", ""]
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option("--pages", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--pattern", default=r"\.html$")
@click.option("--runs", default=5)
@click.option("--once", is_flag=True, hidden=True)
@click.option("--report", "out", type=click.Path(path_type=Path))
def main(pages: Path, pattern: str, runs: int, once: bool, out: Path | None) -> None:
    """Measures, and writes the report."""
    if once:
        print(json.dumps(convert_all(pages_below(pages, pattern))))
        return
    rows = {
        "of the portal": measure(pages / "portal", r"\.html$", runs),
        "statutes and other items of the congress": measure(pages / "congress", r"/20\d\d/[^/]+\.html$", runs),
    }
    machine = about(pages, (), 0)
    text = report(rows, machine)
    print(text)
    if out is not None:
        write_aside(out / "bilingual.json", json.dumps({"rows": rows, "about": machine}, indent=1).encode())
        write_aside(out / "bilingual.md", text.encode())


if __name__ == "__main__":
    main()
