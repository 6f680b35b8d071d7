"""The Law: an incremental build equals a clean one to the byte, whatever was edited in whatever order.

Sequences that are easy to miss are written down here, each over a cluster just large enough; random ones come from
`tests.scenarios.law` with a few seeds, and for hours from `python -m tests.tools.soak`.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from cluster.gitstore import GitSource, GitStore
from cluster.source import Entry, Source
from publish.build import Order, Outcome, Rooms, build
from tests.builders import REPOSITORY, make_article
from tests.plugins.paging import short_lists
from tests.scenarios.law import Step
from tests.scenarios.law_content import RIVER, SESSION, first_files, make_many
from tests.scenarios.law_sequences import EARLIER, LATER, Deed, History, do, edit_column, portal, river, sequences
from tests.scenarios.law_town import Built, CleanBuilds, Town
from tests.tools.soak import Effort, LawBrokenError, Trial, broken, found_town, main, run_again, soak, try_law

SEEDS = range(8)
EFFORT = Effort(sequences=2, edits=24)

Settle = Callable[[Mapping[str, bytes]], Town]


@pytest.fixture(scope="module")
def cleans(tmp_path_factory: pytest.TempPathFactory) -> CleanBuilds:
    """Clean builds of all towns of this file."""
    return CleanBuilds(tmp_path_factory.mktemp("clean"))


@pytest.fixture
def settle(tmp_path: Path, cleans: CleanBuilds) -> Iterator[Settle]:
    """Founds a town in the test's folder and builds it."""
    towns: list[Town] = []

    def found(files: Mapping[str, bytes]) -> Town:
        towns.append(Town.founded(tmp_path / "town", files, cleans=cleans))
        towns[-1].build()
        return towns[-1]

    yield found
    for town in towns:
        town.close()


@pytest.fixture
def town_of_the_law(tmp_path: Path) -> Iterator[Town]:
    """The town that random sequences start from; its lists and sitemaps are divided early."""
    with short_lists(), closing(found_town(tmp_path / "town")) as town:
        yield town


# ---- written sequences ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", [pytest.param(one, id=one.name) for one in sequences()])
def test_a_sequence_of_edits_ends_with_a_clean_builds_bytes(settle: Settle, sequence: History) -> None:
    town = settle(sequence.files)
    for deed, path in sequence.steps:
        before = town.last
        do(town, deed)
        after = town.check()
        assert not path or path in _touched(before, after), f"{path} was to be touched; that is what this step is for"


def _touched(before: Built, after: Built) -> set[str]:
    """The paths that came, changed or went, their first names, and words for what has no path."""
    paths = set(after.written_since(before))
    words = {"issues": before.issues != after.issues, "moment": before.next_moment != after.next_moment}
    return paths | {path.partition("/")[0] for path in paths} | {word for word, differs in words.items() if differs}


# ---- random sequences -----------------------------------------------------------------------------------------------


def test_the_town_of_the_law_has_lists_and_sitemaps_by_year_and_by_month(town_of_the_law: Town) -> None:
    paths = [path for path in town_of_the_law.last.entries if re.search(r"/list-|/sitemap-\d", path)]
    for form in (r"list-\d+\.html", r"list-\d+-\d+\.html", r"sitemap-\d{4}-\d+\.xml", r"sitemap-\d{4}-\d+-\d+\.xml"):
        assert any(re.search(f"/{form}$", path) for path in paths), form


def test_random_edits_end_with_a_clean_builds_bytes(town_of_the_law: Town) -> None:
    comparisons = [try_law(town_of_the_law, EFFORT, seed) for seed in SEEDS]

    assert sum(comparisons) >= 2 * len(SEEDS), "the sequences have become too tame"


@pytest.fixture
def lazy_town(tmp_path: Path) -> Iterator[Town]:
    """A town whose engine builds once and then says the same for ever."""
    first: list[Outcome] = []

    def lazy(source: Source, rooms: Rooms, order: Order) -> Outcome:
        first[:] = first or [build(source, rooms, order)]
        return first[0]

    with closing(found_town(tmp_path / "town", engine=lazy)) as town:
        yield town


def test_an_engine_that_breaks_the_law_is_caught(lazy_town: Town) -> None:
    with pytest.raises(LawBrokenError, match=r"seed \d+, every 1 edit\(s\) a build:\n\w+\(.*\)\nAssertionError: "):
        soak(lazy_town, Effort(sequences=2, edits=6), range(50), print)


