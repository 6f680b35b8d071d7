"""Promises of the Markdown renderer: shapes, anchors, notes, and that no body depends on the one before."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pages.markdown import BodyRenderer
from tests.plugins.rendering import body_of, codes, renderer

MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# 一级", "## 目标", "## 目标", "#### 细目 {: #own }", "一段话，**要点**。", "词[^1]",
            "[^1]: 注", "[^n]: 另注",
            "*[GDP]: 生产总值", "GDP 增长", "[甲][r]", "[r]: a.md", "|a|b|\n|:-|-:|\n|1|2|", "![图](a.png)",
            "![一](a.png) ![二](b.png)", "- 项\n- 项", "词\n:   释义", "> 引\n> # 引题", "<script>x</script>",
            "<div markdown=1>\n", "</div>", "第一条 为了治水。", "第二条 适用范围。",
            "    代码", "标题\n====", "[未完](", "{: .x }",
        ]
    ),
    max_size=8,
).map("\n\n".join)  # fmt: skip


def html_of(text: str) -> str:
    """The rendered HTML without line breaks."""
    return renderer().render(text).html.replace("\n", "")


def soup_of(text: str) -> BeautifulSoup:
    """The rendered body, parsed."""
    return BeautifulSoup(renderer().render(text).html, "html.parser")


# ---- one renderer, many bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("statute", [False, True], ids=["article", "statute"])
@settings(max_examples=60, deadline=None)
@given(first=MARKDOWN, second=MARKDOWN)
def test_a_body_is_the_same_whatever_was_rendered_before(statute: bool, first: str, second: str) -> None:
    used, fresh = (BodyRenderer(statute=statute, table_label="表格") for _ in range(2))
    used.render(first)
    assert used.render(second) == fresh.render(second)


def test_what_a_body_depends_on_is_named_for_the_cache() -> None:
    names = {
        BodyRenderer(statute=statute, table_label=label).settings
        for statute in (False, True)
        for label in ("表格", "Table")
    }
    assert len(names) == 4


# ---- shapes ---------------------------------------------------------------------------------------------------------


def test_jinja_syntax_stays_text() -> None:
    text = "{{ site.name }} {% include 'x' %} {# 注 #}"
    assert html_of(text) == f"<p>{text}</p>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# 一级\n\n字", 7),
        ("字\n\n## 二级\n\n# 一级", 11),
        ("字\n\n标题\n====", 9),
        ("> 引\n> # 引题", 8),
        ("1. # 表中", 7),
    ],
)
def test_a_first_level_heading_is_lowered_and_told_with_its_line(text: str, line: int) -> None:
    html, findings = body_of(text)
    assert "<h1" not in html
    assert "<h2" in html
    assert [(issue.code, issue.line) for issue in findings.issues] == [("heading-first", line)]


def test_every_first_level_heading_is_told() -> None:
    _, findings = body_of("# 一\n\n字\n\n# 二\n\n三\n===")
    assert [issue.line for issue in findings.issues] == [7, 11, 13]


def test_headings_below_the_first_level_are_left_alone() -> None:
    html, findings = body_of("## 二\n\n### 三\n\n###### 六")
    assert re.findall(r"<h(\d)", html) == ["2", "3", "6"]
    assert findings.issues == []


def test_a_table_stands_in_a_region_that_can_be_scrolled_by_keyboard() -> None:
    region = soup_of("|甲|乙|\n|-|-|\n|1|2|").div
    assert region is not None
    assert region.attrs == {"class": ["table"], "role": "region", "tabindex": "0", "aria-label": "表格"}
    assert [child.name for child in region.find_all(recursive=False)] == ["table"]


def test_the_name_of_a_table_region_is_escaped() -> None:
    body = BodyRenderer(statute=False, table_label='"Table" <1>').render("|甲|\n|-|\n|1|")
    assert 'aria-label="&quot;Table&quot; &lt;1&gt;"' in body.html


def test_a_table_within_a_table_shares_its_region() -> None:
    soup = soup_of("<table><tr><td><table><tr><td>内</td></tr></table></td><td>外</td></tr></table>\n\n后")
    assert len(soup.select("div.table")) == 1
    assert len(soup.select("div.table table")) == 2
    assert [child.name for child in soup.find_all(recursive=False)] == ["div", "p"]


def test_alignment_is_a_class_beside_the_authors_own() -> None:
    html = html_of("|左|中|右|无|\n|:-|:-:|-:|-|\n|1 {: .total }|2|3|4|\n\n字\n{: align=center }")
    assert re.findall(r'<td class="([^"]+)"', html) == ["total align-left", "align-center", "align-right"]
    assert '<p class="align-center">' in html
    assert "style=" not in html
    assert "align=" not in html


@pytest.mark.parametrize(
    ("name", "text", "html"),
    [
        (
            "a picture",
            "![图](a.png)",
            '<figure class="picture"><img alt="图" src="@"></figure>',
        ),
        (
            "a picture with a caption",
            '![图](a.png "说明")',
            '<figure class="picture"><img alt="图" src="@"><figcaption>说明</figcaption></figure>',
        ),
        ("a picture in a sentence", "见 ![图](a.png)", '<p>见 <img alt="图" src="@"></p>'),
        (
            "a film",
            "![片](a.MP4)",
            '<figure class="media"><video controls="" preload="metadata" src="@"></video>'
            "<figcaption>片</figcaption></figure>",
        ),
        (
            "a film in the open format",
            "![片](a.webm)",
            '<figure class="media"><video controls="" preload="metadata" src="@"></video>'
            "<figcaption>片</figcaption></figure>",
        ),
        (
            "a sound",
            "![声](a.mp3)",
            '<figure class="media"><audio controls="" preload="metadata" src="@"></audio>'
            "<figcaption>声</figcaption></figure>",
        ),
        (
            "a gallery",
            '![一](a.png)\n![二](b.png "题")',
            '<div class="gallery"><figure class="picture"><a class="larger" href="@"><img alt="一" src="@"></a></figure>'
            '<figure class="picture"><a class="larger" href="@"><img alt="二" src="@"></a>'
            "<figcaption>题</figcaption></figure></div>",
        ),
        (
            "a picture in a quotation",
            "> ![图](a.png)",
            '<blockquote><figure class="picture"><img alt="图" src="@"></figure></blockquote>',
        ),
    ],
)
def test_lone_pictures_become_figures(name: str, text: str, html: str) -> None:
    assert re.sub("\ue000\\d+\ue000", "@", html_of(text)) == html, name


def test_a_figures_id_stays_with_the_paragraph_that_became_it() -> None:
    assert soup_of("![图](a.png)\n{: #map .x }").find("figure", id="s-map", class_="picture") is not None


def test_a_picture_without_words_is_told() -> None:
    html, findings = body_of("字\n\n![](a.png)\n\n![有](b.png)", {"content/portal/news/2026/a.png": b"x"})
    assert 'alt=""' in html
    told = [(issue.code, issue.line, issue.text("en")) for issue in findings.issues if issue.code == "alt-missing"]
    assert told == [("alt-missing", 9, "The picture 'a.png' has no alternative text. Write ![what it shows](a.png).")]


# ---- anchors and contents -------------------------------------------------------------------------------------------


def test_heading_anchors_are_prefixed_and_unique() -> None:
    soup = soup_of("## 工作 目标\n\n## 工作目标\n\n## 工作目标\n\n### Main\n\n### ！！\n\n### ？？")
    ids = [tag["id"] for tag in soup.find_all(re.compile("h[2-6]"))]
    assert ids == ["s-工作-目标", "s-工作目标", "s-工作目标_1", "s-main", "s", "s_1"]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1), max_size=6))
def test_no_two_headings_share_an_anchor(titles: list[str]) -> None:
    soup = soup_of("\n\n".join(f"## {title}" for title in titles))
    ids = [str(tag["id"]) for tag in soup.find_all("h2") if tag.get("id")]
    assert len(ids) == len(set(ids))


def test_the_contents_name_the_headings_two_to_four_in_order() -> None:
    toc = renderer().render("## 甲 & 乙\n\n### **丙**\n\n#### 丁\n\n##### 戊\n\n## 己").toc
    assert [(entry.title, entry.level) for entry in toc] == [("甲 & 乙", 2), ("丙", 3), ("丁", 4), ("己", 2)]
    ids = [tag["id"] for tag in soup_of("## 甲 & 乙\n\n### **丙**").find_all(re.compile("h[23]"))]
    assert ids == [entry.id for entry in toc[:2]]


def test_a_statute_has_its_articles_in_the_contents() -> None:
    body = renderer("statute").render("## 第一章 总则\n\n第一条　为了治水。\n\n第二条　适用。")
    assert [(entry.title, entry.articles) for entry in body.toc] == [
        ("第一章 总则", (("tiao-1", "第一条"), ("tiao-2", "第二条")))
    ]


# ---- targets --------------------------------------------------------------------------------------------------------


def test_targets_are_noted_with_their_lines_and_without_anchors_of_the_page() -> None:
    text = "[甲](a.md) [此页](#s-x)\n\n[乙](aa.md)\n\n![丙](a.png)\n\n<https://a.example/>\n\n<me@a.example>\n\n[丁](a.md#s-y)"
    targets = [(one.text, one.line, one.embedded) for one in renderer().render(text).targets]
    assert targets == [
        ("a.md", 1, False),
        ("aa.md", 3, False),
        ("a.png", 5, True),
        ("https://a.example/", 7, False),
        ("mailto:me@a.example", 9, False),
        ("a.md#s-y", 11, False),
    ]


def test_the_line_of_a_target_is_not_that_of_a_longer_name() -> None:
    targets = renderer().render("[甲](11.md)\n\n[乙](x/1.md)\n\n[丙](1.md)").targets
    assert [(one.text, one.line) for one in targets] == [("11.md", 1), ("x/1.md", 3), ("1.md", 5)]


def test_footnotes_and_definitions_and_abbreviations_work() -> None:
    html, findings = body_of("*[GDP]: 生产总值\n\nGDP[^1]\n\n词\n:   释\n\n[^1]: 注")
    soup = BeautifulSoup(html, "html.parser")
    assert soup.select_one("abbr[title=生产总值]") is not None
    assert soup.select_one('a.footnote-ref[href="#fn:1"]') is not None
    assert soup.select_one(".footnote li#fn\\:1") is not None
    assert soup.select_one("dl dd") is not None
    assert codes(findings) == []
