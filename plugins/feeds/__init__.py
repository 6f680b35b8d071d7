"""Feeds and sitemaps of a site: Atom, JSON Feed, `sitemap.xml`."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Adds feeds and sitemaps to what every Pelican run makes."""
    from pelican import signals  # heavy: only a Pelican run needs it

    signals.generator_init.connect(_add_makers)


def _add_makers(generator: Any) -> None:
    from plugins.feeds.feeds import Feeds
    from plugins.feeds.sitemap import Sitemaps

    if hasattr(generator, "makers"):
        generator.makers += [Feeds(), Sitemaps()]
