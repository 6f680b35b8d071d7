"""The release record: one form, strictly read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import FormatError
from cluster.manifest import Entry, Manifest
from cluster.release import STATE_FILES, Kind, Release, file_stem

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
MANIFEST = Manifest.of({"portal/index.html": Entry("a" * 64, "b" * 64, 12), "portal/x.png": Entry("c" * 64, None, 30)})
RELEASE = Release.publishing(7, MANIFEST, commit="0123abc", now=NOW)
GREY = (("portal/_mode.css", Entry("d" * 64, "e" * 64, 20)), ("portal/notice.html", Entry("f" * 64, None, 0)))

hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
sites = st.from_regex(r"[a-z0-9][a-z0-9-]{0,79}", fullmatch=True)
state_files = st.tuples(sites, st.sampled_from(STATE_FILES)).map("/".join)
state_entries = st.builds(Entry, raw=hashes, brotli=st.none() | hashes, size=st.integers(0, 10**6))
overlays = st.dictionaries(state_files, state_entries, max_size=5).map(lambda files: tuple(sorted(files.items())))
records = st.builds(
    Release,
    number=st.integers(1, 99_999_999),
    commit=st.text("0123456789abcdef", min_size=7, max_size=40),
    now=st.datetimes(timezones=st.just(UTC)),
    root=st.text("0123456789abcdef", min_size=64, max_size=64),
    files=st.integers(0, 10**6),
    bytes=st.integers(0, 10**12),
    kind=st.sampled_from([Kind.PUBLISH, Kind.PURGE]),
    overlay=overlays,
)


@given(records)
def test_what_is_written_is_read_back(release):
    assert Release.parse(release.dump()) == release
    brought_back = release.rolled_back_as(release.number + 1) if release.number < 99_999_999 else release
    assert Release.parse(brought_back.dump()) == brought_back
    assert Release.parse(release.dump()).dump() == release.dump()


def test_the_record_has_the_fields_of_the_formats_in_order():
    assert json.loads(RELEASE.dump()) == {
        "bytes": 42,
        "commit": "0123abc",
        "files": 2,
        "format": 2,
        "kind": "publish",
        "now": "2026-11-20T09:00:00+08:00",
        "number": 7,
        "of": None,
        "overlay": [],
        "root": MANIFEST.root(),
    }
    assert list(json.loads(RELEASE.dump())) == sorted(json.loads(RELEASE.dump()))


def test_a_rollback_names_the_older_release_and_its_root():
    back = RELEASE.rolled_back_as(9)
    assert (back.number, back.kind, back.of, back.root) == (9, Kind.ROLLBACK, 7, RELEASE.root)


def test_a_state_gives_other_bytes_and_keeps_the_content():
    grey = RELEASE.in_state(8, GREY)
    assert (grey.number, grey.kind, grey.of, grey.root, grey.overlay) == (8, Kind.STATE, 7, RELEASE.root, GREY)
    assert Release.parse(grey.dump()) == grey
    assert json.loads(grey.dump())["overlay"] == [
        ["portal/_mode.css", "d" * 64, "e" * 64, 20],
        ["portal/notice.html", "f" * 64, None, 0],
    ]


def test_a_rollback_while_the_cluster_is_grey_stays_grey():
    assert RELEASE.in_state(8, GREY).rolled_back_as(9).overlay == GREY


def test_a_record_of_an_earlier_version_is_read_as_one_without_overlay():
    older = {name: value for name, value in RELEASE.as_dict().items() if name != "overlay"} | {"format": 1}
    assert Release.parse(json.dumps(older).encode()) == RELEASE


def test_a_record_names_the_newest_purge_before_it():
    later = RELEASE.after_purge(3)
    assert (RELEASE.clean_from, later.clean_from) == (0, 3)
    assert Release.parse(later.dump()) == later
    assert json.loads(later.dump())["purged"] == 3
    assert "purged" not in json.loads(RELEASE.dump())


def test_a_purge_is_the_newest_there_is():
    assert replace(RELEASE, kind=Kind.PURGE).after_purge(3).clean_from == RELEASE.number


def test_a_record_describes_its_own_manifest_only():
    assert RELEASE.describes(MANIFEST)
    assert not RELEASE.describes(MANIFEST.without_assets().of({"portal/index.html": Entry("a" * 64, None, 12)}))


def test_the_name_at_a_target_sorts_like_the_number():
    assert file_stem(7) == "00000007"


CHANGES = {
    "an unknown format": ({"format": 3}, "reads format 2 only"),
    "a format that is true": ({"format": True}, "reads format 2 only"),
    "a number below one": ({"number": 0}, "'number'"),
    "a number with nine digits": ({"number": 100_000_000}, "'number'"),
    "a number that is text": ({"number": "7"}, "'number'"),
    "a number that is true": ({"number": True}, "'number'"),
    "a root that is no hash": ({"root": "../../etc"}, "'root'"),
    "a commit with a slash": ({"commit": "../x"}, "'commit'"),
    "a commit that is nothing": ({"commit": None}, "'commit'"),
    "a time without zone": ({"now": "2026-11-20T09:00:00"}, "'now'"),
    "a time that is no time": ({"now": "yesterday"}, "yesterday"),
    "a time that is a number": ({"now": 3}, "release record"),
    "fewer than no files": ({"files": -1}, "'files'"),
    "bytes that are a fraction": ({"bytes": 1.5}, "'bytes'"),
    "an unknown kind": ({"kind": "undo"}, "undo"),
    "a rollback to itself": ({"kind": "rollback", "of": 7}, "'of'"),
    "a rollback to nothing": ({"kind": "rollback"}, "'of'"),
    "a publish that names an older one": ({"of": 3}, "'of'"),
    "a purge that names an older one": ({"kind": "purge", "of": 3}, "'of'"),
    "a state of nothing": ({"kind": "state"}, "'of'"),
    "a state of a later release": ({"kind": "state", "of": 8}, "'of'"),
    "an overlay that is nothing": ({"overlay": None}, "release record"),
    "an overlay that is text": ({"overlay": "grey"}, "release record"),
    "an overlay of other files": ({"overlay": [["portal/index.html", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay below the site": ({"overlay": [["portal/x/_mode.css", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay outside the tree": ({"overlay": [["../_mode.css", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay at the top": ({"overlay": [["_mode.css", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay of no site": ({"overlay": [["/_mode.css", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay with a line break": ({"overlay": [["portal/_mode.css\n", "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay that is no hash": ({"overlay": [["portal/_mode.css", "../x", None, 1]]}, "'overlay'"),
    "an overlay with a wrong brotli hash": ({"overlay": [["portal/_mode.css", "a" * 64, "-", 1]]}, "'overlay'"),
    "an overlay of fewer than no bytes": ({"overlay": [["portal/_mode.css", "a" * 64, None, -1]]}, "'overlay'"),
    "an overlay whose path is a number": ({"overlay": [[1, "a" * 64, None, 1]]}, "'overlay'"),
    "an overlay whose path is a list": ({"overlay": [[[], "a" * 64, None, 1]]}, "release record"),
    "an overlay without size": ({"overlay": [["portal/_mode.css", "a" * 64, None]]}, "release record"),
    "an overlay with more": ({"overlay": [["portal/_mode.css", "a" * 64, None, 1, 1]]}, "release record"),
    "an overlay twice": ({"overlay": [["portal/_mode.css", "a" * 64, None, 1]] * 2}, "'overlay'"),
    "an overlay out of order": (
        {"overlay": [["p/notice.html", "a" * 64, None, 1], ["p/_mode.css", "a" * 64, None, 1]]},
        "'overlay'",
    ),
    "a purge of its own number": ({"purged": 7}, "'purged'"),
    "a purge of a later one": ({"purged": 8}, "'purged'"),
    "a purge of less than nothing": ({"purged": -1}, "'purged'"),
    "a purge that is text": ({"purged": "3"}, "'purged'"),
    "an unknown field": ({"extra": 1}, "extra"),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES.keys())
def test_a_wrong_record_is_refused(change, reason):
    with pytest.raises(FormatError, match=reason):
        Release.parse(json.dumps({**RELEASE.as_dict(), **change}).encode())


@pytest.mark.parametrize("field", sorted(RELEASE.as_dict()))
def test_a_record_that_lacks_a_field_is_refused(field):
    record = {name: value for name, value in RELEASE.as_dict().items() if name != field}
    with pytest.raises(FormatError):
        Release.parse(json.dumps(record).encode())


NO_RECORDS = {
    "empty": b"",
    "cut": b"{",
    "list": b"[]",
    "not text": b"\xff",
    "number": b"3",
    "deeper than a call stack": b"[" * 100_000,
    "a number of a million digits": b'{"format": ' + b"9" * 1_000_000 + b"}",
}


@pytest.mark.parametrize("data", NO_RECORDS.values(), ids=NO_RECORDS.keys())
def test_what_is_no_record_is_refused(data):
    with pytest.raises(FormatError):
        Release.parse(data)
