"""Promises of the accessible mode (docs/accessible.md), kept in a real browser over the demo city."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import brotli
import pytest
from playwright.sync_api import Locator, Page

from tests.theme.conftest import Opened, Visitor

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "themes" / "gov" / "static"
NODE_MODULES = ROOT / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
SCRIPTS = ("accessible-loader.js", "accessible.js", "page-tools.js", "qr.js")
OWN_FILES = (
    "accessible.js",
    "accessible.css",
    "accessible-captions.json",
    "accessible-arrow.png",
    "accessible-hand.png",
)
LINK = ".accessible-link"
BAR = "#accessible-toolbar"

# Stands in for the browser's speech: it notes what it is asked to say, and ends when the test says so.
VOICE = """
window.heard = [];
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
const engine = {
  getVoices: () => [{ lang: "zh-CN", localService: true }, { lang: "en-US", localService: true }],
  speak(utterance) { this.now = utterance; window.heard.push([utterance.text, utterance.lang, utterance.rate]); },
  cancel() { this.now = null; },
  finish() { const { now } = this; this.now = null; now.onend(); },
};
Object.defineProperty(window, "speechSynthesis", { value: engine });
"""
NO_COOKIES = "Object.defineProperty(document, 'cookie', { get: () => '', set() {} });"
# Colours of every text that is shown, with the ground that it stands on.
PAIRS = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.getClientRects().length) continue;
    let ground = element;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    found.add(`${getComputedStyle(element).color}|${getComputedStyle(ground).backgroundColor}`);
  }
  return [...found];
}"""


def opened(visitor: Visitor, path: str = "/", site: str = "portal") -> Page:
    """The page with the toolbar open."""
    visitor.go(path, site)
    visitor.page.click(LINK)
    visitor.page.wait_for_selector(BAR)
    return visitor.page


def control(page: Page, name: str) -> Locator:
    return page.locator(BAR).get_by_role("button", name=name, exact=True)


def press(page: Page, name: str, times: int = 1) -> None:
    for _ in range(times):
        control(page, name).click()


def style(page: Page, selector: str, name: str) -> str:
    script = "([selector, name]) => getComputedStyle(document.querySelector(selector)).getPropertyValue(name)"
    return str(page.evaluate(script, [selector, name]))


def status(page: Page) -> str:
    return page.inner_text(".accessible-status")


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def write_into_main(page: Page, text: str) -> None:
    """Puts a line at the top of the page and points at it."""
    page.evaluate(
        "text => { const p = document.createElement('p'); p.id = 'line'; p.append(text); main.prepend(p); }", text
    )
    page.mouse.move(1, 400)
    page.hover("#line")


def heard(page: Page) -> list[Any]:
    return list(page.evaluate("window.heard"))


def wait_to_hear(page: Page, start: str) -> list[Any]:
    """The first utterance that begins so; Playwright's own waiting needs `eval`, which the page's policy refuses."""
    for _ in range(100):
        found = [one for one in heard(page) if one[0].startswith(start)]
        if found:
            return list(found[0])
        page.wait_for_timeout(20)
    raise AssertionError(f"{start} was not heard, but {heard(page)}")


# ---- weights and languages of the files ------------------------------------------------------------------------------


def compressed(*names: str) -> int:
    return sum(len(brotli.compress((STATIC / name).read_bytes(), quality=5)) for name in names)


@pytest.mark.parametrize(
    ("names", "most"),
    [
        (("accessible-loader.js",), 1900),
        (("accessible.js", "accessible.css"), 20_000),
        (("accessible-captions.json",), 60_000),
    ],
    ids=["the loader", "the toolbar", "the caption tables"],
)
def test_every_part_keeps_to_its_weight(names: tuple[str, ...], most: int) -> None:
    assert compressed(*names) <= most


@pytest.mark.parametrize("name", SCRIPTS)
def test_old_browsers_need_no_lowered_script(name: str) -> None:
    esbuild = shutil.which("esbuild", path=str(NODE_MODULES / ".bin"))
    if esbuild is None or shutil.which("node") is None:
        pytest.skip("esbuild is not in node_modules")
    today, old = (
        subprocess.run(
            [esbuild, "--minify", f"--target={target}", STATIC / name], check=True, capture_output=True
        ).stdout
        for target in ("esnext", "chrome85,safari13")
    )
    assert today == old


