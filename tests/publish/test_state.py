"""The cluster's state: which bytes grey and a banner give to the two files of each site."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.blobs import BlobStore, compress
from cluster.errors import BuildError
from cluster.listings import EMPTY, Listings
from cluster.manifest import Entry
from publish.state import ClusterState, make_overlay

PLAIN = "p {}\n"
CHINESE = '<html lang="zh-Hans"><body><p class="notice-text">目前没有\n重要通知。</p><p>返回</p></body></html>'
ENGLISH = CHINESE.replace("zh-Hans", "en")
FILES = {
    "portal/_mode.css": PLAIN,
    "portal/notice.html": CHINESE,
    "portal/_mode-elder.css": "html { font-size: 150% }\n",
    "portal/_mode-text.css": "img { display: none }\n",
    "portal/index.html": "home",
    "english/_mode.css": PLAIN,
    "english/notice.html": ENGLISH,
    "assets/s.css": "style",
}


class Inside:
    """A tree and the blobs of its files."""

    def __init__(self, root: Path) -> None:
        self.blobs = BlobStore(root / "blobs")
        self.listings = Listings(root / "listings")

    def tree(self, files: dict[str, str]) -> str:
        return self.listings.change(EMPTY, [(path, self._entry(text.encode())) for path, text in files.items()])

    def _entry(self, data: bytes) -> Entry:
        return Entry(self.blobs.put(data), self.blobs.put(compress(data)), len(data))

    def shown(self, state: ClusterState, files: dict[str, str] | None = None) -> dict[str, str]:
        """The text that the state gives to each file that it changes."""
        overlay = make_overlay(state, self.tree(FILES if files is None else files), self.listings, self.blobs)
        assert list(overlay) == sorted(overlay)
        for _, entry in overlay:
            assert entry.size == len(self.blobs.read(entry.raw))
            assert entry.brotli in self.blobs
        return {path: self.blobs.read(entry.raw).decode() for path, entry in overlay}


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path)


def test_normal_times_change_nothing(inside):
    assert not ClusterState()
    assert inside.shown(ClusterState()) == {}


def test_grey_changes_the_sheets_of_every_site_and_nothing_else(inside):
    shown = inside.shown(ClusterState(grey=True))
    sheets = ["english/_mode.css", "portal/_mode-elder.css", "portal/_mode-text.css", "portal/_mode.css"]
    assert list(shown) == sheets
    assert [shown[path] for path in sheets] == [FILES[path] + "html { filter: grayscale(1); }\n" for path in sheets]


def test_grey_and_a_banner_hold_in_every_mode(inside):
    shown = inside.shown(ClusterState(grey=True, zh="停水"))
    for path in ("portal/_mode-elder.css", "portal/_mode-text.css", "portal/_mode.css"):
        assert shown[path].endswith("html { filter: grayscale(1); }\n.notice-link[hidden] { display: block; }\n"), path


def test_a_banner_shows_the_link_and_writes_the_notice(inside):
    shown = inside.shown(ClusterState(zh="今晚停水", en="No water tonight"))
    notices = ["english/_mode.css", "english/notice.html", "portal/_mode.css", "portal/notice.html"]
    assert [path for path in shown if "_mode-" not in path] == notices
    assert shown["portal/_mode.css"] == PLAIN + ".notice-link[hidden] { display: block; }\n"
    assert shown["portal/notice.html"] == CHINESE.replace("目前没有\n重要通知。", "今晚停水")
    assert shown["english/notice.html"] == ENGLISH.replace("目前没有\n重要通知。", "No water tonight")


def test_grey_and_a_banner_go_together(inside):
    mode = inside.shown(ClusterState(grey=True, zh="停水"))["portal/_mode.css"]
    assert "grayscale" in mode
    assert ".notice-link" in mode


WORDS = {
    "both languages, on an English site": (ClusterState(zh="停水", en="No water"), "en", "No water"),
    "both languages, on a Chinese site": (ClusterState(zh="停水", en="No water"), "zh-Hans", "停水"),
    "Chinese alone, on an English site": (ClusterState(zh="停水"), "en", "停水"),
    "English alone, on a Chinese site": (ClusterState(en="No water"), "zh-Hans", "No water"),
}


@pytest.mark.parametrize(("state", "language", "words"), WORDS.values(), ids=WORDS)
def test_a_site_gets_the_words_of_its_language_or_else_the_others(state, language, words):
    assert state.words(language) == words


NASTY = {
    "markup": ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    "an ampersand": ("水 & 电", "水 &amp; 电"),
    "quotes": ('"九点"', "&quot;九点&quot;"),
    "what a pattern would take for a group": (r"\1 \g<0>", r"\1 \g&lt;0&gt;"),
}


@pytest.mark.parametrize(("words", "escaped"), NASTY.values(), ids=NASTY)
def test_words_are_text_and_never_markup(inside, words, escaped):
    assert f'<p class="notice-text">{escaped}</p>' in inside.shown(ClusterState(zh=words))["portal/notice.html"]


def test_a_site_without_its_own_stylesheet_gets_one(inside):
    assert inside.shown(ClusterState(grey=True), {"new/index.html": "home"}) == {
        "new/_mode.css": "html { filter: grayscale(1); }\n"
    }


def test_a_theme_without_a_place_for_the_words_is_told_which_file(inside):
    with pytest.raises(BuildError, match="portal/notice.html has no") as told:
        inside.shown(ClusterState(zh="停水"), {**FILES, "portal/notice.html": "<p>nothing</p>"})
    assert "notice-text" in told.value.text("zh")


def test_the_same_state_over_the_same_tree_gives_the_same_files(inside):
    state, root = ClusterState(grey=True, zh="停水"), inside.tree(FILES)
    overlays = [make_overlay(state, root, inside.listings, inside.blobs) for _ in range(2)]
    assert overlays[0] == overlays[1]
