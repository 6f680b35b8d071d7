"""Promises about hidden notes: they go, the pixels and the way up stay, and what has none stays byte for byte."""

from __future__ import annotations

import pytest

from plugins.pictures.metadata import without_notes
from tests.plugins.pictures.samples import CAMERA, ORIENTATION, PLACE, make_notes, make_picture, opened

KINDS = ("jpg", "png", "webp")


@pytest.mark.parametrize("kind", KINDS)
def test_camera_and_place_go_and_every_pixel_stays(kind: str) -> None:
    data = make_picture(60, 40, kind, exif=make_notes())
    clean = without_notes(data, kind)
    assert b"Yunze Camera" in data
    assert b"Yunze Camera" not in clean
    assert not {CAMERA, PLACE, ORIENTATION} & set(opened(clean).getexif())
    assert opened(clean).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [3, 6, 8])
def test_which_way_up_is_all_that_stays_of_the_notes(kind: str, turned: int) -> None:
    clean = without_notes(make_picture(60, 40, kind, exif=make_notes(orientation=turned)), kind)
    assert dict(opened(clean).getexif()) == {ORIENTATION: turned}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_notes_is_given_back_as_it_is(kind: str) -> None:
    data = make_picture(60, 40, kind)
    assert without_notes(data, kind) == data


@pytest.mark.parametrize("kind", KINDS)
def test_cleaning_twice_changes_nothing_more(kind: str) -> None:
    once = without_notes(make_picture(60, 40, kind, exif=make_notes(orientation=6)), kind)
    assert without_notes(once, kind) == once


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [0, 1, 3, 9, 13, 21, 40])
def test_what_is_cut_off_is_given_back_without_a_complaint(kind: str, end: int) -> None:
    data = make_picture(60, 40, kind, exif=make_notes())[:end]
    assert without_notes(data, kind) == data


def test_the_colour_profile_and_the_comment_are_told_apart() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    clean = without_notes(make_picture(60, 40, "jpg", icc_profile=profile, comment=b"written by hand"), "jpg")
    assert b"written by hand" not in clean
    assert opened(clean).info["icc_profile"] == profile


def test_another_kind_of_file_is_left_alone() -> None:
    assert without_notes(b"GIF89a Yunze Camera", "gif") == b"GIF89a Yunze Camera"