def test_what_broke_the_law_is_told_in_the_fewest_steps_with_the_difference(lazy_town: Town) -> None:
    needed: Step = ("retitle", {"slot": 0, "title": "甲"})
    trial = Trial(2, (("remember", {}), needed, ("delete_what_others_name", {"path": RIVER}), ("remember", {})))
    error = run_again(lazy_town, trial)
    assert error is not None

    head, _, difference = str(broken(lazy_town, trial, error, seed=3)).partition("\nAssertionError: ")
    assert head == "seed 3, every 1 edit(s) a build:\nretitle(slot=0, title='甲')"
    assert "\ndiffers:  congress/laws/index.html\n" in difference
    assert "\n--- clean congress/" in difference


def test_soaking_tells_every_seed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--minutes", "0", "--seed", "7", "--edits", "4"]) == 0
    assert re.fullmatch(r"seed 7: \d+ comparisons\n", capsys.readouterr().out)


# ---- other processes ------------------------------------------------------------------------------------------------


def tour(root: Path) -> list[str]:
    """A short history of the town of the Law; what each build gave, as one hash."""
    deeds: Sequence[Deed] = [
        {RIVER: None},
        edit_column("news", title="要闻"),
        LATER,
        lambda town: town.change_theme("templates/article.html", "<!-- 1 -->"),
        make_many("congress", "news", 2026, 45),
        EARLIER,
    ]
    with closing(Town.founded(root, first_files())) as town:
        told = [_told(town.build())]
        for deed in deeds:
            do(town, deed)
            told.append(_told(town.build()))
    return told


def _told(built: Built) -> str:
    words = repr((built.root, built.issues, built.next_moment))
    return hashlib.sha256(words.encode()).hexdigest()


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The tour made in this process."""
    return tour(tmp_path_factory.mktemp("tour") / "town")


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_another_process_with_another_order_of_hashes_builds_the_same_history(
    toured: list[str], tmp_path: Path, seed: str
) -> None:
    program = "import pathlib, sys; from tests.scenarios.test_law import tour; print(*tour(pathlib.Path(sys.argv[1])))"
    environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", program, str(tmp_path / "there")]
    there = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, check=False, text=True)

    assert there.stdout.split() == toured, there.stderr


def test_two_processes_make_the_bytes_that_one_makes(settle: Settle) -> None:
    many = [make_many("portal", column, year, 60) for column in ("news", "about") for year in (2024, 2025, 2026)]
    town = settle(portal({path: data for files in many for path, data in files.items()}))
    town.check(full=True, jobs=2)
    edit_column("news", title="要闻")(town)
    town.check(jobs=2)
    town.commit({RIVER: None})
    town.check(jobs=2)


def test_a_build_that_was_killed_does_not_break_the_law(settle: Settle) -> None:
    town = settle(first_files())
    town.commit({RIVER: river("改了"), SESSION: None} | make_many("congress", "news", 2026, 45))

    assert town.killed(after=4)
    town.check()


# ---- how much is done -----------------------------------------------------------------------------------------------


@pytest.fixture
def filled(settle: Settle) -> Town:
    """The town with lists of some years in four columns, built."""
    columns = (("portal", "news"), ("portal", "policy"), ("congress", "news"), ("english", "news"))
    many = [make_many(site, column, year, 45) for site, column in columns for year in (2025, 2026)]
    return settle(first_files() | {path: data for files in many for path, data in files.items()})


@pytest.mark.parametrize(
    "path",
    [
        "content/portal/news/city/today/2026/new.md",
        "content/portal/news/2026/new.md",
        "content/congress/news/2026/new.md",
    ],
)
def test_one_new_article_writes_at_most_forty_files(filled: Town, path: str) -> None:
    before = filled.last
    filled.commit({path: make_article("新文章", "2026-11-19")})
    after = filled.check()

    assert len(before.entries) > 450
    assert 3 <= len(after.written_since(before)) <= 40
    assert after.pages_written <= 40


def test_an_unchanged_build_writes_nothing_and_reads_no_item(filled: Town) -> None:
    before = filled.last
    with GitStore(filled.root / "content.git") as store:
        source = WatchedSource(store, filled.head)
        after = filled.build(source)

    assert after == before
    assert after.pages_written == 0
    assert [path for path in source.seen if path.startswith("content/")] == []


class WatchedSource(GitSource):
    """A commit that notes the paths of the files that are read."""

    def __init__(self, store: GitStore, commit: str) -> None:
        super().__init__(store, commit)
        self.seen: list[str] = []

    def read(self, entry: Entry) -> bytes:
        self.seen.append(entry.path)
        return super().read(entry)

    def read_many(self, entries: Iterable[Entry], limit: int) -> Iterator[tuple[Entry, bytes | None, int]]:
        wanted = list(entries)
        self.seen += [entry.path for entry in wanted]
        return super().read_many(wanted, limit)
