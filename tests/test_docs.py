"""The documentation says what is there: commands, options, paths, links, examples and messages."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from cli.main import COMMANDS, zhanqun
from cluster.importers.rules import load_rules
from cluster.issues import Issue
from cluster.settings import load_settings
from cluster.site import load_cluster

HERE = Path(__file__).parent.parent
DOCS = sorted([HERE / "README.md", HERE / "README.zh-CN.md", HERE / "CHANGELOG.md", *(HERE / "docs").rglob("*.md")])
NAMES = [path.relative_to(HERE).as_posix() for path in DOCS]
TOPS = ("cluster/", "plugins/", "publish/", "cli/", "docs/", "sites/", "themes/", "tests/", "content/")
ROOT_FILES = ("Makefile", "pelicanconf.py", "pyproject.toml", "LICENSE", "CHANGELOG.md", "README.md")
# What recipes tell the reader to make, and addresses that stand for any.
MADE_BY_READERS = {
    "content/portal/a/b.pdf",
    "content/portal/culture/library/2026/winter-hours.md",
    "content/portal/employment/2026/water-plant-operator.md",
    "plugins/reading_time/__init__.py",
    "sites/forestry/site.toml",
    "sites/portal/topics/winter-warmth.toml",
    "sites/types/vacancy.toml",
    "themes/gov/templates/vacancy.html",
}
PAIRS = [("README.md", "README.zh-CN.md"), ("docs/operations.md", "docs/operations.zh-CN.md")]
_FENCE = re.compile(r"^( *)```([\w+-]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_TICKED = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")


def text_of(name: str) -> str:
    return (HERE / name).read_text("utf-8")


def blocks(name: str, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of these languages."""
    return [found[3] for found in _FENCE.finditer(text_of(name)) if found[2] in languages]


def prose(name: str) -> str:
    return _FENCE.sub("", text_of(name))


def ticked(name: str) -> list[str]:
    return _TICKED.findall(prose(name))


def command_lines(name: str) -> Iterator[str]:
    """Every command that a page shows, in blocks without their comments and in the text."""
    for block in blocks(name, "sh"):
        for line in block.splitlines():
            command = re.sub(r"(^|\s+)#.*$", "", line).strip()
            if command:
                yield command
    yield from (words for words in ticked(name) if words.startswith(("zhanqun ", "make ")))


def block_below(heading: str) -> str:
    """The first TOML block of docs/formats.md below a heading that begins so."""
    _, _, rest = text_of("docs/formats.md").partition(f"\n## {heading}")
    found = next((one for one in _FENCE.finditer(rest) if one[2] == "toml"), None)
    assert found is not None, heading
    return found[3]


# ---- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("pair", [("README.md", "docs/operations.md"), ("README.zh-CN.md", "docs/operations.zh-CN.md")])
def test_every_command_is_named_in_readme_or_operations(command: str, pair: tuple[str, str]) -> None:
    assert any(re.search(rf"\bzhanqun {command}\b", text_of(name)) for name in pair)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_shown_exists_with_its_options(name: str) -> None:
    for line in command_lines(name):
        words = shlex.split(line.replace("…", ""))
        if words[0] != "zhanqun" or len(words) < 2 or words[1].startswith("-"):
            continue
        command = zhanqun.get_command(click.Context(zhanqun), words[1])
        assert command is not None, line
        known = {option for one in command.params for option in one.opts} | {"--help"}
        assert {word for word in words[2:] if word.startswith("--")} <= known, line


