"""One Pelican run over one job in this process; what Pelican would only log as an error becomes one."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import BuildError, ContentError
from plugins.pages.job import Job
from plugins.pages.settings import pelican_settings
from plugins.pages.templates import kept_templates
from publish.recipe import theme_hash


def run_pelican(job: Job, scratch: Path) -> None:
    """Runs Pelican over one job; compiled templates stay in `scratch`.

    Raises:
        BuildError: Pelican, a plugin or a template failed; plain Pelican would only log some of these.
        ContentError: the content cannot be read any more.
        sqlite3.Error: the index is damaged.
    """
    from pelican import Pelican  # heavy: 0.2 s that a status or a rollback need not pay
    from pelican.log import console
    from pelican.settings import read_settings

    content = scratch / "empty"
    content.mkdir(parents=True, exist_ok=True)
    templates = kept_templates(scratch / "templates", theme_hash(job.theme))
    settings = pelican_settings(job, content=content, output=scratch / "output", templates=templates)
    console.quiet = True
    with _errors_gathered() as errors:
        try:
            Pelican(read_settings(override=settings)).run()
        except (ContentError, sqlite3.Error):
            raise
        except Exception as error:  # whatever a theme or a third-party plugin raises voids the build
            raise _failed(job.site.key, f"{type(error).__name__}: {error}") from error
    if errors:
        raise _failed(job.site.key, errors[0])


def _failed(site: str, what: str) -> BuildError:
    return BuildError(
        f"The site '{site}' could not be built: {what}. Nothing was published.",
        f"站点“{site}”构建失败：{what}。没有发布。",
    )


@contextmanager
def _errors_gathered() -> Iterator[list[str]]:
    """Collects what Pelican only logs as an error, so that it becomes one."""
    errors: list[str] = []
    here = os.getpid()

    class Gather(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if os.getpid() != here:
                raise RuntimeError(record.getMessage())  # another process's list would be lost with it
            errors.append(record.getMessage())

    gather, logger = Gather(logging.ERROR), logging.getLogger("pelican")
    logger.addHandler(gather)
    try:
        yield errors
    finally:
        logger.removeHandler(gather)
