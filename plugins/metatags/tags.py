"""The rules 1–3 of the requirements as pure functions over views: same words in tag and visible text."""

from __future__ import annotations

from collections.abc import Mapping

from plugins.pages.page import Composed
from plugins.pages.views import ArticleView, ColumnView, SiteView

Tags = tuple[tuple[str, str], ...]

# 47号 annex, ColumnType: the words for our column kinds.
COLUMN_TYPES: Mapping[str, str] = {
    "news": "工作动态",
    "notice": "通知公告",
    "policy": "政策文件",
    "interpretation": "政策解读",
    "disclosure": "信息公开",
    "service": "办事服务",
    "interaction": "互动交流",
    "overview": "概况信息",
    "data": "数据发布",
    "statute": "法规文件",
    "deputy": "代表工作",
    "meeting": "会议公开",
    "topic": "专题专栏",
    "channel": "频道",
    "gallery": "图片视频",
}


def page_tags(site: SiteView, composed: Composed) -> Tags:
    """The tags of a page, in the annex's order; tags without a value are left out."""
    tags = site_tags(site)
    column = composed.context.get("column")
    article = composed.context.get("article")
    if isinstance(column, ColumnView):
        tags += column_tags(column, english=site.language == "en")
    if isinstance(article, ArticleView):
        tags += article_tags(site, article)
    return tuple((name, value) for name, value in tags if value)


def site_tags(site: SiteView) -> Tags:
    """Rule 1: on every page."""
    return (("SiteName", site.name), ("SiteDomain", site.host), ("SiteIDCode", site.site_id))


def column_tags(column: ColumnView, *, english: bool) -> Tags:
    """Rule 2: on the pages of a column, and naming the column of an item's page."""
    kind = column.kind.capitalize() if english else COLUMN_TYPES.get(column.kind, column.kind)
    return (
        ("ColumnName", column.title),
        ("ColumnDescription", column.description),
        ("ColumnKeywords", ",".join(column.keywords) or column.title),
        ("ColumnType", kind),
    )


def article_tags(site: SiteView, article: ArticleView) -> Tags:
    """Rule 3: on an item's page. A standing page without a date has no `PubDate`."""
    return (
        ("ArticleTitle", article.title),
        ("PubDate", article.date.isoformat(" ")[:16] if article.date else ""),
        ("ContentSource", article.source or (site.organizer if article.date else "")),
        ("Keywords", ",".join(article.keywords)),
        ("Author", article.author),
        ("Description", article.summary),
        ("Image", f"{site.url}{article.image.url}" if article.image else ""),
        ("Url", f"{site.url}{article.url}"),
    )
