"""The rules of the house, held by reading the code: who may import whom, and what only one module may do.

Each rule is a function `tree → offences`, an offence being `file:line: what is wrong`. Every rule is also run on a
made-up tree that breaks it, so that a rule which finds nothing any more is noticed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("cluster", "plugins", "publish", "editor", "cli")
# What runs in the DMZ, and what it may import beside the standard library: a part of the base distribution.
IN_THE_DMZ = ("publish/receiver/", "publish/guard/")
NOUNS_OF_THE_DMZ = ("aside", "blobs", "bundle", "delta", "errors", "listings", "lock", "manifest", "release")
LIBRARIES_OF_THE_DMZ = ("brotli", "cryptography", "securesystemslib", "tuf")
BASE = {*LIBRARIES_OF_THE_DMZ, "click", "watchdog", "urllib3", "cffi", "pycparser", "_brotli", "_cffi_backend"}
PELICAN_MODULES = ("__init__", "generator", "writer")
STARTERS = {"run", "call", "check_call", "check_output", "Popen", "system", "popen", "getoutput", "getstatusoutput"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of the house, parsed."""

    path: str
    code: ast.Module

    @property
    def name(self) -> str:
        """The dotted name; a package's is that of its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]

    def at(self, node: ast.AST, words: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {words}"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name: `target` is the module, `member` what is taken from it."""

    node: ast.stmt
    target: str
    member: str

    @property
    def full(self) -> str:
        return f"{self.target}.{self.member}" if self.member else self.target

    def is_of(self, name: str) -> bool:
        """Whether the module `name`, or something in it, is imported."""
        return self.full == name or f"{self.full}.".startswith(f"{name}.") or self.target == name


Tree = tuple[Module, ...]


def read_tree(root: Path) -> Tree:
    """Every module of the rooms below `root`."""
    files = sorted(file for room in ROOMS for file in (root / room).rglob("*.py"))
    return tuple(Module(str(file.relative_to(root)), ast.parse(file.read_text("utf-8"), str(file))) for file in files)


@cache
def imports(module: Module) -> tuple[Import, ...]:
    """All imports of a module, those within functions and under TYPE_CHECKING included."""
    return tuple(found for node in ast.walk(module.code) for found in _imports_of(module, node))


