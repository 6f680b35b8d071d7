"""`zhanqun receive`: the target's side of a delivery, and what is done there by hand.

Runs in the DMZ with the base distribution alone: no settings, no Pelican, no Git.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import click

from cli.base import Command, dump, fail, guard_values, say
from cli.base import translated as _translated
from cli.words import language_of_environment
from cluster.clock import current_time
from cluster.errors import ClusterError, RefusedError, TargetError
from cluster.listings import EMPTY
from publish.guard.notes import read_status
from publish.receiver import Receipt
from publish.receiver.closed import close_site, closed_sites, open_site
from publish.receiver.freshness import Freshness, alarm_of
from publish.receiver.places import Places
from publish.receiver.receipt_file import write_receipt
from publish.receiver.receive import KEEP, Receiver, receive_bundle
from publish.receiver.reload import is_due, reload
from publish.receiver.trust import TrustState, fingerprint
from publish.receiver.trust_time import minute
from publish.receiver.wire import TIMEOUTS, Channel, answer

_FOLDER = click.Path(path_type=Path, file_okay=False)
_PATH = click.Path(path_type=Path)
_BUNDLE = re.compile(r"[0-9]{8}\.bundle")
_MOST_ROOT_BYTES = 1 << 20
_PAUSE_SECONDS = 0.05
# Why a bundle is refused that was made for a target which had more than this one has.
_LACKING = frozenset({"incomplete", "not-kept", "blob-lost", "listing-lost"})
# A smaller bundle is there before anybody has read how far it is.
_WORTH_TELLING = 10_000_000


@click.command(
    "receive",
    cls=Command,
    example="zhanqun receive /media/usb --www /srv/zhanqun/www",
    help="Takes a bundle that `file:` publishing wrote, checks it and makes it live. Also serves `ssh:` publishing, "
    "names the key to trust, and closes and opens sites.",
)
@click.argument("bundle", type=_PATH, required=False)
@click.option("--www", type=_FOLDER, default="dmz/www", envvar="ZHANQUN_WWW", help="The web root (default: dmz/www).")
@click.option("--state", type=_FOLDER, envvar="ZHANQUN_STATE", help="The receiver's memory (default: beside www).")
@click.option("--vault", type=_FOLDER, envvar="ZHANQUN_VAULT", help="The second copy (default: beside www).")
@click.option("--stdio", is_flag=True, help="Speak with the inside over standard input and output.")
@click.option("--trust", type=_PATH, metavar="ROOT.json", help="Trust the keys of this root metadata from now on.")
@click.option("--replace", is_flag=True, help="With --trust: in place of the keys that are trusted now.")
@click.option("--close", "to_close", multiple=True, metavar="SITE", help="Close this site: visitors get a 503 page.")
@click.option("--open", "to_open", multiple=True, metavar="SITE", help="Open this site again.")
@click.option("--status", "to_tell", is_flag=True, help="Tell what is live here, what is closed, and what to see to.")
@click.option("--sweep", "to_sweep", is_flag=True, help="Remove everything here that no kept release needs.")
@click.option(
    "--keep", type=click.IntRange(1), default=KEEP, help="How many releases of bundles to keep (default: 10)."
)
@click.option(
    "--reload", "nginx", default="", envvar="ZHANQUN_NGINX_RELOAD", help="Run this when redirects changed (nginx)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def receive(
    bundle: Path | None,
    www: Path,
    state: Path | None,
    vault: Path | None,
    stdio: bool,
    to_tell: bool,
    to_sweep: bool,
    keep: int,
    nginx: str,
    as_json: bool,
    **wishes: Any,
) -> int:
    """Does what is asked for, in this order: sites, trust, bundle or conversation, and then tells how things are."""
    places = Places.from_www(www, state=state, vault=vault)
    if not (bundle or stdio or to_tell or to_sweep or wishes["trust"] or wishes["to_close"] or wishes["to_open"]):
        raise click.UsageError(_translated("Name a bundle, or say what to do: see `zhanqun receive --help`."))
    if stdio and sys.stdin.isatty():
        raise click.UsageError(_translated("--stdio is for sshd: write it into the command= of authorized_keys."))
    try:
        done = _by_hand(places, **wishes)
        if stdio:
            _converse(places)
        elif bundle is not None:
            done |= _take(places, _newest(bundle), keep=keep, quiet=as_json).as_dict()
        if nginx and is_due(places.www):
            reload(places.www, nginx)
        if to_tell and not stdio:
            done["status"] = _status(places, quiet=as_json)
    except ClusterError as error:
        return fail(error, as_json=as_json and not stdio)
    if as_json and not stdio:
        dump(done)
    code = 3 if done.get("status", {}).get("alarm") else 0
    return _sweep(places, thorough=to_sweep) or code if to_sweep or bundle is not None else code


def _by_hand(
    places: Places, trust: Path | None, replace: bool, to_close: tuple[str, ...], to_open: tuple[str, ...]
) -> dict[str, Any]:
    """Closes, opens, trusts; what was done."""
    done: dict[str, Any] = {}
    for site in to_close:
        close_site(places.www, site, current_time())
        say(_translated("{site} is closed: visitors get a 503 page.").format(site=site))
        done.setdefault("closed", []).append(site)
    for site in to_open:
        open_site(places.www, site)
        say(_translated("{site} is open.").format(site=site))
        done.setdefault("opened", []).append(site)
    if trust is not None:
        root = _read_root(trust)
        TrustState(places.state / "tuf").set_up(root, replace=replace)
        say(_translated("{file} is trusted from now on. Compare with `zhanqun keys status`:").format(file=trust))
        say(f"  {fingerprint(root)}")
        done["trusted"] = fingerprint(root)
    return done


def _converse(places: Places) -> None:
    """Serves `ssh:` publishing over standard input and output, on which nothing else may be written."""
    channel = Channel.of(sys.stdin.fileno(), sys.stdout.fileno(), TIMEOUTS.silence)
    receiver = Receiver(places, now=current_time)
    if answer(channel, receiver) is not None and receiver.owes_sweep:
        _sweep_alone(receiver)


def _sweep_alone(receiver: Receiver) -> None:
    """Sweeps in a process of its own, which holds none of our pipes: the inside waits for the end of this one."""
    if os.fork():
        return
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        receiver.sweep_at_rest(_pause)
    finally:
        os._exit(0)


def _sweep(places: Places, *, thorough: bool) -> int:
    """Sweeps, now that everything is told; Ctrl-C ends it, and others may publish meanwhile.

    The exit code is that of a sweep that was asked for.
    """
    receiver = Receiver(places, now=current_time)
    try:
        if thorough or receiver.owes_sweep:
            say(_translated("Removing what no release needs any more; Ctrl-C ends that without harm."))
            with suppress(KeyboardInterrupt):
                if not receiver.sweep_at_rest(_pause, thorough=thorough) and thorough:
                    raise _published_meanwhile(places.www)
    except ClusterError as error:
        code = fail(error, as_json=False)
        return code if thorough else 0
    return 0


def _pause() -> bool:
    """Leaves the lock to others for a moment."""
    time.sleep(_PAUSE_SECONDS)
    return True


def _take(places: Places, bundle: Path, *, keep: int, quiet: bool) -> Receipt:
    receiver = Receiver(places, now=current_time)
    try:
        with bundle.open("rb") as file:
            stream = cast(BinaryIO, file if quiet else _Counted(file, bundle.stat().st_size))
            receipt = receive_bundle(stream, receiver, keep=keep)
    except RefusedError as error:
        if error.code in _LACKING:
            _ask_for_everything(bundle.parent, receiver)
        raise
    except OSError as error:
        raise _cannot_read(bundle, error) from error
    click.echo(_translated("Release {number} is live.").format(number=receipt.number), err=quiet)
    try:
        place = write_receipt(bundle.parent, receipt, receiver.hello())
        say(_translated("Carry {file} back to the inside: the next bundle is the smaller for it.").format(file=place))
    except OSError as error:
        say(
            _translated("No receipt in {folder} ({why}): the next bundle holds the whole release.").format(
                folder=bundle.parent, why=error.strerror
            )
        )
    return receipt


def _ask_for_everything(folder: Path, receiver: Receiver) -> None:
    """Leaves a receipt by which the next bundle holds the whole release; without one it does so too."""
    hello = receiver.hello()
    with suppress(OSError):
        place = write_receipt(folder, Receipt(str(receiver.places.www), hello.number, EMPTY, current_time()), hello)
        words = _translated("Carry {file} back and publish again: the next bundle then holds everything.")
        say(words.format(file=place))


def _status(places: Places, *, quiet: bool) -> dict[str, Any]:
    """How this target is, by its own clock: for people, and for whatever asks every hour."""
    now = current_time()
    hello, closed = Receiver(places, now=current_time).hello(), closed_sites(places.www)
    alarm, guard = alarm_of(places.state, now), read_status(places.state)
    fresh = Freshness.read(places.state) if alarm is None or alarm.code != "damaged" else None
    if not quiet:
        number = hello.number or "-"
        click.echo(_translated("{www}: release {number}").format(www=places.www, number=number))
        if fresh:
            signed, until = minute(fresh.signed_at), minute(fresh.until)
            click.echo(_translated("Signed {signed}; counts until {until}.").format(signed=signed, until=until))
        if guard:
            words = _translated(
                "Guard: last sign of life {moment}, {incidents} incident(s), {missing} hash(es) missing."
            )
            click.echo(words.format(**guard_values(guard)))
        if closed:
            click.echo(_translated("Closed: {sites}").format(sites=" ".join(closed)))
        if alarm:
            click.echo(alarm.text(language_of_environment()))
    return {
        "number": hello.number,
        "root": hello.root,
        "root_version": hello.root_version,
        "signed": fresh.as_dict() if fresh else None,
        "closed": list(closed),
        "guard": guard,
        "now": now.isoformat(),
        "alarm": alarm.as_dict() if alarm else None,
    }


class _Counted:
    """A bundle that tells, tenth by tenth, how much of it has been read."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file, self._size = file, size
        self._done = self._tenths = 0

    def read(self, count: int = -1) -> bytes:
        return self._count(self._file.read(count))

    def readline(self, count: int = -1) -> bytes:
        return self._count(self._file.readline(count))

    def _count(self, data: bytes) -> bytes:
        self._done += len(data)
        tenths = 10 * self._done // max(1, self._size)
        if tenths > self._tenths and self._size >= _WORTH_TELLING:
            self._tenths = tenths
            done, total = (f"{count / 1e6:.1f}" for count in (self._done, self._size))
            say(_translated("{done} of {total} MB").format(done=done, total=total))
        return data


