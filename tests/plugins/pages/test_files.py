"""Promises about pictures, attachments and media: which are published, where, and what is told about the others."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from cluster.limits import LIMITS
from cluster.manifest import Entry as FileEntry
from cluster.media import MediaStore, Pointer, dump_pointer
from cluster.source import blob_id
from plugins.pages.files import locate, needed_file, place_file
from plugins.pages.job import Findings, Job
from plugins.pages.page import PageKey
from publish.pelican_run import run_pelican
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.rendering import SVG, MemorySink, body_of, make_job, render_site

BESIDE = "content/portal/news/2026"
ACTIVE = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png(width: int, height: int) -> bytes:
    """A picture of this size."""
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def job_with(files: Mapping[str, bytes], *, sink: MemorySink | None = None, **options: object) -> Job:
    """A job over two sites with these files."""
    job = make_job(make_cluster_files({"portal": ["news"], "coal": ["news"]}) | dict(files), **options)  # type: ignore[arg-type]
    return replace(job, sink=sink or job.sink)


def codes(findings: Findings) -> list[tuple[str, int, str]]:
    """What was told, with line and field."""
    return [(issue.code, issue.line, issue.field) for issue in findings.issues]


# ---- where a file lies and goes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("plan.pdf", "content/portal/news/2026/plan.pdf"),
        ("../2025/plan.pdf", "content/portal/news/2025/plan.pdf"),
        ("/coal/images/mine.svg", "content/coal/images/mine.svg"),
        ("%E5%9B%BE.png", "content/portal/news/2026/图.png"),
        ("a%23b.pdf", "content/portal/news/2026/a#b.pdf"),
        ("plan.pdf#page=2", "content/portal/news/2026/plan.pdf"),
        ("plan.pdf?v=1", "content/portal/news/2026/plan.pdf"),
        ("../../../../sites/cluster.toml", "sites/cluster.toml"),
    ],
)
def test_a_file_is_found_beside_its_item_or_from_the_top(target: str, path: str) -> None:
    assert locate(target, ARTICLE) == path


@pytest.mark.parametrize(
    ("path", "site", "url", "output"),
    [
        ("portal/news/2026/a.pdf", "portal", "/news/2026/a.pdf", "news/2026/a.pdf"),
        ("portal/images/a.pdf", "portal", "/images/a.pdf", "images/a.pdf"),
        ("portal/images/a.pdf", "coal", "/files/portal/images/a.pdf", "files/portal/images/a.pdf"),
        ("portal/图 1.pdf", "portal", "/%E5%9B%BE%201.pdf", "图 1.pdf"),
        ("coal/图.pdf", "portal", "/files/coal/%E5%9B%BE.pdf", "files/coal/图.pdf"),
        ("portal/assets/a.pdf", "portal", "/files/portal/assets/a.pdf", "files/portal/assets/a.pdf"),
        ("portal/files/coal/a.pdf", "portal", "/files/portal/files/coal/a.pdf", "files/portal/files/coal/a.pdf"),
        ("portal/robots.txt", "portal", "/files/portal/robots.txt", "files/portal/robots.txt"),
    ],
)
def test_a_file_has_one_address_on_each_site(path: str, site: str, url: str, output: str) -> None:
    job, findings = job_with({f"content/{path}": b"x"}, site=site), Findings()
    placed = place_file(job, findings, f"/{path}", of="content/portal/news/2026/x.md")
    assert placed is not None
    assert placed.url == url
    assert list(findings.files) == [output]


def test_a_chinese_name_is_encoded_in_the_link_and_raw_in_the_output(tmp_path: Path) -> None:
    files = {ARTICLE: make_article(body="[方案](<实施 方案.pdf>)"), f"{BESIDE}/实施 方案.pdf": b"x"}
    site = render_site(tmp_path, make_cluster_files() | files)
    assert 'href="/news/2026/%E5%AE%9E%E6%96%BD%20%E6%96%B9%E6%A1%88.pdf"' in site.text("news/2026/river.html")
    assert site.files["news/2026/实施 方案.pdf"] == b"x"


# ---- which files are published --------------------------------------------------------------------------------------


def test_only_files_that_a_shown_item_uses_are_published(tmp_path: Path) -> None:
    later = make_article(
        date="2026-11-21T08:00", body="![丁](d.png)", attachments=[{"file": "late.pdf", "title": "晚"}]
    )
    expired = make_article(expires="2026-11-19", attachments=[{"file": "old.pdf", "title": "旧"}])
    named = [{"file": "plan.pdf", "title": "方案"}]
    shown = make_article(body="![甲](a.png)\n\n[乙](b.xlsx)", image="c.png", image_alt="丙", attachments=named)
    files = {f"{BESIDE}/{name}": b"x" for name in ("a.png", "b.xlsx", "c.png", "d.png", "unused.pdf", "plan.pdf")}
    files |= {f"{BESIDE}/{name}": b"x" for name in ("late.pdf", "old.pdf")}
    files |= {ARTICLE: shown, f"{BESIDE}/later.md": later, f"{BESIDE}/expired.md": expired}
    tree = make_cluster_files() | files
    published = {path for path in render_site(tmp_path, tree).files if path.startswith("news/2026/")}
    assert published == {f"news/2026/{name}" for name in ("river.html", "a.png", "b.xlsx", "c.png", "plan.pdf")}
    afterwards = render_site(tmp_path, tree, now="2026-11-21T08:00:00+08:00").files
    assert {"news/2026/late.pdf", "news/2026/d.png", "news/2026/later.html"} <= set(afterwards)


def test_another_sites_picture_is_published_on_this_host(tmp_path: Path) -> None:
    files = make_cluster_files({"portal": ["news"], "coal": ["news"]})
    files |= {ARTICLE: make_article(body="![矿](/coal/images/mine.svg)"), "content/coal/images/mine.svg": SVG}
    site = render_site(tmp_path, files)
    assert 'src="/files/coal/images/mine.svg"' in site.text("news/2026/river.html")
    assert site.files["files/coal/images/mine.svg"] == SVG
    assert "images/mine.svg" not in render_site(tmp_path, files, site="coal").files


# ---- what is measured -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("a.png", png(30, 20), (30, 20)),
        ("a.svg", SVG, (320, 200)),
        ("a.svg", SVG.replace(b"0 0 320 200", b"0,0,10.6,7.4"), (11, 7)),
        ("a.svg", SVG.replace(b"0 0 320 200", b"0 0 1..2 x"), (0, 0)),
        ("a.png", b"not a picture", (0, 0)),
        ("a.webp", b"", (0, 0)),
        ("a.pdf", b"%PDF", (0, 0)),
    ],
)
def test_pictures_tell_their_width_and_height(name: str, data: bytes, size: tuple[int, int]) -> None:
    placed = place_file(job_with({f"{BESIDE}/{name}": data}), Findings(), name, of=ARTICLE)
    assert placed is not None
    assert (placed.width, placed.height) == size
    assert placed.size == len(data)


def test_a_picture_in_a_body_has_its_size_so_that_the_page_does_not_jump() -> None:
    html, _ = body_of("![图](a.png)", {f"{BESIDE}/a.png": png(30, 20)})
    figure = BeautifulSoup(html, "html.parser").figure
    assert figure is not None
    assert figure.img is not None
    assert figure.img.attrs == {
        "alt": "图", "src": "/news/2026/a.png", "width": "30", "height": "20", "fetchpriority": "high"
    }  # fmt: skip


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "files", "code"),
    [
        ("none.pdf", {}, "file-missing"),
        ("a.exe", {f"{BESIDE}/a.exe": b"x"}, "file-kind"),
        ("a.html", {f"{BESIDE}/a.html": b"x"}, "file-kind"),
        ("a", {f"{BESIDE}/a": b"x"}, "file-kind"),
        ("a.svg", {f"{BESIDE}/a.svg": ACTIVE}, "svg-active"),
        ("a.svg", {f"{BESIDE}/a.svg": SVG + b" " * LIMITS.svg_bytes}, "svg-active"),
        ("../../../../sites/portal/x.txt", {"sites/portal/x.txt": b"x"}, "file-missing"),
        ("/../sites/portal/x.txt", {"sites/portal/x.txt": b"x"}, "file-missing"),
        ("../../../../../etc/x.txt", {}, "file-missing"),
    ],
)
def test_a_file_that_cannot_be_published_is_told(target: str, files: dict[str, bytes], code: str) -> None:
    job, findings = job_with(files), Findings()
    assert place_file(job, findings, target, of=ARTICLE, line=9, field="image") is None
    assert codes(findings) == [(code, 9, "image")]
    assert findings.files == {}


def test_a_picture_in_a_body_is_told_with_its_line_and_what_is_active() -> None:
    html, findings = body_of("字\n\n![图](a.svg)", {f"{BESIDE}/a.svg": ACTIVE})
    assert html.strip() == "<p>字</p>"
    (issue,) = findings.issues
    assert (issue.code, issue.line) == ("svg-active", 9)
    assert "<script>" in issue.text("en")


def test_a_symbolic_link_is_no_file() -> None:
    job = job_with({f"{BESIDE}/a.pdf": b"/etc/passwd"}, links=frozenset({f"{BESIDE}/a.pdf"}))
    assert place_file(job, Findings(), "a.pdf", of=ARTICLE) is None


# ---- large files ----------------------------------------------------------------------------------------------------


def kept(tmp_path: Path, data: bytes) -> Pointer:
    """The pointer to bytes kept in the media store below `tmp_path`."""
    file = tmp_path / "large"
    file.write_bytes(data)
    return MediaStore(tmp_path / "media").keep(file)


def test_a_large_file_is_published_from_the_media_store(tmp_path: Path) -> None:
    film = random.Random(1).randbytes(3_000_000)
    files = {ARTICLE: make_article(body="![片](film.mp4)"), f"{BESIDE}/film.mp4": dump_pointer(kept(tmp_path, film))}
    site = render_site(tmp_path, make_cluster_files() | files)
    assert site.files["news/2026/film.mp4"] == film
    assert '<video controls="" preload="metadata" src="/news/2026/film.mp4">' in site.text("news/2026/river.html")


def test_a_large_attachment_tells_its_real_size(tmp_path: Path) -> None:
    pointer = kept(tmp_path, b"x" * 5000)
    job = job_with({f"{BESIDE}/a.pdf": dump_pointer(pointer)}, media=tmp_path / "media")
    placed = place_file(job, Findings(), "a.pdf", of=ARTICLE)
    assert placed is not None
    assert placed.size == 5000


def test_a_large_file_that_is_not_here_is_told_and_its_pointer_is_never_published(tmp_path: Path) -> None:
    pointer = dump_pointer(Pointer("0" * 64, 5000))
    files = {ARTICLE: make_article(body="[方案](a.pdf)"), f"{BESIDE}/a.pdf": pointer}
    site = render_site(tmp_path, make_cluster_files() | files)
    assert "news/2026/a.pdf" not in site.files
    assert [issue.code for issue in site.issues if "river" in issue.path] == ["file-missing"]
    assert "<p>方案</p>" in site.text("news/2026/river.html")


@pytest.mark.parametrize(
    ("name", "data", "refused"),
    [
        ("a drawing", SVG, False),
        ("an active picture", ACTIVE, True),
        ("a huge picture", SVG + b" " * LIMITS.svg_bytes, True),
    ],
)
def test_a_picture_in_the_media_store_is_checked_like_any_other(
    tmp_path: Path, name: str, data: bytes, refused: bool
) -> None:
    job = job_with({f"{BESIDE}/a.svg": dump_pointer(kept(tmp_path, data))}, media=tmp_path / "media")
    findings = Findings()
    assert (place_file(job, findings, "a.svg", of=ARTICLE) is None) is refused, name
    assert [issue.code for issue in findings.issues] == ["svg-active"] * refused


def test_files_are_handed_out_once_each_in_order(tmp_path: Path) -> None:
    links = make_article(body="[乙](b.pdf) [甲](a.pdf) [乙](b.pdf)")
    files = {f"{BESIDE}/{name}.pdf": name.encode() for name in "ba"} | {ARTICLE: links, f"{BESIDE}/also.md": links}
    sink = CountingSink()
    run_pelican(job_with(files, sink=sink), tmp_path)
    assert [path for path in sink.handed if path.endswith(".pdf")] == ["news/2026/a.pdf", "news/2026/b.pdf"]
    assert (sink.files["news/2026/a.pdf"], sink.files["news/2026/b.pdf"]) == (b"a", b"b")


class CountingSink(MemorySink):
    """Also tells what it was handed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[str] = []

    def put(self, path: str, data: bytes, known: FileEntry | None) -> FileEntry:
        """Keeps one file."""
        self.handed.append(path)
        return super().put(path, data, known)


