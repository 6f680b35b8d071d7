"""Promises about pictures, films and sounds in a body: variants, sizes, who waits, captions, transcripts, posters."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from cluster.source import blob_id
from plugins.pages.files import variant_path
from tests.builders import ARTICLE, make_article, make_cluster_files
from tests.plugins.pictures.samples import make_notes, make_picture, opened
from tests.plugins.rendering import SVG, body_of, render_site

BESIDE = "content/portal/news/2026"
PHOTO = make_picture(1000, 600)
SRCSET = (
    "/_pictures/news/2026/a.jpg.480.webp 480w, /_pictures/news/2026/a.jpg.800.webp 800w, "
    "/_pictures/news/2026/a.jpg.1000.webp 1000w"
)


def shown(text: str, **files: bytes) -> BeautifulSoup:
    """The body beside these files, whose names have `_` for the dot."""
    html, _ = body_of(text, {f"{BESIDE}/{name.replace('_', '.')}": data for name, data in files.items()})
    return BeautifulSoup(html, "html.parser")


def only(soup: BeautifulSoup, name: str) -> Tag:
    """The one element of that name."""
    (found,) = soup.find_all(name)
    return found


# ---- pictures -------------------------------------------------------------------------------------------------------


def test_a_photo_offers_its_variants_and_stays_for_browsers_without_webp() -> None:
    soup = shown("![图](a.jpg)", a_jpg=PHOTO)
    source = only(soup, "source")
    assert (source["type"], source["srcset"]) == ("image/webp", SRCSET)
    assert "720px" in str(source["sizes"])
    picture = only(soup, "img")
    assert (picture["src"], picture["width"], picture["height"]) == ("/news/2026/a.jpg", "1000", "600")
    assert picture.parent is not None
    assert [picture.parent.name, only(soup, "figure")["class"]] == ["picture", ["picture"]]


def test_only_the_first_picture_near_the_top_is_fetched_at_once() -> None:
    soup = shown("一段。\n\n![甲](a.jpg)\n\n![乙](b.jpg)", a_jpg=PHOTO, b_jpg=PHOTO)
    first, second = soup.find_all("img")
    assert (first.get("fetchpriority"), first.get("loading")) == ("high", None)
    assert (second.get("fetchpriority"), second.get("loading"), second.get("decoding")) == (None, "lazy", "async")


def test_a_picture_below_a_long_text_waits() -> None:
    soup = shown("云泽河边的一段话。" * 200 + "\n\n![甲](a.jpg)", a_jpg=PHOTO)
    assert only(soup, "img")["loading"] == "lazy"


def test_a_drawing_needs_no_variants() -> None:
    soup = shown("![图](a.svg)", a_svg=SVG)
    assert not soup.find_all(["picture", "source"])


def test_the_pictures_of_a_gallery_lead_to_themselves_and_wait() -> None:
    soup = shown("![甲](a.jpg)\n![乙](b.jpg)", a_jpg=PHOTO, b_jpg=PHOTO)
    gallery = only(soup, "div")
    assert gallery["class"] == ["gallery"]
    assert [link["href"] for link in gallery.find_all("a")] == ["/news/2026/a.jpg", "/news/2026/b.jpg"]
    assert [picture["loading"] for picture in gallery.find_all("img")] == ["lazy", "lazy"]
    assert all("46vw" in source["sizes"] for source in gallery.find_all("source"))


def test_a_gallerys_picture_without_words_is_no_link_without_a_name() -> None:
    assert not shown("![](a.jpg)\n![](b.jpg)", a_jpg=PHOTO, b_jpg=PHOTO).find_all("a")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("cut off", PHOTO[:-3000], "picture-damaged"),
        ("no picture", b"x", "picture-damaged"),
    ],
)
def test_a_damaged_picture_is_told_with_its_line_and_shown_as_it_is(name: str, data: bytes, code: str) -> None:
    html, findings = body_of("字\n\n![图](a.jpg)", {f"{BESIDE}/a.jpg": data})
    assert [(issue.code, issue.line) for issue in findings.issues] == [(code, 9)], name
    assert 'src="/news/2026/a.jpg"' in html
    assert "<source" not in html
    assert list(findings.files) == ["news/2026/a.jpg"]


def test_variants_and_a_clean_original_are_published_and_the_notes_are_not(tmp_path: Path) -> None:
    data = make_picture(700, 400, exif=make_notes())
    files = {ARTICLE: make_article(body="![图](a.jpg)", image="a.jpg", image_alt="图"), f"{BESIDE}/a.jpg": data}
    site = render_site(tmp_path, make_cluster_files() | files)
    assert opened(site.files["_pictures/news/2026/a.jpg.480.webp"]).size == (480, 274)
    assert b"Yunze Camera" not in site.files["news/2026/a.jpg"]
    assert {blob_id(one) for one in site.files.values()}.isdisjoint({blob_id(data)})


def test_pictures_of_no_shown_item_have_no_variants(tmp_path: Path) -> None:
    files = {ARTICLE: make_article(body="字", date="2027-01-01T08:00"), f"{BESIDE}/a.jpg": PHOTO}
    assert not [path for path in render_site(tmp_path, make_cluster_files() | files).files if "_pictures" in path]


@pytest.mark.parametrize(
    ("path", "variant"),
    [
        ("news/2026/a.jpg", "_pictures/news/2026/a.jpg.480.webp"),
        ("/news/2026/a.jpg", "/_pictures/news/2026/a.jpg.480.webp"),
    ],
)
def test_a_variants_path_and_url_are_alike(path: str, variant: str) -> None:
    assert variant_path(path, 480) == variant


# ---- films and sounds -----------------------------------------------------------------------------------------------

VTT, WORDS = b"WEBVTT\n\n00:00.000 --> 00:04.000\nBoat\n", "第一段。\n\n<b>第二段</b>。".encode()


def test_a_film_finds_its_captions_transcript_and_poster_by_their_names() -> None:
    soup = shown("![片](a.mp4)", a_mp4=b"x", a_vtt=VTT, a_txt=WORDS, a_png=make_picture(320, 180, "png"))
    film, track = only(soup, "video"), only(soup, "track")
    assert (film["poster"], film["width"], film["height"]) == ("/news/2026/a.png", "320", "180")
    assert (track["kind"], track["src"], track["srclang"]) == ("captions", "/news/2026/a.vtt", "zh-Hans")
    assert track.parent is film
    transcript = only(soup, "details")
    assert [one.get_text() for one in transcript.find_all("p")] == ["第一段。", "<b>第二段</b>。"]
    assert transcript.parent is only(soup, "figure")


@pytest.mark.parametrize(
    ("name", "body", "files", "codes"),
    [
        ("a film alone", "![片](a.mp4)", {"a.mp4": b"x"}, ["captions-missing"]),
        ("a film with captions", "![片](a.mp4)", {"a.mp4": b"x", "a.vtt": VTT}, []),
        ("a film with a transcript", "![片](a.mp4)", {"a.mp4": b"x", "a.txt": WORDS}, []),
        ("a sound alone", "![声](a.mp3)", {"a.mp3": b"x"}, ["transcript-missing"]),
        ("a sound with a transcript", "![声](a.mp3)", {"a.mp3": b"x", "a.txt": WORDS}, []),
    ],
)
def test_those_who_do_not_hear_are_thought_of(name: str, body: str, files: dict[str, bytes], codes: list[str]) -> None:
    _, findings = body_of(body, {f"{BESIDE}/{path}": data for path, data in files.items()})
    assert [issue.code for issue in findings.issues] == codes, name


def test_a_transcript_is_shown_and_not_published_as_a_file() -> None:
    _, findings = body_of("![声](a.mp3)", {f"{BESIDE}/a.mp3": b"x", f"{BESIDE}/a.txt": WORDS})
    assert list(findings.files) == ["news/2026/a.mp3"]
