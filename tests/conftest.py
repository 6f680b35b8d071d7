"""What tests of several rooms share: the whole house, and what a test needs that a machine may lack.

A missing tool skips a test, or fails it under `ZHANQUN_REQUIRE_TOOLS=1`, which `make test` sets. Missing statutes
skip, and the summary says so in large letters.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.house import House, laws_folder, open_house, served
from tests.tools import nu
from tests.tools.csp import CHROMIUM

# Parts of file names, the longest first.
LONGEST = ("test_whole_house", "test_same_bytes", "test_statutes", "test_bad_input", "test_laws")
NO_LAWS = "ZHANQUN_LAWS names no folder with statutes"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The whole house as files, built once for all workers."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return open_house(shared / "house")


@pytest.fixture(scope="session")
def served_house(house: House) -> Iterator[House]:
    """The whole house over HTTP. Its addresses hold one port, so all its tests stand in one file, which one worker runs."""
    with served(house) as open_for_all:
        yield open_for_all


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long tests first, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: next((n for n, word in enumerate(LONGEST) if word in item.nodeid), len(LONGEST)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips or fails a test whose tool is missing."""
    for marker, missing in (("nu", _missing_nu()), ("browser", _missing_browser())):
        if item.get_closest_marker(marker) and missing:
            (pytest.fail if os.environ.get("ZHANQUN_REQUIRE_TOOLS") == "1" else pytest.skip)(missing)
    if item.get_closest_marker("laws") and laws_folder() is None:
        pytest.skip(NO_LAWS)


def _missing_nu() -> str:
    if shutil.which("java") is None:
        return "No Java here. Install it: apt install default-jre-headless"
    return "" if nu.JAR.is_file() else f"{nu.JAR} is missing. Run: npm ci"


def _missing_browser() -> str:
    return "" if Path(CHROMIUM).exists() else f"{CHROMIUM} is missing. Install it: apt install chromium"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says loudly what was not tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    laws = [report for report in skipped if NO_LAWS in str(report.longrepr)]
    if laws:
        terminalreporter.section("NOT TESTED: THE REAL STATUTES", sep="!", red=True, bold=True)
        terminalreporter.line(f"{len(laws)} test(s) over real statutes were skipped: {NO_LAWS}.", red=True)
        terminalreporter.line("Name it: make test ZHANQUN_LAWS=/path/to/laws", red=True)
