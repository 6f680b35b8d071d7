"""Every message of the command line, gathered from the code: what `cli/translations` must translate.

`python -m tests.tools.cli_words` prints them as an empty catalogue to be filled.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import click

from cli.main import COMMANDS, zhanqun

CLI = Path(__file__).parent.parent.parent / "cli"
_SPOKEN = ("tell", "words", "_translated")
_TABLES = ("_MESSAGES", "_SEVERITY")


def messages() -> set[str]:
    """All msgids: spoken sentences, tables of sentences, help texts."""
    found = {_joined(zhanqun.help or "")}
    for path in CLI.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= set(_spoken(tree)) | set(_in_tables(tree))
    for name in COMMANDS:
        found |= set(_helps(name))
    return found - {"", "{why}"}


def _joined(text: str) -> str:
    return " ".join(text.split())


def _spoken(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _SPOKEN and node.args:
            yield from _strings(node.args[0])
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "message" for t in node.targets):
            yield from _strings(node.value)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _in_tables(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and _name(node.targets[0]) in _TABLES and isinstance(node.value, ast.Dict):
            for value in node.value.values:
                yield from _strings(value)


def _strings(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def _helps(name: str) -> Iterator[str]:
    context = click.Context(zhanqun)
    command = zhanqun.get_command(context, name)
    assert command is not None
    yield _joined(command.help or "")
    for parameter in command.get_params(context):
        yield _joined(getattr(parameter, "help", "") or "")


if __name__ == "__main__":
    for message in sorted(messages()):
        print(f'msgid "{message}"\nmsgstr ""\n')
