"""Moving an item: its old address, everything that named it and everything it named still lead there."""

import posixpath
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster import item as item_file
from cluster.errors import ContentError
from cluster.gitstore import GitSource
from cluster.moves import config_mentions, locate, move_item, targets_of
from cluster.source import Entry, FolderSource, blob_id
from cluster.validation import read_item
from plugins.pages import files as page_files
from plugins.pages.markdown import BodyRenderer
from tests.builders import (
    ARTICLE,
    REPOSITORY,
    commit_link,
    make_article,
    make_cluster,
    make_cluster_files,
    make_page,
    make_raw,
    make_site,
    make_store,
    write_tree,
)

CONFIG = make_cluster_files({"portal": ("news", "news/notices", "about"), "congress": ("news",)})
CLUSTER = make_cluster(CONFIG)
OTHER = "content/portal/news/notices/2026/other.md"
MOVED = "content/portal/news/notices/2026/flood.md"
RENAMED = "content/portal/news/2026/flood.md"


class MemorySource:
    """A state of the content held in a dictionary."""

    revision = "memory"

    def __init__(self, files):
        self.files = {path: data for path, data in sorted(files.items()) if data is not None}

    def entries(self, under=""):
        return [Entry(path, blob_id(data)) for path, data in self.files.items() if path.startswith(under)]

    def changes_since(self, revision):
        return None

    def read(self, entry):
        return self.files[entry.path]


def make_source(files):
    return MemorySource({**CONFIG, **files})


def move(files, new, old=ARTICLE):
    """The changes of a move, each of them a file that can be read."""
    changes = move_item(make_source(files), CLUSTER, old, new)
    assert all(item_file.read(path, data)[0] for path, data in changes.items() if data is not None)
    return changes


def body_of(data):
    return data.decode().split("---\n\n", 1)[1].rstrip("\n")


def fields_of(data):
    return item_file.read("x.md", data)[0].front.values


# ---- the item itself ----


def test_a_moved_item_keeps_every_byte_and_gains_its_old_address():
    before = make_raw("id: '0042'\ntitle:   云泽河  # 标题\ndate: 2026-11-18\n", "正文 [a](b.md \n")
    changes = move({ARTICLE: before}, MOVED)
    assert changes == {
        ARTICLE: None,
        MOVED: before.replace(b"2026-11-18\n", b"2026-11-18\nredirect_from:\n  - /news/2026/river.html\n"),
    }


@pytest.mark.parametrize("prefix", ["content/", "", "/", "./content/", "  content/"])
@pytest.mark.parametrize("ending", [".md", ""])
def test_paths_may_be_given_with_or_without_prefix_and_ending(prefix, ending):
    name = "portal/news/{}/river" + ending
    changes = move({ARTICLE: make_article()}, prefix + name.format("notices/2026"), prefix + name.format("2026"))
    assert set(changes) == {ARTICLE, "content/portal/news/notices/2026/river.md"}


def test_moving_twice_keeps_both_old_addresses():
    first = move({ARTICLE: make_article()}, MOVED)[MOVED]
    second = move({MOVED: first}, RENAMED, old=MOVED)[RENAMED]
    assert fields_of(second)["redirect_from"] == ["/news/2026/river.html", "/news/notices/2026/flood.html"]


def test_moving_back_does_not_redirect_the_item_to_itself():
    first = move({ARTICLE: make_article()}, MOVED)[MOVED]
    back = move({MOVED: first}, ARTICLE, old=MOVED)[ARTICLE]
    assert fields_of(back)["redirect_from"] == ["/news/notices/2026/flood.html"]


def test_a_file_that_never_had_a_page_is_moved_without_a_redirect():
    old = "content/portal/news/2026/Flood_Warning.md"
    assert move({old: make_article()}, RENAMED, old=old) == {old: None, RENAMED: make_article()}


def test_windows_line_ends_survive_a_move():
    before = make_article(body="甲 [乙](other.md)\n\n丙").replace(b"\n", b"\r\n")
    after = move({ARTICLE: before}, MOVED)[MOVED]
    assert b"\n" not in after.replace(b"\r\n", b"")
    assert "[乙](/portal/news/2026/other.md)".encode() in after


def test_bare_carriage_returns_are_understood():
    before = make_article(body="甲 [乙](other.md)").replace(b"\n", b"\r")
    after = move({ARTICLE: before}, MOVED)[MOVED]
    assert after.endswith("[乙](/portal/news/2026/other.md)\r".encode())
    assert fields_of(after)["redirect_from"] == ["/news/2026/river.html"]


