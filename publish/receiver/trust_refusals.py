"""The words of every refusal of a bundle's signatures; the codes are those of docs/formats.md.

Called by `publish.receiver.trust` and `freshness`. Each says what happened, that nothing was changed, and what to do.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cluster.errors import FormatError, RefusedError
from publish.receiver.trust_time import minute

_FIRST_ROOT = "zhanqun receive --trust N.root.json"
_NEW_ROOT = f"{_FIRST_ROOT} --replace"


def not_set_up() -> RefusedError:
    """This target has never been told whom to trust."""
    return RefusedError(
        "This target trusts no keys yet. Bring the newest N.root.json of data/trust here on a medium of your own "
        f"and run: {_FIRST_ROOT}",
        f"此目标尚未信任任何密钥。请用自己的介质把 data/trust 中最新的 N.root.json 带到这里，然后运行：{_FIRST_ROOT}",
        "not-set-up",
    )


def trusts_another() -> RefusedError:
    """A first root for a target that trusts one already."""
    return RefusedError(
        "This target trusts another root already; nothing was changed. A root that follows the trusted one comes with "
        f"the next release by itself. If all keys were made anew: {_NEW_ROOT}",
        f"此目标已信任另一个根，未做任何改动。接续的新根会随下一次发布自动到达。如果密钥已全部重新生成：{_NEW_ROOT}",
        "root-chain",
    )


def not_metadata(name: str) -> RefusedError:
    """A file with a name, size or content that signatures never have; the name may be unknown."""
    where = f" ({name[:80]!r})" if name else ""
    return RefusedError(
        f"The bundle's signatures cannot be read{where}: unknown name or format, too large, or damaged. "
        "Nothing was changed. Send it again; if it repeats, upgrade zhanqun here.",
        f"发布包的签名文件无法读取{where}：名称或格式未知、过大或已损坏。"
        "未做任何改动。请重新发送；如仍出现，请升级此处的 zhanqun。",
        "format",
    )


def too_many_roots(most: int) -> RefusedError:
    """A longer chain of roots than a bundle may bring."""
    return RefusedError(
        f"The bundle holds more than {most} roots. Nothing was changed. Bring the newest by hand: {_NEW_ROOT}",
        f"发布包含有超过 {most} 个根文件。未做任何改动。请手工带来最新的根：{_NEW_ROOT}",
        "format",
    )


def unsigned(name: str) -> RefusedError:
    """A bundle without signatures, or a file that nobody signed."""
    return RefusedError(
        f"The bundle is not signed ({name}). Nothing was changed. Make bundles with: zhanqun publish",
        f"发布包没有签名（{name}）。未做任何改动。请用 zhanqun publish 生成发布包。",
        "unsigned",
    )


def wrong_signature(role: str) -> RefusedError:
    """Signed by other keys, by too few, or changed after signing."""
    return RefusedError(
        f"The signature of '{role}' is not by the keys that this target trusts, or the file was changed. Nothing was "
        f"changed here. Find out where the bundle comes from; if all keys were made anew, bring the root: {_NEW_ROOT}",
        f"“{role}”的签名不是出自此目标信任的密钥，或文件被改动过。此处未做任何改动。"
        f"请查明发布包的来源；如果密钥已全部重新生成，请带来新的根：{_NEW_ROOT}",
        "signature",
    )


def other_root() -> RefusedError:
    """A chain of roots that does not begin at the trusted one, has a gap, or is not signed by the older keys."""
    return RefusedError(
        "The bundle's chain of keys does not lead from the root that this target trusts. Nothing was changed. Find out "
        f"where the bundle comes from; if all keys were made anew, bring the new root: {_NEW_ROOT}",
        "发布包的密钥链与此目标信任的根不相接。未做任何改动。"
        f"请查明发布包的来源；如果密钥已全部重新生成，请带来新的根：{_NEW_ROOT}",
        "root-chain",
    )


def replayed() -> RefusedError:
    """Signatures older than ones already accepted."""
    return RefusedError(
        "The bundle is older than one that this target has already accepted. Nothing was changed. Send the newest; "
        "to bring back an older state: zhanqun rollback",
        "发布包比此目标已接受的更旧。未做任何改动。请发送最新的发布包；要恢复旧版本，请用 zhanqun rollback。",
        "replayed",
    )


def do_not_belong_together() -> RefusedError:
    """Signed files of which one does not name the other's bytes or version."""
    return RefusedError(
        "The bundle's signed files do not belong together: damaged on the way, or put together from several releases. "
        "Nothing was changed. Send it again.",
        "发布包中的签名文件互不匹配：途中损坏，或由几个版本拼成。未做任何改动。请重新发送。",
        "mixed",
    )


