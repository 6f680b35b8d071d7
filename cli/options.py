"""Options that several commands share, and the click classes that translate help and show an example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from cli.console import Console
from cli.words import language_of_environment, short_language, words
from cluster.clock import current_time, parse_date, stamp
from cluster.errors import ClusterError
from cluster.settings import environment, load_settings
from publish.workspace import Workspace

FOLDER = click.Path(path_type=Path, file_okay=False)


class Command(click.Command):
    """A command whose help is translated when it is asked for; `example` is shown at its end."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = _translated(self.help or "")
        with formatter.section(_translated("What it does")):
            formatter.write_text(text)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [(one, one.get_help_record(ctx)) for one in self.get_params(ctx)]
        rows = [_help_row(one, record) for one, record in records if record and record[1]]
        with formatter.section(_translated("Options")):
            formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_translated("Example")):
            formatter.write_text(self.example)

    def get_short_help_str(self, limit: int = 45) -> str:
        return _translated(self.help or "").split("\n")[0].rstrip(".。")


def _help_row(option: click.Parameter, record: tuple[str, str]) -> tuple[str, str]:
    """An option's names and its help, translated apart from what click writes after it: `[required]`, a range."""
    names, text = record
    help_text = getattr(option, "help", None) or ""
    after = text.removeprefix(help_text).replace("required", _translated("required"))
    return names, f"{_translated(help_text)}{after}"


def _translated(text: str) -> str:
    """A help text in the user's language; its line breaks are the code's, not the reader's."""
    joined = " ".join(text.split())
    return words(language_of_environment()).gettext(joined) if joined else ""


def command(name: str, *, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Makes a function that takes a `Console` and a `Workspace` a command with the common options."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        def run(data: Path | None, var: Path | None, as_json: bool, **values: Any) -> Any:
            settings = load_settings(Path.cwd(), environment())
            settings = replace(settings, data=data or settings.data, var=var or settings.var)
            console = Console(settings, short_language(settings.language), as_json)
            try:
                return function(console, Workspace(settings), **values)
            except ClusterError as error:
                console.fail(error)
                return error.exit_code

        decorated = _common(run)
        return click.command(name, cls=Command, example=example, help=function.__doc__)(decorated)

    return decorate


def _common(function: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--data", type=FOLDER, help="The folder of what must never be lost (default: data)."),
        click.option("--var", type=FOLDER, help="The folder of what can be made again (default: var)."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output."),
    )
    for option in reversed(options):
        function = option(function)
    return function


class Moment(click.ParamType[datetime]):
    """A moment written as ISO 8601, +08:00 when it has no zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_date(value)
        except ValueError:
            self.fail(_translated("Write a moment like 2026-11-20T09:00."), param, ctx)


now_option = click.option("--now", type=Moment(), help="Build as of this moment (default: the clock).")
content_option = click.option(
    "--content", type=FOLDER, help="A folder with content/ and sites/, or a Git repository (default: data/content.git)."
)


def moment_of(now: datetime | None) -> datetime:
    """The given moment, else the clock's."""
    return now or current_time()


def stamp_of(now: datetime | None) -> str:
    """The given moment, else the clock's, as a stamp."""
    return stamp(moment_of(now))