def test_a_byte_order_mark_survives_a_move():
    after = move({ARTICLE: b"\xef\xbb\xbf" + make_article(body="[乙](other.md)")}, MOVED)[MOVED]
    assert after.startswith(b"\xef\xbb\xbf---\n")
    assert after.endswith("[乙](/portal/news/2026/other.md)\n".encode())


OWN_TARGETS = {
    "a relative link": ("[甲](other.md#s-1)", "[甲](/portal/news/2026/other.md#s-1)"),
    "a link upwards": ("[甲](../../about/x.md)", "[甲](/portal/about/x.md)"),
    "a picture beside it": ("![图](a.webp)", "![图](/portal/news/2026/a.webp)"),
    "a picture in a link": (
        "[![图](a.webp)](b.pdf)",
        "[![图](/portal/news/2026/a.webp)](/portal/news/2026/b.pdf)",
    ),
    "a title": ('![图](a.webp "说明（1）")', '![图](/portal/news/2026/a.webp "说明（1）")'),
    "a name with blanks": ("[表](my plan.pdf)", "[表](/portal/news/2026/my plan.pdf)"),
    "a name in brackets": ("[表](<my plan.pdf>)", "[表](</portal/news/2026/my plan.pdf>)"),
    "an escaped name": ("[表](%E8%A1%A8.pdf)", "[表](/portal/news/2026/%E8%A1%A8.pdf)"),
    "a name with parentheses": ("[表](a(1).pdf)", "[表](/portal/news/2026/a(1).pdf)"),
    "a definition": ('[甲][1]\n\n[1]: other.md "题"', '[甲][1]\n\n[1]: /portal/news/2026/other.md "题"'),
    "HTML": ('<a href="other.md">甲</a>', '<a href="/portal/news/2026/other.md">甲</a>'),
    "HTML with two": ("<video poster='a.png' src=b.mp4>",
                      "<video poster='/portal/news/2026/a.png' src=/portal/news/2026/b.mp4>"),
    "HTML with an entity": ('<img src="a&amp;b.png">', '<img src="/portal/news/2026/a&amp;b.png">'),
    "itself": ("[上文](river.md#a)", "[上文](flood.md#a)"),
    "itself from the top": (
        "[上文](/portal/news/2026/river.md)",
        "[上文](/portal/news/notices/2026/flood.md)",
    ),
    "a neighbour named like the new file": ("[甲](flood.md)", "[甲](/portal/news/2026/flood.md)"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), OWN_TARGETS.values(), ids=OWN_TARGETS.keys())
def test_what_the_item_names_is_named_from_the_top_after_a_change_of_folder(before, after):
    assert body_of(move({ARTICLE: make_article(body=before)}, MOVED)[MOVED]) == after


UNTOUCHED = {
    "an absolute file": "![图](/portal/images/a.webp)",
    "an address": "[甲](https://www.gov.cn/x.md)",
    "an address without scheme": "[甲](//www.gov.cn/x.md)",
    "a mail address": "[甲](mailto:a@yunze.example)",
    "a place on the page": "[甲](#s-1)",
    "an unsafe link": "[甲](javascript:a.md)",
    "a folder above the content": "[甲](../../../../../x.md)",
    "code": "`[甲](other.md)`",
    "code with ticks": "`` `[甲](other.md) ``",
    "an escaped bracket": r"[甲\](other.md)",
    "a remark in parentheses": "[注](略)",
    "a footnote": "甲[^1]\n\n[^1]: other.md",
    "plain words": "见 other.md（a.webp）",
}