def test_the_caption_tables_cover_the_common_characters() -> None:
    tables = json.loads((STATIC / "accessible-captions.json").read_text("utf-8"))
    common = {
        one
        for row in range(0xB0, 0xF8)
        for cell in range(0xA1, 0xFF)
        for one in bytes((row, cell)).decode("gb2312", "ignore")
    }
    assert len(common) == 6763
    assert common <= set(tables["pinyin"]["characters"])
    pairs = tables["traditional"]["characters"]
    assert "龙龍" in {pairs[at : at + 2] for at in range(0, len(pairs), 2)}


# ---- opening and closing ---------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_nothing_of_the_toolbar_is_fetched_before_it_is_opened(visit: Opened) -> None:
    visitor = visit()
    visitor.go()
    visitor.page.wait_for_load_state("networkidle")
    assert len(visitor.fetched("accessible-loader.js")) == 1
    assert [name for name in OWN_FILES if visitor.fetched(name)] == []
    visitor.page.click(LINK)
    visitor.page.wait_for_selector(BAR)
    assert [name for name in OWN_FILES if visitor.fetched(name)] == ["accessible.js", "accessible.css"]


@pytest.mark.browser
def test_without_script_the_link_leads_to_the_statement(visit: Opened) -> None:
    visitor = visit(has_script=False)
    visitor.go("/news/")
    visitor.page.click(LINK)
    assert visitor.page.url == visitor.address("/help/accessibility.html")


@pytest.mark.browser
def test_where_the_toolbar_cannot_be_fetched_the_link_leads_to_the_statement(visit: Opened) -> None:
    visitor = visit()
    visitor.page.route("**/accessible.*.js", lambda route: route.abort())
    visitor.go()
    visitor.page.click(LINK)
    visitor.page.wait_for_url("**/help/accessibility.html")
    # The browser tells what the test itself cut off.
    assert [words for words in visitor.wrong if "ERR_FAILED" not in words] == []
    visitor.wrong.clear()


@pytest.mark.browser
@pytest.mark.parametrize("key", ["", "Enter", "Space"], ids=["click", "enter", "space"])
def test_the_toolbar_opens_takes_the_focus_and_gives_it_back(visit: Opened, key: str) -> None:
    visitor = visit()
    visitor.go()
    page = visitor.page
    link = page.locator(LINK)
    assert (link.get_attribute("role"), link.get_attribute("aria-expanded")) == ("button", "false")
    if key:
        link.press(key)
    else:
        link.click()
    page.wait_for_selector(BAR)
    assert link.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.closest('[role=toolbar]') !== null")
    press(page, "退出")
    assert page.locator(BAR).count() == 0
    assert page.evaluate("document.activeElement.className") == "accessible-link"
    assert link.get_attribute("aria-expanded") == "false"
    assert visitor.page.url == visitor.address("/")


@pytest.mark.browser
def test_arrows_move_in_the_toolbar_and_tab_leaves_it(visit: Opened) -> None:
    page = opened(visit())

    def focused() -> str:
        return str(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )

    assert focused() == "缩小文字"
    seen = []
    for key in ("ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        seen.append(focused())
    assert seen == ["放大文字", "退出", "缩小文字", "退出", "缩小文字"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.site-header') !== null")
    page.keyboard.press("Shift+Tab")
    assert focused() == "缩小文字"
    assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 320])
def test_every_target_has_44_pixels_and_fits_the_window(visit: Opened, width: int) -> None:
    page = opened(visit(width=width))
    press(page, "大字幕")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.accessible button')].filter(b => b.offsetParent || b.closest('.accessible-caption'))"
        ".map(b => b.getBoundingClientRect()).map(b => [b.width, b.height, b.left, b.right])"
    )
    visible = [box for box in boxes if box[0]]
    assert len(visible) >= 25
    assert min(min(box[:2]) for box in visible) >= 44
    assert min(box[2] for box in visible) >= 0
    assert max(box[3] for box in visible) <= width


