"""`zhanqun guard`: in the DMZ, beside the web root, without the inside."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cli.base import Command, dump, fail, say, translated
from cli.words import language_of_environment
from cluster.clock import current_time
from cluster.errors import ClusterError
from publish.guard import LIMITS, Incident
from publish.guard.guard import Guard
from publish.receiver.freshness import Alarm, alarm_of
from publish.receiver.places import Places

_FOLDER = click.Path(path_type=Path, file_okay=False)
_HOUR = 3600.0
# An alarm that stands is said again once a day.
_HOURS_BETWEEN = 24


@click.command(
    "guard",
    cls=Command,
    example="zhanqun guard --www /srv/zhanqun/www",
    help="Watches the web root and puts back from the vault whatever is not as the signed release says, until Ctrl-C "
    "stops it.",
)
@click.option("--www", type=_FOLDER, default="dmz/www", envvar="ZHANQUN_WWW", help="The web root (default: dmz/www).")
@click.option("--state", type=_FOLDER, envvar="ZHANQUN_STATE", help="The receiver's memory (default: beside www).")
@click.option("--vault", type=_FOLDER, envvar="ZHANQUN_VAULT", help="The second copy (default: beside www).")
@click.option("--once", is_flag=True, help="Look at everything once, mend, and end: 0 clean, 3 mended, 1 not all.")
@click.option(
    "--rehash",
    type=click.IntRange(1),
    default=LIMITS.rehash_bytes >> 20,
    help="Megabytes a second that the guard reads again all the time (default: 8).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def guard(www: Path, state: Path | None, vault: Path | None, once: bool, rehash: int, as_json: bool) -> int:
    """Checks once, or guards until it is stopped."""
    places = Places.from_www(www, state=state, vault=vault)
    limits = replace(LIMITS, rehash_bytes=rehash << 20)
    told: list[Incident] = []

    def tell(incident: Incident) -> None:
        if as_json and len(told) < limits.quarantine_files:
            told.append(incident)
        say(f"{incident.at.isoformat()} {incident.text(language_of_environment())}")

    watchman = Guard(places, now=current_time, limits=limits, tell=tell)
    try:
        if once:
            return _check(watchman, places, as_json=as_json)
        say(translated("Guarding {www}; Ctrl-C stops.").format(www=www))
        stop = _stop_at_signal()
        with _minding_signatures(places, stop):
            watchman.run(stop)
    except ClusterError as error:
        return fail(error, as_json=as_json)
    if as_json:
        dump({"incidents": [incident.as_dict() for incident in told]})
    return 0


def _check(watchman: Guard, places: Places, *, as_json: bool) -> int:
    report = watchman.check()
    alarm = _say_alarm(places)
    if as_json:
        dump(report.as_dict() | {"alarm": alarm.as_dict() if alarm else None})
    elif report.exit_code == 0:
        click.echo(translated("Everything is as it was signed."))
    return report.exit_code


def _say_alarm(places: Places, before: str = "") -> Alarm | None:
    """Says what is wrong with the signatures or the clock, unless it was said before; nothing stands still for it."""
    alarm = alarm_of(places.state, current_time())
    if alarm is not None and alarm.code != before:
        say(alarm.text(language_of_environment()))
    return alarm


@contextmanager
def _minding_signatures(places: Places, stop: threading.Event) -> Iterator[None]:
    """Looks at the signatures beside the guard: at once, every hour, and once more a day though nothing is new."""

    def mind() -> None:
        said, hours = "", 0
        while not stop.is_set():
            alarm = _say_alarm(places, said if hours % _HOURS_BETWEEN else "")
            said, hours = alarm.code if alarm else "", hours + 1
            stop.wait(_HOUR)

    thread = threading.Thread(target=mind, name="signatures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _stop_at_signal() -> threading.Event:
    stop = threading.Event()

    def on_signal(_number: int, _frame: Any) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return stop
