"""Sixty days without the inside, and clocks that are wrong by a year: the site, the guard and the commands of an
emergency go on, the alarm says what to do, and once it is done everything goes on by itself.

Commands run by this machine's clock, which is right or wrong against the moments at which the inside signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cluster.clock import current_time
from cluster.settings import load_settings
from publish.outcome import Outcome
from publish.receiver.freshness import alarm_of
from publish.receiver.places import Places
from publish.receiver.receive import Receiver, receive_bundle
from publish.receiver.trust_time import minute
from publish.release import publish
from publish.worker import Worker
from publish.workspace import Workspace
from tests.builders import ARTICLE, make_article
from tests.publish.small_city import Notes
from tests.scenarios.city import GOOD_URL, City
from tests.scenarios.commands import NOW, Run, zhanqun

DAY = timedelta(days=1)
YEAR = 365 * DAY
PAGE = "portal/news/2026/river.html"
STICK = "file:usb"


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City.found(tmp_path / "city")


@pytest.fixture
def now() -> datetime:
    """This machine's clock, by which the commands run."""
    return current_time()


def publish_at(city: City, at: datetime, *targets: str) -> Outcome:
    """What `zhanqun publish` does when the clock of the inside, and of folders on the same machine, says `at`."""
    workspace = Workspace(load_settings(city.base, {}), clock=lambda: at)
    built = workspace.build(workspace.order(NOW))
    office = workspace.office(workspace.targets(targets), workspace.keep_releases)
    outcome = publish(office, workspace.as_built(built), at=at, who="李明")
    assert outcome.failures == ()
    return outcome


def carry(city: City, at: datetime) -> int:
    """Takes the bundle on the stick in a DMZ whose clock says `at`; the number of the release that is live then."""
    receiver = Receiver(Places.from_www(city.base / "dmz/www"), now=lambda: at)
    (bundle,) = (city.base / "usb").glob("*.bundle")
    with bundle.open("rb") as stream:
        return receive_bundle(stream, receiver).number


def founded_over_a_gap(city: City, at: datetime) -> None:
    """The first release is live in a DMZ that no line reaches; both clocks said `at`."""
    (city.base / "usb").mkdir()
    publish_at(city, at, STICK)
    assert zhanqun(city.base, "receive", "--trust", "data/trust/1.root.json").code == 0
    assert carry(city, at) == 1


def correct(city: City) -> None:
    """A clerk corrects the article."""
    city.commit({ARTICLE: make_article(body="施工人员今日进场。", id="00000000000000a1")})


def kept(city: City) -> dict[str, bytes]:
    """Everything that the DMZ remembers and shows, but for the notes of its guard and locks."""
    files = (path for path in (city.base / "dmz").rglob("*") if path.is_file() and not path.is_symlink())
    named = {path.relative_to(city.base).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith("dmz/state/guard.json")}


def assert_the_site_goes_on(city: City) -> None:
    """Visitors read, the guard restores, sites are closed and opened, whatever the clock says."""
    before = city.live_bytes()
    assert city.get(GOOD_URL).status == 200

    page = city.live / PAGE
    page.chmod(0o644)
    page.write_text("defaced")
    guarded = zhanqun(city.base, "guard", "--once")
    assert (guarded.code, "restored from the vault" in guarded.err) == (3, True)
    assert city.live_bytes() == before
    assert zhanqun(city.base, "guard", "--once").code == 0

    marker = city.base / "dmz/www/closed/portal"
    assert zhanqun(city.base, "receive", "--close", "portal").code == 0
    assert marker.exists()
    assert zhanqun(city.base, "receive", "--open", "portal").code == 0
    assert not marker.exists()
    assert city.live_bytes() == before


def assert_alarm(run: Callable[[str], Run], code: str, words: dict[str, tuple[str, ...]]) -> None:
    """A command says what to do in both languages, and its exit code that there is something."""
    for language, expected in words.items():
        said = run(language)
        assert said.code == 3
        assert [each for each in expected if each not in said.out] == []
    assert code in str(run("json").result)


def status_here(city: City) -> Callable[[str], Run]:
    """`zhanqun receive --status` in the DMZ."""
    return lambda way: zhanqun(city.base, "receive", "--status", *_json(way), language=way)


def status_inside(city: City) -> Callable[[str], Run]:
    """`zhanqun status` inside."""
    return lambda way: zhanqun(city.base, "status", *_json(way), language=way)


def _json(way: str) -> tuple[str, ...]:
    return ("--json",) if way == "json" else ()


# ---- the inside is off ----------------------------------------------------------------------------------------------


def test_after_sixty_days_without_the_inside_all_goes_on_and_the_alarm_says_what_to_do(
    city: City, now: datetime
) -> None:
    then = now - 60 * DAY
    publish_at(city, then)

    assert_the_site_goes_on(city)
    dates = (minute(then), minute(then + 3 * DAY), "zhanqun publish")
    english = (*dates, "check the clock of this machine")
    chinese = (*dates, "检查本机时钟")
    assert_alarm(status_here(city), "expired", {"en": english, "zh": chinese})
    assert_alarm(status_inside(city), "expired", {"en": english, "zh": chinese})
    assert minute(then) in zhanqun(city.base, "guard", "--once").err


def test_when_the_inside_comes_back_it_signs_again_and_publishes_without_anybodys_help(
    city: City, now: datetime
) -> None:
    publish_at(city, now - 60 * DAY)
    notes = Notes([], [], [])
    worker = Worker(Workspace(load_settings(city.base, {})), notes, current_time)

    outcome = worker.sign_once()
    assert (outcome.is_new, len(outcome.receipts), outcome.failures) == (False, 1, ())
    assert zhanqun(city.base, "receive", "--status").code == 0
    correct(city)
    assert worker.publish_once().failures == ()
    assert "施工人员今日进场。" in city.get(GOOD_URL).text
    assert zhanqun(city.base, "status", "--json").result["alarms"] == []


