"""Questions to the index. Every answer is a function of the content's state and of `now`, in a fixed order.

`now` is a stamp. An item is shown when its date is not after now, its expiry is, and no other item owns its id:
of the items that share one and have not expired the first by path owns it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.index.ingest import Updated, parse_issue, reference_keys, update_index
from cluster.index.schema import connect
from cluster.issues import Issue
from cluster.site import Cluster
from cluster.source import Entry, Source

# `clash` alone answers for nearly every item; only one that shares its id looks for who owns that now.
_OWNER = """(SELECT min(twin.path) FROM item AS twin WHERE twin.id = item.id AND twin.path < item.path
             AND (twin.expires = '' OR twin.expires > :now))"""
_OWNS_ID = f"(item.clash = '' OR {_OWNER} IS NULL)"
_SHOWN = f"{_OWNS_ID} AND item.date <= :now AND (item.expires = '' OR item.expires > :now)"


@dataclass(frozen=True, slots=True)
class IndexedItem:
    """An item as the index holds it; `fields` are typed by its content type, dates are stamps."""

    path: str
    blob: str
    site: str
    column: str
    year: int
    slug: str
    type: str
    id: str
    url: str
    title: str
    date: str
    updated: str
    expires: str
    topic: str
    law: str
    fields: dict[str, Any]

    @property
    def modified(self) -> str:
        """The stamp that feeds and sitemaps give: the update, else the date."""
        return self.updated or self.date


class Index:
    """The index in one file, or in memory when `path` is None."""

    def __init__(self, path: Path | None) -> None:
        self._db = connect(path)
        # The keys of all bodies asked for since it was opened.
        self.used_bodies: set[str] = set()

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def update(self, source: Source, cluster: Cluster) -> Updated:
        """Brings the index up to `source`."""
        return update_index(self._db, source, cluster)

    # ---- single items ---------------------------------------------------------------------------------------------

    def item(self, path: str, now: str) -> IndexedItem | None:
        """The item at a path below the repository, when it is shown."""
        return self._one(f"SELECT * FROM item WHERE path = :path AND {_SHOWN}", path=path, now=now)

    def find(self, reference: str, now: str) -> IndexedItem | None:
        """The shown item that a reference names: a path below `content/`, a full path, or an id."""
        path = reference if reference.startswith("content/") else f"content/{reference.lstrip('/')}"
        return self.item(path, now) or self._one(
            f"SELECT * FROM item WHERE id = :id AND {_SHOWN}", id=reference, now=now
        )

    def at(self, site: str, url: str, now: str) -> IndexedItem | None:
        """The shown item with this URL path: the path of its file, with another ending."""
        return self.item(f"content/{site}{url.removesuffix('.html')}.md", now) if url.endswith(".html") else None

    def items(self, site: str, now: str) -> Iterator[IndexedItem]:
        """All shown items of a site by path."""
        return self._all(f"SELECT * FROM item WHERE site = :site AND {_SHOWN} ORDER BY path", site=site, now=now)

    def neighbours(self, item: IndexedItem, now: str) -> tuple[IndexedItem | None, IndexedItem | None]:
        """The shown items just before and just after in the same column, by (date, path).

        A dated item's neighbours are dated, a standing one's standing.
        """
        where = f'site = :site AND "column" = :column AND (year > 0) = :dated AND {_SHOWN}'
        place = {"site": item.site, "column": item.column, "dated": item.year > 0}
        key = {**place, "date": item.date, "path": item.path, "now": now}
        before = f"SELECT * FROM item WHERE {where} AND (date, path) < (:date, :path) ORDER BY date DESC, path DESC"
        after = f"SELECT * FROM item WHERE {where} AND (date, path) > (:date, :path) ORDER BY date, path"
        return self._one(before, **key), self._one(after, **key)

    def referring(self, item: IndexedItem, field: str, now: str) -> list[IndexedItem]:
        """The shown items whose `field` names this one, by (date, path)."""
        short, full, id = reference_keys(item.path, item.id)
        return list(
            self._all(
                f"""SELECT item.* FROM reference JOIN item USING (path)
                    WHERE field = :field AND target IN (:short, :full, :id) AND {_SHOWN} ORDER BY date, path""",
                field=field, short=short, full=full, id=id, now=now,
            )
        )  # fmt: skip

    def versions(self, law: str, now: str) -> list[IndexedItem]:
        """The shown versions of a law, oldest first."""
        return list(
            self._all(f"SELECT * FROM item WHERE law = :law AND {_SHOWN} ORDER BY date, path", law=law, now=now)
        )

    # ---- lists ----------------------------------------------------------------------------------------------------

    def newest(self, site: str, list: str, now: str, count: int, *, skip: int = 0) -> tuple[IndexedItem, ...]:
        """The newest dated items of a list, newest first."""
        return tuple(
            self._all(
                f"""SELECT item.* FROM listing JOIN item USING (path)
                    WHERE listing.site = :site AND list = :list AND item.year > 0 AND {_SHOWN}
                    ORDER BY listing.date DESC, path DESC LIMIT :count OFFSET :skip""",
                site=site, list=list, now=now, count=count, skip=skip,
            )
        )  # fmt: skip

    def standing(self, site: str, list: str, now: str) -> tuple[IndexedItem, ...]:
        """The standing items of a list, by path."""
        return tuple(
            self._all(
                f"""SELECT item.* FROM listing JOIN item USING (path)
                    WHERE listing.site = :site AND list = :list AND item.year = 0 AND {_SHOWN} ORDER BY path""",
                site=site, list=list, now=now,
            )
        )  # fmt: skip

    def of_year(self, site: str, list: str, year: int, now: str, *, skip: int, count: int) -> tuple[IndexedItem, ...]:
        """A slice of a list's items of one year, oldest first."""
        return tuple(
            self._all(
                f"""SELECT item.* FROM listing JOIN item USING (path)
                    WHERE listing.site = :site AND list = :list AND item.year > 0
                      AND listing.date >= :start AND listing.date < :end AND {_SHOWN}
                    ORDER BY listing.date, path LIMIT :count OFFSET :skip""",
                site=site, list=list, start=f"{year:04}", end=f"{year + 1:04}", now=now, count=count, skip=skip,
            )
        )  # fmt: skip

    def years(self, site: str, list: str, now: str) -> dict[int, int]:
        """How many dated items each year of a list shows, oldest year first."""
        rows = self._db.execute(
            f"""SELECT substr(listing.date, 1, 4) AS year, count(*) FROM listing JOIN item USING (path)
                WHERE listing.site = :site AND list = :list AND item.year > 0 AND {_SHOWN}
                GROUP BY year ORDER BY year""",
            {"site": site, "list": list, "now": now},
        )
        return {int(year): count for year, count in rows}

    def filled_lists(self, site: str, now: str) -> frozenset[str]:
        """The lists of a site that show at least one item."""
        rows = self._db.execute(
            f"SELECT DISTINCT list FROM listing JOIN item USING (path) WHERE listing.site = :site AND {_SHOWN}",
            {"site": site, "now": now},
        )
        return frozenset(row[0] for row in rows)

    # ---- files, redirects, time -----------------------------------------------------------------------------------

    def file(self, path: str) -> Entry | None:
        """The regular file at a path below the repository."""
        row = self._db.execute("SELECT path, blob, mode FROM file WHERE path = ?", (path,)).fetchone()
        entry = Entry(*row) if row else None
        return entry if entry is not None and entry.is_regular else None

    def redirects(self, site: str, now: str) -> list[tuple[str, str]]:
        """(old path, item's path) pairs of shown items, by old path."""
        rows = self._db.execute(
            f"""SELECT old, path FROM redirect JOIN item USING (path)
                WHERE redirect.site = :site AND {_SHOWN} ORDER BY old, path""",
            {"site": site, "now": now},
        )
        return [(row[0], row[1]) for row in rows]

    def redirected(self, site: str, old: str, now: str) -> IndexedItem | None:
        """The shown item that an old address leads to."""
        return self._one(
            f"""SELECT item.* FROM redirect JOIN item USING (path)
                WHERE redirect.site = :site AND old = :old AND {_SHOWN} ORDER BY path""",
            site=site,
            old=old,
            now=now,
        )

    def next_moment(self, now: str) -> str:
        """The next stamp after now at which an item appears or expires, empty when there is none."""
        row = self._db.execute(
            """SELECT min(moment) FROM (SELECT min(date) AS moment FROM item WHERE date > :now
               UNION ALL SELECT min(expires) FROM item WHERE expires > :now)""",
            {"now": now},
        ).fetchone()
        return str(row[0] or "")

    # ---- issues ---------------------------------------------------------------------------------------------------

    def issues(self, now: str) -> list[Issue]:
        """What the items' own files say must be mended, and which ids are taken or dates still to come."""
        stored = [parse_issue(row[0]) for row in self._db.execute("SELECT issue FROM issue")]
        clashes = [
            Issue.of("id-taken", row["path"], 0, "id", id=row["id"], other=row["owner"])
            for row in self._db.execute(
                f"SELECT path, id, {_OWNER} AS owner FROM item WHERE clash <> '' AND owner IS NOT NULL", {"now": now}
            )
        ]
        waiting = [
            Issue.of("scheduled", row["path"], 0, "date", date=row["date"][:16].replace("T", " "))
            for row in self._db.execute(f"SELECT path, date FROM item WHERE date > :now AND {_OWNS_ID}", {"now": now})
        ]
        return sorted([*stored, *clashes, *waiting])

    # ---- rendered bodies ------------------------------------------------------------------------------------------

    def body(self, key: str) -> str | None:
        """A rendered body kept under its key."""
        self.used_bodies.add(key)
        row = self._db.execute("SELECT data FROM body WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def keep_body(self, key: str, data: str) -> None:
        """Keeps a rendered body."""
        self._db.execute("INSERT OR REPLACE INTO body VALUES (?, ?)", (key, data))

    def sweep_bodies(self, used: Set[str]) -> int:
        """Forgets the bodies that are not in `used` once they are the most; returns how many went."""
        known = {row[0] for row in self._db.execute("SELECT key FROM body")}
        if len(known) <= 2 * len(used):
            return 0
        unused = [(key,) for key in sorted(known - used)]
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM body WHERE key = ?", unused)
        return len(unused)

    def _one(self, sql: str, **values: Any) -> IndexedItem | None:
        row = self._db.execute(sql, values).fetchone()
        return _item(row) if row else None

    def _all(self, sql: str, **values: Any) -> Iterator[IndexedItem]:
        return (_item(row) for row in self._db.execute(sql, values))


def _item(row: sqlite3.Row) -> IndexedItem:
    values = {name: row[name] for name in row.keys() if name != "clash"}  # noqa: SIM118 - a Row iterates over values
    return IndexedItem(**values | {"fields": json.loads(values["fields"])})
