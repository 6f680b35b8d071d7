"""A lock waits a little for its holder, and no longer than it was told."""

from __future__ import annotations

from pathlib import Path
from threading import Timer

from cluster.lock import lock_within


def test_a_free_lock_is_taken_at_once(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        assert lock_within(file, 0)


def test_a_held_lock_is_not_taken(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as one, (tmp_path / "lock").open("w") as two:
        assert lock_within(one, 0)
        assert not lock_within(two, 0.03)


def test_it_is_taken_as_soon_as_its_holder_gives_it_back(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as one, (tmp_path / "lock").open("w") as two:
        assert lock_within(one, 0)
        back = Timer(0.05, one.close)
        back.start()
        assert lock_within(two, 60)
        back.join()
