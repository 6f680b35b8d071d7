"""What a mirror holds, and in which order it comes to hold it: rules without network (docs/formats.md, "Mirror").

- An object's key below the mirror's prefix is the manifest's path: a mirror is the pages themselves.
- The order of a delivery keeps every link whole: shared files, pages, the lists that lead to them, redirects, and only
  then removals. Each object is replaced as one; the mirror as a whole is not.
- The state object names the release that is live *and*, before anything is touched, the one under way. What it knows
  for certain is all that a difference may lean on; anything else is compared with the bucket's own listing.

Called by `publish.delivery.s3`.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Self
from urllib.parse import quote, unquote

from cluster.errors import FormatError
from cluster.listings import EMPTY
from cluster.manifest import ASSETS, Entry, path_fault
from cluster.release import MODE_FILES, Kind, Release
from publish.delivery.parcel import Parcel
from publish.headers import ASSET_CACHE, MODE_CACHE, PAGE_CACHE
from publish.media_types import content_type_header

FORMAT = 1
STATE = ".zhanqun/state.json"
# Counts up when headers or stubs change: every object is then written again.
RULES = 1
REDIRECTS = "_redirects"
GONE = "410"
# As in a target folder: a tab opened yesterday still finds its style.
ASSET_DAYS = 30

_INDEX = re.compile(r"index\.html|feed\.(?:xml|json)|sitemap[^/]*\.(?:xml|html)|list-\d+(?:-\d+)?\.html")
# Characters that an address in `_redirects` may keep as they are.
_URL_SAFE = "/:?#[]@!$&'()*+,;=%~"
_LEADS_ON = re.compile(r"/(?!/)|https?://", re.IGNORECASE)


class Stage(IntEnum):
    """When an object is written; each stage is complete before the next begins."""

    ASSETS = 1
    PAGES = 2
    INDEXES = 3
    STUBS = 4


@dataclass(frozen=True, slots=True)
class Headers:
    """What an object is served with."""

    content_type: str
    cache_control: str
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Stub:
    """A page that leads on to where another went."""

    target: str

    def dump(self) -> bytes:
        """The page: for people, browsers and search engines, without a script."""
        url = html.escape(quote(self.target, safe=_URL_SAFE))
        return (
            '<!DOCTYPE html>\n<html lang="zh-Hans">\n<head>\n<meta charset="utf-8">\n'
            f'<title>页面已移动 · This page has moved</title>\n<link rel="canonical" href="{url}">\n'
            f'<meta http-equiv="refresh" content="0; url={url}">\n</head>\n<body>\n'
            f'<p><a href="{url}">页面已移至新地址。 <span lang="en">This page has moved.</span></a></p>\n'
            "</body>\n</html>\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class MirrorState:
    """The state object: what is live, what is under way, and since when shared files are unused.

    `form` tells how the objects were written, empty when nobody knows; a purge that has not come to its end stays due.
    """

    form: str
    live: Release | None = None
    towards: Release | None = None
    purge_due: bool = False
    unused_since: Mapping[str, datetime] = field(default_factory=dict)

    def beginning(self, release: Release) -> MirrorState:
        """The state while `release` is under way; objects of an earlier form are left till the end."""
        return replace(self, towards=release, purge_due=self.owes_purge(release))

    def owes_purge(self, release: Release) -> bool:
        """Whether a purge is due with this release: its own, one that did not come to its end, or one missed here."""
        is_missed = self.live is not None and release.clean_from > self.live.clean_from
        return self.purge_due or is_missed or release.kind is Kind.PURGE

    def dump(self) -> bytes:
        """The bytes of format 1."""
        live = self.live
        values = {
            "format": FORMAT,
            "form": self.form,
            "number": live.number if live else 0,
            "root": live.root if live else EMPTY,
            "record": _record(live),
            "towards": _record(self.towards),
            "purge_due": self.purge_due,
            "unused_since": {path: since.isoformat() for path, since in sorted(self.unused_since.items())},
        }
        return (json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads format 1. Raises: FormatError for another format or a damaged state."""
        try:
            values: dict[str, Any] = json.loads(data)
            if values["format"] != FORMAT:
                raise _unknown_format()
            return cls(
                form=str(values["form"]),
                live=_release(values["record"]),
                towards=_release(values["towards"]),
                purge_due=values["purge_due"] is True,
                unused_since={path: _moment(since) for path, since in values["unused_since"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _damaged() from error


def form_of(encoding: str | None) -> str:
    """How objects are written: the number of the rules, and how text is packed."""
    return f"{RULES} {encoding or 'identity'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delivery does: objects to write, keys to take away, and the shared files that nothing uses any more.

    Of a `whole` plan the removals follow from the bucket's listing (`against`).
    """

    uploads: Mapping[str, Entry | Stub]
    removals: frozenset[str]
    unused_since: Mapping[str, datetime]
    is_whole: bool

    def stages(self) -> Iterator[tuple[Stage, list[str]]]:
        """The keys to write, stage by stage."""
        stages: dict[Stage, list[str]] = {stage: [] for stage in Stage}
        for key, body in self.uploads.items():
            stages[stage_of(key, body)].append(key)
        yield from stages.items()

    def against(self, present: Iterable[str], at: datetime, *, is_purge: bool) -> Plan:
        """The whole plan with what must go of the objects that are there."""
        strange = {key for key in present if key not in self.uploads and key != STATE}
        unused = {key: self.unused_since.get(key, at) for key in strange if _is_asset(key) and not is_purge}
        expired = expired_assets(unused, at)
        kept = {key: since for key, since in unused.items() if key not in expired}
        return replace(self, removals=frozenset(strange - kept.keys()), unused_since=kept)


def make_plan(parcel: Parcel, state: MirrorState, form: str, at: datetime) -> Plan:
    """How the mirror comes from its state to the parcel's release.

    By difference when it is certain what each object is; else whole. Raises: FormatError when a blob is lost.
    """
    if state.live is not None and _is_certain(state, parcel.release, form):
        try:
            plan = _difference(parcel, state, state.live, at)
        except FormatError:  # the old tree's redirects, or a listing, are gone from var/
            plan = None
        if plan is not None:
            return plan
    entries: dict[str, Entry | None] = dict(parcel.delta(EMPTY).entries)
    entries.update(parcel.release.overlay)
    uploads: dict[str, Entry | Stub] = {}
    for path, entry in entries.items():
        if entry is not None and is_redirects(path):
            stubs = _stubs(path, read_redirects(parcel.blobs.read(entry.raw)))
            uploads.update((key, stub) for key, stub in stubs.items() if key not in entries)
        elif entry is not None:
            uploads[path] = entry
    return Plan(uploads, frozenset(), state.unused_since, is_whole=True)


def stage_of(key: str, body: Entry | Stub) -> Stage:
    """When an object is written."""
    if isinstance(body, Stub):
        return Stage.STUBS
    if _is_asset(key):
        return Stage.ASSETS
    return Stage.INDEXES if _INDEX.fullmatch(key.rpartition("/")[2]) else Stage.PAGES


def headers_of(key: str, encoding: str | None = None) -> Headers:
    """What the file with this key is served with."""
    name = key.rpartition("/")[2]
    cache = PAGE_CACHE
    if _is_asset(key):
        cache = ASSET_CACHE
    elif key.count("/") == 1 and name in MODE_FILES:
        cache = MODE_CACHE
    return Headers(content_type_header(name), cache, encoding)


STUB_HEADERS = Headers("text/html; charset=utf-8", PAGE_CACHE)
STATE_HEADERS = Headers("application/json", "no-store")


def is_redirects(path: str) -> bool:
    """Whether a path of the manifest is a site's table of redirects."""
    site, _, name = path.partition("/")
    return name == REDIRECTS and site != ASSETS


def read_redirects(data: bytes) -> dict[str, str]:
    """A site's `_redirects` (docs/formats.md): old path as it is written → new path, URL or `410`."""
    pairs = (line.split() for line in data.decode("utf-8", "replace").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def expired_assets(unused_since: Mapping[str, datetime], at: datetime) -> set[str]:
    """The shared files that nothing has used for long enough."""
    return {key for key, since in unused_since.items() if at - since > timedelta(days=ASSET_DAYS)}


def foreign_names(keys: Iterable[str], uploads: Iterable[str]) -> set[str]:
    """The names at the top of a bucket that no site of this cluster has."""
    known = {key.partition("/")[0] for key in (*uploads, STATE, f"{ASSETS}/")}
    return {key.partition("/")[0] for key in keys} - known


def etag_of(digests: list[bytes]) -> str:
    """The ETag that stores give an object written in these parts (their MD5), one part being the whole object."""
    if len(digests) == 1:
        return digests[0].hex()
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"


# ---- by difference --------------------------------------------------------------------------------------------------


def _is_certain(state: MirrorState, release: Release, form: str) -> bool:
    """Whether every object is known: nothing else was under way, and nothing is written in another manner."""
    under_way = state.towards
    is_the_same = under_way is None or (under_way.root, under_way.overlay) == (release.root, release.overlay)
    return is_the_same and state.form == form and not state.owes_purge(release)


def _difference(parcel: Parcel, state: MirrorState, live: Release, at: datetime) -> Plan | None:
    """What differs between the live release and the parcel's; None when the old tree is no longer known."""
    delta = parcel.delta(live.root)
    if delta.old is None:
        return None
    entries = dict(delta.entries)
    entries.update(_overlaid(parcel, live, entries.keys()))
    uploads: dict[str, Entry | Stub] = {}
    removals: set[str] = set()
    unused = {path: since for path, since in state.unused_since.items() if entries.get(path) is None}
    for path, entry in entries.items():
        if is_redirects(path):
            stubs, dropped = _changed_stubs(parcel, live, path, entry)
            uploads.update(stubs)
            removals |= dropped
        elif entry is not None:
            uploads[path] = entry
        elif _is_asset(path):
            unused.setdefault(path, at)
        else:
            removals.add(path)
    expired = expired_assets(unused, at)
    kept = {path: since for path, since in unused.items() if path not in expired}
    return Plan(uploads, frozenset((removals | expired) - uploads.keys()), kept, is_whole=False)


def _overlaid(parcel: Parcel, live: Release, changed: Iterable[str]) -> dict[str, Entry | None]:
    """The files of the cluster's state that are served otherwise than before, or whose content changed below it."""
    old, new = dict(live.overlay), dict(parcel.release.overlay)
    touched = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    touched |= new.keys() & set(changed)
    return {path: new.get(path) or parcel.listings.find(parcel.release.root, path) for path in touched}


def _changed_stubs(
    parcel: Parcel, live: Release, path: str, entry: Entry | None
) -> tuple[dict[str, Stub], frozenset[str]]:
    """The stubs to write and the keys of those to take away where a site's table changed."""
    before = parcel.listings.find(live.root, path)
    old = _stubs(path, read_redirects(parcel.blobs.read(before.raw))) if before else {}
    new = _stubs(path, read_redirects(parcel.blobs.read(entry.raw))) if entry else {}
    differing = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    # A page wins over a redirect, as it does in the build.
    free = {key for key in differing if parcel.listings.find(parcel.release.root, key) is None}
    return {key: new[key] for key in sorted(free & new.keys())}, frozenset(free - new.keys())


def _stubs(path: str, table: Mapping[str, str]) -> dict[str, Stub]:
    """The stubs of one site by key; addresses that are gone for good have none."""
    site = path.partition("/")[0]
    stubs: dict[str, Stub] = {}
    for old, target in table.items():
        key = f"{site}/{unquote(old).removeprefix('/')}"
        if key.endswith("/"):
            key += "index.html"
        if target != GONE and _LEADS_ON.match(target) and path_fault(key) is None:
            stubs[key] = Stub(target)
    return stubs


def _is_asset(key: str) -> bool:
    return key.startswith(f"{ASSETS}/")


# ---- the state object -----------------------------------------------------------------------------------------------


def _record(release: Release | None) -> str | None:
    return release.dump().decode() if release else None


def _release(record: str | None) -> Release | None:
    return Release.parse(record.encode()) if record is not None else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def _unknown_format() -> FormatError:
    return FormatError(
        f"{STATE}: the state of this mirror has another format than {FORMAT}. Upgrade this program.",
        f"{STATE}：镜像的状态文件不是格式 {FORMAT}。请升级本程序。",
    )


def _damaged() -> FormatError:
    return FormatError(
        f"{STATE}: the state of this mirror is damaged. Delete this object and publish again: "
        "the mirror is then compared file by file.",
        f"{STATE}：镜像的状态文件已损坏。请删除该对象后重新发布，届时将逐个文件核对镜像。",
    )