def _newest(bundle: Path) -> Path:
    """The bundle itself, or the newest one in a folder. Raises: TargetError when there is none."""
    if not bundle.is_dir():
        return bundle
    found = sorted(path for path in bundle.iterdir() if _BUNDLE.fullmatch(path.name))
    if not found:
        raise _no_bundle(bundle)
    return found[-1]


def _read_root(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_ROOT_BYTES)
    except OSError as error:
        raise _cannot_read(path, error) from error


def _published_meanwhile(www: Path) -> TargetError:
    return TargetError(
        f"{www}: somebody published meanwhile, so not everything was looked through. Use --sweep again.",
        f"{www}：其间有新的发布，未能全部清理。请再次使用 --sweep。",
    )


def _no_bundle(folder: Path) -> TargetError:
    return TargetError(
        f"{folder}: there is no bundle in this folder. Publish to it with file:{folder}, then carry it here.",
        f"{folder}：此文件夹中没有发布包。请先用 file:{folder} 发布，再带到这里。",
    )


def _cannot_read(path: Path, error: OSError) -> TargetError:
    reason = error.strerror or str(error)
    return TargetError(
        f"{path}: {reason}. Check the path, and that the medium is plugged in and mounted.",
        f"{path}：{reason}。请检查路径以及介质是否已插入并挂载。",
    )