@pytest.mark.browser
def test_the_folded_toolbar_shows_two_buttons_and_remembers(visit: Opened) -> None:
    page = opened(visit(width=390))
    press(page, "收起")
    page.reload()
    page.wait_for_selector(BAR)
    assert page.locator(f"{BAR} button:visible").all_inner_texts() == ["展开", "退出"]
    press(page, "展开")
    assert page.locator(f"{BAR} button:visible").count() > 20


# ---- what is seen ----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_text_grows_in_steps_to_twice_its_size_and_the_toolbar_does_not(visit: Opened) -> None:
    page = opened(visit(), "/help/accessibility.html")
    before, bar = style(page, ".body p", "font-size"), style(page, BAR, "font-size")
    press(page, "放大文字")
    assert float(style(page, ".body p", "font-size")[:-2]) == pytest.approx(float(before[:-2]) * 1.2)
    assert status(page) == "文字 120%"
    press(page, "放大文字", 4)
    # From the wide window's size to the narrow one's, twice.
    assert float(style(page, ".body p", "font-size")[:-2]) >= 1.88 * float(before[:-2])
    assert float(style(page, BAR, "font-size")[:-2]) <= float(bar[:-2])
    assert control(page, "放大文字").get_attribute("aria-disabled") == "true"
    press(page, "缩小文字", 5)
    assert (style(page, ".body p", "font-size"), style(page, BAR, "font-size")) == (before, bar)
    assert control(page, "缩小文字").get_attribute("aria-disabled") == "true"


@pytest.mark.browser
@pytest.mark.parametrize(("path", "width"), [("/", 1280), ("/", 320), ("/help/accessibility.html", 390)])
def test_the_page_reflows_at_every_size(visit: Opened, path: str, width: int) -> None:
    page = opened(visit(width=width), path)
    for name in ("放大页面", "放大文字"):
        for _ in range(2):
            press(page, name, 2)
            assert not scrolls_sideways(page), (name, status(page))
    if width == 1280:
        assert page.locator(".main-nav .row").is_hidden()


@pytest.mark.browser
def test_zoom_goes_to_two(visit: Opened) -> None:
    page = opened(visit())
    before = page.locator(".brand-name").bounding_box()
    press(page, "放大页面", 4)
    after = page.locator(".brand-name").bounding_box()
    assert before is not None
    assert after is not None
    assert status(page) == "缩放 2.00"
    assert style(page, "main", "zoom") == "2"
    assert after["height"] > 1.3 * before["height"]


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours written `rgb(…)`."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["白底黑字", "黑底白字", "黑底黄字", "黄底蓝字"])
def test_a_scheme_gives_every_text_seven_to_one(visit: Opened, scheme: str) -> None:
    page = opened(visit())
    press(page, scheme)
    pairs = [pair.split("|") for pair in page.evaluate(PAIRS)]
    assert pairs
    assert [pair for pair in pairs if contrast(*pair) < 7] == []
    assert (
        len({style(page, selector, "color") for selector in ("main a", "main h2", ".band .brand", ".site-footer a")})
        == 1
    )
    assert control(page, scheme).get_attribute("aria-pressed") == "true"
    press(page, "原来的颜色")
    assert style(page, ".band", "background-color") == "rgb(11, 74, 143)"


@pytest.mark.browser
def test_text_only_shows_words_for_pictures_in_one_column(visit: Opened) -> None:
    page = opened(visit())
    pictures = page.locator("main img:visible").count()
    press(page, "纯文字")
    assert pictures > 0
    assert page.locator("img:visible").count() == 0
    shown = page.locator(".accessible-alternative:visible")
    assert shown.count() > 0
    assert shown.first.inner_text().startswith("[图片：")
    lefts = page.evaluate(
        "[...new Set([...document.querySelectorAll('main .block-head h2')].map(h => Math.round(h.getBoundingClientRect().left)))]"
    )
    assert len(lefts) == 1
    press(page, "纯文字")
    assert page.locator("main img:visible").count() == pictures
    assert page.locator(".accessible-alternative").count() == 0


