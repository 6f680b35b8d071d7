"""Promises about a site whose columns are shown in traditional characters too."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from plugins.bilingual import traditional
from tests.builders import make_article, make_cluster_files, make_column, make_page, make_site
from tests.plugins.rendering import SVG, Rendered, render_site

HOST = "http://portal.yunze.localhost:8080"
ENGLISH = "http://english.yunze.localhost:8080"
PAIR = "about/history.html"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """A portal with one column in both forms."""
    return render_site(tmp_path_factory.mktemp("portal"), files())


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Rendered:
    """The English site beside it."""
    return render_site(tmp_path_factory.mktemp("english"), files(), site="english")


def files(**settings: object) -> dict[str, bytes]:
    columns = [make_column("news"), make_column("about", title="走进云泽")]
    portal = make_site("portal", columns, **{"traditional": ["about"], **settings})
    sites = make_cluster_files({"portal": portal, "english": make_site("english", ["about"], language="en")})
    return sites | {
        "content/portal/about/history.md": make_page("历史", body="干部[概况](city.md)与[新闻](/news/).", id="aa11"),
        "content/portal/about/city.md": make_page("概况", redirect_from=["/about/old.html"]),
        "content/portal/about/2026/a.md": make_article(
            "发展",
            body='<span translate="no">云泽</span>、<i lang="ja">云</i>、<span lang="en">dragon</span>、云 ![图](历史.svg)',
            image="历史.svg",
            image_alt="云",
            attachments=[{"file": "发展.pdf", "title": "发展方案"}],
        ),
        "content/portal/about/2026/历史.svg": SVG,
        "content/portal/about/2026/发展.pdf": b"%PDF",
        "content/portal/news/2026/b.md": make_article("新闻"),
        "content/english/about/history.md": make_page("History", translation_of="aa11"),
    }


def test_every_page_of_the_column_has_a_copy_and_no_other(portal: Rendered) -> None:
    copies = [path for path in portal.files if path.startswith("zh-hant/")]
    assert sorted(copies) == [
        "zh-hant/about/2026/a.html",
        "zh-hant/about/city.html",
        "zh-hant/about/history.html",
        "zh-hant/about/index.html",
    ]


def test_a_site_that_asks_for_none_has_none_and_reads_no_dictionary(tmp_path: Path) -> None:
    traditional._opencc.cache_clear()
    rendered = render_site(tmp_path, files(traditional=None))
    assert traditional._opencc.cache_info().misses == 0
    assert not any(path.startswith("zh-hant/") for path in rendered.files)
    assert rendered.page(PAIR).select("[hreflang=zh-Hant]") == []


def test_a_copy_says_what_it_is(portal: Rendered) -> None:
    page = portal.page(f"zh-hant/{PAIR}")
    assert page.html is not None
    assert page.html["lang"] == "zh-Hant"
    assert page.select_one("h1").get_text() == "歷史"  # type: ignore[union-attr]
    assert "幹部" in page.select_one(".body").get_text()  # type: ignore[union-attr]
    assert page.select_one("link[rel=canonical]")["href"] == f"{HOST}/zh-hant/{PAIR}"  # type: ignore[index]
    tags = {str(tag["name"]): tag["content"] for tag in page.select("meta[name]")}
    assert (tags["ArticleTitle"], tags["ColumnName"]) == ("歷史", "走進雲澤")
    assert tags["Url"] == f"{HOST}/zh-hant/{PAIR}"


def test_names_of_files_are_not_converted_and_words_about_them_are(portal: Rendered) -> None:
    both = [portal.page(path) for path in ("about/2026/a.html", "zh-hant/about/2026/a.html")]
    for css, name in (
        ("main [src]", "src"),
        ("main [href*='/files/'], main [href$=pdf]", "href"),
        ("meta[name=Image]", "content"),
    ):
        plain, copy = ([str(tag[name]) for tag in page.select(css)] for page in both)
        assert plain
        assert plain == copy
    attachment = both[1].select_one(".attachments a")
    assert attachment is not None
    assert attachment.get_text() == "發展方案"
    assert [str(picture["alt"]) for picture in both[1].select(".body img")] == ["圖"]


def test_what_an_author_marked_stays_as_it_is(portal: Rendered) -> None:
    body = portal.page("zh-hant/about/2026/a.html").select_one(".body")
    assert body is not None
    assert body.get_text().strip().startswith("云泽、云、dragon、雲")
    assert [str(run["lang"]) for run in body.select("[lang]")] == ["ja", "en"]


def test_all_three_forms_name_each_other(portal: Rendered, english: Rendered) -> None:
    pages = [portal.page(PAIR), portal.page(f"zh-hant/{PAIR}"), english.page(PAIR)]
    links = [[(link["hreflang"], link["href"]) for link in page.select("link[hreflang]")] for page in pages]
    assert links[0] == links[1] == links[2]
    assert links[0] == [
        ("en", f"{ENGLISH}/{PAIR}"),
        ("zh-Hans", f"{HOST}/{PAIR}"),
        ("zh-Hant", f"{HOST}/zh-hant/{PAIR}"),
        ("x-default", f"{HOST}/{PAIR}"),
    ]


def switches(page: Rendered, path: str) -> list[tuple[str, str, str]]:
    return [
        (str(link["hreflang"]), link.get_text(), str(link["href"])) for link in page.page(path).select(".languages a")
    ]


def test_the_switch_leads_to_the_same_item_in_the_other_forms(portal: Rendered, english: Rendered) -> None:
    assert switches(portal, PAIR) == [
        ("en", "English", f"{ENGLISH}/{PAIR}"),
        ("zh-Hant", "繁體中文", f"/zh-hant/{PAIR}"),
    ]
    assert switches(portal, f"zh-hant/{PAIR}") == [
        ("en", "English", f"{ENGLISH}/{PAIR}"),
        ("zh-Hans", "简体中文", f"/{PAIR}"),
    ]
    assert switches(english, PAIR) == [
        ("zh-Hans", "简体中文", f"{HOST}/{PAIR}"),
        ("zh-Hant", "繁體中文", f"{HOST}/zh-hant/{PAIR}"),
    ]


def test_links_between_copies_stay_among_them(portal: Rendered) -> None:
    body = portal.page(f"zh-hant/{PAIR}").select(".body a")
    assert [link["href"] for link in body] == ["/zh-hant/about/city.html", "/news/"]


def test_the_sitemap_has_the_copies_and_the_feeds_have_not(portal: Rendered) -> None:
    assert f"<loc>{HOST}/zh-hant/about/history.html</loc>" in portal.text("sitemap.xml")
    assert f"<loc>{HOST}/zh-hant/about/</loc>" in portal.text("sitemap.xml")
    assert portal.text("sitemap.xml").count("zh-hant") == 4
    assert not any("zh-hant" in portal.text(path) for path in ("feed.xml", "feed.json", "about/feed.xml"))


def test_an_old_address_leads_on_in_both_forms(portal: Rendered) -> None:
    table = dict(line.split() for line in portal.text("_redirects").splitlines())
    assert table["/about/old.html"] == "/about/city.html"
    assert table["/zh-hant/about/old.html"] == "/zh-hant/about/city.html"


def test_every_link_of_a_copy_leads_somewhere(portal: Rendered) -> None:
    for path in (path for path in portal.pages() if path.startswith("zh-hant/")):
        for link in portal.page(path).select("a[href^='/']:not([href^='/_mode/'])"):
            target = unquote(str(link["href"])).lstrip("/")
            assert (f"{target}index.html" if target.endswith("/") or not target else target) in portal.files, link
