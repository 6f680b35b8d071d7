"""The three places of a target: what is served, what the receiver remembers, and the second copy.

`www` is the web root, which the web server reads; `state` holds the trusted keys' metadata and the highest release
number; `vault` holds a copy of everything in `www` with bytes of its own. They may lie on different disks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

# What the receiver makes in `www` and in the vault for itself: nothing that is served lies there.
LOCK = ".lock"
ASIDE = ".tmp-place"
INCOMING = ".incoming"
OWN_NAMES = frozenset({LOCK, ASIDE, INCOMING})


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one target."""

    www: Path
    state: Path
    vault: Path

    @classmethod
    def from_www(cls, www: Path, *, state: Path | None = None, vault: Path | None = None) -> Self:
        """The places of a web root: state and vault lie beside it unless they are given."""
        return cls(www, state or www.parent / "state", vault or www.parent / "vault")

    @property
    def folders(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.www, self.state, self.vault