def _imports_of(module: Module, node: ast.AST) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(node, alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (Import(node, _absolute(module, node), alias.name) for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.path.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


# ---- the rules ------------------------------------------------------------------------------------------------------


def rooms_import_only_what_stands_left_of_them(tree: Tree) -> Iterator[str]:
    for module in tree:
        for found in imports(module):
            room = found.target.partition(".")[0]
            if room in ROOMS and ROOMS.index(room) > ROOMS.index(module.room):
                yield module.at(found.node, f"{module.room} may not import {found.full}; order: {' <- '.join(ROOMS)}")


def nobody_imports_the_command_line(tree: Tree) -> Iterator[str]:
    for module in tree:
        for found in imports(module):
            if found.is_of("cli") and module.room != "cli":
                yield module.at(found.node, f"{found.full} is imported from outside cli")


def the_dmz_imports_only_what_is_there(tree: Tree) -> Iterator[str]:
    for module in tree:
        room = next((room for room in IN_THE_DMZ if module.path.startswith(room)), None)
        for found in imports(module) if room else ():
            known = found.target.partition(".")[0] in sys.stdlib_module_names
            if not known and not any(found.is_of(allowed) for allowed in _allowed_in(str(room))):
                yield module.at(found.node, f"{room} may not import {found.full}")


def _allowed_in(room: str) -> tuple[str, ...]:
    """The guard reads what the receiver keeps; the receiver knows of no guard, and watches nothing."""
    own = ("publish.guard", "watchdog") if room == "publish/guard/" else ()
    return (*(f"cluster.{noun}" for noun in NOUNS_OF_THE_DMZ), *LIBRARIES_OF_THE_DMZ, "publish.receiver", *own)


def pelican_is_imported_at_the_edge_only(tree: Tree) -> Iterator[str]:
    for module in tree:
        for found in imports(module):
            if found.is_of("pelican") and not _is_pelican_s_edge(module):
                yield module.at(
                    found.node,
                    "only plugins/*/{__init__,generator,writer}.py and publish/pelican_run.py import pelican",
                )


def _is_pelican_s_edge(module: Module) -> bool:
    parts = module.path.removesuffix(".py").split("/")
    in_plugin = len(parts) == 3 and parts[0] == "plugins" and parts[2] in PELICAN_MODULES
    return in_plugin or module.path == "publish/pelican_run.py"


def only_the_git_store_imports_gitpython(tree: Tree) -> Iterator[str]:
    for module in tree:
        for found in imports(module):
            if (found.is_of("git") or found.is_of("gitdb")) and module.path != "cluster/gitstore.py":
                yield module.at(found.node, "only cluster/gitstore.py imports git")


def nobody_starts_git_by_hand(tree: Tree) -> Iterator[str]:
    for module in tree:
        if module.path == "cluster/gitstore.py" and not any(found.is_of("subprocess") for found in imports(module)):
            continue  # its argument lists go to GitPython
        for node in ast.walk(module.code):
            if _is_git_list(node) or _starts_git(node):
                yield module.at(node, "git is run by cluster/gitstore.py only, through GitPython")


def _is_git_list(node: ast.AST) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and bool(node.elts) and _is_git(node.elts[0], exact=True)


def _starts_git(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    starts = name in STARTERS or name.startswith(("exec", "spawn", "posix_spawn", "create_subprocess_"))
    return starts and any(_is_git(argument, exact=False) for argument in node.args)


def _is_git(node: ast.AST, *, exact: bool) -> bool:
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    first = node.value if exact else node.value.strip().partition(" ")[0]
    return first == "git" or first.endswith("/git")


def modules_import_each_other_in_no_circle(tree: Tree) -> Iterator[str]:
    known = {module.name: module for module in tree}
    graph = {module.name: _edges(module, known) for module in tree}
    done: set[str] = set()
    for name in graph:
        yield from (_told(circle, graph, known) for circle in _circles(name, graph, (), done))


def _edges(module: Module, known: Mapping[str, Module]) -> dict[str, ast.stmt]:
    edges: dict[str, ast.stmt] = {}
    for found in imports(module):
        target = found.full if found.full in known else found.target
        if target in known and target != module.name:
            edges.setdefault(target, found.node)
    return edges


def _circles(
    name: str, graph: Mapping[str, Mapping[str, ast.stmt]], trail: tuple[str, ...], done: set[str]
) -> Iterator[tuple[str, ...]]:
    if name in trail:
        yield (*trail[trail.index(name) :], name)
    elif name not in done:
        for target in graph[name]:
            yield from _circles(target, graph, (*trail, name), done)
        done.add(name)


def _told(circle: tuple[str, ...], graph: Mapping[str, Mapping[str, ast.stmt]], known: Mapping[str, Module]) -> str:
    return known[circle[0]].at(graph[circle[0]][circle[1]], f"a circle of imports: {' -> '.join(circle)}")


def every_module_says_what_lives_in_it(tree: Tree) -> Iterator[str]:
    for module in tree:
        if not (ast.get_docstring(module.code) or "").strip():
            yield module.at(module.code, "the module has no docstring")


# A rule, and made-up trees that break it: the files, and the place that must be named.
RULES: Mapping[Callable[[Tree], Iterator[str]], tuple[tuple[dict[str, str], str], ...]] = {
    rooms_import_only_what_stands_left_of_them: (
        ({"cluster/x.py": "import os\nfrom publish.build import build\n"}, "cluster/x.py:2:"),
        ({"cluster/x.py": "import plugins.pages\n"}, "cluster/x.py:1:"),
        ({"plugins/x/y.py": "def f():\n    from publish import build\n"}, "plugins/x/y.py:2:"),
        ({"plugins/x/y.py": "from ...publish import build\n", "publish/build.py": ""}, "plugins/x/y.py:1:"),
        ({"publish/x.py": "if TYPE_CHECKING:\n    import editor\n"}, "publish/x.py:2:"),
    ),
    nobody_imports_the_command_line: (
        ({"editor/x.py": "\nfrom cli import main\n"}, "editor/x.py:2:"),
        ({"publish/x.py": "import cli.options\n"}, "publish/x.py:1:"),
    ),
    the_dmz_imports_only_what_is_there: (
        ({"publish/receiver/x.py": "import json\nimport yaml\n"}, "publish/receiver/x.py:2:"),
        ({"publish/receiver/x.py": "from cluster import gitstore\n"}, "publish/receiver/x.py:1:"),
        (
            {"publish/receiver/x.py": "from cluster.release import Release\nfrom publish.build import x\n"},
            "publish/receiver/x.py:2:",
        ),
        ({"publish/receiver/x.py": "import cluster\n"}, "publish/receiver/x.py:1:"),
        ({"publish/receiver/deep/x.py": "from ... import brake\n"}, "publish/receiver/deep/x.py:1:"),
        ({"publish/receiver/x.py": "from publish.guard import Guard\n"}, "publish/receiver/x.py:1:"),
        ({"publish/receiver/x.py": "import watchdog.observers\n"}, "publish/receiver/x.py:1:"),
        ({"publish/receiver/x.py": "def f():\n    import boto3\n"}, "publish/receiver/x.py:2:"),
        ({"publish/guard/x.py": "import json\nimport rich\n"}, "publish/guard/x.py:2:"),
        ({"publish/guard/x.py": "from cluster.index import Index\n"}, "publish/guard/x.py:1:"),
        ({"publish/guard/x.py": "from publish.ledger import Ledger\n"}, "publish/guard/x.py:1:"),
    ),
    pelican_is_imported_at_the_edge_only: (
        ({"plugins/pages/lists.py": "from pelican.utils import slugify\n"}, "plugins/pages/lists.py:1:"),
        ({"plugins/pages/deep/writer.py": "import pelican\n"}, "plugins/pages/deep/writer.py:1:"),
        ({"publish/worker.py": "def f():\n    import pelican.settings as s\n"}, "publish/worker.py:2:"),
        ({"publish/build.py": "from pelican import Pelican\n"}, "publish/build.py:1:"),
    ),
    only_the_git_store_imports_gitpython: (
        ({"publish/x.py": "import git\n"}, "publish/x.py:1:"),
        ({"cluster/x.py": "from git import Repo\n"}, "cluster/x.py:1:"),
    ),
    nobody_starts_git_by_hand: (
        ({"cli/x.py": "import subprocess\nsubprocess.run(['git', 'log'])\n"}, "cli/x.py:2:"),
        ({"cli/x.py": "from subprocess import check_output\ncheck_output('git log', shell=True)\n"}, "cli/x.py:2:"),
        ({"cli/x.py": "import os\nos.system(f'git -C {path} log')\n"}, "cli/x.py:2:"),
        ({"cli/x.py": "import asyncio\nasyncio.create_subprocess_exec('/usr/bin/git', 'log')\n"}, "cli/x.py:2:"),
        ({"cli/x.py": "words = ('git', 'log')\n"}, "cli/x.py:1:"),
        ({"cluster/gitstore.py": "import subprocess\nsubprocess.run(['git', 'log'])\n"}, "cluster/gitstore.py:2:"),
    ),
    modules_import_each_other_in_no_circle: (
        ({"cluster/a.py": "from cluster.b import x\n", "cluster/b.py": "\nimport cluster.a\n"}, "cluster/a.py:1:"),
        (
            {
                "cluster/a.py": "from . import b\n",
                "cluster/b.py": "from .c import x\n",
                "cluster/c.py": "def f():\n    from cluster import a\n",
            },
            "cluster/a.py:1:",
        ),
        (
            {"plugins/a/__init__.py": "from plugins.a.b import x\n", "plugins/a/b.py": "from plugins.a import y\n"},
            "plugins/a/__init__.py:1:",
        ),
    ),
    every_module_says_what_lives_in_it: (
        ({"cluster/x.py": "import os\n"}, "cluster/x.py:1:"),
        ({"cluster/__init__.py": ""}, "cluster/__init__.py:1:"),
        ({"cluster/x.py": '"""  """\n'}, "cluster/x.py:1:"),
    ),
}
RIGHT = {
    "cluster/__init__.py": '"""Nouns."""\n',
    "cluster/release.py": '"""Releases."""\nimport json\n',
    "cluster/gitstore.py": '"""Git."""\nimport git\nrun = ["git", "log"]\n',
    "plugins/pages/__init__.py": '"""Pages."""\n\ndef register():\n    from pelican import signals\n',
    "plugins/pages/plan.py": '"""Plan."""\nfrom cluster import release\nfrom . import other\n',
    "plugins/pages/other.py": '"""Git is told of in words: git log."""\nraise ValueError("git failed")\n',
    "publish/build.py": '"""Build."""\nfrom plugins.pages.plan import x\n',
    "publish/pelican_run.py": '"""Runs."""\ndef f():\n    import pelican\n',
    "publish/receiver/__init__.py": '"""R."""\nfrom cluster.release import Release\nfrom cluster import errors\n',
    "publish/receiver/place.py": '"""Places."""\nimport os.path\nfrom . import x\nfrom publish.receiver import y\n',
    "publish/receiver/trust.py": '"""Trust."""\nimport brotli\nfrom tuf.api.metadata import Root\n',
    "publish/guard/guard.py": '"""G."""\nimport watchdog\nfrom publish.receiver import y\nfrom . import notes\n',
    "cli/main.py": '"""Starts."""\nfrom cli import options\nfrom publish.build import x\nfrom cluster import release\n',
    "cli/options.py": '"""Options."""\n',
}
NAMES = {rule: rule.__name__ for rule in RULES}


def write(root: Path, files: Mapping[str, str]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return read_tree(root)


@pytest.fixture(scope="module")
def house() -> Tree:
    """The house as it stands."""
    tree = read_tree(ROOT)
    assert {module.room for module in tree} >= {"cluster", "plugins", "publish", "cli"}
    return tree


@pytest.mark.parametrize("rule", RULES, ids=NAMES.get)
def test_the_house_keeps(rule, house):
    offences = list(rule(house))
    assert not offences, "\n" + "\n".join(offences)


@pytest.mark.parametrize(
    ("rule", "files", "place"),
    [
        pytest.param(rule, files, place, id=f"{NAMES[rule]}-{number}")
        for rule, trees in RULES.items()
        for number, (files, place) in enumerate(trees, 1)
    ],
)
def test_a_tree_that_breaks_the_rule_is_told_with_file_and_line(rule, files, place, tmp_path):
    (offence,) = list(rule(write(tmp_path, files)))
    assert offence.startswith(place)


@pytest.mark.parametrize("rule", RULES, ids=NAMES.get)
def test_a_right_tree_breaks_no_rule(rule, tmp_path):
    assert list(rule(write(tmp_path, RIGHT))) == []


# Stands in for a machine in the DMZ: the base distribution is installed, and nothing else.
DMZ = """
import importlib, pkgutil, sys
allowed, names = set(sys.argv[1].split()), sys.argv[2:]

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
for name in names:
    module = importlib.import_module(name)
    for below in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        importlib.import_module(below.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
# Of the standard library, what only the inside uses: it would tell that more than meant is loaded.
NOT_NEEDED = {"sqlite3"}


@pytest.mark.parametrize(
    "names",
    [("publish.receiver",), ("publish.guard",), ("cli.receive",), ("cli.guard",), ("cli.main",)],
    ids=lambda names: names[0],
)
def test_what_runs_in_the_dmz_loads_with_the_base_distribution_alone(names: tuple[str, ...]) -> None:
    """Asked of a fresh interpreter: also what its modules import themselves. No Pelican, YAML, Git, Jinja there."""
    allowed = (sys.stdlib_module_names | BASE | {"cluster", "publish", "cli"}) - NOT_NEEDED
    command = [sys.executable, "-c", DMZ, " ".join(allowed), *names]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert names[0].partition(".")[0] in loaded
    assert not loaded & {"pelican", "yaml", "git", "jinja2", "markdown", "django", "plugins", "editor", *NOT_NEEDED}


def test_the_receiver_does_not_watch() -> None:
    """What `zhanqun receive` needs is less than what the guard needs."""
    allowed = (sys.stdlib_module_names | BASE | {"cluster", "publish", "cli"}) - NOT_NEEDED - {"watchdog"}
    command = [sys.executable, "-c", DMZ, " ".join(allowed), "publish.receiver", "cli.receive"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_base_distribution_is_what_the_dmz_imports() -> None:
    """Every library that the DMZ may import is a dependency of the base, so that `pip install zhanqun` will do."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        base = tomllib.load(file)["project"]["dependencies"]
    names = {re.split(r"[\[<>=~! ]", line)[0] for line in base}
    extras = {"cryptography": "securesystemslib[crypto]"}
    for library in (*LIBRARIES_OF_THE_DMZ, "click", "watchdog"):
        asked = extras.get(library, library)
        assert library in names or any(line.startswith(asked) for line in base), f"{library} is not in the base"


def test_no_pattern_uses_what_debians_python_matches_wrongly() -> None:
    """Possessive quantifiers give wrong matches in Python 3.11.2, which Debian 12 ships."""
    possessive = re.compile(r"[\w)\]}.`][*+?]\+(?!=)")
    found = [
        f"{path}:{node.lineno}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\\" in node.value
        if possessive.search(node.value)
    ]
    assert found == []
