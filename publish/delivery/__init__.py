"""Delivery: how a release reaches a target, whatever kind of target it is.

A target is named by a URL. `dir:` is built in; other schemes come with later versions. Every target answers
with a receipt or raises `TargetError`; the live site there is then as it was.

Called by `publish.release` and the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cluster.blobs import BlobStore
from cluster.clock import current_time
from cluster.errors import TargetError
from cluster.manifest import Manifest
from cluster.release import Release
from publish.delivery.directory import DirectoryTarget
from publish.receiver import Receipt

__all__ = ["Receipt", "Target", "open_target"]

LATER_SCHEMES = ("ssh", "file", "s3")


class Target(Protocol):
    """A place that releases are delivered to."""

    @property
    def url(self) -> str:
        """The target's name in configuration, receipts and messages."""

    def deliver(self, release: Release, manifest: Manifest, blobs: BlobStore, keep: int) -> Receipt:
        """Makes the release live, keeps the newest `keep`. Raises: TargetError, BusyError, FormatError."""

    def redeliver(self, release: Release) -> Receipt:
        """Makes a release live whose root the target still keeps. Raises: TargetError when it does not."""

    def live(self) -> Release | None:
        """The live release's record; None when nothing was ever delivered. Raises: TargetError."""

    def manifest(self, number: int) -> Manifest:
        """The manifest of a kept release. Raises: TargetError when it is not kept."""


def open_target(url: str, base: Path, *, now: Callable[[], datetime] = current_time) -> Target:
    """The target that a URL names; relative folders lie below `base`. Raises: TargetError."""
    scheme, colon, rest = url.partition(":")
    if scheme == "dir" and colon and rest:
        return DirectoryTarget.below(base, url, rest, now)
    raise _cannot_open(url, scheme)


def _cannot_open(url: str, scheme: str) -> TargetError:
    if scheme in LATER_SCHEMES:
        return TargetError(
            f"{url}: '{scheme}:' targets come with a later version. Use dir:FOLDER for now.",
            f"{url}：“{scheme}:”类型的发布目标将在以后的版本中提供。目前请使用 dir:文件夹。",
        )
    return TargetError(
        f"{url}: not a target. Write it as dir:FOLDER, for example dir:dmz/www.",
        f"{url}：不是有效的发布目标。请写成 dir:文件夹，例如 dir:dmz/www。",
    )