@pytest.mark.parametrize("name", NAMES)
def test_every_make_command_is_a_target(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    shown = {words.split()[1] for words in command_lines(name) if words.startswith("make ")}
    assert shown <= targets


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_both_languages_show_the_same_commands(english: str, chinese: str) -> None:
    one, other = ({_without_names(line) for line in command_lines(name)} for name in (english, chinese))
    assert one == other


def _without_names(command: str) -> str:
    """A command whose placeholders, FOLDER or 文件夹, are the same in both languages."""
    return re.sub(r"\b[A-Z]{3,}\b|[\u4e00-\u9fff]+", "…", command)


# ---- paths and links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_repository_path_in_backticks_exists(name: str) -> None:
    missing = [path for path in ticked(name) if _looks_like_a_path(path) and not _exists(path)]
    assert not missing


def _looks_like_a_path(text: str) -> bool:
    is_plain = re.fullmatch(r"[\w./*-]+", text, re.ASCII) is not None
    return is_plain and (text in ROOT_FILES or text.startswith(TOPS)) and text not in MADE_BY_READERS


def _exists(path: str) -> bool:
    return any(HERE.glob(path.rstrip("/"))) if "*" in path else (HERE / path).exists()


@pytest.mark.parametrize("name", NAMES)
def test_every_link_between_pages_resolves(name: str) -> None:
    for target in _LINK.findall(_TICKED.sub("", prose(name))):
        if ":" in target:
            continue
        path, _, anchor = target.partition("#")
        page = (HERE / name).parent / path if path else HERE / name
        assert page.exists(), target
        assert not anchor or anchor in _anchors(page), target


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def test_every_decision_is_linked_from_the_architecture_page() -> None:
    linked = set(_LINK.findall(text_of("docs/architecture.md")))
    assert {f"adr/{path.name}" for path in (HERE / "docs/adr").glob("*.md")} <= linked


@pytest.mark.parametrize("path", sorted((HERE / "docs/adr").glob("*.md")), ids=lambda path: path.name)
def test_every_decision_has_context_decision_and_consequences(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("path", sorted((HERE / "docs/images").glob("*.svg")), ids=lambda path: path.name)
def test_every_drawing_is_well_formed_and_still(path: Path) -> None:
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
    assert not tags & {"script", "style", "image", "foreignObject", "animate"}


def test_the_licence_is_the_whole_text() -> None:
    text = text_of("LICENSE")
    assert "GNU AFFERO GENERAL PUBLIC LICENSE" in text
    assert "13. Remote Network Interaction" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("name", NAMES)
def test_no_page_names_a_folder_of_one_machine(name: str) -> None:
    assert not re.search(r"/(work|home|root|tmp|Users)/", text_of(name))


# ---- examples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_toml_json_and_python_example_parses(name: str) -> None:
    for block in blocks(name, "toml"):
        tomllib.loads(block)
    for block in blocks(name, "json"):
        json.loads(block)
    for block in blocks(name, "python"):
        ast.parse(block)


def test_the_examples_of_configuration_are_accepted_by_the_program() -> None:
    cluster = block_below("`sites/cluster.toml`")
    site = block_below("`sites/<site>/site.toml`")
    files = {"sites/cluster.toml": cluster, "sites/types/article.toml": block_below("`sites/types/<name>.toml`")}
    for key in tomllib.loads(cluster)["sites"]:
        files[f"sites/{key}/site.toml"] = site.replace("portal.yunze", f"{key}.yunze")
    files["sites/portal/topics/river.toml"] = block_below("`sites/<site>/topics/<name>.toml`")
    files["sites/portal/gone.toml"] = block_below("`sites/<site>/gone.toml`")
    _, issues = load_cluster({path: text.encode() for path, text in files.items()})
    assert issues == ()


def test_the_content_type_of_the_cookbook_is_accepted_by_the_program() -> None:
    files = {path.relative_to(HERE).as_posix(): path.read_bytes() for path in (HERE / "sites").rglob("*.toml")}
    vacancy = next(block for block in blocks("docs/cookbook.md", "toml") if 'name = "vacancy"' in block)
    cluster, issues = load_cluster(files | {"sites/types/vacancy.toml": vacancy.encode()})
    assert issues == ()
    assert cluster is not None
    assert cluster.types["vacancy"].field("title") is not None


@pytest.mark.parametrize("page", ["docs/formats.md", "docs/cookbook.md"])
def test_the_import_rules_shown_are_accepted_by_the_program(page: str, tmp_path: Path) -> None:
    shown = next(block for block in blocks(page, "toml") if 'name = "letters"' in block)
    (tmp_path / "letters.toml").write_text(shown, "utf-8")
    _, issues = load_rules(str(tmp_path / "letters.toml"))
    assert issues == []


@pytest.mark.parametrize("page", ["docs/formats.md", "docs/operations.md", "docs/operations.zh-CN.md"])
def test_the_settings_shown_are_accepted_by_the_program(page: str, tmp_path: Path) -> None:
    shown = next(block for block in blocks(page, "toml") if "targets =" in block)
    (tmp_path / "zhanqun.toml").write_text(shown, "utf-8")
    assert load_settings(tmp_path, {}).port == 8080


def test_the_issue_rule_shown_is_the_programs() -> None:
    ((code, rule),) = tomllib.loads(block_below("`cluster/issues.toml`")).items()
    told = Issue.of(code, "x", folder="{folder}", year="{year}")
    assert (told.severity, told.text("zh"), told.text("en")) == (rule["severity"], rule["zh"], rule["en"])


# ---- messages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["docs/operations.md", "docs/operations.zh-CN.md"])
def test_every_message_in_the_operations_page_is_one_the_program_says(name: str) -> None:
    _, _, table = text_of(name).rpartition("\n## ")
    quoted = [words for row in table.splitlines() for words in _TICKED.findall(row.split("|")[1] if "|" in row else "")]
    assert len(quoted) > 15
    unknown = [piece for words in quoted for piece in words.split("…") if piece.strip() and not _is_said(piece)]
    assert not unknown


def _is_said(piece: str) -> bool:
    return any(piece in text for text in _spoken())


@cache
def _spoken() -> frozenset[str]:
    """Every text in the code and in the command line's catalogue."""
    found: set[str] = set()
    for room in ("cluster", "plugins", "publish", "cli"):
        for path in (HERE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    catalogue = text_of("cli/translations/zh_Hans/LC_MESSAGES/messages.po")
    return frozenset(found | set(re.findall(r'^msg(?:id|str) "(.*)"$', catalogue, re.MULTILINE)))
