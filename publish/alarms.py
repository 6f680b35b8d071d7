"""What the inside must see to at its targets: signatures that ran out, a clock that is wrong, purges not yet confirmed.

Each alarm says what to do, in both languages. Nothing stands still for one: what is live goes on.

Called by `zhanqun status` and `zhanqun purge`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publish.ledger import Ledger, OpenPurge
from publish.receiver.freshness import Alarm
from publish.receiver.trust_time import CLOCK, minute
from publish.validity import VALIDITY, is_carried, is_signed


def alarms(ledger: Ledger, urls: Iterable[str], at: datetime) -> list[Alarm]:
    """Everything there is to see to, at this moment of this machine's clock; `urls` are the targets in use."""
    receipts = ledger.receipts()
    signed = ((url, receipts[url].at) for url in urls if url in receipts and is_signed(url))
    found = [alarm for url, signed_at in signed if (alarm := _alarm_of_signature(url, signed_at, at))]
    return found + purge_alarms(ledger)


def purge_alarms(ledger: Ledger) -> list[Alarm]:
    """The targets that are not known to have done the newest purge, whether they are still in use or not."""
    return [_purge_is_open(purge) for purge in ledger.open_purges()]


def _alarm_of_signature(url: str, signed_at: datetime, at: datetime) -> Alarm | None:
    if signed_at > at + CLOCK:
        return _clock_went_back(url, signed_at, at)
    until = signed_at + VALIDITY.of(url)
    return _ran_out(url, signed_at, until, at) if at >= until else None


def _clock_went_back(url: str, signed_at: datetime, at: datetime) -> Alarm:
    return Alarm(
        "clock",
        f"{url}: signed last on {minute(signed_at)}, but the clock of this machine says {minute(at)}. Check the clock "
        "of this machine. When it is right, run: zhanqun publish",
        f"{url}：上次签名于 {minute(signed_at)}，而本机时钟为 {minute(at)}。请检查本机时钟。"
        "校准后请运行：zhanqun publish",
    )


def _ran_out(url: str, signed_at: datetime, until: datetime, at: datetime) -> Alarm:
    en, zh = (", and carry the new bundle there", "，并把新的发布包带过去") if is_carried(url) else ("", "")
    return Alarm(
        "expired",
        f"{url}: no fresh signature since {minute(signed_at)}; it ran out on {minute(until)}, and the clock of this "
        f"machine says {minute(at)}. The site there goes on. Run: zhanqun publish{en}; zhanqun worker signs in time. "
        "If the clock is wrong, check the clock of this machine first.",
        f"{url}：自 {minute(signed_at)} 以来没有新的签名，该签名已于 {minute(until)} 到期，"
        f"本机时钟为 {minute(at)}。目标上的网站照常运行。请运行 zhanqun publish{zh}；"
        "zhanqun worker 会按时重新签名。如果时钟有误，请先检查本机时钟。",
    )


def _purge_is_open(purge: OpenPurge) -> Alarm:
    url, day = purge.target, minute(purge.since)
    en, zh = (
        ("carry the newest bundle there, and receipt.json back", "请把最新的发布包带过去，并带回 receipt.json")
        if is_carried(url)
        else ("mend the target, then run: zhanqun publish", "请修复该目标，然后运行：zhanqun publish")
    )
    return Alarm(
        "purge",
        f"{url}: the purge of release {purge.number} is not confirmed since {day}: {en}. What was purged may still lie "
        f"there. Where no answer can come back, look there, then: zhanqun purge --confirm {url}",
        f"{url}：第 {purge.number} 号发布的清除自 {day} 起未得到确认：{zh}。被清除的内容可能仍在那里。"
        f"如果无法得到回执，请到现场确认，然后运行：zhanqun purge --confirm {url}",
    )