def missing(name: str) -> RefusedError:
    """A file that the signatures name is not there."""
    return RefusedError(
        f"The bundle lacks {name}, which its signatures name. Nothing was changed. Send it again.",
        f"发布包缺少签名所指的 {name}。未做任何改动。请重新发送。",
        "mixed",
    )


def other_record() -> RefusedError:
    """A release record with other bytes than the signed one."""
    return RefusedError(
        "The release record is not the signed one: damaged, or of another release. Nothing was changed. Send it again.",
        "发布记录与签名所指的不符：已损坏，或属于另一个版本。未做任何改动。请重新发送。",
        "mixed",
    )


def expired(until: datetime, now: datetime) -> RefusedError:
    """A bundle that is too old, held back on the way, or a clock that is ahead."""
    return RefusedError(
        f"The bundle's signature ran out on {minute(until)}; the clock of this machine, the target, says "
        f"{minute(now)}. Nothing was changed and the site goes on. If the clock is right, and that of the inside too, "
        "publish again and send the new bundle; if not, check the clock of this machine, set it, and try again.",
        f"发布包的签名已于 {minute(until)} 到期，本机（发布目标）时钟为 {minute(now)}。未做任何改动，网站照常运行。"
        "如果本机和内网的时钟都正确，请重新发布并发送新的发布包；如果时钟有误，请检查并校准本机时钟后重试。",
        "expired",
    )


def root_expired(until: datetime, now: datetime) -> RefusedError:
    """The yearly work on the root was forgotten, or the clock is ahead."""
    return RefusedError(
        f"The trusted root ran out on {minute(until)}; the clock of this machine, the target, says {minute(now)}. "
        "Nothing was changed and the site goes on. If the clock is right, run inside: zhanqun keys rotate root, then "
        "publish; if not, check the clock of this machine, set it, and try again.",
        f"受信任的根已于 {minute(until)} 到期，本机（发布目标）时钟为 {minute(now)}。未做任何改动，网站照常运行。"
        "如果时钟正确，请在内网运行 zhanqun keys rotate root 后重新发布；如果时钟有误，请检查并校准本机时钟后重试。",
        "expired",
    )


def clock_is_behind(signed_at: datetime, now: datetime) -> RefusedError:
    """A bundle from the future: one of the two clocks is wrong."""
    return RefusedError(
        f"The bundle was signed on {minute(signed_at)}, but the clock of this machine, the target, says {minute(now)}. "
        "Nothing was changed and the site goes on. Check the clock of this machine, then that of the inside; "
        "set the wrong one, and publish again.",
        f"发布包签于 {minute(signed_at)}，而本机（发布目标）时钟为 {minute(now)}。未做任何改动，网站照常运行。"
        "请先检查本机时钟，再检查内网时钟；校准后重新发布。",
        "clock",
    )


def damaged(path: Path) -> FormatError:
    """The kept state cannot be read."""
    return FormatError(
        f"{path}: damaged. Remove this folder's files and trust the newest root again: {_FIRST_ROOT}",
        f"{path}：文件已损坏。请删除该文件夹中的文件，再重新信任最新的根：{_FIRST_ROOT}",
    )