@pytest.mark.browser
def test_the_large_pointer_is_a_picture_for_text_and_another_for_links(visit: Opened) -> None:
    visitor = visit()
    page = opened(visitor)
    press(page, "大光标")
    page.hover("main h2")
    assert "accessible-arrow." in style(page, "main h2", "cursor")
    assert "accessible-hand." in style(page, "main a", "cursor")
    assert "accessible-hand." in style(page, f"{BAR} button", "cursor")
    press(page, "大光标")
    assert "url" not in style(page, "main h2", "cursor")


@pytest.mark.browser
def test_guide_lines_follow_the_pointer_and_the_focus(visit: Opened) -> None:
    page = opened(visit())
    assert page.locator(".accessible-across").is_hidden()
    press(page, "辅助线")
    page.mouse.move(300, 500)
    assert (style(page, ".accessible-across", "top"), style(page, ".accessible-down", "left")) == ("500px", "300px")
    page.focus(".brand")
    box = page.locator(".brand").bounding_box()
    assert box is not None
    assert float(style(page, ".accessible-across", "top")[:-2]) == pytest.approx(box["y"] + box["height"], abs=1)
    assert style(page, ".accessible-across", "pointer-events") == "none"


@pytest.mark.browser
def test_the_caption_bar_shows_what_is_pointed_at_in_three_scripts(visit: Opened) -> None:
    visitor = visit()
    page = opened(visitor)
    press(page, "大字幕")
    page.focus(".brand")
    assert "云泽市人民政府" in page.inner_text(".accessible-caption-text")
    write_into_main(page, "银行长发头发，重庆市长！")
    assert page.inner_text(".accessible-caption-text") == "银行长发头发，重庆市长！"
    assert visitor.fetched("accessible-captions.json") == []
    page.get_by_role("button", name="繁体").click()
    page.mouse.move(1, 400)
    page.hover("#line")
    page.wait_for_selector(".accessible-caption-text:has-text('頭髮')")
    assert page.inner_text(".accessible-caption-text") == "銀行長髮頭髮，重慶市長！"
    assert page.get_attribute(".accessible-caption-text", "lang") == "zh-Hant"
    page.get_by_role("button", name="拼音").click()
    page.mouse.move(1, 400)
    page.hover("#line")
    page.wait_for_selector(".accessible-caption-text ruby")
    assert page.locator(".accessible-caption-text rt").all_inner_texts()[:2] == ["yín", "háng"]
    assert page.locator(".accessible-caption-text rt").all_inner_texts()[-2:] == ["shì", "zhǎng"]
    assert len(visitor.fetched("accessible-captions.json")) == 1


@pytest.mark.browser
def test_nothing_focused_lies_behind_the_bars(visit: Opened) -> None:
    page = opened(visit(height=700))
    press(page, "大字幕")
    bar = page.locator(".accessible-bar").bounding_box()
    caption = page.locator(".accessible-caption").bounding_box()
    assert bar is not None
    assert caption is not None
    page.focus("main a >> nth=0")
    for _ in range(25):
        page.keyboard.press("Tab")
        box = page.evaluate(
            "(() => { const b = document.activeElement.getBoundingClientRect(); return [b.top, b.bottom]; })()"
        )
        assert box[0] >= bar["height"] - 1
        assert box[1] <= caption["y"] + 1


@pytest.mark.browser
def test_nothing_of_it_is_printed(visit: Opened) -> None:
    page = opened(visit(), "/help/accessibility.html")
    before = style(page, "html", "font-size")
    for name in ("大字幕", "辅助线", "黑底黄字", "放大文字"):
        press(page, name)
    page.emulate_media(media="print")
    assert page.locator(".accessible:visible").count() == 0
    assert style(page, ".body p", "color") == "rgb(0, 0, 0)"
    assert float(style(page, "html", "font-size")[:-2]) < float(before[:-2])


