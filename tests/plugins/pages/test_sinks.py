"""Promises of the two sinks: blobs store nothing twice, a plain folder keeps what is not ours."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest

from cluster.blobs import BlobStore
from cluster.errors import BuildError
from cluster.manifest import Entry
from plugins.pages.sinks import BlobSink, FolderSink, is_text

PAGE = b"<p>" + "云泽".encode() * 200


def files_in(folder: Path) -> set[str]:
    """The paths of all files below a folder but the sink's own note."""
    paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return paths - {".zhanqun-files"}


def stored(store: BlobStore) -> int:
    """How many blobs there are."""
    return len(states(store))


def states(store: BlobStore) -> dict[Path, tuple[int, int]]:
    """Every blob with its inode and time of change: equal only when none was written."""
    stats = {path: path.stat() for path in store.root.rglob("*") if path.is_file()}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in stats.items()}


# ---- blobs ----------------------------------------------------------------------------------------------------------


def test_text_is_stored_with_its_brotli_sibling_and_other_files_alone(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    sink = BlobSink(store)
    page, picture = sink.put("index.html", PAGE, None), sink.put("a.png", b"png", None)
    sink.finish()
    assert page.brotli is not None
    assert brotli.decompress(store.read(page.brotli)) == store.read(page.raw) == PAGE
    assert (page.size, picture.brotli, picture.size) == (len(PAGE), None, 3)
    assert store.read(picture.raw) == b"png"


def test_the_same_bytes_under_two_names_are_stored_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    sink = BlobSink(store)
    assert sink.put("a.html", PAGE, None) == sink.put("b.html", PAGE, None)
    assert stored(store) == 2


def test_a_page_that_did_not_change_is_neither_stored_nor_compressed_again(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    known = BlobSink(store).put("index.html", PAGE, None)
    before = states(store)
    assert BlobSink(store).put("index.html", PAGE, known) is known
    assert states(store) == before


def test_the_earlier_brotli_bytes_are_used_again_whatever_made_them(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    other = brotli.compress(PAGE, quality=1)
    earlier = Entry(store.put(PAGE), store.put(other), len(PAGE))
    assert BlobSink(store).put("index.html", PAGE, earlier) == earlier
    assert stored(store) == 2


@pytest.mark.parametrize("lost", ["raw", "brotli"])
def test_a_blob_that_was_lost_is_made_again(tmp_path: Path, lost: str) -> None:
    store = BlobStore(tmp_path)
    known = BlobSink(store).put("index.html", PAGE, None)
    store.path(getattr(known, lost)).unlink()
    assert BlobSink(store).put("index.html", PAGE, known) == known
    assert all(sha in store for sha in (known.raw, known.brotli))


def test_a_changed_page_is_stored_and_the_earlier_bytes_stay(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    known = BlobSink(store).put("index.html", PAGE, None)
    changed = BlobSink(store).put("index.html", PAGE + b"!", known)
    assert store.read(changed.raw) == PAGE + b"!"
    assert store.read(known.raw) == PAGE


def test_a_page_of_the_same_length_is_not_taken_for_the_earlier_one(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    known = BlobSink(store).put("index.html", PAGE, None)
    other = PAGE[:-1] + b"?"
    assert store.read(BlobSink(store).put("index.html", other, known).raw) == other


def test_a_large_file_is_streamed_and_not_compressed(tmp_path: Path) -> None:
    film = tmp_path / "film"
    film.write_bytes(b"x" * 100_000)
    store = BlobStore(tmp_path / "blobs")
    entry = BlobSink(store).put_file("a.csv", film)
    assert (entry.brotli, entry.size, store.read(entry.raw)) == (None, 100_000, film.read_bytes())


def test_compression_can_be_switched_off_for_comparisons_and_on_again(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    packed = BlobSink(store).put("index.html", PAGE, None)
    bare = BlobSink(store, compressed=False).put("index.html", PAGE, packed)
    assert (bare.raw, bare.brotli) == (packed.raw, None)
    assert BlobSink(store, compressed=False).put("index.html", PAGE, bare) is bare
    assert BlobSink(store).put("index.html", PAGE, bare) == packed


def test_what_is_worth_compressing_is_told_by_the_name() -> None:
    assert all(map(is_text, ("a.html", "a.css", "a.js", "a.svg", "a.xml", "a.json", "a.txt", "a.csv", "a.vtt")))
    assert not any(map(is_text, ("a.png", "a.pdf", "a.mp4", "_redirects", "html")))


# ---- a plain folder -------------------------------------------------------------------------------------------------


def run(folder: Path, *paths: str) -> None:
    """One run that writes these files."""
    sink = FolderSink(folder)
    for path in paths:
        sink.put(path, path.encode(), None)
    sink.finish()


def test_a_folder_holds_what_the_last_run_wrote(tmp_path: Path) -> None:
    run(tmp_path, "index.html", "news/a.html", "news/2026/b.html")
    run(tmp_path, "index.html", "news/2026/b.html")
    assert files_in(tmp_path) == {"index.html", "news/2026/b.html"}
    assert (tmp_path / "news/2026/b.html").read_bytes() == b"news/2026/b.html"


def test_a_folder_tells_the_same_hash_and_size_as_blobs_do(tmp_path: Path) -> None:
    stored = BlobSink(BlobStore(tmp_path / "blobs"), compressed=False).put("index.html", PAGE, None)
    assert FolderSink(tmp_path / "out").put("index.html", PAGE, None) == stored


def test_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    run(tmp_path, "a.html")
    run(tmp_path, "b.html")
    assert files_in(tmp_path) == {"mine.txt", "b.html"}


def test_a_large_file_is_copied(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"x" * 3_000_000)
    sink = FolderSink(tmp_path / "out")
    entry = sink.put_file("v/film.mp4", tmp_path / "film")
    assert entry == sink.put("again.mp4", b"x" * 3_000_000, None)
    sink.finish()
    assert (tmp_path / "out/v/film.mp4").read_bytes() == (tmp_path / "film").read_bytes()
    run(tmp_path / "out")
    assert files_in(tmp_path / "out") == set()


def test_the_note_of_an_earlier_run_cannot_remove_anything_outside(tmp_path: Path) -> None:
    for outside in (tmp_path / "secret", tmp_path / "other" / "secret"):
        outside.parent.mkdir(exist_ok=True)
        outside.write_text("x")
    folder = tmp_path / "out"
    run(folder, "a.html")
    (folder / "link").symlink_to(tmp_path / "other")
    (folder / ".zhanqun-files").write_text(f"../secret\n{tmp_path / 'secret'}\nlink/secret\na.html\n", "utf-8")
    run(folder, "b.html")
    assert files_in(folder) == {"b.html"}
    assert (tmp_path / "secret").exists()
    assert (tmp_path / "other" / "secret").exists()


@pytest.mark.parametrize("target", ["b.html", "../elsewhere"])
def test_a_link_in_place_of_an_old_file_is_removed_and_its_target_stays(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "out"
    run(folder, "a.html", "b.html")
    (tmp_path / "elsewhere").write_bytes(b"b.html")
    (folder / "a.html").unlink()
    (folder / "a.html").symlink_to(target)
    run(folder, "b.html")
    assert not (folder / "a.html").is_symlink()
    assert (folder / target).read_bytes() == b"b.html"


@pytest.mark.parametrize("path", ["../x.html", "news/../../x.html", "link/x.html"])
def test_nothing_is_written_outside_the_folder(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(BuildError, match="outside"):
        FolderSink(folder).put(path, b"x", None)
    assert not (tmp_path / "x.html").exists()
