"""Promises about `var/pictures`: no picture is drawn twice, and nothing is lost when the folder is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.pictures.store import PictureStore
from tests.plugins.pictures.samples import make_notes, make_picture, opened

NAME = "ab12cd.jpg"


def reader(data: bytes) -> Callable[[], bytes]:
    """Gives these bytes."""
    return lambda: data


def never() -> bytes:
    """Must not be asked."""
    raise AssertionError


PHOTO = make_picture(700, 400)


@pytest.mark.parametrize("name", ["with a folder", "in memory"])
def test_a_picture_is_drawn_once(name: str, tmp_path: Path) -> None:
    store = PictureStore(tmp_path if name == "with a folder" else None)
    look, noted = store.look(NAME, reader(PHOTO))
    assert store.look(NAME, never) == (look, noted) == (look, False)
    assert opened(store.variant(NAME, 480, never)).size == (480, 274)
    assert store.count == 1


def test_what_another_run_drew_is_not_drawn_again(tmp_path: Path) -> None:
    look = PictureStore(tmp_path).look(NAME, reader(PHOTO))
    later = PictureStore(tmp_path)
    assert later.look(NAME, never) == look
    assert later.variant(NAME, 700, never) == PictureStore().variant(NAME, 700, reader(PHOTO))
    assert later.count == 0


def test_a_large_picture_is_read_from_its_place(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(PHOTO)
    assert PictureStore(tmp_path / "store").look(NAME, lambda: file)[0].widths == (480, 700)


def test_the_original_without_notes_is_kept_beside_the_variants(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    data = make_picture(700, 400, exif=make_notes())
    assert store.look(NAME, reader(data))[1]
    assert b"Yunze Camera" not in store.variant(NAME, 0, never)


def test_a_variant_that_was_tidied_away_is_drawn_again(tmp_path: Path) -> None:
    store = PictureStore(tmp_path / "store")
    store.look(NAME, reader(PHOTO))
    wanted = store.variant(NAME, 480, never)
    next((tmp_path / "store").rglob("*.480.webp")).unlink()
    assert store.variant(NAME, 480, reader(PHOTO)) == wanted
    shutil.rmtree(tmp_path / "store")
    assert store.variant(NAME, 480, reader(PHOTO)) == wanted
    assert store.count == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "width": 3}'])
def test_a_record_that_cannot_be_read_is_made_anew(text: str, tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    look = store.look(NAME, reader(PHOTO))
    next(tmp_path.rglob("*.json")).write_text(text, "utf-8")
    assert store.look(NAME, reader(PHOTO)) == look
    assert store.look(NAME, never) == look


def test_a_variant_that_never_was_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="has no variant 1600"):
        PictureStore(tmp_path).variant(NAME, 1600, reader(PHOTO))
