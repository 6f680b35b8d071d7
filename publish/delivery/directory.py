"""`dir:` targets: a folder on this machine, filled by the receiver's own code in this process.

Whoever may write here needs no bundle: the blobs are read from the inside's store. Everything else is as over any
line: the record is signed, the signatures are verified. A folder that trusts nobody yet trusts the first root it is
given, since inside and target are one machine's.

Opened by `publish.delivery.open_target`; the demo's DMZ is `dir:dmz/www`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cluster.errors import TargetError
from publish.delivery.parcel import Parcel, Progress, offer_of
from publish.receiver import Receipt
from publish.receiver.places import Places
from publish.receiver.receive import Delivery, Hello, Offer, Receiver
from publish.receiver.trust import TrustState
from publish.validity import VALIDITY

_STRIDE = 1 << 20


@dataclass(frozen=True, slots=True)
class DirectoryTarget:
    """A folder that a web server on this machine serves; `now` dates the receipts."""

    url: str
    places: Places
    now: Callable[[], datetime]
    expiry: timedelta = VALIDITY.online
    nginx_reload: str = ""

    @classmethod
    def below(cls, base: Path, url: str, folder: str, now: Callable[[], datetime]) -> DirectoryTarget:
        """The target at `folder`, which lies below `base` unless it is absolute; state and vault lie beside it."""
        return cls(url, Places.from_www(base / folder), now)

    @property
    def receiver(self) -> Receiver:
        """The receiver of this folder."""
        return Receiver(self.places, now=self.now, name=self.url)

    def hello(self) -> Hello:
        """What the folder holds."""
        return self.receiver.hello()

    def deliver(self, parcel: Parcel) -> Receipt:
        """Takes what the folder lacks from the inside's store and makes the release live."""
        receiver = self.receiver
        hello = receiver.hello()
        offer, _ = offer_of(parcel, hello, self.expiry)
        if hello.root_version == 0:
            self._trust_first_root(offer)
        with receiver.receiving(offer) as delivery:
            self._take(parcel, delivery)
            return delivery.finish()

    def lend(self, id: str) -> bytes:
        """The text of a listing that the folder keeps."""
        return self.receiver.lend(id)

    @property
    def owes_sweep(self) -> bool:
        """Whether the folder has enough that only dropped releases used."""
        return self.receiver.owes_sweep

    def sweep_at_rest(self, go_on: Callable[[], bool]) -> bool:
        """Removes that in short steps (`Receiver.sweep_at_rest`)."""
        return self.receiver.sweep_at_rest(go_on)

    def _trust_first_root(self, offer: Offer) -> None:
        roots = {
            int(name.partition(".")[0]): data for name, data in offer.metadata.items() if name.endswith("root.json")
        }
        if not roots:
            raise _no_root(self.url)
        TrustState(self.places.state / "tuf").set_up(roots[min(roots)])

    def _take(self, parcel: Parcel, delivery: Delivery) -> None:
        sizes = array("Q", map(parcel.size_of, delivery.wanted))
        done, told, whole = 0, 0, sum(sizes)
        for index, (sha, size) in enumerate(zip(delivery.wanted, sizes, strict=True)):
            if done - told >= _STRIDE:
                told = done
                parcel.tell(Progress(self.url, done, whole, index))
            with open(parcel.place_of(sha), "rb", buffering=0) as file:  # noqa: PTH123 - see `Parcel.place_of`
                delivery.take(sha, size, file.read)
            done += size
        parcel.tell(Progress(self.url, done, whole, len(sizes)))


def _no_root(url: str) -> TargetError:
    return TargetError(
        f"{url}: nothing came along that this new target could trust. Run `zhanqun keys init`, then publish again.",
        f"{url}：新的发布目标没有可信任的根元数据。请先运行 `zhanqun keys init`，再重新发布。",
    )
