"""How a command speaks: words in the user's language on stderr, results on stdout, one JSON object with `--json`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from cli.words import words
from cluster.errors import ClusterError
from cluster.issues import Issue, Severity
from cluster.settings import Settings

if TYPE_CHECKING:  # what travels is nothing to a command that only builds
    from publish.delivery.parcel import Progress

SHOWN_ISSUES = 50


@dataclass(slots=True)
class Console:
    """One command's voice."""

    settings: Settings
    language: str
    json: bool = False
    started: float = field(default_factory=time.monotonic)
    has_dumped: bool = False

    def words(self, message: str, /, **values: object) -> str:
        """A message of the catalogue with its values."""
        text = words(self.language).gettext(message)
        return text.format(**values) if values else text

    def tell(self, message: str, /, **values: object) -> None:
        """Says something about the work, on stderr."""
        click.echo(self.words(message, **values), err=True)

    def result(self, text: str) -> None:
        """A line of the result, on stdout; silent with `--json`."""
        if not self.json:
            click.echo(text)

    def dump(self, value: dict[str, Any]) -> None:
        """The one JSON object, with `--json` only; a second is not printed."""
        if self.json and not self.has_dumped:
            self.has_dumped = True
            seconds = round(time.monotonic() - self.started, 3)
            click.echo(json.dumps({**value, "seconds": seconds}, ensure_ascii=False, indent=1))

    def fail(self, error: ClusterError) -> None:
        """Says why the command cannot go on; with `--json` also as the object, unless there is one already."""
        click.echo(error.text(self.language), err=True)
        self.dump({"error": {"zh": error.chinese, "en": error.english}})

    def issues(self, issues: Iterable[Issue]) -> None:
        """Lists issues, the worst first, with what to do; the left-out items are counted at the end."""
        ordered = sorted(issues, key=lambda one: (list(Severity).index(one.severity), one))
        for issue in ordered[:SHOWN_ISSUES]:
            click.echo(f"{issue.place()}: {self.words(_SEVERITY[issue.severity])}{issue.text(self.language)}", err=True)
        if len(ordered) > SHOWN_ISSUES:
            self.tell("… and {count} more; --json lists all.", count=len(ordered) - SHOWN_ISSUES)
        out = sorted({issue.path for issue in ordered if issue.severity is Severity.LEFT_OUT})
        if out:
            self.tell("Left out ({count}): {paths}", count=len(out), paths=" ".join(out))

    def progress(self) -> Callable[[str], None]:
        """What long work calls at each step: a line that replaces itself on a terminal, plain lines elsewhere."""
        if not _is_terminal():
            return lambda step: click.echo(f"… {step}", err=True)
        from rich.console import Console as Screen  # a twentieth of a command that finds nothing to do

        screen = Screen(stderr=True)
        return lambda step: screen.print(f"[dim]…[/dim] {step}", end="\r", soft_wrap=False)

    def delivery(self) -> Callable[[Progress], None]:
        """What a delivery calls while bytes travel: a line that replaces itself, or its end."""
        step = self.progress()

        def tell(progress: Progress) -> None:
            done, total = (f"{count / 1e6:.1f}" for count in (progress.done_bytes, progress.all_bytes))
            if _is_terminal() or progress.done_bytes >= progress.all_bytes > 0:
                step(self.words("{target}: {done} of {total} MB", target=progress.target, done=done, total=total))

        return tell


def _is_terminal() -> bool:
    return sys.stderr.isatty()


_SEVERITY = {
    Severity.FATAL: "Mistake: ",
    Severity.LEFT_OUT: "Left out: ",
    Severity.SEVERE: "To mend: ",
    Severity.WARNING: "Note: ",
}
