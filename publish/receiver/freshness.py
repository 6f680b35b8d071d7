"""How fresh a target's signatures are, and the alarm when they are not: said in both languages, with what to do.

An old signature, or a clock that is wrong, concerns new releases only: what is live, the guard, and closing and opening
sites go on. Nothing here is believed or remembered; it is read from `state/tuf` for people.

Called by `zhanqun receive --status` and `zhanqun guard`; the inside says its part with the same `Alarm`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cluster.errors import FormatError
from publish.receiver import trust_refusals
from publish.receiver.trust_time import CLOCK, SIGNED_AT, TIME, minute

_SITE_GOES_ON = (
    "The site, the guard, and `zhanqun receive --close` and `--open` go on.",
    "网站、守护程序以及 `zhanqun receive --close`、`--open` 照常工作。",
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must see to, and what to do; `code` is for programs."""

    code: str
    en: str
    zh: str

    def text(self, language: str) -> str:
        """What to do, in `zh` or `en`."""
        return self.zh if language.startswith("zh") else self.en

    def as_dict(self) -> dict[str, str]:
        """The form of `--json`."""
        return {"code": self.code, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the newest release that a target took was signed, until when that counts, and until when the root does."""

    signed_at: datetime
    until: datetime
    root_until: datetime

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """What a target's state folder says; None before the first release. Raises: FormatError, OSError."""
        timestamp, root = (_signed(state / "tuf" / name) for name in ("timestamp.json", "root.json"))
        if timestamp is None or root is None:
            return None
        try:
            until, root_until = _moment(timestamp["expires"]), _moment(root["expires"])
            return cls(_moment(timestamp[SIGNED_AT]), until, root_until)
        except (KeyError, TypeError, ValueError) as error:
            raise trust_refusals.damaged(state / "tuf" / "timestamp.json") from error

    def alarm(self, at: datetime) -> Alarm | None:
        """What is wrong at this moment of this machine's clock."""
        if self.signed_at > at + CLOCK:
            return _clock_is_behind(self.signed_at, at)
        if at >= self.root_until:
            return _root_ran_out(self.root_until, at)
        return _ran_out(self, at) if at >= self.until else None

    def as_dict(self) -> dict[str, str]:
        """The form of `--json`."""
        moments = {"signed_at": self.signed_at, "until": self.until, "root_until": self.root_until}
        return {name: moment.isoformat() for name, moment in moments.items()}


def alarm_of(state: Path, at: datetime) -> Alarm | None:
    """The alarm about a state folder's signatures, if any; also when they cannot be read."""
    try:
        fresh = Freshness.read(state)
    except (FormatError, OSError) as error:
        told = error if isinstance(error, FormatError) else trust_refusals.damaged(state / "tuf" / "timestamp.json")
        return Alarm("damaged", told.english, told.chinese)
    return fresh.alarm(at) if fresh else None


def _signed(path: Path) -> dict[str, Any] | None:
    """The signed part of a metadata file that was verified when it was kept; None when there is none."""
    try:
        value = json.loads(path.read_bytes())["signed"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise trust_refusals.damaged(path) from error
    if not isinstance(value, dict):
        raise trust_refusals.damaged(path)
    return value


def _moment(text: str) -> datetime:
    return datetime.strptime(text, TIME).replace(tzinfo=UTC)


def _clock_is_behind(signed_at: datetime, at: datetime) -> Alarm:
    return Alarm(
        "clock",
        f"The newest release was signed on {minute(signed_at)}, but the clock of this machine says {minute(at)}. "
        f"Check the clock of this machine: until it is right, new releases are refused. {_SITE_GOES_ON[0]}",
        f"最新版本签于 {minute(signed_at)}，而本机时钟为 {minute(at)}。"
        f"请检查本机时钟：校准之前不接受新版本。{_SITE_GOES_ON[1]}",
    )


def _ran_out(fresh: Freshness, at: datetime) -> Alarm:
    return Alarm(
        "expired",
        f"No fresh signature came since {minute(fresh.signed_at)}; it ran out on {minute(fresh.until)}, and the clock "
        f"of this machine says {minute(at)}. {_SITE_GOES_ON[0]} If the clock is right, run inside: zhanqun publish "
        "(and carry the new bundle here, where no line leads). If it is wrong, check the clock of this machine.",
        f"自 {minute(fresh.signed_at)} 以来没有新的签名，该签名已于 {minute(fresh.until)} 到期，"
        f"本机时钟为 {minute(at)}。{_SITE_GOES_ON[1]}如果时钟正确，请在内网运行 zhanqun publish"
        "（没有线路的，再把新的发布包带到这里）；如果时钟有误，请检查本机时钟。",
    )


def _root_ran_out(until: datetime, at: datetime) -> Alarm:
    return Alarm(
        "root-expired",
        f"The trusted root ran out on {minute(until)}; the clock of this machine says {minute(at)}. {_SITE_GOES_ON[0]} "
        "If the clock is right, run inside: zhanqun publish; when it says that the root ran out, first zhanqun keys "
        "rotate root. If it is wrong, check the clock of this machine.",
        f"受信任的根已于 {minute(until)} 到期，本机时钟为 {minute(at)}。{_SITE_GOES_ON[1]}"
        "如果时钟正确，请在内网运行 zhanqun publish；若提示根已到期，请先运行 zhanqun keys rotate root。"
        "如果时钟有误，请检查本机时钟。",
    )
