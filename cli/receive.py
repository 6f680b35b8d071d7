"""`zhanqun receive`: the target's side of a delivery, and what is done there by hand.

Runs in the DMZ with the base distribution alone: no settings, no Pelican, no Git.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import click

from cli.base import Command, dump, fail, say
from cli.base import translated as _translated
from cluster.clock import current_time
from cluster.errors import ClusterError, TargetError
from publish.receiver import Receipt
from publish.receiver.closed import close_site, open_site
from publish.receiver.places import Places
from publish.receiver.receipt_file import write_receipt
from publish.receiver.receive import KEEP, Receiver, receive_bundle
from publish.receiver.reload import is_due, reload
from publish.receiver.trust import TrustState, fingerprint
from publish.receiver.wire import TIMEOUTS, Channel, answer

_FOLDER = click.Path(path_type=Path, file_okay=False)
_PATH = click.Path(path_type=Path)
_BUNDLE = re.compile(r"[0-9]{8}\.bundle")
_MOST_ROOT_BYTES = 1 << 20
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
    keep: int,
    nginx: str,
    as_json: bool,
    **wishes: Any,
) -> int:
    """Does what is asked for, in this order: sites, trust, bundle or conversation."""
    places = Places.from_www(www, state=state, vault=vault)
    if not (bundle or stdio or wishes["trust"] or wishes["to_close"] or wishes["to_open"]):
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
    except ClusterError as error:
        return fail(error, as_json=as_json and not stdio)
    if as_json and not stdio:
        dump(done)
    return 0


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
    answer(channel, Receiver(places, now=current_time))


def _take(places: Places, bundle: Path, *, keep: int, quiet: bool) -> Receipt:
    receiver = Receiver(places, now=current_time)
    try:
        with bundle.open("rb") as file:
            stream = cast(BinaryIO, file if quiet else _Counted(file, bundle.stat().st_size))
            receipt = receive_bundle(stream, receiver, keep=keep)
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