@pytest.mark.parametrize("body", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_what_is_no_relative_target_stays(body):
    assert body_of(move({ARTICLE: make_article(body=body)}, MOVED)[MOVED]) == body


def test_a_link_to_itself_stays_when_the_name_does():
    new = "content/portal/news/notices/2026/river.md"
    after = move({ARTICLE: make_article(body="[上文](river.md#a)")}, new)[new]
    assert body_of(after) == "[上文](river.md#a)"


def test_a_new_name_in_the_same_folder_changes_links_to_itself_alone():
    body = "[甲](other.md) ![图](a.webp) [上文](river.md)"
    after = move({ARTICLE: make_article(body=body, image="a.webp", image_alt="图")}, RENAMED)[RENAMED]
    assert body_of(after) == "[甲](other.md) ![图](a.webp) [上文](flood.md)"
    assert fields_of(after)["image"] == "a.webp"


def test_its_lead_picture_and_attachments_are_named_from_the_top():
    attachments = [{"file": "plan.pdf", "title": "方案"}, {"file": "/portal/b.pdf", "title": "附表"}]
    before = make_article(image="a.webp", image_alt="图", attachments=attachments)
    fields = fields_of(move({ARTICLE: before}, MOVED)[MOVED])
    assert fields["image"] == "/portal/news/2026/a.webp"
    assert [row["file"] for row in fields["attachments"]] == ["/portal/news/2026/plan.pdf", "/portal/b.pdf"]
    assert [row["title"] for row in fields["attachments"]] == ["方案", "附表"]


# ---- what named it ----

NAMES = {
    "a relative link": ("[甲](../../2026/river.md)", "[甲](flood.md)"),
    "a link from the top": (
        "[甲](/portal/news/2026/river.md#a)",
        "[甲](/portal/news/notices/2026/flood.md#a)",
    ),
    "its address": ("[甲](/news/2026/river.html#a)", "[甲](/news/notices/2026/flood.html#a)"),
    "a definition": ("[甲]\n\n[甲]: ../../2026/river.md", "[甲]\n\n[甲]: flood.md"),
    "HTML": ("<a class='b' href='../../2026/river.md'>甲</a>", "<a class='b' href='flood.md'>甲</a>"),
    "two links": ("[甲](../../2026/river.md) [乙](/portal/news/2026/river.md)",
                  "[甲](flood.md) [乙](/portal/news/notices/2026/flood.md)"),
    "another item of that name": ("[甲](river.md)", None),
    "the same words in code": ("`[甲](../../2026/river.md)`", None),
    "an absolute address": ("[甲](http://portal.yunze.localhost:8080/news/2026/river.html)", None),
    "a file beside it": ("[甲](../../2026/river.pdf)", None),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), NAMES.values(), ids=NAMES.keys())
def test_links_of_other_items_follow_in_the_form_they_had(before, after):
    changes = move({ARTICLE: make_article(), OTHER: make_article(body=before)}, MOVED)
    assert changes.get(OTHER) == (None if after is None else make_article(body=after))


REFERENCES = {
    "the path below content": ("portal/news/2026/river.md", "portal/news/notices/2026/flood.md"),
    "the whole path": ("content/portal/news/2026/river.md", "content/portal/news/notices/2026/flood.md"),
    "a path with a slash": ("/portal/news/2026/river.md", "/portal/news/notices/2026/flood.md"),
    "an id": ("6f1c2a9e0b7d4c35", None),
    "an id that looks like the slug": ("river", None),
    "another item": ("congress/news/2026/river.md", None),
}


@pytest.mark.parametrize("field", ["translation_of", "interprets"])
@pytest.mark.parametrize(("before", "after"), REFERENCES.values(), ids=REFERENCES.keys())
def test_fields_that_gave_the_path_follow_and_ids_stay(field, before, after):
    path = "content/congress/news/2026/answer.md"
    changes = move({ARTICLE: make_article(), path: make_article(**{field: before})}, MOVED)
    assert changes.get(path) == (None if after is None else make_article(**{field: after}))


def test_another_sites_link_to_the_same_address_means_its_own_page():
    path = "content/congress/news/2026/answer.md"
    files = {ARTICLE: make_article(), path: make_article(body="[甲](/news/2026/river.html)")}
    assert set(move(files, MOVED)) == {ARTICLE, MOVED}


def test_only_the_naming_bytes_of_another_item_change():
    front = "title:  '甲'   # 记\ndate: 2026-01-02\nsource: 乙"
    before = make_raw(front, "一\r\n[甲](/portal/news/2026/river.md)\t\n\n\n末 river")
    changes = move({ARTICLE: make_article(), OTHER: before}, MOVED)
    assert changes[OTHER] == before.replace(b"/portal/news/2026/river.md", b"/portal/news/notices/2026/flood.md")


def test_items_that_cannot_be_read_are_left_alone():
    files = {ARTICLE: make_article(), OTHER: b"[a](/portal/news/2026/river.md)"}
    files["content/portal/news/2026/odd.md"] = make_article(type="unknown", interprets="portal/news/2026/river.md")
    assert set(move(files, MOVED)) == {ARTICLE, MOVED}


def test_a_move_reads_a_commit_and_passes_links_by(tmp_path):
    with make_store(tmp_path, {**CONFIG, ARTICLE: make_article(), OTHER: make_article(body="river")}) as store:
        commit_link(store, "content/portal/news/2026/link.md", "river.md")
        head = store.head()
        assert head is not None
        assert set(move_item(GitSource(store, head), CLUSTER, ARTICLE, MOVED)) == {ARTICLE, MOVED}


