"""Promises about SVG pictures: what only draws is published, whatever acts or reaches outside is not."""

from __future__ import annotations

import pytest

from plugins.pages.svg import active_part
from tests.builders import REPOSITORY
from tests.plugins.rendering import SVG

NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:h="http://www.w3.org/1999/xhtml"'

ACTIVE = {
    "script": ("<script>alert(1)</script>", "<script>"),
    "script under a prefix": ('<s:script xmlns:s="http://www.w3.org/2000/svg"/>', "<script>"),
    "foreign object": ("<foreignObject><p/></foreignObject>", "<foreignObject>"),
    "element of a web page": ("<h:img src='x'/>", "<img>"),
    "style sheet": ("<style>*{fill:url(//evil.example)}</style>", "<style>"),
    "picture inside": ("<image href='x.png'/>", "<image>"),
    "picture in a filter": ("<filter><feImage href='x.png'/></filter>", "<feImage>"),
    "handler": ("<g onload='alert(1)'/>", "onload"),
    "handler in capitals": ("<g ONCLICK='alert(1)'/>", "onclick"),
    "style attribute": ("<g style='fill:red'/>", "style"),
    "use of another file": ("<use href='other.svg#a'/>", 'href="other.svg#a"'),
    "use of another host": ("<use xlink:href='https://evil.example/#a'/>", 'href="https://evil.example/#a"'),
    "link": ("<a href='https://evil.example/'><path/></a>", 'href="https://evil.example/"'),
    "script link in entities": ("<a xlink:href='&#106;ava&#10;script:x'/>", 'href="java\nscript:x"'),
    "animated link": ("<set attributeName='href' to='x'/>", 'attributename="href"'),
    "animated link under a prefix": ("<set attributeName='xlink:href' to='x'/>", 'attributename="xlink:href"'),
    "animated handler": ("<set attributeName='onclick' to='x'/>", 'attributename="onclick"'),
    "animated script": ("<animate values='#a;javascript:x'/>", 'values="#a;javascript:x"'),
    "paint from outside": ("<path fill='url(https://evil.example/#a)'/>", 'fill="url(https://evil.example/#a)"'),
    "paint in quotes from outside": ("<path fill='url( &quot;x.svg#a&quot;)'/>", 'fill="url( "x.svg#a")"'),
    "paint behind an escape": (r"<path fill='u\72l(x.svg#a)'/>", r'fill="u\72l(x.svg#a)"'),
}

WHOLE = {
    "document type": ('<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', "<!DOCTYPE>"),
    "style sheet instruction": ('<?xml-stylesheet href="x.css"?><svg/>', "<?xml-stylesheet?>"),
    "other encoding": ('<?xml version="1.0" encoding="ISO-2022-JP"?><svg/>', 'encoding="ISO-2022-JP"'),
}

HARMLESS = {
    "shapes": "<g id='a'><path d='M0 0'/><text>字 (一)</text></g>",
    "own gradients": "<defs><linearGradient id='sky'/></defs><rect fill='url(#sky)'/><rect fill=\"url( '#sky' )\"/>",
    "own symbols": "<use href='#a'/><use xlink:href='#b'/>",
    "own link": "<a href='#a'/>",
    "movement": "<animate attributeName='opacity' values='0;1'/>",
}


@pytest.mark.parametrize(("inside", "what"), ACTIVE.values(), ids=ACTIVE)
def test_an_active_picture_is_refused_and_the_part_named(inside: str, what: str) -> None:
    assert active_part(f"<svg {NAMES}>{inside}</svg>".encode()) == what


@pytest.mark.parametrize(("text", "what"), WHOLE.values(), ids=WHOLE)
def test_a_picture_with_a_suspicious_head_is_refused(text: str, what: str) -> None:
    assert active_part(text.encode()) == what


@pytest.mark.parametrize("inside", HARMLESS.values(), ids=HARMLESS)
def test_a_drawing_passes(inside: str) -> None:
    assert active_part(f'<?xml version="1.0" encoding="UTF-8"?><svg {NAMES}>{inside}</svg>'.encode()) == ""


def test_another_way_to_write_the_bytes_hides_nothing() -> None:
    assert active_part(f"<svg {NAMES}><script/></svg>".encode("utf-16")) == "<script>"


def test_what_is_no_xml_is_refused_with_its_line() -> None:
    assert active_part(b"<svg>\n<path></svg>").startswith("XML: mismatched tag: line 2")
    assert active_part(b"").startswith("XML:")


def test_the_pictures_of_the_demo_and_the_tests_pass() -> None:
    pictures = [path.read_bytes() for path in (REPOSITORY / "content").rglob("*.svg")]
    assert {active_part(data) for data in [SVG, *pictures]} == {""}
