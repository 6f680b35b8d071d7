"""What a receiver says when it refuses: a code for programs, and in both languages what happened and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cluster.errors import FormatError, RefusedError, TargetError
from cluster.release import Release
from publish.receiver import refusals
from tests.publish.receiver.town import NOW

SHA = "5" * 64
RELEASE = Release(7, "c0ffee", NOW, SHA, 3, 30)
SAID: dict[str, tuple[TargetError, str]] = {
    "an older number": (refusals.replayed(6, 7), "replayed"),
    "a number used twice": (refusals.number_taken(7), "number-taken"),
    "another root": (refusals.root_differs(RELEASE, "6" * 64), "root-differs"),
    "other counts": (refusals.counts_differ(RELEASE, 4, 40), "counts-differ"),
    "a tree that is not here": (refusals.not_kept(SHA), "not-kept"),
    "a lost blob": (refusals.blob_lost(SHA), "blob-lost"),
    "a lost listing": (refusals.listing_lost(SHA), "listing-lost"),
    "blobs that did not come": (refusals.incomplete(3), "incomplete"),
    "an unwanted blob": (refusals.unwanted(SHA), "unwanted"),
    "a damaged blob": (refusals.damaged(SHA), "damaged"),
    "other bytes than the signed": (refusals.mismatch(SHA), "mismatch"),
    "another size": (refusals.other_size(SHA, 3, 4), "size"),
    "something too big": (refusals.too_big("record", 100), "too-big"),
    "too many of something": (refusals.too_many("files", 100), "too-many"),
    "a path that is too deep": (refusals.too_deep(3, 32), "path"),
    "another error": (refusals.refused(FormatError("Bad. Send it again.", "有误。请重新发送。"), "bundle"), "bundle"),
    "a cut": (refusals.cut(ConnectionResetError(104, "reset")), ""),
    "a purge of what is not live": (refusals.not_live(Path("www"), SHA), ""),
    "a listing that is not here": (refusals.no_such_listing(SHA), ""),
}


@pytest.mark.parametrize(("error", "code"), SAID.values(), ids=SAID)
def test_it_is_said_in_both_languages_under_its_code(error, code):
    assert (error.code if isinstance(error, RefusedError) else "") == code
    assert re.search(r"[\u4e00-\u9fff].*。$", error.chinese)
    assert re.fullmatch(r"[^\u4e00-\u9fff]+\.", error.english)


@pytest.mark.parametrize(("error", "code"), SAID.values(), ids=SAID)
def test_no_advice_names_an_option_that_no_command_has(error, code):
    """`build` has --full, which makes everything anew; nothing else has."""
    for text in (error.english, error.chinese):
        assert "--full" not in text or "build" in text or "构建" in text


def test_what_is_lost_says_that_the_next_publish_brings_it():
    for error in (refusals.blob_lost(SHA), refusals.listing_lost(SHA)):
        assert SHA[:12] in error.english
        assert SHA[:12] in error.chinese
        assert "publish again" in error.english
        assert "请重新发布" in error.chinese
        assert "The live site is as it was" in error.english
        assert "线上网站未变" in error.chinese