def test_one_publish_by_hand_does_the_same(city: City, now: datetime) -> None:
    publish_at(city, now - 60 * DAY)
    assert city.publish().code == 0
    assert zhanqun(city.base, "receive", "--status").code == 0
    assert zhanqun(city.base, "status").code == 0


def test_a_root_that_ran_out_meanwhile_is_renewed_by_the_same_publish(city: City, now: datetime) -> None:
    """The inside went off a few days before it would have renewed its root."""
    publish_at(city, now - YEAR - 5 * DAY)
    publish_at(city, now - 66 * DAY)
    assert zhanqun(city.base, "receive", "--status", "--json").result["status"]["alarm"]["code"] == "root-expired"
    assert_the_site_goes_on(city)

    correct(city)
    assert city.publish().code == 0
    assert "施工人员今日进场。" in city.get(GOOD_URL).text
    assert zhanqun(city.base, "receive", "--status").code == 0


def test_a_bundle_that_lay_for_sixty_days_is_refused_and_a_new_one_taken(city: City, now: datetime) -> None:
    then = now - 60 * DAY
    founded_over_a_gap(city, then)
    correct(city)
    publish_at(city, then, STICK)
    before = kept(city)

    for language, words in {"en": "publish again and send the new bundle", "zh": "请重新发布并发送新的发布包"}.items():
        refused = zhanqun(city.base, "receive", "usb", language=language)
        assert (refused.code, words in refused.err) == (1, True)
    assert kept(city) == before

    publish_at(city, now, STICK)
    assert zhanqun(city.base, "receive", "usb").code == 0
    assert "施工人员今日进场。" in city.get(GOOD_URL).text


# ---- the DMZ's clock is wrong ---------------------------------------------------------------------------------------

WRONG = {
    "a year ahead": (-YEAR, "root-expired", "expired"),
    "two months ahead": (-60 * DAY, "expired", "expired"),
    "a year behind": (YEAR, "clock", "clock"),
}


@pytest.mark.parametrize(("inside", "alarm", "code"), WRONG.values(), ids=WRONG)
def test_with_a_wrong_clock_in_the_dmz_all_goes_on_but_new_bundles_until_it_is_right(
    city: City, now: datetime, inside: timedelta, alarm: str, code: str
) -> None:
    right = now + inside
    founded_over_a_gap(city, right)
    assert_the_site_goes_on(city)
    assert_alarm(
        status_here(city), alarm, {"en": ("heck the clock of this machine", minute(now)[:10]), "zh": ("检查本机时钟",)}
    )

    correct(city)
    publish_at(city, right + DAY, STICK)
    before = kept(city)
    refused = zhanqun(city.base, "receive", "usb", "--json")
    error = refused.result["error"]
    assert (refused.code, error["code"]) == (1, code)
    moment = right + {"clock": DAY, "root-expired": YEAR, "expired": 31 * DAY}[alarm]
    for text, words in ((error["en"], "heck the clock of this machine"), (error["zh"], "本机时钟")):
        assert [each for each in (words, minute(moment), minute(now)[:10]) if each not in text] == []
    assert kept(city) == before  # and so no wrong moment is remembered

    assert carry(city, right + DAY) == 2
    assert "施工人员今日进场。" in city.get(GOOD_URL).text
    assert alarm_of(city.base / "dmz/state", right + DAY) is None


def test_a_clock_that_was_wrong_within_what_is_allowed_poisons_nothing(city: City, now: datetime) -> None:
    founded_over_a_gap(city, now)
    for day, ahead in enumerate((20 * DAY, -DAY, timedelta()), 1):
        city.commit({ARTICLE: make_article(body=f"第{day}天。", id="00000000000000a1")})
        publish_at(city, now + day * DAY, STICK)
        assert carry(city, now + day * DAY + ahead) == day + 1
        assert f"第{day}天。" in city.get(GOOD_URL).text


@pytest.mark.parametrize("wrong", [YEAR, -YEAR], ids=["a year ahead", "a year behind"])
def test_when_the_clocks_of_both_sides_were_wrong_the_next_publish_by_the_right_one_works(
    city: City, now: datetime, wrong: timedelta
) -> None:
    """One machine, or one wrong time server for all: what was signed then does not shut out what is signed now."""
    publish_at(city, now + wrong)
    assert_the_site_goes_on(city)
    code = "clock" if wrong > timedelta() else "expired"
    assert zhanqun(city.base, "status", "--json").result["alarms"][0]["code"] == code

    correct(city)
    assert city.publish().code == 0
    assert "施工人员今日进场。" in city.get(GOOD_URL).text
    assert zhanqun(city.base, "status").code == 0
    assert zhanqun(city.base, "receive", "--status").code == 0


def test_a_clock_that_jumped_a_year_ahead_for_one_publish_of_a_running_city_poisons_nothing(
    city: City, now: datetime
) -> None:
    """The root was renewed then, numbers and versions went on: all of it holds by the right clock too."""
    publish_at(city, now - DAY)
    correct(city)
    publish_at(city, now + YEAR)
    city.commit({ARTICLE: make_article(body="时钟已校准。", id="00000000000000a1")})
    assert city.publish().code == 0
    assert "时钟已校准。" in city.get(GOOD_URL).text
    assert zhanqun(city.base, "status").code == 0
    assert zhanqun(city.base, "keys", "status").code == 0
