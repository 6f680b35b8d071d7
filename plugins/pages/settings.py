"""Pelican's settings for one job: its own generators idle, our plugins on, the theme's Jinja environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, StrictUndefined

from plugins.pages.job import Job

PLUGINS = ("plugins.pages", "plugins.metatags", "plugins.feeds", "plugins.bilingual")
# What keeps Pelican's own generators from finding anything to do.
_IDLE = ("ARTICLE_PATHS", "PAGE_PATHS", "STATIC_PATHS", "THEME_STATIC_PATHS", "DIRECT_TEMPLATES")
_FEEDS = (
    "FEED_ALL_ATOM", "FEED_ALL_RSS", "FEED_ATOM", "FEED_RSS", "CATEGORY_FEED_ATOM", "CATEGORY_FEED_RSS",
    "AUTHOR_FEED_ATOM", "AUTHOR_FEED_RSS", "TAG_FEED_ATOM", "TAG_FEED_RSS", "TRANSLATION_FEED_ATOM",
    "TRANSLATION_FEED_RSS",
)  # fmt: skip


def pelican_settings(
    job: Job, *, content: Path, output: Path, templates: BytecodeCache | None = None
) -> dict[str, Any]:
    """The settings; `content` only has to exist, since the pages come from the index.

    `templates` keeps compiled templates for the next run.
    """
    return {
        "ZHANQUN": job,
        "SITENAME": job.site.name,
        "SITEURL": job.address,
        "AUTHOR": job.site.organizer,
        # Pelican sets the process's locale; the machine's own must not reach pages or the decoding of files.
        "LOCALE": ["C.UTF-8", ""],
        "TIMEZONE": "Asia/Shanghai",
        "DEFAULT_LANG": "en" if job.site.language == "en" else "zh-cn",
        "PATH": str(content),
        "OUTPUT_PATH": str(output),
        "THEME": str(job.theme),
        "PLUGINS": list(PLUGINS),
        "PLUGIN_PATHS": [],
        "DELETE_OUTPUT_DIRECTORY": False,
        "CACHE_CONTENT": False,
        "LOAD_CONTENT_CACHE": False,
        "JINJA_ENVIRONMENT": {
            "autoescape": True,
            "trim_blocks": True,
            "lstrip_blocks": True,
            "undefined": StrictUndefined,
            "extensions": ["jinja2.ext.i18n", "plugins.pages.templates.InlineParts"],
            "bytecode_cache": templates,
            # A run reads the theme once: what changes meanwhile belongs to the next one.
            "auto_reload": False,
        },
        **{name: [] for name in _IDLE},
        **dict.fromkeys(_FEEDS),
    }