# ---- what is refused ----

REFUSED = {
    "an item that is not there": ("portal/news/2026/none", "portal/news/2026/flood", "There is no item"),
    "a place that is taken": (ARTICLE, OTHER, "exists already"),
    "itself": (ARTICLE, ARTICLE, "exists already"),
    "another site": (ARTICLE, "congress/news/2026/flood", "on another site"),
    "another year": (ARTICLE, "portal/news/2025/flood", "year folder is 2025"),
    "no year": (ARTICLE, "portal/news/flood", "year folder"),
    "a standing page into a year": ("portal/about/city", "portal/about/2026/city", "standing page"),
    "an unknown column": (ARTICLE, "portal/sport/2026/flood", "no column 'sport'"),
    "a bad name": (ARTICLE, "portal/news/2026/Flood_1", "cannot be an address"),
    "a reserved name": (ARTICLE, "portal/news/2026/index", "cannot be an address"),
    "no column": (ARTICLE, "portal/flood", "wrong place"),
    "a way out": (ARTICLE, "portal/news/../../../2026/flood", "no column"),
    "an item that cannot be read": ("portal/news/2026/broken", "portal/news/2026/flood", "no front matter"),
    "an item that is left out": ("portal/news/2026/untitled", "portal/news/2026/flood", "'title' is missing"),
}


