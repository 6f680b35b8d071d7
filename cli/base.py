"""What the commands of the base distribution share: they run in the DMZ, where nothing of the inside is installed.

No settings file, no workspace, no rich: words in the user's language on stderr, results on stdout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from cli.words import language_of_environment, words
from cluster.errors import ClusterError


class Command(click.Command):
    """A command whose help is translated when it is asked for; `example` is shown at its end."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_translated("What it does")):
            formatter.write_text(_translated(self.help or ""))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [(one, one.get_help_record(ctx)) for one in self.get_params(ctx)]
        rows = [(record[0], _translated(getattr(one, "help", None) or "")) for one, record in records if record]
        with formatter.section(_translated("Options")):
            formatter.write_dl([row for row in rows if row[1]])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_translated("Example")):
            formatter.write_text(self.example)

    def get_short_help_str(self, limit: int = 45) -> str:
        return _translated(self.help or "").split("\n")[0].rstrip(".。")


def say(text: str) -> None:
    """A line about the work, on stderr."""
    click.echo(text, err=True)


def dump(value: dict[str, Any]) -> None:
    """The one JSON object of `--json`, on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def fail(error: ClusterError, *, as_json: bool) -> int:
    """Says why the command cannot go on, with `--json` also as the object; the exit code."""
    say(error.text(language_of_environment()))
    if as_json:
        dump({"error": {"zh": error.chinese, "en": error.english, "code": getattr(error, "code", "")}})
    return error.exit_code


def guard_values(record: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to say of a guard by the record that it keeps of itself."""
    moment = str(record.get("at", ""))[:16].replace("T", " ")
    return {"moment": moment, "incidents": record.get("incidents", 0), "missing": record.get("missing", 0)}


def translated(text: str) -> str:
    """A text in the user's language; its line breaks are the code's, not the reader's."""
    joined = " ".join(text.split())
    return words(language_of_environment()).gettext(joined) if joined else ""


_translated = translated
