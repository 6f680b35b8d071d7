"""Pages over the index, through Pelican's public signals: plan → compose → render → sink → outputs.

Pelican's own generators are idled by `settings.pelican_settings`; `register` adds ours and our writer.
"""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Connects the generator and the writer to Pelican's signals."""
    from pelican import signals  # heavy: only a Pelican run needs it

    signals.get_generators.connect(_pages_generator)
    signals.get_writer.connect(_page_writer)
    signals.finalized.connect(_finish)


def _pages_generator(_pelican: Any) -> type:
    from plugins.pages.generator import PagesGenerator

    return PagesGenerator


def _page_writer(_pelican: Any) -> type:
    from plugins.pages.writer import PageWriter

    return PageWriter


def _finish(pelican: Any) -> None:
    pelican.settings["ZHANQUN"].sink.finish()
