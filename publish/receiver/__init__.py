"""The receiver: makes a release live in a target folder and answers with a receipt.

Standard library, tuf, securesystemslib, brotli and `cluster.{blobs,bundle,delta,errors,listings,manifest,release}`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """A target's answer: which release is live there, and when it said so."""

    target: str
    number: int
    root: str
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """The form of `--json`."""
        return {"target": self.target, "number": self.number, "root": self.root, "at": self.at.isoformat()}
