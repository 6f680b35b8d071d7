"""Page tags by the annex of the guideline 47号: `SiteName`, `ColumnName`, `ArticleTitle` and their like."""

from __future__ import annotations

from typing import Any

from plugins.metatags.tags import page_tags


def register() -> None:
    """Gives every pages generator our tags."""
    from pelican import signals  # heavy: only a Pelican run needs it

    signals.generator_init.connect(_set_tagger)


def _set_tagger(generator: Any) -> None:
    if hasattr(generator, "tagger"):
        generator.tagger = page_tags
