"""Which items are shown at a moment, where they stand in lists, and what a change of either touches.

An item is shown when its date is not after now, its expiry is, and it owns its id: of the items that share one and have
not expired, the first by path. `settle_some` follows a few changes and writes the journal; `settle_all` starts anew.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from cluster.index.card import Card
from cluster.index.schema import read_meta

NOT_BUILT = -1


class Touch(NamedTuple):
    """One line of the journal; which of the words are filled depends on the kind.

    - `item`, `body`: the item at `path` looks different to all, or on its own page only
    - `move`, `edit`: in the list `name` of `site` something came or went, or looks different, at (date, path)
    - `beside`: who stands beside (date, path) in the column `name` of `site` has other neighbours
    - `refer`: a reference that names its target as `name` is other than before
    - `law`: a version of the law `name` is other than before
    - `key`: what readers of the key `name` saw is other than before
    """

    kind: str
    site: str = ""
    name: str = ""
    date: str = ""
    path: str = ""


# ---- all ------------------------------------------------------------------------------------------------------------


def settle_all(db: sqlite3.Connection, now: str) -> None:
    """Lists and tallies made anew; every site is then to be built from the start."""
    db.execute("UPDATE item SET shown = (date <= :now AND (expires = '' OR expires > :now))", {"now": now})
    shared = [row[0] for row in db.execute("SELECT id FROM item GROUP BY id HAVING count(*) > 1")]
    _settle_shown(db, _twins(db, shared), now)
    db.execute("DELETE FROM listing")
    db.execute(
        """INSERT INTO listing
           SELECT json_extract(place.value, '$[0]'), json_extract(place.value, '$[1]'),
                  iif(item.year > 0, item.date, ''), item.path
           FROM item, json_each(item.lists) AS place WHERE item.shown ORDER BY 1, 2, 3, 4"""
    )
    db.execute("DELETE FROM tally")
    db.execute(
        """INSERT INTO tally
           SELECT site, list, CAST(substr(date, 1, 4) || substr(date, 6, 2) AS INTEGER) AS month, count(*)
           FROM listing GROUP BY site, list, month"""
    )
    db.execute("DELETE FROM body WHERE blob NOT IN (SELECT blob FROM item)")
    db.execute("DELETE FROM touch")
    db.execute("UPDATE built SET touch = ?", (NOT_BUILT,))


def _twins(db: sqlite3.Connection, ids: Iterable[str]) -> list[str]:
    found: set[str] = set()
    for one in ids:
        found.update(row[0] for row in db.execute("SELECT path FROM item WHERE id = ?", (one,)))
    return sorted(found)


def _settle_shown(db: sqlite3.Connection, paths: Iterable[str], now: str) -> None:
    """Says of each item whether it is shown."""
    db.executemany(
        """UPDATE item SET shown = (
             date <= :now AND (expires = '' OR expires > :now) AND NOT EXISTS (
               SELECT 1 FROM item AS twin WHERE twin.id = item.id AND twin.path < item.path
               AND (twin.expires = '' OR twin.expires > :now)))
           WHERE path = :path""",
        [{"now": now, "path": path} for path in paths],
    )


# ---- some -----------------------------------------------------------------------------------------------------------


def settle_some(
    db: sqlite3.Connection, paths: Sequence[str], cards: Sequence[Card], learn: Callable[[], None], now: str
) -> None:
    """Follows the change that `learn` makes: to the files at `paths`, whose new cards are `cards`."""
    concerned = {*paths, *_passed(db, read_meta(db, "now"), now)}
    ids = {row[0] for path in concerned for row in db.execute("SELECT id FROM item WHERE path = ?", (path,))}
    concerned.update(_twins(db, ids | {card.id for card in cards}))
    before = _shown_cards(db, concerned)
    learn()
    _settle_shown(db, concerned, now)
    after = _shown_cards(db, concerned)
    touches = [Touch("key", name=f"file:{path}") for path in paths]
    tallies: Counter[tuple[str, str, int]] = Counter()
    for path in sorted(concerned):
        old, new = before.get(path), after.get(path)
        if old != new:
            _move(db, tallies, old, new)
            touches += _touched(old, new)
    touches += _count(db, tallies)
    note(db, touches)


def note(db: sqlite3.Connection, touches: Iterable[Touch]) -> None:
    """Writes to the journal."""
    rows = list(dict.fromkeys(touches))
    db.executemany("INSERT INTO touch (kind, site, name, date, path) VALUES (?, ?, ?, ?, ?)", rows)


def _passed(db: sqlite3.Connection, earlier: str, now: str) -> Iterator[str]:
    """The items whose date or expiry lies between two moments; time may also run backwards."""
    if earlier == now:
        return
    span = {"low": min(earlier, now), "high": max(earlier, now)}
    hidden = "shown = 0 AND" if earlier < now else ""
    yield from (
        row[0] for row in db.execute(f"SELECT path FROM item WHERE {hidden} date > :low AND date <= :high", span)
    )
    yield from (
        row[0]
        for row in db.execute("SELECT path FROM item WHERE expires <> '' AND expires > :low AND expires <= :high", span)
    )


def _shown_cards(db: sqlite3.Connection, paths: Iterable[str]) -> dict[str, Card]:
    found = {}
    for path in paths:
        row = db.execute("SELECT * FROM item WHERE path = ? AND shown", (path,)).fetchone()
        if row is not None:
            found[path] = _card(db, row)
    return found


def _card(db: sqlite3.Connection, row: sqlite3.Row) -> Card:
    path = (row["path"],)
    references = db.execute("SELECT field, target FROM reference WHERE path = ? ORDER BY field", path)
    redirects = db.execute("SELECT old FROM redirect WHERE path = ? ORDER BY old", path)
    notes = tuple((one[0], one[1]) for one in references), tuple(one[0] for one in redirects)
    return Card._make((*tuple(row)[:18], *notes))


def _move(db: sqlite3.Connection, tallies: Counter[tuple[str, str, int]], old: Card | None, new: Card | None) -> None:
    """Takes an item out of the lists it stood in and puts it where it stands now."""
    gone, come = _standing(old), _standing(new)
    delete = "DELETE FROM listing WHERE site = ? AND list = ? AND date = ? AND path = ?"
    db.executemany(delete, sorted(gone - come))
    db.executemany("INSERT INTO listing VALUES (?, ?, ?, ?)", sorted(come - gone))
    for site, name, date, _ in gone - come:
        tallies[site, name, _month(date)] -= 1
    for site, name, date, _ in come - gone:
        tallies[site, name, _month(date)] += 1


def _month(date: str) -> int:
    """The month in which a stamp lies as the tally counts it, 202603; 0 for what stands without a date."""
    return int(date[:4] + date[5:7] or 0)


def _standing(card: Card | None) -> set[tuple[str, str, str, str]]:
    return {(*place, card.listed, card.path) for place in card.places} if card is not None else set()


def _touched(old: Card | None, new: Card | None) -> Iterator[Touch]:
    """What the change of one item touches."""
    if old is not None and new is not None and old.looks_like(new):
        yield Touch("body", path=new.path)
        return
    gone, come = _standing(old), _standing(new)
    yield from (Touch("move", *place) for place in sorted(gone ^ come))
    yield from (Touch("edit", *place) for place in sorted(gone & come))
    for card in filter(None, (old, new)):
        yield Touch("item", card.site, path=card.path)
        yield Touch("key", name=f"id:{card.id}")
        yield Touch("beside", card.site, card.column, card.date, card.path)
        yield from (Touch("refer", name=target) for _, target in card.references)
        yield from (Touch("key", card.site, f"redirect:{card.site}:{old_path}") for old_path in card.redirects)
        if card.law:
            yield Touch("law", name=card.law)


def _count(db: sqlite3.Connection, tallies: Counter[tuple[str, str, int]]) -> list[Touch]:
    """Adds to the tallies; tells which lists became empty or are no more, in all and of dated items."""
    lists = sorted({(site, name) for (site, name, _), change in tallies.items() if change})
    before = {one: _filled(db, *one) for one in lists}
    for key, change in tallies.items():
        db.execute(
            "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            (*key, change),
        )
    db.execute("DELETE FROM tally WHERE count = 0")
    touches = []
    for site, name in lists:
        for word, was, is_now in zip(("filled", "dated"), before[site, name], _filled(db, site, name), strict=True):
            if was != is_now:
                touches.append(Touch("key", site, f"{word}:{site}:{name}"))
    return touches


def _filled(db: sqlite3.Connection, site: str, name: str) -> tuple[bool, bool]:
    """Whether a list holds anything, and whether it holds dated items."""
    months = [row[0] for row in db.execute("SELECT month FROM tally WHERE site = ? AND list = ?", (site, name))]
    return bool(months), any(months)
