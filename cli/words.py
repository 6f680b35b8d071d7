"""The command line's words: English in the code, Chinese in the catalogue, chosen by `ZHANQUN_LANG`, else `LANG`."""

from __future__ import annotations

import gettext
from pathlib import Path

from cli.po import catalogue
from cluster.settings import environment


def language_of_environment() -> str:
    """`zh` or `en`, from the environment alone."""
    variables = environment()
    chosen = variables.get("ZHANQUN_LANG") or variables.get("LC_ALL") or variables.get("LANG") or "en"
    return short_language(chosen)


def short_language(text: str) -> str:
    """`zh` for anything Chinese, else `en`."""
    return "zh" if text.lower().startswith("zh") else "en"


def words(language: str) -> gettext.NullTranslations:
    """The catalogue of a language."""
    return catalogue(Path(__file__).parent / "translations", "zh-Hans" if language == "zh" else "en")