# ---- what is heard ---------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_without_a_voice_it_says_so(visit: Opened) -> None:
    page = opened(visit())
    press(page, "朗读全文")
    page.wait_for_selector(".accessible-status:has-text('没有可用的中文语音')")
    assert page.get_attribute(".accessible-status", "role") == "status"
    assert control(page, "朗读全文").count() == 1


@pytest.mark.browser
def test_the_page_is_read_with_rate_pause_next_and_previous(visit: Opened) -> None:
    page = opened(visit(script=VOICE), "/help/accessibility.html")
    press(page, "朗读全文")
    wait_to_hear(page, "无障碍声明")
    assert heard(page) == [["无障碍声明", "zh-CN", 1]]
    assert page.inner_text("[data-accessible-read]") == "无障碍声明"
    press(page, "下一段")
    second = heard(page)[-1][0]
    assert second != "无障碍声明"
    press(page, "上一段")
    assert heard(page)[-1][0] == "无障碍声明"
    press(page, "加快语速")
    assert heard(page)[-1] == ["无障碍声明", "zh-CN", 1.25]
    press(page, "暂停")
    said = len(heard(page))
    assert page.evaluate("window.speechSynthesis.now") is None
    press(page, "继续")
    assert heard(page)[said:] == [["无障碍声明", "zh-CN", 1.25]]
    page.evaluate("window.speechSynthesis.finish()")
    assert heard(page)[-1][0] == second
    page.evaluate("() => { while (window.speechSynthesis.now) window.speechSynthesis.finish(); }")
    assert status(page) == "已读到末尾"
    text = "".join(words for words, *_ in heard(page))
    assert "图片都有替代文字" in text
    assert control(page, "朗读全文").count() == 1


@pytest.mark.browser
def test_what_is_pointed_at_or_focused_is_spoken_with_its_kind(visit: Opened) -> None:
    page = opened(visit(script=VOICE))
    press(page, "指读")
    page.hover("main h2 >> nth=0")
    wait_to_hear(page, "标题：云泽要闻")
    page.focus(".main-nav .row a >> nth=1")
    wait_to_hear(page, "链接：新闻中心")
    page.focus(".search-box input")
    wait_to_hear(page, "输入框：")
    page.focus("a[hreflang=en]")
    assert wait_to_hear(page, "链接：English site")[1] == "en-US"
    assert page.inner_text("[data-accessible-read]") == "English site"


# ---- what is remembered ----------------------------------------------------------------------------------------------


def settings(page: Page) -> tuple[str, str]:
    page.wait_for_selector(BAR)
    return str(page.get_attribute("html", "data-accessible")), style(page, "main", "background-color")


@pytest.mark.browser
def test_settings_hold_on_the_next_page_and_on_every_host_of_the_cluster(visit: Opened) -> None:
    visitor = visit()
    page = opened(visitor)
    for name in ("放大文字", "黑底黄字", "大字幕"):
        press(page, name)
    before = settings(page)
    assert before[1] == "rgb(0, 0, 0)"
    visitor.go("/news/")
    assert settings(page) == before
    assert page.evaluate("document.activeElement === document.body")
    visitor.go("/", "congress")
    assert settings(page) == before
    visitor.go("/", "english")
    assert settings(page) == before
    assert page.locator(BAR).get_by_role("button", name="Exit").is_visible()
    page.locator(BAR).get_by_role("button", name="Exit").click()
    visitor.go()
    assert page.get_attribute("html", "data-accessible") is None
    (cookie,) = visitor.context.cookies()
    assert (cookie.get("domain"), cookie.get("sameSite"), cookie.get("path")) == (".yunze.localhost", "Lax", "/")


@pytest.mark.browser
def test_where_no_cookie_may_be_set_the_host_remembers(visit: Opened) -> None:
    visitor = visit(script=NO_COOKIES)
    page = opened(visitor)
    press(page, "黑底黄字")
    visitor.go("/news/")
    assert settings(page)[1] == "rgb(0, 0, 0)"
    assert visitor.context.cookies() == []