@pytest.mark.parametrize(("old", "new", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_move_that_cannot_be_is_refused_in_both_languages(old, new, words):
    files = {ARTICLE: make_article(), OTHER: make_article(), "content/portal/about/city.md": make_page()}
    files["content/portal/news/2026/broken.md"] = b"no front matter"
    files["content/portal/news/2026/untitled.md"] = make_article(title=None)
    with pytest.raises(ContentError, match=words) as caught:
        move_item(make_source(files), CLUSTER, old, new)
    assert caught.value.chinese != caught.value.english


def test_a_symbolic_link_is_no_item_to_move(tmp_path):
    with make_store(tmp_path, {**CONFIG, OTHER: make_article()}) as store:
        commit_link(store, ARTICLE, "elsewhere.md")
        head = store.head()
        assert head is not None
        with pytest.raises(ContentError, match="There is no item"):
            move_item(GitSource(store, head), CLUSTER, ARTICLE, MOVED)


# ---- configuration ----


def test_configuration_that_names_the_item_is_told_with_its_line_and_left():
    urls = ("/portal/news/2026/river.md", "/news/2026/river.html")
    links = [{"block": "links", "title": "x", "items": [{"title": url, "url": url} for url in urls]}]
    portal = make_site("portal", ("news", "news/notices"), home=links)
    congress = make_site("congress", ("news",), home=[{**links[0], "title": "y"}])
    files = make_cluster_files({"portal": portal, "congress": congress})
    files |= {ARTICLE: make_article(), "sites/portal/broken.toml": b"= /news/2026/river.html"}
    files["sites/portal/gone.toml"] = b'format = 1\n[[gone]]\npath = "/news/2026/river.html"\n'
    theirs, ours = (next(n for n, row in enumerate(data.decode().splitlines(), 1) if "river.md" in row)
                    for data in (congress, portal))  # fmt: skip
    assert config_mentions(MemorySource(files), ARTICLE) == (
        f"sites/congress/site.toml:{theirs}",
        f"sites/portal/site.toml:{ours}",
        f"sites/portal/site.toml:{ours}",
    )
    assert not any(path.startswith("sites/") for path in move_item(MemorySource(files), CLUSTER, ARTICLE, MOVED))


# ---- agreement with the pages ----

FORMS = {
    **{name: before for name, (before, _) in (OWN_TARGETS | NAMES).items()},
    "a title with quotes": '[a](x.md "b "c" d")',
    "a title below": '[a](x.md\n"b")',
    "a target below": "[a](\n x.md)",
    "blanks around": "[a](  x.md  )",
    "an apostrophe": "[a](it's.pdf)",
    "in bold": "**[a](x.md)**、[b](y.md)。",
    "in a list": "- 甲\n\n    [a](x.md)\n- [b](y.md)",
    "in a table": "| a | b |\n|---|---|\n| [a](x.md) | ![b](y.png) |",
    "a definition in brackets": "[a][b]\n\n[b]: <x.md> 'c'",
    "a definition with its target below": "[a][b]\n\n[b]:\n    x.md (c)",
    "a footnote's link": "a[^1]\n\n[^1]: [b](x.md)",
    "attributes": '[a](x.md){ .b title="c" }',
    "a gallery": "![a](a.png) ![b](b.png)\n![c](c.png)",
    "a film": "![说明](clip.mp4)",
    "HTML with two": '<a class="b" href="x.md">a</a><img alt="b" src="c.png">',
    **{name: UNTOUCHED[name] for name in ("code", "code with ticks", "an escaped bracket", "plain words")},
}


def rendered_targets(text):
    renderer = BodyRenderer(statute=False, table_label="表")
    return {target.text for target in renderer.render(text).targets}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_the_targets_found_are_those_of_the_rendered_page(text):
    document, _ = item_file.read(ARTICLE, make_article(body=text))
    assert document is not None
    assert set(targets_of(document, CLUSTER)) == rendered_targets(text)


def test_every_target_of_the_demo_is_found():
    for file in sorted((REPOSITORY / "content").rglob("*.md")):
        document, _ = item_file.read(str(file), file.read_bytes())
        assert document is not None, file
        if "](" in document.body or "]:" in document.body or "<" in document.body:
            bare, _ = item_file.read(ARTICLE, make_article(body=document.body))
            assert bare is not None
            found = {text for text in targets_of(bare, CLUSTER) if not text.startswith("#")}
            assert found == rendered_targets(document.body), file


@given(st.text("ab/.%2e#?:~ 河"), st.sampled_from([ARTICLE, OTHER]))
def test_a_target_means_the_same_path_here_and_on_pages(target, path):
    assert locate(target, path) == page_files.locate(target, path)


# ---- the law of moves ----

FOLDERS = ("news/2026", "news/notices/2026", "news/notices/2025")
PLACES = [f"content/portal/{folder}/{slug}.md" for folder in FOLDERS for slug in ("a", "b", "ab")]
FILES = [f"content/portal/{folder}/{name}" for folder in ("news/2026", "images") for name in ("a.webp", "表 1.pdf")]


@st.composite
def trees(draw):
    """A few items that name one another and files in every form, and a free place in the first one's year."""
    paths = draw(st.lists(st.sampled_from(PLACES), min_size=2, max_size=5, unique=True))
    files = {path: draw(items(path)) for path in paths}
    free = [place for place in PLACES if place not in files and place.split("/")[-2] == paths[0].split("/")[-2]]
    return files, paths[0], draw(st.sampled_from(free or ["content/portal/news/2026/free.md"]))


@st.composite
def items(draw, path):
    targets = draw(st.lists(st.sampled_from([*PLACES, *FILES]), max_size=4))
    forms = ("[x]({})", "![x](<{}>)", '<a href="{}">x</a>', "字`[x](a.md)`字")
    body = "\n\n".join(draw(st.sampled_from(forms)).format(draw(written(one, path))) for one in targets)
    fields = {"interprets": draw(st.sampled_from(PLACES)).removeprefix("content/")} if draw(st.booleans()) else {}
    year = path.split("/")[-2]
    return make_article(date=f"{year}-05-01", body=body, **fields)


def written(target, of):
    forms = [posixpath.relpath(target, posixpath.dirname(of)), target.removeprefix("content")]
    return st.sampled_from(forms)


def meaning(path, data):
    """What an item names, as paths."""
    document, _ = item_file.read(path, data)
    assert document is not None
    named = [locate(target, path) for target in targets_of(document, CLUSTER)]
    return [*named, document.front.values.get("interprets")]


@given(trees())
def test_after_any_move_every_item_names_what_it_named_before(tree):
    files, old, new = tree
    assume(new.split("/")[-2] == old.split("/")[-2])
    changes = move(files, new, old)
    after = {path: data for path, data in (files | changes).items() if data is not None}
    renamed = {old: new, old.removeprefix("content/"): new.removeprefix("content/")}
    for path, data in files.items():
        now = renamed.get(path, path)
        assert meaning(now, after[now]) == [renamed.get(name, name) for name in meaning(path, data)]
    assert read_item(new, after[new], CLUSTER)[0] is not None


def test_a_folder_is_moved_in_like_a_commit(tmp_path):
    write_tree(Path(tmp_path), {**CONFIG, ARTICLE: make_article()})
    assert set(move_item(FolderSource(tmp_path), CLUSTER, ARTICLE, MOVED)) == {ARTICLE, MOVED}
