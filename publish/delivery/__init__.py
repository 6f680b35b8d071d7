"""Delivery: how a release reaches a target, whatever kind of target it is.

A target is named by a URL: `dir:FOLDER`, `ssh://USER@HOST[:PORT]/FOLDER`, `file:FOLDER` (bundles for a one-way gap),
`s3://BUCKET/PREFIX`. Every target answers with a receipt or raises `TargetError`; the live site there is then as it
was.

Called by `publish.release` and the command line; the nouns lie in `publish.delivery.parcel`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cluster.clock import current_time
from cluster.errors import TargetError
from publish.delivery.directory import DirectoryTarget
from publish.delivery.file import FileTarget
from publish.delivery.parcel import Parcel, Progress, Target
from publish.delivery.ssh import SshSettings, SshTarget
from publish.receiver import Receipt
from publish.receiver.receive import Hello

__all__ = ["Hello", "Parcel", "Progress", "Receipt", "SshSettings", "Target", "open_target"]


def open_target(
    url: str,
    base: Path,
    *,
    now: Callable[[], datetime] = current_time,
    ssh: SshSettings | None = None,
    nginx_reload: str = "",
) -> Target:
    """The target that a URL names; relative folders lie below `base`. Raises: TargetError.

    `nginx_reload` is run for a folder on this machine whose redirects changed.
    """
    scheme, colon, rest = url.partition(":")
    if not (colon and rest.strip("/")):
        raise _not_a_target(url)
    if scheme == "dir":
        return replace(DirectoryTarget.below(base, url, rest, now), nginx_reload=nginx_reload)
    if scheme == "file":
        return FileTarget.below(base, url, rest, now)
    if scheme == "ssh":
        return SshTarget.at(url, ssh or SshSettings(), now)
    if scheme == "s3":
        from publish.delivery.s3 import S3Target  # boto3 is an extra, and heavy

        return S3Target.at(url, now)
    raise _not_a_target(url)


def _not_a_target(url: str) -> TargetError:
    return TargetError(
        f"{url}: not a target. Write it as dir:FOLDER, ssh://USER@HOST/FOLDER, file:FOLDER or s3://BUCKET/PREFIX.",
        f"{url}：不是有效的发布目标。请写成 dir:文件夹、ssh://用户@主机/文件夹、file:文件夹 或 s3://存储桶/前缀。",
    )