@pytest.mark.browser
@pytest.mark.parametrize("state", ["o9c9t9z9v9s9b1", "%<b>o1"])
def test_a_spoilt_cookie_breaks_nothing(visit: Opened, state: str) -> None:
    visitor = visit()
    visitor.context.add_cookies([{"name": "accessible", "value": state, "domain": ".yunze.localhost", "path": "/"}])
    visitor.go()
    visitor.page.wait_for_load_state("networkidle")
    if visitor.page.locator(BAR).count() == 0:
        visitor.page.click(LINK)
    visitor.page.wait_for_selector(BAR)
    press(visitor.page, "重置")
    assert visitor.page.get_attribute("html", "data-accessible") == " o1"


@pytest.mark.browser
def test_reset_brings_everything_back_and_exit_leaves_nothing(visit: Opened) -> None:
    visitor = visit(script=VOICE)
    page = opened(visitor)
    ground, size = style(page, ".band", "background-color"), style(page, "html", "font-size")
    for name in ("放大文字", "放大页面", "黑底黄字", "纯文字", "大光标", "辅助线", "大字幕", "指读", "加快语速"):
        press(page, name)
    press(page, "重置")
    assert page.locator(f"{BAR} [aria-pressed=true]").count() == 1
    assert (style(page, ".band", "background-color"), style(page, "html", "font-size")) == (ground, size)
    assert page.get_attribute("html", "data-accessible") == " o1"
    press(page, "黑底黄字")
    press(page, "退出")
    assert page.locator(".accessible, .accessible-alternative, [data-accessible-read]").count() == 0
    assert style(page, ".band", "background-color") == ground
    page.reload()
    assert page.locator(BAR).count() == 0
    page.click(LINK)
    # Who comes back finds the settings as they were left.
    assert control(page, "黑底黄字").get_attribute("aria-pressed") == "true"


# ---- shortcuts -------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_shortcuts_do_what_their_list_says(visit: Opened) -> None:
    page = opened(visit())
    page.focus(".search-box input")
    for keys, setting in (
        ("Equal", "t1"),
        ("Period", "z1"),
        ("KeyC", "c1"),
        ("KeyX", "p1"),
        ("KeyG", "g1"),
        ("KeyP", "m1"),
        ("KeyZ", "b1"),
    ):
        page.keyboard.press(f"Alt+Shift+{keys}")
        assert setting in str(page.get_attribute("html", "data-accessible")).split()
    assert page.input_value(".search-box input") == ""
    page.keyboard.press("Alt+Shift+KeyR")
    assert page.get_attribute("html", "data-accessible") == " o1"
    page.keyboard.press("Alt+Shift+KeyM")
    assert page.evaluate("document.activeElement.closest('[role=toolbar]') !== null")
    page.keyboard.press("Alt+Shift+KeyQ")
    assert page.locator(BAR).count() == 0
    page.keyboard.press("Alt+Shift+KeyC")
    assert page.get_attribute("html", "data-accessible") is None


@pytest.mark.browser
def test_the_list_of_shortcuts_opens_closes_and_gives_the_focus_back(visit: Opened) -> None:
    page = opened(visit())
    control(page, "快捷键").press("Enter")
    dialog = page.get_by_role("dialog", name="快捷键")
    assert dialog.is_visible()
    assert dialog.locator("dt").count() == 21
    assert page.evaluate("document.activeElement.innerText") == "关闭"
    page.keyboard.press("Escape")
    assert dialog.is_hidden()
    assert page.evaluate("document.activeElement.innerText") == "快捷键"


# ---- axe -------------------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(
    ("site", "state"),
    [("portal", "o1b1g1s1c3"), ("english", "o1b1p1")],
    ids=["Chinese", "English"],
)
def test_axe_finds_nothing_with_the_toolbar_open(visit: Opened, site: str, state: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not in node_modules")
    visitor = visit()
    visitor.context.add_cookies([{"name": "accessible", "value": state, "domain": ".yunze.localhost", "path": "/"}])
    visitor.go("/", site)
    visitor.page.wait_for_selector(BAR)
    # Evaluated and not added as a script, which the page's policy would refuse.
    visitor.page.evaluate(AXE.read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = visitor.page.evaluate("tags => axe.run(document, { runOnly: tags })", tags)["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
