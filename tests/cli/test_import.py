"""`zhanqun import`: collections and large files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cluster import item as item_file
from cluster.frontmatter import Value
from cluster.limits import LIMITS
from cluster.media import parse_pointer
from tests.builders import ARTICLE, NOW, make_article, make_column, make_site, write_tree
from tests.cli.conftest import CommandLine
from tests.publish.small_city import City, make_files

PLACE = ("--site", "portal", "--column", "news")
PLAIN = "---\ntitle: {title}\ndate: 2026-11-0{day}\n---\n\n正文第{day}篇。\n"


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """A foreign folder with two articles."""
    folder = tmp_path / "old-site"
    folder.mkdir()
    for day, name in ((1, "first"), (2, "second")):
        (folder / f"{name}.md").write_text(PLAIN.format(title=f"旧文{day}", day=day), "utf-8")
    return folder


def imported(city: City) -> dict[str, bytes]:
    """The items of the portal's news beyond those that were there."""
    with city.workspace.source() as source:
        files = {entry.path: source.read(entry) for entry in source.entries()}
    return {path: data for path, data in files.items() if path not in make_files() and path.endswith(".md")}


def test_a_folder_becomes_items_in_one_commit(zhanqun: CommandLine, city: City, collection: Path) -> None:
    said = zhanqun("import", "markdown", collection, *PLACE, "--json")

    assert said.code == 0, said
    assert (said.json["items"], said.json["made"]) == (2, city.head())
    assert all(path.startswith("content/portal/news/2026/") for path in imported(city))
    assert zhanqun("publish", "--now", NOW).code in (0, 3)
    assert "旧文1" in city.page("portal/news/index.html")


def test_a_second_import_makes_no_commit(zhanqun: CommandLine, seeded: City, collection: Path) -> None:
    zhanqun("import", "markdown", collection, *PLACE)
    head = seeded.head()
    said = zhanqun("import", "markdown", collection, *PLACE, "--json")

    assert (said.code, said.json["made"], said.json["items"]) == (0, "", 2)
    assert "There is nothing to change." in said.err
    assert seeded.head() == head


def test_only_what_changed_is_written_again(zhanqun: CommandLine, seeded: City, collection: Path) -> None:
    zhanqun("import", "markdown", collection, *PLACE)
    before = imported(seeded)
    (collection / "first.md").write_text(PLAIN.format(title="改过的旧文", day=1), "utf-8")
    said = zhanqun("import", "markdown", collection, *PLACE)

    after = imported(seeded)
    assert "1 file(s) changed" in said.err
    assert set(after) == set(before)
    assert sum(after[path] != before[path] for path in after) == 1


def redated(collection: Path, day: str) -> None:
    """Gives the first source file another date."""
    text = (collection / "first.md").read_text("utf-8")
    (collection / "first.md").write_text(re.sub(r"date: \S+", f"date: {day}", text), "utf-8")


def first_of(city: City) -> str:
    """The path of the item made of the first source file."""
    return next(path for path, data in imported(city).items() if "旧文1".encode() in data)


def address(path: str) -> str:
    return path.removeprefix("content/portal").removesuffix(".md") + ".html"


def fields_of(city: City, path: str) -> Mapping[str, Value]:
    document, _ = item_file.read(path, imported(city)[path])
    assert document is not None
    return document.front.values


def test_an_item_whose_date_changed_moves_and_its_old_addresses_lead_to_it(
    zhanqun: CommandLine, city: City, collection: Path
) -> None:
    zhanqun("import", "markdown", collection, *PLACE)
    places = [first_of(city)]
    for day in ("2025-11-01", "2024-11-01"):
        redated(collection, day)
        assert zhanqun("import", "markdown", collection, *PLACE).code == 0
        places.append(first_of(city))

    assert [path.split("/")[3] for path in places] == ["2026", "2025", "2024"]
    assert len(imported(city)) == 2
    assert fields_of(city, places[-1])["redirect_from"] == [address(path) for path in places[:2]]
    assert "There is nothing to change." in zhanqun("import", "markdown", collection, *PLACE).err
    zhanqun("publish", "--now", NOW)
    table = (city.www / "current" / "portal" / "_redirects").read_text("utf-8")
    assert all(f"{address(path)} {address(places[-1])}" in table for path in places[:2])


def test_an_item_that_was_moved_is_updated_where_it_lies(zhanqun: CommandLine, seeded: City, collection: Path) -> None:
    zhanqun("import", "markdown", collection, *PLACE)
    old, moved = first_of(seeded), "content/portal/about/2026/by-hand.md"
    assert zhanqun("mv", old, moved).code == 0
    assert "There is nothing to change." in zhanqun("import", "markdown", collection, *PLACE).err
    (collection / "first.md").write_text(PLAIN.format(title="旧文1，改过", day=1), "utf-8")
    zhanqun("import", "markdown", collection, *PLACE)
    assert (first_of(seeded), len(imported(seeded))) == (moved, 2)
    assert fields_of(seeded, moved)["redirect_from"] == [address(old)]

    redated(collection, "2025-11-01")
    zhanqun("import", "markdown", collection, *PLACE)
    assert (first_of(seeded), len(imported(seeded))) == ("content/portal/about/2025/by-hand.md", 2)
    assert fields_of(seeded, first_of(seeded))["redirect_from"] == [address(old), address(moved)]


