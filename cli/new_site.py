"""`zhanqun new-site`: a new site is a folder of data."""

from __future__ import annotations

from pathlib import Path

import click

from cli.change import change, content_option, urgent_option
from cli.console import Console
from cli.options import command
from cluster.new_site import new_site as make_site
from cluster.site import LANGUAGES
from cluster.source import config_files
from publish.workspace import Workspace


@command("new-site", example="zhanqun new-site water --name 云泽市水务局 --host water.yunze.localhost")
@click.argument("key")
@click.option("--name", required=True, help="The site's name, as its header shows it.")
@click.option("--host", required=True, help="The site's host name.")
@click.option("--language", type=click.Choice(LANGUAGES), default=LANGUAGES[0], help="The site's language.")
@content_option
@urgent_option
def new_site(
    console: Console,
    workspace: Workspace,
    key: str,
    name: str,
    host: str,
    language: str,
    content: Path | None,
    urgent: str | None,
) -> int:
    """Makes a new site: its configuration with columns to fill, and a first page."""
    made = change(
        console,
        workspace,
        content,
        urgent,
        lambda source, cluster: make_site(
            config_files(source), key, name=name, host=host, language=language, based_on=cluster
        ),
        f"Make the site {key}",
    )
    console.dump({"made": made})
    return 0
