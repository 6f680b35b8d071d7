"""Feeds and sitemaps of a site: Atom, JSON Feed, `sitemap.xml`."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Adds the feeds generator to every Pelican run."""
    from pelican import signals  # heavy: only a Pelican run needs it

    signals.get_generators.connect(_feeds_generator)


def _feeds_generator(_pelican: Any) -> type:
    from plugins.feeds.generator import FeedsGenerator

    return FeedsGenerator
