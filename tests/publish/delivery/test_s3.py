"""`s3://` targets against moto's server, through a proxy that fails at every request in turn."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster.errors import FormatError, RefusedError, TargetError
from cluster.listings import EMPTY
from cluster.release import Kind
from publish.delivery.bucket import LIMITS
from publish.delivery.mirror import STATE, MirrorState, Stub
from publish.delivery.s3 import S3Target
from publish.receiver import Receipt
from tests.publish.delivery.city import NOW, City, Files
from tests.publish.delivery.s3_store import Fault, Store, running_store

# One try and one thread, so that a fault that was planned is felt, at the request that was meant.
ONE_TRY = replace(LIMITS, attempts=1, threads=1, connect_seconds=2, read_seconds=5)

BLUE: Files = {
    "assets/site.1.css": b"p { color: blue }",
    "assets/old.1.js": b"let a = 1",
    "portal/_mode.css": b"/* usual */",
    "portal/_redirects": b"/gone.html 410\n/old.html /news/one.html\n/was/ /news/\n",
    "portal/feed.xml": b"<feed/>",
    "portal/index.html": "<h1>门户</h1>".encode(),
    "portal/news/index.html": b"one",
    "portal/news/one.html": b"first news",
    "portal/notice.html": b"",
    "congress/index.html": b"<h1>congress</h1>",
}
GREEN: Files = {
    "assets/site.2.css": b"p { color: green }",
    "portal/_mode.css": b"/* usual */",
    "portal/_redirects": b"/news/one.html 410\n/was/ https://www.example.gov.cn/was/\n/older.html /news/two.html\n",
    "portal/feed.xml": b"<feed>two</feed>",
    "portal/index.html": "<h1>门户 2</h1>".encode(),
    "portal/news/index.html": b"two",
    "portal/news/two.html": b"second news",
    "portal/notice.html": b"",
    "english/index.html": b"<h1>English</h1>",
}
BLUE_STUBS = {"portal/old.html": "/news/one.html", "portal/was/index.html": "/news/"}
GREEN_STUBS = {"portal/older.html": "/news/two.html", "portal/was/index.html": "https://www.example.gov.cn/was/"}


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    settings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    server.empty()
    return server


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path / "inside")


def make_target(store: Store, prefix: str = "mirror", at: datetime = NOW, **options: str) -> S3Target:
    return S3Target.at(store.url(prefix, **options), lambda: at, ONE_TRY)


def pages(files: Files, stubs: Mapping[str, str], *assets: str) -> dict[str, bytes]:
    """What a mirror of these files must hold, and these older shared files."""
    kept = {name: {**BLUE, **GREEN}[name] for name in assets}
    shown = {path: data for path, data in files.items() if not path.endswith("/_redirects")}
    return {**kept, **shown, **{key: Stub(target).dump() for key, target in stubs.items()}}


def mirrored(store: Store) -> dict[str, bytes]:
    return {key: data for key, data in store.bodies().items() if key != STATE}


def without_assets(objects: Mapping[str, bytes]) -> dict[str, bytes]:
    return {key: data for key, data in objects.items() if not key.startswith("assets/")}


def state(store: Store) -> MirrorState:
    return MirrorState.parse(store.bodies()[STATE])


# ---- a mirror -------------------------------------------------------------------------------------------------------


def test_a_first_delivery_makes_the_mirror_what_the_release_is(store, city):
    target, parcel = make_target(store), city.parcel(BLUE)
    assert target.hello().number == 0
    assert target.hello().root == EMPTY
    assert target.deliver(parcel) == Receipt(target.url, 1, parcel.release.root, NOW)
    assert mirrored(store) == pages(BLUE, BLUE_STUBS)
    hello = target.hello()
    assert (hello.number, hello.root, hello.root_version) == (1, parcel.release.root, 0)


def test_the_state_object_names_the_live_release_and_its_record(store, city):
    parcel = city.parcel(BLUE)
    make_target(store).deliver(parcel)
    told = json.loads(store.bodies()[STATE])
    assert (told["format"], told["number"], told["root"]) == (1, 1, parcel.release.root)
    assert told["record"].encode() == parcel.record
    assert told["towards"] is None


def test_a_second_delivery_writes_only_what_differs(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    plot = store.plot()
    target.deliver(city.parcel({**BLUE, "portal/news/one.html": b"mended"}))
    assert plot.seen == [
        f"GET /city/mirror/{STATE}",
        f"PUT /city/mirror/{STATE}",
        "PUT /city/mirror/portal/news/one.html",
        f"PUT /city/mirror/{STATE}",
    ]
    assert mirrored(store)["portal/news/one.html"] == b"mended"


def test_shared_files_come_first_then_pages_lists_redirects_and_removals(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    plot = store.plot()
    target.deliver(city.parcel(GREEN))
    assert [request.replace("/city/mirror/", "") for request in plot.seen] == [
        f"GET {STATE}",
        f"PUT {STATE}",
        "PUT assets/site.2.css",
        "PUT portal/news/two.html",
        "PUT english/index.html",
        "PUT portal/feed.xml",
        "PUT portal/index.html",
        "PUT portal/news/index.html",
        "PUT portal/older.html",
        "PUT portal/was/index.html",
        "DELETE congress/index.html",
        "DELETE portal/news/one.html",
        "DELETE portal/old.html",
        f"PUT {STATE}",
    ]
    assert mirrored(store) == pages(GREEN, GREEN_STUBS, "assets/site.1.css", "assets/old.1.js")


def test_the_same_delivery_again_asks_for_the_state_only(store, city):
    target, parcel = make_target(store), city.parcel(BLUE)
    target.deliver(parcel)
    plot = store.plot()
    assert target.deliver(parcel).number == 1
    assert plot.seen == [f"GET /city/mirror/{STATE}"]


def test_a_rollback_is_a_difference_like_any_other(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    target.deliver(city.parcel(GREEN))
    plot = store.plot()
    target.deliver(city.parcel(BLUE, kind=Kind.ROLLBACK))
    assert mirrored(store) == pages(BLUE, BLUE_STUBS, "assets/site.2.css")
    assert not any("list-type" in request for request in plot.seen)
    assert set(state(store).unused_since) == {"assets/site.2.css"}


def test_grey_mode_replaces_two_files_and_clearing_it_brings_them_back(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    plot = store.plot()
    target.deliver(city.parcel(BLUE, {"portal/_mode.css": b"html { filter: grayscale(1) }"}, Kind.STATE))
    assert len(plot.seen) == 4
    assert mirrored(store)["portal/_mode.css"] == b"html { filter: grayscale(1) }"
    target.deliver(city.parcel({**BLUE, "portal/_mode.css": b"/* new */"}, {"portal/_mode.css": b"grey 2"}))
    assert mirrored(store)["portal/_mode.css"] == b"grey 2"
    target.deliver(city.parcel({**BLUE, "portal/_mode.css": b"/* new */"}, kind=Kind.STATE))
    assert mirrored(store)["portal/_mode.css"] == b"/* new */"


def test_each_object_says_what_it_is_and_how_long_it_keeps(store, city):
    make_target(store).deliver(city.parcel({**BLUE, "portal/map.png": b"\x89PNG", "portal/plan.ofd": b"PK"}))
    cases = {
        "portal/index.html": ("text/html; charset=utf-8", "public, max-age=60"),
        "portal/old.html": ("text/html; charset=utf-8", "public, max-age=60"),
        "portal/feed.xml": ("application/atom+xml; charset=utf-8", "public, max-age=60"),
        "portal/map.png": ("image/png", "public, max-age=60"),
        "portal/plan.ofd": ("application/ofd", "public, max-age=60"),
        "portal/_mode.css": ("text/css; charset=utf-8", "no-cache"),
        "assets/site.1.css": ("text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        STATE: ("application/json", "no-store"),
    }
    objects = store.keys()
    seen = {key: objects[f"mirror/{key}"].metadata for key in cases}
    assert {key: (one["Content-Type"], one["Cache-Control"]) for key, one in seen.items()} == cases
    assert not any("Content-Encoding" in one for one in seen.values())


def test_encoding_br_stores_text_compressed_and_the_rest_as_it_is(store, city):
    parcel = city.parcel({**BLUE, "portal/map.png": b"\x89PNG"})
    make_target(store, encoding="br").deliver(parcel)
    entry = parcel.listings.find(parcel.release.root, "portal/index.html")
    assert mirrored(store)["portal/index.html"] == parcel.blobs.read(entry.brotli)
    assert mirrored(store)["portal/map.png"] == b"\x89PNG"
    encodings = {key: one.metadata.get("Content-Encoding") for key, one in store.keys().items()}
    assert encodings["mirror/portal/index.html"] == "br"
    assert encodings["mirror/portal/map.png"] is None
    assert encodings["mirror/portal/old.html"] is None


def test_another_encoding_writes_every_object_again(store, city):
    make_target(store, encoding="br").deliver(city.parcel(BLUE))
    make_target(store).deliver(city.parcel(BLUE))
    assert mirrored(store) == pages(BLUE, BLUE_STUBS)
    assert not any("Content-Encoding" in one.metadata for one in store.keys().values())


def test_a_mirror_may_be_a_whole_bucket(store, city):
    make_target(store, "").deliver(city.parcel(BLUE))
    assert {key for key in store.bodies("") if key != STATE} == pages(BLUE, BLUE_STUBS).keys()


def test_two_mirrors_in_one_bucket_leave_each_other_alone(store, city):
    one, two = make_target(store, "one"), make_target(store, "one-more")
    one.deliver(city.parcel(BLUE))
    two.deliver(city.parcel(GREEN))
    one.deliver(city.parcel(GREEN))
    assert store.bodies("one/")["portal/index.html"] == GREEN["portal/index.html"]
    assert store.bodies("one-more/").keys() == {STATE} | pages(GREEN, GREEN_STUBS).keys()


def test_many_threads_write_the_same_mirror(store, city):
    many = {**BLUE, **{f"portal/news/{number}.html": b"%d" % number for number in range(60)}}
    S3Target.at(store.url(), lambda: NOW, LIMITS).deliver(city.parcel(many))
    assert mirrored(store) == pages(many, BLUE_STUBS)
    last = city.told[-1]
    assert last.done_bytes == last.all_bytes == sum(map(len, pages(many, BLUE_STUBS).values()))
    assert last.blobs == len(pages(many, BLUE_STUBS))
    assert [one.done_bytes for one in city.told] == sorted(one.done_bytes for one in city.told)


def test_a_large_file_goes_in_parts_and_is_passed_over_when_it_is_there(store, city):
    film = bytes(range(256)) * 20_500
    limits = replace(ONE_TRY, part_bytes=5 * 1024 * 1024)
    target = S3Target.at(store.url(), lambda: NOW, limits)
    plot = store.plot()
    target.deliver(city.parcel({**BLUE, "portal/film.mp4": film}))
    assert sum("partNumber=" in request for request in plot.seen) == 2
    assert mirrored(store)["portal/film.mp4"] == film
    assert store.keys()["mirror/portal/film.mp4"].metadata["Content-Type"] == "video/mp4"
    city.listings.sweep(())  # the inside forgets every tree: the mirror is compared as a whole
    plot = store.plot()
    target.deliver(city.parcel({**BLUE, "portal/film.mp4": film, "portal/feed.xml": b"new"}))
    assert [request for request in plot.seen if request.startswith("PUT") and STATE not in request] == [
        "PUT /city/mirror/portal/feed.xml"
    ]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.ERROR, Fault.CUT, Fault.DEAD])
def test_a_large_file_that_is_cut_is_not_there_and_comes_at_the_next_try(store, city, fault):
    film = bytes(range(256)) * 20_500
    target = S3Target.at(store.url(), lambda: NOW, replace(ONE_TRY, part_bytes=5 * 1024 * 1024))
    target.deliver(city.parcel(BLUE))
    parcel = city.parcel({**BLUE, "portal/film.mp4": film})
    store.plot(fault, at=4)  # the state twice, the beginning, then the first part
    with pytest.raises(TargetError):
        target.deliver(parcel)
    assert "portal/film.mp4" not in mirrored(store)
    store.plot()
    target.deliver(parcel)
    assert mirrored(store)["portal/film.mp4"] == film


# ---- shared files that nothing uses any more ------------------------------------------------------------------------


def test_a_shared_file_goes_30_days_after_its_last_use(store, city):
    make_target(store).deliver(city.parcel(BLUE))
    make_target(store, at=NOW).deliver(city.parcel(GREEN))
    make_target(store, at=NOW + timedelta(days=30)).deliver(city.parcel({**GREEN, "portal/feed.xml": b"1"}))
    assert "assets/site.1.css" in mirrored(store)
    make_target(store, at=NOW + timedelta(days=30, seconds=1)).deliver(city.parcel(GREEN))
    assert mirrored(store) == pages(GREEN, GREEN_STUBS)
    assert state(store).unused_since == {}


def test_a_shared_file_that_is_used_again_stays(store, city):
    make_target(store).deliver(city.parcel(BLUE))
    make_target(store).deliver(city.parcel(GREEN))
    make_target(store, at=NOW + timedelta(days=40)).deliver(city.parcel(BLUE))
    assert "assets/site.1.css" in mirrored(store)
    assert set(state(store).unused_since) == {"assets/site.2.css"}


def test_a_comparison_as_a_whole_goes_on_counting_the_days(store, city):
    make_target(store).deliver(city.parcel(BLUE))
    make_target(store).deliver(city.parcel(GREEN))
    city.listings.sweep(())
    make_target(store, at=NOW + timedelta(days=20)).deliver(city.parcel(GREEN))
    assert state(store).unused_since == {"assets/site.1.css": NOW, "assets/old.1.js": NOW}


# ---- what is not known is compared ----------------------------------------------------------------------------------


def test_an_old_tree_that_the_inside_has_forgotten_is_no_hindrance(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    city.listings.sweep(())
    target.deliver(city.parcel(GREEN))
    assert mirrored(store) == pages(GREEN, GREEN_STUBS, "assets/site.1.css", "assets/old.1.js")


def test_old_redirects_that_the_inside_has_forgotten_are_no_hindrance(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    green = city.parcel(GREEN)
    city.blobs.path(city.entry("x", BLUE["portal/_redirects"]).raw).unlink()
    target.deliver(green)
    assert without_assets(mirrored(store)) == without_assets(pages(GREEN, GREEN_STUBS))


def test_a_lost_state_object_is_made_again_and_strange_pages_go(store, city):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    del store.inside.keys[f"mirror/{STATE}"]
    store.put("mirror/portal/strange.html")
    target.deliver(city.parcel(BLUE))
    assert mirrored(store) == pages(BLUE, BLUE_STUBS)
    assert state(store).live.number == 2


def test_a_bucket_with_other_things_in_it_is_left_alone(store, city):
    store.put("mirror/payroll/2026.xlsx")
    plot = store.plot()
    with pytest.raises(TargetError, match="'payroll' there is not of this cluster"):
        make_target(store).deliver(city.parcel(BLUE))
    assert not [request for request in plot.seen if not request.startswith("GET")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"format": 2}', "another format than 1. Upgrade"),
        (b"{", "the state of this mirror is damaged"),
        (b"[]", "the state of this mirror is damaged"),
        (b'{"format": 1, "form": "1 identity", "record": "{}", "towards": null}', "release record"),
    ],
)
def test_a_state_object_that_cannot_be_read_stops_everything(store, city, data, words):
    store.put(f"mirror/{STATE}", data)
    with pytest.raises(FormatError, match=words) as caught:
        make_target(store).deliver(city.parcel(BLUE))
    assert caught.value.english.startswith("s3://city/mirror")
    assert store.bodies() == {STATE: data}


def test_an_older_release_is_refused_and_nothing_changes(store, city):
    target, first = make_target(store), city.parcel(BLUE)
    target.deliver(city.parcel(GREEN))
    before = store.bodies()
    with pytest.raises(RefusedError, match="numbers only grow") as caught:
        target.deliver(first)
    assert caught.value.code == "replayed"
    city.number = 1
    with pytest.raises(RefusedError):
        target.deliver(city.parcel(BLUE))
    assert store.bodies() == before


def test_a_blob_that_is_lost_or_damaged_inside_is_told_and_not_sent(store, city):
    target, parcel = make_target(store), city.parcel(BLUE)
    path = city.blobs.path(city.entry("x", BLUE["portal/feed.xml"]).raw)
    path.write_bytes(b"<FEED/>")
    with pytest.raises(FormatError, match="damaged"):
        target.deliver(parcel)
    path.unlink()
    with pytest.raises(TargetError, match="Build with --full"):
        target.deliver(parcel)
    assert "portal/feed.xml" not in mirrored(store)


def test_a_large_blob_that_is_damaged_inside_is_told_and_not_sent(store, city):
    target = S3Target.at(store.url(), lambda: NOW, replace(ONE_TRY, part_bytes=1000))
    film = bytes(2500)
    parcel = city.parcel({**BLUE, "portal/film.mp4": film})
    path = city.blobs.path(city.entry("x", film).raw)
    path.write_bytes(film[:-1] + b"!")
    with pytest.raises(FormatError, match="damaged"):
        target.deliver(parcel)
    assert "portal/film.mp4" not in mirrored(store)


# ---- faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_request_of_a_delivery_fails_the_next_run_ends_with_exactly_the_tree(store, city, fault):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    sides = [(GREEN, GREEN_STUBS), (BLUE, BLUE_STUBS)]
    at, hits = 1, 0
    while True:
        files, stubs = sides[(at - 1) % 2]
        parcel, plot = city.parcel(files), store.plot(fault, at)
        try:
            target.deliver(parcel)
        except TargetError:
            hits += 1
            assert plot.was_hit
            store.plot()
            target.deliver(parcel)
        assert without_assets(mirrored(store)) == without_assets(pages(files, stubs))
        assert mirrored(store).items() >= pages(files, stubs).items()
        assert state(store).live == parcel.release
        if not plot.was_hit:
            break
        at += 1
    assert hits == at - 1
    assert hits >= 13


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.CUT, Fault.DEAD])
def test_whatever_request_of_a_first_delivery_fails_the_next_run_ends_with_exactly_the_tree(store, city, fault):
    target, at, was_hit = make_target(store), 1, True
    while was_hit:
        store.empty()
        parcel, plot = city.parcel(BLUE), store.plot(fault, at)
        with suppress(TargetError):
            target.deliver(parcel)
        was_hit = plot.was_hit
        store.plot()
        target.deliver(parcel)
        assert mirrored(store) == pages(BLUE, BLUE_STUBS)
        at += 1
    assert at > 14


@pytest.mark.parametrize("fault", [Fault.UNANSWERED, Fault.DEAD])
def test_after_a_cut_delivery_another_release_still_ends_with_exactly_its_tree(store, city, fault):
    """What the one that was cut had written is not in the difference to the third: it must go all the same."""
    target = make_target(store)
    third = {**BLUE, "portal/news/three.html": b"third"}
    for at in range(2, 15):
        store.plot()
        target.deliver(city.parcel(BLUE))
        store.plot(fault, at)
        with pytest.raises(TargetError):
            target.deliver(city.parcel(GREEN))
        store.plot()
        target.deliver(city.parcel(third))
        assert without_assets(mirrored(store)) == without_assets(pages(third, BLUE_STUBS))


def test_a_first_delivery_goes_on_where_it_was_cut(store, city):
    target, parcel = make_target(store), city.parcel(BLUE)
    store.plot(Fault.DEAD, at=9)
    with pytest.raises(TargetError):
        target.deliver(parcel)
    there = len(mirrored(store))
    plot = store.plot()
    target.deliver(parcel)
    written = [request for request in plot.seen if request.startswith("PUT") and STATE not in request]
    assert there == 5
    assert len(written) == len(pages(BLUE, BLUE_STUBS)) - there


def test_a_large_difference_goes_on_where_it_was_cut(store, city):
    target = S3Target.at(store.url(), lambda: NOW, replace(ONE_TRY, resumed_files=5))
    target.deliver(city.parcel(BLUE))
    parcel = city.parcel(GREEN)
    store.plot(Fault.DEAD, at=7)
    with pytest.raises(TargetError):
        target.deliver(parcel)
    plot = store.plot()
    target.deliver(parcel)
    assert len([request for request in plot.seen if request.startswith("PUT") and STATE not in request]) == 4
    assert without_assets(mirrored(store)) == without_assets(pages(GREEN, GREEN_STUBS))


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.UNANSWERED, Fault.ERROR, Fault.CUT])
def test_a_single_fault_is_passed_over_by_trying_again(store, city, fault):
    target = S3Target.at(store.url(), lambda: NOW, replace(ONE_TRY, attempts=3))
    plot = store.plot(fault, at=6)
    target.deliver(city.parcel(BLUE))
    assert plot.was_hit
    assert mirrored(store) == pages(BLUE, BLUE_STUBS)


# ---- purge ----------------------------------------------------------------------------------------------------------

SECRET = b"a name that must go"


def test_a_purge_leaves_nothing_of_the_secret_in_a_bucket_with_versions(store, city):
    store.inside.versioning_status = "Enabled"
    secret = {**BLUE, "portal/news/secret.html": SECRET, "assets/search.1.bin": SECRET}
    target = make_target(store)
    target.deliver(city.parcel(secret))
    target.deliver(city.parcel({**secret, "portal/news/secret.html": SECRET + b"!"}))
    target.deliver(city.parcel(BLUE))
    assert SECRET in versions(store)
    target.deliver(city.parcel(BLUE, kind=Kind.PURGE))
    assert not any(SECRET in data for data in versions(store))
    assert mirrored(store) == pages(BLUE, BLUE_STUBS)
    assert len(versions(store)) - len(store.bodies()) <= 1  # the last state replaces one that knew no secret


def test_a_purge_that_was_cut_stays_due(store, city):
    store.inside.versioning_status = "Enabled"
    target = make_target(store)
    target.deliver(city.parcel({**BLUE, "portal/news/secret.html": SECRET}))
    plot = store.plot(Fault.DEAD, at=4)
    with pytest.raises(TargetError):
        target.deliver(city.parcel(BLUE, kind=Kind.PURGE))
    assert plot.was_hit
    assert SECRET in versions(store)
    store.plot()
    target.deliver(city.parcel(BLUE))
    assert not any(SECRET in data for data in versions(store))
    assert not state(store).purge_due


def test_a_purge_takes_the_parts_of_uploads_that_were_cut(store, city):
    target = S3Target.at(store.url(), lambda: NOW, replace(ONE_TRY, part_bytes=5 * 1024 * 1024))
    target.deliver(city.parcel(BLUE))
    store.plot(Fault.DEAD, at=5)
    with pytest.raises(TargetError):
        target.deliver(city.parcel({**BLUE, "portal/film.mp4": bytes(5 * 1024 * 1024 + 1)}))
    assert len(store.inside.multiparts) == 1
    store.plot()
    target.deliver(city.parcel(BLUE, kind=Kind.PURGE))
    assert not store.inside.multiparts


@pytest.mark.parametrize("request_", ["versioning", "uploads"])
def test_a_store_that_does_not_know_such_a_thing_holds_none_of_it(store, city, request_):
    target = make_target(store)
    target.deliver(city.parcel(BLUE))
    plot = store.plot(answer=(501, "NotImplemented"), answered=request_)
    target.deliver(city.parcel(GREEN, kind=Kind.PURGE))
    assert any(request_ in request for request in plot.seen)
    assert mirrored(store) == pages(GREEN, GREEN_STUBS)


def test_a_purge_that_may_not_look_for_older_versions_is_told_and_stays_due(store, city):
    target = make_target(store)
    store.plot(answer=(403, "AccessDenied"), answered="versioning")
    with pytest.raises(TargetError, match="access to bucket 'city' is denied"):
        target.deliver(city.parcel(BLUE, kind=Kind.PURGE))
    assert state(store).purge_due


def versions(store: Store) -> list[bytes]:
    """The bytes of every version of every object."""
    found = [one for key in store.inside.keys for one in store.inside.keys.getlist(key)]
    return [one.value for one in found if hasattr(one, "value")]


# ---- what is told ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "access to bucket 'city' is denied. Allow these credentials"),
        (403, "InvalidAccessKeyId", "does not accept these credentials"),
        (403, "SignatureDoesNotMatch", "does not accept these credentials"),
        (403, "RequestTimeTooSkewed", "clock differs too much"),
        (400, "AuthorizationHeaderMalformed", r"another region. Add \?region="),
        (503, "SlowDown", "overloaded or out of order"),
        (507, "QuotaExceeded", "no room left"),
        (418, "Teapot", "refuses with Teapot"),
    ],
)
def test_what_the_store_refuses_is_told_with_what_to_do(store, status, code, words):
    store.plot(answer=(status, code))
    with pytest.raises(TargetError, match=words) as caught:
        make_target(store).hello()
    assert caught.value.english.startswith(f"{store.url()}: ")
    assert caught.value.chinese.startswith(f"{store.url()}：")


def test_a_missing_bucket_is_told(store, city):
    store.bucket = "village"
    try:
        with pytest.raises(TargetError, match="there is no bucket 'village'. Create it"):
            make_target(store).hello()
    finally:
        store.bucket = "city"


def test_missing_credentials_are_told(store, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(TargetError, match="there are no credentials. Set AWS_ACCESS_KEY_ID"):
        make_target(store).hello()


def test_a_missing_extra_is_told(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(TargetError, match="need boto3. Install it: pip install"):
        make_target(store).hello()


def test_a_store_that_cannot_be_reached_is_told(store):
    target = S3Target.at("s3://city/mirror?endpoint=http://127.0.0.1:1", lambda: NOW, ONE_TRY)
    with pytest.raises(TargetError, match="cannot be reached. Check the endpoint"):
        target.hello()


def test_a_store_that_breaks_off_its_answer_is_told(store, city):
    make_target(store).deliver(city.parcel(BLUE))
    store.plot(Fault.CUT, at=1)
    with pytest.raises(TargetError, match="cannot be reached"):
        make_target(store).hello()


def test_a_connection_that_is_not_secure_is_told(store):
    url = store.url().replace("http://", "https://")
    with pytest.raises(TargetError, match="no secure connection to the store: .* Name its authority's file"):
        S3Target.at(url, lambda: NOW, ONE_TRY).hello()


def test_moments_are_those_of_the_clock_that_was_given(store, city):
    at = datetime(2031, 1, 2, tzinfo=UTC)
    assert make_target(store, at=at).deliver(city.parcel(BLUE)).at == at
