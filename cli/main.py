"""The entry: `zhanqun COMMAND`. Commands are loaded when they are asked for, so that each pays its own imports only."""

from __future__ import annotations

import importlib
import sys

import click

from cli.words import language_of_environment, words
from cluster.errors import ClusterError

# Command → module and name in it, in the order of a working day.
COMMANDS = {
    "up": ("cli.up", "up"),
    "seed": ("cli.seed", "seed"),
    "build": ("cli.build", "build"),
    "check": ("cli.check", "check"),
    "publish": ("cli.publish", "publish"),
    "rollback": ("cli.rollback", "rollback"),
    "purge": ("cli.purge", "purge"),
    "state": ("cli.state", "state"),
    "releases": ("cli.releases", "releases"),
    "status": ("cli.status", "status"),
    "serve": ("cli.serve", "serve"),
    "worker": ("cli.worker", "worker"),
    "keys": ("cli.keys", "keys"),
    "nginx": ("cli.nginx", "nginx"),
    "receive": ("cli.receive", "receive"),
    "guard": ("cli.guard", "guard"),
    "new-site": ("cli.new_site", "new_site"),
    "mv": ("cli.mv", "mv"),
    "rm": ("cli.rm", "rm"),
    "import": ("cli.import_", "import_"),
}


class Commands(click.Group):
    """The commands, loaded on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the table's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module), name)
        return found if isinstance(found, click.Command) else None

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The program's one sentence, translated."""
        formatter.write_paragraph()
        formatter.write_text(words(language_of_environment()).gettext(" ".join((self.help or "").split())))


@click.command(cls=Commands, no_args_is_help=True)
@click.version_option(package_name="zhanqun", prog_name="zhanqun")
def zhanqun() -> None:
    """Builds, releases and serves a cluster of websites from one Git repository of Markdown."""


def main(arguments: list[str] | None = None) -> None:
    """Runs a command and ends the process: 0 clean, 3 with issues, 4 held, 1 nothing done, 2 wrong use."""
    try:
        code = zhanqun.main(arguments, prog_name="zhanqun", standalone_mode=False)
    except ClusterError as error:
        click.echo(error.text(language_of_environment()), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
