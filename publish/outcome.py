"""What an action on releases did: the release, what changed, who confirmed it, who was not reached, what is held.

Made by `publish.release`, told by the command line and the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster.manifest import Changes
from cluster.release import Release
from publish.brake import Removal
from publish.receiver import Receipt


@dataclass(frozen=True, slots=True)
class Failure:
    """A target that was not delivered to, and why."""

    target: str
    zh: str
    en: str

    def text(self, language: str) -> str:
        """The reason in `zh` or `en`."""
        return self.zh if language.startswith("zh") else self.en

    def as_dict(self) -> dict[str, str]:
        """The form of `--json`."""
        return {"target": self.target, "zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action did: `release` is None when held, `is_new` False when nothing had changed."""

    release: Release | None
    is_new: bool
    changes: Changes
    receipts: tuple[Receipt, ...] = ()
    failures: tuple[Failure, ...] = ()
    held: tuple[Removal, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`; changes are counts of files."""
        return {
            "release": self.release.as_dict() if self.release else None,
            "is_new": self.is_new,
            "changes": {name: len(getattr(self.changes, name)) for name in ("added", "changed", "removed")},
            "receipts": [receipt.as_dict() for receipt in self.receipts],
            "failures": [failure.as_dict() for failure in self.failures],
            "held": [removal.as_dict() for removal in self.held],
        }
