"""The way in: whether a change goes live at once or waits on a branch for a reviewer.

The one policy for the command line, the editor and the repository's hook; `intake` is described in
docs/formats.md. Pure.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from cluster.clock import CHINA
from cluster.errors import ConfigError, ContentError

LIVE_BRANCH = "main"
TRAILER = "Urgent-Reason"
_NAME_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a change goes and why; `trailer` is the line that its commit message must end with, or empty."""

    branch: str
    english: str
    chinese: str
    trailer: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the change is published without a review."""
        return self.branch == LIVE_BRANCH

    def why(self, language: str) -> str:
        """The reason in `zh` or `en`."""
        return self.chinese if language.startswith("zh") else self.english

    def message(self, words: str) -> str:
        """The commit message for `words`, with the trailer as Git's own tools read it."""
        return f"{words.rstrip()}\n\n{self.trailer}\n" if self.trailer else words


def decide(intake: str, *, urgent: str | None, who: str, at: datetime) -> Decision:
    """Where a change of `who` goes at the moment `at`; `urgent` is the reason to pass by the review, if any.

    Raises:
        ConfigError: the cluster's `intake` is unknown.
        ContentError: the urgent reason is blank.
    """
    if intake == "open":
        return Decision(LIVE_BRANCH, "Goes live: this cluster's intake is open.", "直接上线：本站群 intake 为 open。")
    if intake != "reviewed":
        raise ConfigError(
            f"sites/cluster.toml: intake cannot be '{intake}'. Write 'open' or 'reviewed'.",
            f"sites/cluster.toml：intake 不能是“{intake}”。请写 open 或 reviewed。",
        )
    return _reviewed(who, at) if urgent is None else _urgent(urgent)


def _reviewed(who: str, at: datetime) -> Decision:
    branch = f"cli/{at.astimezone(CHINA):%Y%m%d-%H%M%S}-{_slug(who)}"
    return Decision(
        branch,
        f"Waits for a review on the branch '{branch}'. To go live now, repeat with --urgent REASON.",
        f"在分支“{branch}”上等待审核。须立即上线的，请加 --urgent 并写明理由。",
    )


def _urgent(reason: str) -> Decision:
    words = " ".join(reason.split())
    line = "".join(mark for mark in words if mark.isprintable())
    if not line:
        raise ContentError(
            "An urgent change needs a reason. Write --urgent 'why it cannot wait'.",
            "紧急上线须写明理由。请写 --urgent “为何不能等待审核”。",
        )
    return Decision(
        LIVE_BRANCH,
        f"Goes live without a review: {line}",
        f"未经审核直接上线：{line}",
        f"{TRAILER}: {line}",
    )


def _slug(who: str) -> str:
    """A name as a branch may hold it; one without Latin letters is told apart by its hash."""
    words = re.sub(r"[^a-z0-9]+", "-", who.lower()).strip("-")[:_NAME_LENGTH].rstrip("-")
    return words or hashlib.sha256(who.encode("utf-8", "replace")).hexdigest()[:8]
