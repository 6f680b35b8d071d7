"""The words around a page, for the peers' templates: what `themes/gov` says, in a site's language."""

from __future__ import annotations

from collections.abc import Mapping

from bench.tree import SITES, SiteShape

SITE_ID = "9999000001"
CLUSTER = "云泽市政府网站集群"
OTHER_LANGUAGE = {"zh-Hans": "en", "en": "zh-Hans"}
_WORDS: Mapping[str, tuple[str, str]] = {
    "skip": ("跳到正文", "Skip to content"),
    "notice": ("重要提示：请立即查看", "Important notice: read it now"),
    "other": ("English", "中文"),
    "search": ("站内搜索", "Search this site"),
    "columns": ("主要栏目", "Main columns"),
    "home": ("首页", "Home"),
    "sitemap": ("网站地图", "Sitemap"),
    "more": ("更多", "More"),
    "feed": ("订阅", "Feed"),
    "mark": ("党政机关（示例标识）", "Party and government body (sample mark)"),
    "organizer": ("主办单位", "Run by"),
    "operator": ("承办单位", "Operated by"),
    "telephone": ("电话", "Telephone"),
    "email": ("邮箱", "E-mail"),
    "address": ("地址", "Address"),
    "code": ("网站标识码", "Site identification code"),
    "source": ("来源：", "Source:"),
    "editor": ("编辑：", "Editor:"),
    "published": ("发布时间：", "Published:"),
    "updated": ("更新时间：", "Updated:"),
    "responsible": ("责任编辑：", "Responsible editor:"),
    "attachments": ("附件", "Attachments"),
    "neighbours": ("上一篇和下一篇", "Previous and next"),
    "previous": ("上一篇", "Previous"),
    "next": ("下一篇", "Next"),
    "pages": ("列表分页", "Pages of this list"),
    "newer": ("较新", "Newer"),
    "older": ("较早", "Older"),
    "kept": ("负责单位：", "Kept by"),
    "not_found": ("没有找到页面", "Page not found"),
    "withdrawn": ("页面已撤下", "Page withdrawn"),
    "leaving": ("您将离开本站", "Leaving this site"),
}


def words_of(site: SiteShape) -> dict[str, str]:
    """The site's words by name, and where its sister in the other language is."""
    english = site.language == "en"
    words = {name: pair[english] for name, pair in _WORDS.items()}
    other = next(one for one in SITES if one.language != site.language)
    return words | {"other_url": f"{other.address}/", "other_language": OTHER_LANGUAGE[site.language]}