def test_a_placed_file_is_known_by_its_path_and_the_bytes_it_was_made_of() -> None:
    job, findings = job_with({f"{BESIDE}/a.pdf": b"abc"}), Findings()
    place_file(job, findings, "a.pdf", of=ARTICLE)
    ((kind, path, value),) = findings.notes()
    made = needed_file(job, path, value)
    assert (kind, made.key) == ("file", PageKey("news/2026/a.pdf", "file", value))
    assert json.loads(value) == [f"{BESIDE}/a.pdf", blob_id(b"abc")]
    assert made.entry.size == 3


# ---- names that no manifest can hold --------------------------------------------------------------------------------

AWKWARD = {
    "a backslash": "a\\b.pdf",
    "a line break": "a\nb.pdf",
    "too long a name": "x" * 255 + ".pdf",
    "a folder named like a compressed sibling": "x.svg.br/a.pdf",
    "a folder named like a page": "river.html/a.pdf",
}


@pytest.mark.parametrize("name", AWKWARD.values(), ids=AWKWARD)
def test_a_file_with_an_awkward_name_is_left_off_and_told(name: str) -> None:
    job, findings = job_with({f"{BESIDE}/{name}": b"x"}), Findings()
    assert place_file(job, findings, quote(name), of=ARTICLE, line=9) is None
    assert codes(findings) == [("file-name", 9, "")]
    assert findings.files == {}


def test_a_compressed_file_is_never_placed() -> None:
    job, findings = job_with({f"{BESIDE}/a.svg.br": b"x"}), Findings()
    assert place_file(job, findings, "a.svg.br", of=ARTICLE) is None
    assert codes(findings) == [("file-kind", 0, "")]


def test_a_file_too_big_for_git_is_not_placed_even_when_named() -> None:
    job, findings = job_with({f"{BESIDE}/a.pdf": b"x" * (LIMITS.git_blob_bytes + 1)}), Findings()
    assert place_file(job, findings, "a.pdf", of=ARTICLE) is None
    assert findings.issues == []
    assert [issue.code for issue in job.index.issues(job.now)] == ["blob-too-big"]
