"""Listings that are damaged at a target: found, and written anew from whichever copy is whole.

A listing's name is the hash of its text, so any copy that fits will do: the web root's, the vault's, or the one that a
delivery of the whole tree makes again. What is whole nowhere makes `Receiver.hello` ask for the whole tree.

Called by the receiver, under the target's lock but for looking.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.errors import FormatError
from cluster.listings import EMPTY, Listings


def lost_listings(listings: Listings, root: str) -> set[str]:
    """The ids in a tree whose listings cannot be read; what lies below those is not known."""
    lost: set[str] = set()
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        id = waiting.pop()
        if id in seen or id == EMPTY:
            continue
        seen.add(id)
        try:
            waiting += [child for _, child in listings.read(id).children]
        except FormatError:
            lost.add(id)
    return lost


def mend_listings(ids: Iterable[str], whole: Listings, stores: Iterable[Listings]) -> None:
    """Writes each of these listings anew, in every store where it is damaged or gone, if `whole` has it."""
    places = tuple(stores)
    for id in ids:
        try:
            directory = whole.read(id)
        except FormatError:  # a blob's hash, or lost everywhere
            continue
        for store in places:
            store.put(directory)