def test_fields_that_the_city_added_stay(zhanqun: CommandLine, seeded: City, collection: Path) -> None:
    zhanqun("import", "markdown", collection, *PLACE)
    path = first_of(seeded)
    added = {"also": ["about"], "image": "x.png", "redirect_from": ["/old.html"]}
    seeded.commit({path: item_file.rewrite(imported(seeded)[path], added)})
    assert "There is nothing to change." in zhanqun("import", "markdown", collection, *PLACE).err
    (collection / "first.md").write_text(PLAIN.format(title="旧文1，改过", day=1), "utf-8")
    zhanqun("import", "markdown", collection, *PLACE)

    fields = fields_of(seeded, path)
    assert fields["title"] == "旧文1，改过"
    assert {name: fields[name] for name in added} == added


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_taken(
    zhanqun: CommandLine, seeded: City, collection: Path
) -> None:
    (collection / "bad.md").write_bytes(b"\xff\xfe\x00 no text")
    said = zhanqun("import", "markdown", collection, *PLACE)

    assert said.code == 3
    assert "bad.md" in said.err
    assert "2 item(s) read, 1 file(s) left out." in said.err


def test_a_working_folder_takes_an_import(zhanqun: CommandLine, here: Path, collection: Path) -> None:
    folder = write_tree(here / "work", make_files())

    assert zhanqun("import", "markdown", collection, *PLACE, "--content", "work").code == 0
    assert len(list((folder / "content" / "portal" / "news" / "2026").glob("*.md"))) == 4
    again = zhanqun("import", "markdown", collection, *PLACE, "--content", "work")
    assert "There is nothing to change." in again.err


REFUSED = [
    ("no column", ("--site", "portal"), 2, "--column"),
    ("a column that is not there", ("--site", "portal", "--column", "nope"), 1, "There is no column 'nope'"),
    ("a site that is not there", ("--site", "nope", "--column", "news"), 1, "There is no column 'news' on a site"),
    ("rules given for no column", ("--site", "nope", "--column", "news", "--rules", "plain"), 1, "There is no column"),
    ("rules that are not there", (*PLACE, "--rules", "nope.toml"), 1, "nope.toml"),
]


@pytest.mark.parametrize(("place", "code", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_an_import_is_refused(
    zhanqun: CommandLine, seeded: City, collection: Path, place: tuple[str, ...], code: int, told: str
) -> None:
    head = seeded.head()
    said = zhanqun("import", "markdown", collection, *place)

    assert said.code == code
    assert told in said.err
    assert seeded.head() == head


def test_rules_with_mistakes_are_told(zhanqun: CommandLine, seeded: City, collection: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("format = 1\nunknown = 3\n")
    said = zhanqun("import", "markdown", collection, *PLACE, "--rules", tmp_path / "mine.toml")

    assert said.code == 1
    assert "mine.toml" in said.err


def test_a_statute_column_takes_the_rules_for_laws(zhanqun: CommandLine, seeded: City, collection: Path) -> None:
    columns = [make_column("news"), make_column("laws", kind="statute", hidden=True)]
    seeded.commit({"sites/congress/site.toml": make_site("congress", columns=columns)})
    said = zhanqun("import", "markdown", collection, "--site", "congress", "--column", "laws", "--json")

    assert said.code in (0, 3)
    assert said.json["items"] + len(said.json["skipped"]) == 2


# ---- large files ----------------------------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film that Git should not hold."""
    file = tmp_path / "film.mp4"
    file.write_bytes(b"\0\1\2\3" * (LIMITS.git_blob_bytes // 4 + 1))
    return file


def test_a_large_file_goes_to_media_and_is_served_whole(zhanqun: CommandLine, city: City, film: Path) -> None:
    said = zhanqun("import", "file", film, "--to", "portal/news/2026/film.mp4", "--json")
    assert said.code == 0
    assert "Stored in data/media; Git holds a pointer." in said.err
    with city.workspace.source() as source:
        held = next(source.read(entry) for entry in source.entries() if entry.path == said.json["path"])
    pointer = parse_pointer(held)
    assert pointer is not None
    assert (city.root / "data" / "media" / pointer.sha256).read_bytes() == film.read_bytes()

    captions = "content/portal/news/2026/film.vtt"
    city.commit({ARTICLE: make_article(body="看片：\n\n![短片](film.mp4)\n"), captions: b"WEBVTT\n"})
    assert zhanqun("publish", "--now", NOW).code == 0
    assert (city.www / "current" / "portal" / "news" / "2026" / "film.mp4").read_bytes() == film.read_bytes()


def test_a_small_file_lies_in_git(zhanqun: CommandLine, seeded: City, tmp_path: Path) -> None:
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7")
    zhanqun("import", "file", tmp_path / "plan.pdf", "--to", "content/portal/news/2026/plan.pdf")

    with seeded.workspace.source() as source:
        files = {entry.path: source.read(entry) for entry in source.entries()}
    assert files["content/portal/news/2026/plan.pdf"] == b"%PDF-1.7"
    assert not (seeded.root / "data" / "media").exists()


FILES = [
    ("no place", (), 2, "--to"),
    ("a place outside", ("--to", "../../etc/film.mp4"), 1, "leads out of the content"),
]


@pytest.mark.parametrize(("place", "code", "told"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_a_file_is_refused(
    zhanqun: CommandLine, seeded: City, film: Path, place: tuple[str, ...], code: int, told: str
) -> None:
    head = seeded.head()
    said = zhanqun("import", "file", film, *place)

    assert said.code == code
    assert told in said.err
    assert seeded.head() == head


def test_a_folder_is_no_file(zhanqun: CommandLine, seeded: City, tmp_path: Path) -> None:
    said = zhanqun("import", "file", tmp_path, "--to", "portal/x.pdf")

    assert said.code == 2
    assert "Name one file, not a folder." in said.err


def test_a_source_that_is_not_there_is_refused(zhanqun: CommandLine, seeded: City) -> None:
    assert zhanqun("import", "markdown", "nowhere", *PLACE).code == 2
