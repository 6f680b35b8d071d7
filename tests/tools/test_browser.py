"""Promises of the two tools that drive Chromium: the policy's watchman and the photographer."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from publish.preview import preview_app
from publish.preview_index import IndexPage, IndexSite
from tests.tools.csp import CHROMIUM, Cookie, PageFinding, visit
from tests.tools.screenshots import MOST_BYTES, Shot, shrink, take_pictures
from tests.tools.serving import running

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="needs Chromium")

GOOD = """<!DOCTYPE html><html lang="zh-Hans"><title>云泽</title><link rel="icon" href="/icon.svg">
<main><a href="/news/2026/x.html">新闻</a></main><script type="module" src="/mode.js"></script></html>"""
BAD = """<!DOCTYPE html><html lang="zh-Hans"><title>云泽</title><link rel="icon" href="/icon.svg">
<p style="color: red">红</p><script>1</script><img src="http://third.example/x.png" alt="">
<img src="/no.png" alt="">
</html>"""
SITE = {
    "index.html": GOOD,
    "bad.html": BAD,
    "empty.html": "<!DOCTYPE html><title>空</title><main></main>",
    "news/2026/x.html": GOOD,
    "icon.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "mode.js": 'if (document.cookie.includes("broken=1")) throw new Error("broken on purpose");',
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    www = tmp_path_factory.mktemp("www")
    for path, text in SITE.items():
        file = www / "current" / "portal" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    index = IndexPage("云泽", "Yunze", (IndexSite("门户", "http://portal.yunze.localhost/"),))
    with running(preview_app(www, hosts={"portal.yunze.localhost": "portal"}, index=index)) as port:
        yield f"http://portal.yunze.localhost:{port}"


def test_good_pages_have_no_findings_the_list_of_sites_included(base: str) -> None:
    port = base.rpartition(":")[2]
    assert visit([f"{base}/", f"{base}/news/2026/x.html", f"http://127.0.0.1:{port}/"]) == []


def test_a_bad_page_is_told_with_everything_wrong_on_it(base: str) -> None:
    findings = visit([f"{base}/", f"{base}/bad.html"])
    assert {finding.url for finding in findings} == {f"{base}/bad.html"}
    told = {(finding.kind, finding.text.partition(":")[0]) for finding in findings}
    assert {("csp", "style-src-attr"), ("csp", "script-src-elem"), ("csp", "img-src")} <= told
    assert PageFinding(f"{base}/bad.html", "foreign", "http://third.example/x.png") in findings
    assert PageFinding(f"{base}/bad.html", "status", f"{base}/no.png 404") in findings


def test_a_mode_is_tested_through_its_cookie(base: str) -> None:
    findings = visit([f"{base}/"], cookies=[Cookie("broken", "1", "portal.yunze.localhost")])
    assert ("script", "broken on purpose") in {(finding.kind, finding.text) for finding in findings}


def test_a_page_that_cannot_be_opened_is_told() -> None:
    assert [finding.kind for finding in visit(["http://127.0.0.1:9/"])][-1] == "load"


def test_pictures_are_taken_at_every_width(base: str, tmp_path: Path) -> None:
    address = base.replace("portal", "{site}")
    shots = [Shot("home", "portal"), Shot("article", "portal", first_item=True)]
    files = take_pictures(address, shots, tmp_path / "images", (390, 1440))
    names = ["home-390.png", "article-390.png", "home-1440.png", "article-1440.png"]
    assert [file.name for file in files] == names
    assert [_width(file) for file in files] == [390, 390, 1440, 1440]


def _width(file: Path) -> int:
    with Image.open(file) as picture:
        return picture.width


def test_a_picture_of_an_item_that_is_not_there_is_refused(base: str, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="links to no item"):
        take_pictures(base, [Shot("article", "portal", "/empty.html", first_item=True)], tmp_path)


def test_a_picture_full_of_colours_still_becomes_small() -> None:
    noise = Image.frombytes("RGB", (900, 900), random.Random(1).randbytes(900 * 900 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert len(shrink(buffer.getvalue())) <= MOST_BYTES
