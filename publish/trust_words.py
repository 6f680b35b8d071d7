"""What `publish.trust` says: its errors, and the sentences of the status; in both languages."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cluster.errors import ConfigError, FormatError, TargetError


def said_of_root(until: datetime, at: datetime, runs_out: bool) -> tuple[str, str]:
    """What the status says of the root."""
    day = until.date().isoformat()
    days = (until - at).days
    if until <= at:
        return (
            f"ran out on {day}: targets take no new release. Run: zhanqun keys rotate root",
            f"已于 {day} 到期：各目标不再接受新发布。请运行：zhanqun keys rotate root",
        )
    if runs_out:
        return (
            f"runs out on {day}, in {days} day(s). Run: zhanqun keys rotate root",
            f"将于 {day} 到期，还有 {days} 天。请运行：zhanqun keys rotate root",
        )
    return f"counts until {day}, {days} days more", f"有效期至 {day}，还有 {days} 天"


def said_of_keys(role: str, here: int) -> tuple[str, str]:
    """What the status says of a role that signs on this machine."""
    if here:
        return "signs on this machine", "在本机签名"
    return (
        f"its key is missing: nothing can be signed. Restore it from the backup, or run: zhanqun keys rotate {role}",
        f"缺少密钥，无法签名。请从备份恢复，或运行：zhanqun keys rotate {role}",
    )


def not_set_up() -> ConfigError:
    """Nothing can be signed before there are keys."""
    return ConfigError(
        "There are no keys to sign releases with. Make them: zhanqun keys init",
        "还没有用于签署发布的密钥。请生成：zhanqun keys init",
    )


def set_up_already() -> ConfigError:
    """New keys would shut out every target."""
    return ConfigError(
        "There are keys already; targets trust them. To replace those of a role: zhanqun keys rotate ROLE",
        "密钥已存在，各目标正信任它们。要更换某个角色的密钥：zhanqun keys rotate ROLE",
    )


def roots_are_lost(folder: Path, keys: Path) -> ConfigError:
    """Keys without their root: beginning anew would shut out every target."""
    return ConfigError(
        f"{keys} holds keys, but {folder} has no root for them. Restore {folder} from the backup. Only to begin anew, "
        "and then bring the new root to every target: move the keys away and run zhanqun keys init",
        f"{keys} 中有密钥，但 {folder} 中没有对应的根。请从备份恢复 {folder}。"
        "只有要重新开始、并把新的根带到每个目标时，才移走这些密钥并运行 zhanqun keys init",
    )


def wrong_threshold(threshold: int, keys: int) -> ConfigError:
    """More signatures asked for than there would be keys."""
    return ConfigError(
        f"{threshold} root key(s) should sign, but {keys} would be made. Name a folder for each: --offline DIR",
        f"要求 {threshold} 个根密钥签名，但只会生成 {keys} 个。请为每个密钥指定一个文件夹：--offline DIR",
    )


def no_folder(path: Path) -> ConfigError:
    """The medium is not in its place."""
    return ConfigError(
        f"{path}: there is no such folder. Put the medium in, and name the folder on it.",
        f"{path}：没有这个文件夹。请插入介质，并指定介质上的文件夹。",
    )


def too_few_root_keys(found: int, needed: int) -> ConfigError:
    """A new root needs the keys of the old one."""
    return ConfigError(
        f"{found} of {needed} root key(s) are at hand. Put the media with the root keys in and name their folders: "
        "--offline DIR",
        f"需要 {needed} 个根密钥，只找到 {found} 个。请插入存放根密钥的介质，并指定文件夹：--offline DIR",
    )


def root_ran_out(until: datetime) -> ConfigError:
    """The yearly work on the root was forgotten."""
    day = until.date().isoformat()
    return ConfigError(
        f"The root ran out on {day}: no target would take a release. Check the clock; if it is right, run: "
        "zhanqun keys rotate root (with --offline DIR when the root key lies on a medium)",
        f"根已于 {day} 到期，没有目标会接受发布。请检查时钟；如果时钟正确，请运行："
        "zhanqun keys rotate root（根密钥在介质上时加 --offline DIR）",
    )


def target_is_ahead(theirs: int, ours: int) -> TargetError:
    """This machine forgot a root that a target knows."""
    return TargetError(
        f"The target trusts root {theirs}, but data/trust has only {ours}: it was restored from an older backup. "
        "Restore the newest data/trust and data/private/keys, or bring this root to the target: "
        "zhanqun receive --trust N.root.json --replace",
        f"目标信任第 {theirs} 版根，而 data/trust 只有第 {ours} 版：可能恢复了旧备份。请恢复最新的 data/trust 和 "
        "data/private/keys，或把这里的根带到目标：zhanqun receive --trust N.root.json --replace",
    )


def damaged(path: Path) -> FormatError:
    """A public file that cannot be read."""
    return FormatError(
        f"{path}: missing or damaged. Restore data/trust from the backup.",
        f"{path}：缺失或已损坏。请从备份恢复 data/trust。",
    )


def cannot_write(path: Path, error: OSError) -> ConfigError:
    """A folder of somebody else, a full disk."""
    return ConfigError(
        f"{path}: cannot be written ({error.strerror}). Check its owner and the space on the disk. Nothing was signed.",
        f"{path}：无法写入（{error.strerror}）。请检查文件的属主和磁盘空间。未签署任何内容。",
    )
