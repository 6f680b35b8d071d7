"""Removing an item: the file goes, its addresses answer 410, and files that nobody else uses go with it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.edits import remove_item
from cluster.errors import ContentError
from cluster.gitstore import GitSource
from cluster.site import load_cluster
from cluster.source import FolderSource
from tests.builders import (
    ARTICLE,
    commit_link,
    make_article,
    make_cluster,
    make_cluster_files,
    make_page,
    make_site,
    make_store,
    make_topic,
    write_tree,
)

CONFIG = make_cluster_files({"portal": ("news", "about"), "congress": ("news",)})
CLUSTER = make_cluster(CONFIG)
GONE = "sites/portal/gone.toml"
PICTURE = "content/portal/news/2026/a.webp"
OTHER = "content/portal/news/2026/other.md"


def remove(folder, files, path=ARTICLE, reason="已失效"):
    """The changes of a removal from a folder with these files, which leave a valid cluster."""
    files = {**CONFIG, **files}
    cluster = make_cluster(files)
    changes = remove_item(FolderSource(write_tree(folder, files)), cluster, path, reason)
    after, issues = load_cluster({p: d for p, d in (files | changes).items() if p.startswith("sites/") and d})
    assert after is not None, issues
    return changes


def rows(data):
    return [(row["path"], row["reason"]) for row in tomllib.loads(data.decode())["gone"]]


# ---- the address ----


def test_a_removed_item_is_gone_with_its_reason(tmp_path):
    assert remove(tmp_path, {ARTICLE: make_article()}) == {
        ARTICLE: None,
        GONE: 'format = 1\n\n[[gone]]\npath = "/news/2026/river.html"\nreason = "已失效"\n'.encode(),
    }


def test_a_standing_page_is_gone_too(tmp_path):
    changes = remove(tmp_path, {"content/portal/about/city.md": make_page()}, "portal/about/city")
    assert rows(changes[GONE]) == [("/about/city.html", "已失效")]


def test_the_addresses_that_led_to_it_are_gone_with_it(tmp_path):
    old = ["/news/2025/river.html", "/news/2026/river.html"]
    changes = remove(tmp_path, {ARTICLE: make_article(redirect_from=old)})
    assert [path for path, _ in rows(changes[GONE])] == ["/news/2026/river.html", "/news/2025/river.html"]


BEFORE = {
    "an ordinary file": b'format = 1\n\n[[gone]]\npath = "/a.html"\nreason = "b"\n',
    "a file without a last line break": b'format = 1\n[[gone]]\npath = "/a.html"',
    "comments and Windows line ends": b'# a\r\nformat = 1 # b\r\n[[gone]]\r\npath = "/a.html"\r\n# c\r\n',
    "no entries": b"format = 1\n",
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_what_gone_toml_holds_stays_byte_for_byte(tmp_path, before):
    after = remove(tmp_path, {ARTICLE: make_article(), GONE: before})[GONE]
    assert after.startswith(before)
    assert rows(after[len(before) :]) == [("/news/2026/river.html", "已失效")]


def test_an_address_is_listed_once(tmp_path):
    before = b'format = 1\n[[gone]]\npath = "/news/2026/river.html"\n'
    assert remove(tmp_path, {ARTICLE: make_article(), GONE: before}) == {ARTICLE: None}


def test_an_inline_list_is_refused_rather_than_broken(tmp_path):
    before = b'format = 1\ngone = [{ path = "/a.html", reason = "b" }]\n'
    with pytest.raises(ContentError, match=r"\[\[gone\]\] tables"):
        remove(tmp_path, {ARTICLE: make_article(), GONE: before})


def test_a_damaged_gone_toml_is_refused_rather_than_added_to(tmp_path):
    source = FolderSource(write_tree(tmp_path, {ARTICLE: make_article(), GONE: b"\xff"}))
    with pytest.raises(ContentError, match="cannot be added to"):
        remove_item(source, CLUSTER, ARTICLE, "x")


@given(reason=st.text().filter(str.strip))
def test_any_reason_is_kept_on_one_line(tmp_path_factory, reason):
    changes = remove(tmp_path_factory.mktemp("r"), {ARTICLE: make_article()}, reason=reason)
    assert rows(changes[GONE]) == [("/news/2026/river.html", " ".join(reason.split()))]


NEVER_LIVE = {
    "a bad name": "content/portal/news/2026/River_1.md",
    "no column": "content/portal/river.md",
    "a site that the cluster has not": "content/forestry/news/2026/river.md",
}


@pytest.mark.parametrize("path", NEVER_LIVE.values(), ids=NEVER_LIVE.keys())
def test_a_file_that_never_had_a_page_just_goes(tmp_path, path):
    assert remove(tmp_path, {path: make_article()}, path) == {path: None}


def test_an_item_that_cannot_be_read_can_be_removed(tmp_path):
    changes = remove(tmp_path, {ARTICLE: b"no front matter", PICTURE: b"x"})
    assert (set(changes), changes[ARTICLE]) == ({ARTICLE, GONE}, None)


# ---- what is refused ----


@pytest.mark.parametrize("path", ["portal/news/2026/none", PICTURE, "content/portal/news/2026", ""])
def test_what_is_no_item_cannot_be_removed(tmp_path, path):
    with pytest.raises(ContentError, match="There is no item"):
        remove(tmp_path, {ARTICLE: make_article(), PICTURE: b"x"}, path)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_removal_needs_a_reason(tmp_path, reason):
    with pytest.raises(ContentError, match="needs a reason"):
        remove(tmp_path, {ARTICLE: make_article()}, reason=reason)


def test_a_symbolic_link_is_no_item(tmp_path):
    with make_store(tmp_path, {**CONFIG, OTHER: make_article()}) as store:
        commit_link(store, ARTICLE, "other.md")
        head = store.head()
        assert head is not None
        with pytest.raises(ContentError, match="There is no item"):
            remove_item(GitSource(store, head), CLUSTER, ARTICLE, "x")
        assert set(remove_item(GitSource(store, head), CLUSTER, OTHER, "x")) == {OTHER, GONE}


# ---- files beside it ----

ALL_NAMED = {
    "the lead picture": make_article(image="a.webp", image_alt="图"),
    "an attachment": make_article(attachments=[{"file": "a.webp", "title": "图"}]),
    "a picture in the text": make_article(body="![图](a.webp)"),
    "a link in the text": make_article(body="[图](/portal/news/2026/a.webp)"),
    "HTML in the text": make_article(body='<img src="a.webp">'),
}


@pytest.mark.parametrize("article", ALL_NAMED.values(), ids=ALL_NAMED.keys())
def test_a_file_that_only_the_item_names_goes_with_it(tmp_path, article):
    assert remove(tmp_path, {ARTICLE: article, PICTURE: b"x"})[PICTURE] is None


def test_files_elsewhere_or_not_named_or_missing_stay(tmp_path):
    article = make_article(body="![图](/portal/images/b.webp) [丙](missing.pdf) [丁](other.md)")
    files = {ARTICLE: article, "content/portal/images/b.webp": b"x", PICTURE: b"x", OTHER: make_article()}
    assert set(remove(tmp_path, files)) == {ARTICLE, GONE}


STILL_USED = {
    "an item beside it": {OTHER: make_article(body="![图](a.webp)")},
    "an item of another site": {
        "content/congress/news/2026/x.md": make_article(image="/portal/news/2026/a.webp"),
    },
    "an item that cannot be read": {OTHER: b"a.webp"},
    "a home page": {"sites/portal/site.toml": make_site("portal", home=[
        {"block": "intro", "text": "x", "image": "/portal/news/2026/a.webp"}])},
    "a topic": {"sites/portal/topics/x.toml": make_topic(image="/portal/news/2026/a.webp")},
}  # fmt: skip


@pytest.mark.parametrize("others", STILL_USED.values(), ids=STILL_USED.keys())
def test_a_file_that_something_else_names_stays(tmp_path, others):
    files = {ARTICLE: make_article(body="![图](a.webp)"), PICTURE: b"x", **others}
    assert PICTURE not in remove(tmp_path, files)


def test_a_file_of_the_same_name_elsewhere_is_another_file(tmp_path):
    other = {"content/congress/news/2026/x.md": make_article(image="a.webp")}
    assert remove(tmp_path, {ARTICLE: make_article(image="a.webp"), PICTURE: b"x", **other})[PICTURE] is None


SPELLINGS = ["表 1.pdf", "%E8%A1%A8%201.pdf", "表%201.pdf", "/portal/news/2026/%E8%A1%A8 1.pdf"]


@pytest.mark.parametrize("ours", SPELLINGS)
@pytest.mark.parametrize("theirs", SPELLINGS)
def test_a_name_is_recognised_however_it_is_spelt(tmp_path, ours, theirs):
    file = "content/portal/news/2026/表 1.pdf"
    files = {ARTICLE: make_article(body=f"[表](<{ours}>)"), file: b"x"}
    assert remove(tmp_path / "a", files)[file] is None
    assert file not in remove(tmp_path / "b", {**files, OTHER: make_article(body=f"[表](<{theirs}>)")})
