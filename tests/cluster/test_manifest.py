"""The manifest: one form, strictly read; the root follows from the files alone."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import FormatError
from cluster.manifest import Changes, Entry, Manifest, blobs_in, path_fault


def entry(text: str, *, br: bool = False) -> Entry:
    sha = hashlib.sha256(text.encode()).hexdigest()
    return Entry(sha, sha[::-1] if br else None, len(text))


def make_manifest(**files: str) -> Manifest:
    """`portal__a_html="words"` stands for `portal/a.html`."""
    return Manifest.of({name.replace("__", "/").replace("_", "."): entry(text) for name, text in files.items()})


hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.text("abz-.0中文 ~", min_size=1, max_size=4).filter(lambda name: name not in (".", "..")).map("f{}".format)
folders = st.lists(st.text("ab-中", min_size=1, max_size=2).map("d{}".format), min_size=1, max_size=3)
paths = st.tuples(folders, names).map(lambda pair: "/".join([*pair[0], pair[1]]))
entries = st.builds(Entry, raw=hashes, brotli=st.none() | hashes, size=st.integers(0, 10**9))
manifests = st.dictionaries(paths, entries, max_size=25).map(Manifest.of)


@given(manifests)
def test_what_is_written_is_read_back_and_gives_the_same_root(manifest):
    again = Manifest.parse(manifest.dump())
    assert again == manifest
    assert again.dump() == manifest.dump()
    assert again.root() == manifest.root()


@given(manifests)
def test_paths_stand_in_the_order_of_their_bytes(manifest):
    assert [path.encode() for path in manifest] == sorted(path.encode() for path in manifest)


@given(manifests)
def test_the_tree_holds_every_file_once_and_children_come_first(manifest):
    seen, files = set(), []
    for directory in manifest.directories():
        assert all(id_ in seen for _, id_ in directory.children)
        seen.add(directory.id)
        files += [(f"{directory.path}/{name}".lstrip("/"), each) for name, each in directory.files]
    assert sorted(files) == list(manifest.entries.items())
    assert directory.path == ""


@given(manifests)
def test_sweeping_knows_every_blob_without_parsing(manifest):
    assert blobs_in(manifest.dump()) == manifest.blobs()


@given(manifests, manifests)
def test_two_manifests_have_one_root_only_when_they_are_equal(one, two):
    assert (one.root() == two.root()) == (one == two)


@given(manifests, manifests)
def test_changes_lead_from_the_older_to_the_newer(old, new):
    changes = new.compare(old)
    rebuilt = {path: each for path, each in old.entries.items() if path not in changes.removed}
    rebuilt |= {path: new[path] for path in (*changes.added, *changes.changed)}
    assert Manifest.of(rebuilt) == new
    assert bool(changes) == (old != new)


def test_the_file_has_the_form_of_the_formats():
    manifest = Manifest.of({"portal/b.html": Entry("b" * 64, "c" * 64, 7), "assets/a.css": Entry("a" * 64, None, 0)})
    assert manifest.dump().decode() == (
        f"zhanqun-manifest 1\n{'a' * 64} - 0 assets/a.css\n{'b' * 64} {'c' * 64} 7 portal/b.html\n"
    )


def test_the_root_follows_the_rule_of_the_formats():
    def listing(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    manifest = Manifest.of({"s/n/x": Entry("a" * 64, None, 1), "s/n-1": Entry("b" * 64, "c" * 64, 2)})
    inner = listing(f"blob {'a' * 64} - 1 x\n")
    site = listing(f"tree {inner} n\nblob {'b' * 64} {'c' * 64} 2 n-1\n")
    assert manifest.root() == listing(f"tree {site} s\n")
    assert manifest.directory_ids() == {"": manifest.root(), "s": site, "s/n": inner}


def test_no_files_have_a_root_too():
    assert Manifest.of({}).root() == hashlib.sha256(b"").hexdigest()


def test_one_changed_file_changes_only_the_directories_above_it():
    old = make_manifest(portal__news__a_html="a", portal__about__b_html="b", congress__c_html="c")
    new = make_manifest(portal__news__a_html="A", portal__about__b_html="b", congress__c_html="c")
    before, after = old.directory_ids(), new.directory_ids()
    assert {path for path in after if after[path] != before[path]} == {"", "portal", "portal/news"}


def test_changes_are_sorted_into_three():
    old = make_manifest(portal__a="1", portal__b="2", portal__c="3")
    new = make_manifest(portal__b="2", portal__c="4", portal__d="5")
    changes = new.compare(old)
    assert changes == Changes(("portal/d",), ("portal/c",), ("portal/a",))
    assert list(changes) == ["portal/d", "portal/c", "portal/a"]


def test_assets_belong_to_no_site():
    manifest = make_manifest(assets__a_css="a", portal__b_html="bb", congress__c_html="c")
    assert list(manifest.assets()) == ["assets/a.css"]
    assert list(manifest.without_assets()) == ["congress/c.html", "portal/b.html"]
    assert manifest.sites() == ("congress", "portal")
    assert Manifest.site_of("portal/news/x.html") == "portal"
    assert (len(manifest), manifest.size()) == (3, 4)
    assert "portal/b.html" in manifest


def test_a_directory_without_a_child_is_that_of_the_manifest_without_it():
    manifest = make_manifest(assets__a_css="a", portal__b_html="b")
    *_, top = manifest.directories()
    assert top.without("assets").id == manifest.without_assets().root()


def test_a_manifest_cannot_be_changed():
    with pytest.raises(TypeError):
        make_manifest(portal__a="1").entries["portal/b"] = entry("2")  # type: ignore[index]


BAD_PATHS = {
    "absolute": "/etc/passwd",
    "leaving the tree": "portal/../../etc",
    "a dot": "portal/./a",
    "ending in dots": "portal/..",
    "an empty part": "portal//a",
    "a folder": "portal/a/",
    "no site": "index.html",
    "empty": "",
    "a backslash": "portal\\a/b",
    "a tab": "portal/a\tb",
    "a delete character": "portal/a\x7f",
    "a control character of the upper set": "portal/a\x85b",
    "half a character": "portal/\ud800",
    "a name of 253 bytes": "portal/" + "文" * 84 + "x",
}


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=BAD_PATHS.keys())
def test_a_path_that_no_manifest_may_hold_is_refused(path):
    with pytest.raises(FormatError):
        Manifest.of({path: entry("x")})
    if "\ud800" not in path:
        good = f"zhanqun-manifest 1\n{'a' * 64} - 1 a/a\n"
        with pytest.raises(FormatError, match=r"^manifest:3: "):
            Manifest.parse(f"{good}{'a' * 64} - 1 {path}\n".encode())


def test_a_line_end_in_a_path_is_refused():
    with pytest.raises(FormatError):
        Manifest.of({"portal/a\nb": entry("x")})


def test_a_name_of_252_bytes_still_has_room_for_its_sibling():
    assert len(Manifest.of({"portal/" + "文" * 84: entry("x")})) == 1


@pytest.mark.parametrize(
    "bad",
    [Entry("A" * 64, None, 1), Entry("a" * 64, "b", 1), Entry("a" * 64, None, -1)],
    ids=["capital hash", "short hash", "negative size"],
)
def test_an_entry_that_cannot_be_written_is_refused(bad):
    with pytest.raises(FormatError, match="portal/a"):
        Manifest.of({"portal/a": bad})


CLASHES = {
    "file and directory": {"portal/a": entry("1"), "portal/a-b": entry("2"), "portal/a/b": entry("3")},
    "sibling and file": {"portal/a": entry("1", br=True), "portal/a.br": entry("2")},
    "sibling and directory": {"portal/a": entry("1", br=True), "portal/a.br/b": entry("2")},
}


@pytest.mark.parametrize("files", CLASHES.values(), ids=CLASHES.keys())
def test_files_that_cannot_lie_beside_each_other_are_refused(files):
    with pytest.raises(FormatError, match="portal/a"):
        Manifest.of(files)
    lines = [f"{each.raw} {each.brotli or '-'} {each.size} {path}\n" for path, each in files.items()]
    with pytest.raises(FormatError, match=r"^manifest:\d: "):
        Manifest.parse("".join(["zhanqun-manifest 1\n", *lines]).encode())


def test_a_compressed_file_without_a_rival_is_fine():
    assert len(Manifest.of({"portal/a": entry("1"), "portal/a.br": entry("2")})) == 2


A, B = (f"{'a' * 64} - 1 s/{name}\n".encode() for name in "ab")
HEAD = b"zhanqun-manifest 1\n"
DAMAGED = {
    "empty": (b"", 1),
    "another format": (b"zhanqun-manifest 2\n" + A, 1),
    "no header": (A, 1),
    "header without line end": (b"zhanqun-manifest 1", 1),
    "cut in a line": (HEAD + A + B[:-1], 3),
    "out of order": (HEAD + B + A, 3),
    "the same path twice": (HEAD + A + A, 3),
    "an empty line": (HEAD + A + b"\n" + B, 3),
    "a capital hash": (HEAD + A.upper(), 2),
    "a size with a leading zero": (HEAD + A.replace(b" 1 ", b" 01 "), 2),
    "a negative size": (HEAD + A.replace(b" 1 ", b" -1 "), 2),
    "two spaces": (HEAD + A + B.replace(b" - ", b"  - "), 3),
    "a carriage return": (HEAD + A.replace(b"\n", b"\r\n"), 2),
    "not UTF-8": (HEAD + A + b"\xff\n", 3),
}


@pytest.mark.parametrize(("data", "line"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_manifest_is_refused_with_its_line(data, line):
    with pytest.raises(FormatError, match=f"^manifest:{line}: ") as told:
        Manifest.parse(data)
    assert told.value.text("zh").startswith(f"manifest:{line}：")


@pytest.mark.parametrize(
    ("path", "fit"),
    [("portal/a.pdf", True), ("portal/a\\b.pdf", False), ("portal/a\nb.pdf", False), (f"portal/{'x' * 253}", False)],
)
def test_whether_a_path_is_fit_can_be_asked_before(path: str, fit: bool) -> None:
    assert (path_fault(path) is None) is fit
