"""The release record: one form, strictly read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import FormatError
from cluster.manifest import Entry, Manifest
from cluster.release import Kind, Release, file_stem

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=timezone(timedelta(hours=8)))
MANIFEST = Manifest.of({"portal/index.html": Entry("a" * 64, "b" * 64, 12), "portal/x.png": Entry("c" * 64, None, 30)})
RELEASE = Release.publishing(7, MANIFEST, commit="0123abc", now=NOW)

records = st.builds(
    Release,
    number=st.integers(1, 99_999_999),
    commit=st.text("0123456789abcdef", min_size=7, max_size=40),
    now=st.datetimes(timezones=st.just(UTC)),
    root=st.text("0123456789abcdef", min_size=64, max_size=64),
    files=st.integers(0, 10**6),
    bytes=st.integers(0, 10**12),
)


@given(records)
def test_what_is_written_is_read_back(release):
    assert Release.parse(release.dump()) == release
    brought_back = release.rolled_back_as(release.number + 1) if release.number < 99_999_999 else release
    assert Release.parse(brought_back.dump()) == brought_back


def test_the_record_has_the_fields_of_the_formats_in_order():
    assert json.loads(RELEASE.dump()) == {
        "bytes": 42,
        "commit": "0123abc",
        "files": 2,
        "format": 1,
        "kind": "publish",
        "now": "2026-11-20T09:00:00+08:00",
        "number": 7,
        "of": None,
        "root": MANIFEST.root(),
    }
    assert list(json.loads(RELEASE.dump())) == sorted(json.loads(RELEASE.dump()))


def test_a_rollback_names_the_older_release_and_its_root():
    back = RELEASE.rolled_back_as(9)
    assert (back.number, back.kind, back.of, back.root) == (9, Kind.ROLLBACK, 7, RELEASE.root)


def test_a_record_describes_its_own_manifest_only():
    assert RELEASE.describes(MANIFEST)
    assert not RELEASE.describes(MANIFEST.without_assets().of({"portal/index.html": Entry("a" * 64, None, 12)}))


def test_the_name_at_a_target_sorts_like_the_number():
    assert file_stem(7) == "00000007"


CHANGES = {
    "an unknown format": ({"format": 2}, "reads format 1 only"),
    "a format that is true": ({"format": True}, "reads format 1 only"),
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


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"3"], ids=["empty", "cut", "list", "not text", "number"])
def test_what_is_no_record_is_refused(data):
    with pytest.raises(FormatError):
        Release.parse(data)
