"""The guard: watches a target folder in the DMZ, puts back from the vault what is not as the signed release says.

`folder` opens files without following links, `vaulted` reads the vault, `records` and `signed` say what must be where,
`sight` compares, `mend` restores, `quarantine` and `notes` keep what was found, `watches` tells what changed, `patrol`
looks at what made no event, `again` keeps what failed, `guard` goes on for ever. It needs nothing of the inside: no
network, no keys, and no clock but for the dates in its notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Found(StrEnum):
    """What was wrong at a path."""

    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    KIND = "other-kind"
    LINK = "other-link"
    MODE = "other-mode"
    VAULT = "vault-copy"
    TROUBLE = "trouble"


class Done(StrEnum):
    """What the guard did about it."""

    RESTORED = "restored"
    REMOVED = "removed"
    FAILED = "failed"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as signed, at a path of the web root (or of the vault, for `Found.VAULT`)."""

    path: str
    found: Found


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault and what was done: `page` is the site's path that visitors know, if any, `note` the system's words."""

    at: datetime
    path: str
    found: Found
    done: Done
    page: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The line in `incidents.jsonl`, and the form of `--json`."""
        values = {"at": self.at.isoformat(), "path": shown(self.path), "found": str(self.found), "done": str(self.done)}
        return values | {key: shown(text) for key, text in (("page", self.page), ("note", self.note)) if text}

    def text(self, language: str) -> str:
        """What happened and what to do about it, in `zh` or `en`."""
        is_chinese = language.startswith("zh")
        what, advice = (_FOUND[self.found], _ADVICE[self.done])
        place = shown(f"{self.page} ({self.path})" if self.page and self.page != self.path else self.path)
        note = f" ({shown(self.note)})" if self.note else ""
        if is_chinese:
            return f"{place}：{what[1]}，{advice[1]}{note}。"
        return f"{place}: {what[0]}; {advice[0]}{note}."


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the guard takes; seconds are those of a clock that only runs forward."""

    rehash_bytes: int = 8 << 20  # a second, by the rolling re-hash
    rehash_share: float = 0.05  # of one processor, which small files would use up before those bytes
    tick: float = 0.5  # between two looks at whether the watched folders are still the same
    turn_wait: float = 1.0  # for the receiver's turn to end, before what is settled is mended beside it
    turn_patience: float = 900.0  # after which a turn that nobody gives back is no reason for anything
    rounds: int = 6  # of looking and mending in one go: a folder, what is in it, what is in that
    search_at_once: int = 16
    quarantine_files: int = 200
    quarantine_bytes: int = 64 << 20
    quarantine_file: int = 16 << 20
    notes_bytes: int = 1 << 20
    notes_files: int = 4
    missing_most: int = 100_000


LIMITS = Limits()


def shown(text: str) -> str:
    """A name from the disk for people: no control characters, nothing that is not Unicode."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


_FOUND = {
    Found.ALTERED: ("this is not what was signed", "内容与签名不符"),
    Found.MISSING: ("this was gone", "已丢失"),
    Found.ADDED: ("nobody signed this", "未经签名"),
    Found.KIND: ("something else stood in its place", "被替换为其他类型"),
    Found.LINK: ("this link led elsewhere", "链接指向他处"),
    Found.MODE: ("others were given the right to write here", "权限被改动"),
    Found.TROUBLE: ("the guard cannot do all of its work", "守护程序无法完成全部工作"),
    Found.VAULT: ("the vault's copy is damaged or missing", "备份库副本损坏或缺失"),
}
_ADVICE = {
    Done.RESTORED: (
        "restored from the vault. Find out who can write in the web root: only the receiver's user should",
        "已从备份库恢复。请查明谁能写入网站根目录：只有接收程序的用户才应有此权限",
    ),
    Done.REMOVED: (
        "moved to the quarantine. Look at it there, and find out who can write in the web root",
        "已移入隔离区。请到隔离区检查，并查明谁能写入网站根目录",
    ),
    Done.FAILED: (
        "could not be mended. Publish again, the bundle then brings what the vault lacks; check disk and permissions",
        "未能恢复。请重新发布，发布包会带来备份库缺少的内容；并检查磁盘和权限",
    ),
    Done.TOLD: (
        "the site is not touched. Publish again, the bundle then brings a new copy; check the disk",
        "网站未受影响。请重新发布，发布包会带来新副本；并检查磁盘",
    ),
}
