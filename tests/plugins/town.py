"""The small town: three sites with one of everything, as files."""

from __future__ import annotations

from tests.builders import make_article, make_cluster_files, make_column, make_page, make_site, make_topic
from tests.plugins.rendering import SVG

COLUMNS = ("news", "news/notices", "policy", "about", "archive")
ODD = '"引号" & <b>尖括号</b> </title><script>alert(1)</script>'
HOME = [
    {"block": "headline", "column": "news", "count": 4},
    {"block": "columns", "columns": ["news/notices", "policy"], "count": 4},
    {"block": "topics", "count": 3},
    {"block": "links", "items": [{"title": "外网", "url": "https://example.com/home"}]},
]


def make_town() -> dict[str, bytes]:
    """Portal and coal in Chinese, one site in English, with what lists, feeds, tags and references need."""
    columns = [make_column(path, keywords=["云泽", path]) for path in COLUMNS]
    portal = make_site("portal", columns=columns, home=HOME, help={"contact": "/about/history.html"})
    files = make_cluster_files(
        {"portal": portal, "coal": ["news"], "english": make_site("english", ["news", "about"], language="en")}
    )
    files |= {
        f"content/portal/archive/{2025 + n // 30}/n{n}.md": make_article(
            title=f"旧闻 {n}", date=f"{2025 + n // 30}-03-01"
        )
        for n in range(50)
    }
    return files | {
        "content/portal/images/a.svg": SVG,
        "content/portal/news/2026/plan.pdf": b"x" * 3000,
        "sites/portal/topics/river.toml": make_topic("治河", image="/portal/images/a.svg", image_alt="河"),
        "content/portal/news/2026/river.md": make_article(
            id="aa11", author="王芳", editor="李明", summary="一句话。", keywords=["河", "堤"], topic="river",
            image="/portal/images/a.svg", image_alt="河", updated="2026-11-19T08:00",
            attachments=[{"file": "plan.pdf", "title": "方案"}],
            body="## 背景\n\n见[矿山](/coal/news/2026/mine.md)与[外网](https://example.com/a?b=1&c=2)。\n\n|甲|\n|-|\n|1|",
        ),
        "content/portal/news/notices/2026/odd.md": make_article(title=ODD, summary=ODD, source=ODD, keywords=[ODD]),
        "content/portal/policy/2026/plan.md": make_article(title="方案", id="bb22", source=None),
        "content/portal/policy/2026/read.md": make_article(title="解读", interprets="bb22"),
        "content/portal/news/2026/later.md": make_article(title="未来", date="2026-12-01"),
        "content/portal/news/2026/gone.md": make_article(title="过期", expires="2026-11-19"),
        "content/portal/about/history.md": make_page(title="历史"),
        "content/coal/news/2026/mine.md": make_article(title="矿山", also=["portal:news"]),
        "content/english/news/2026/river.md": make_article(title="River", source="News Office", translation_of="aa11"),
    }  # fmt: skip
