"""Pages in traditional characters, made of the finished pages of the columns that `site.toml` names."""

from __future__ import annotations

from typing import Any


def register() -> None:
    """Gives every pages generator the copies in traditional characters."""
    from pelican import signals  # heavy: only a Pelican run needs it

    signals.generator_init.connect(_add_copier)


def _add_copier(generator: Any) -> None:
    from plugins.bilingual.copies import TraditionalPages

    if hasattr(generator, "copiers"):
        generator.copiers.append(TraditionalPages())
