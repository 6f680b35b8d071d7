"""Waiting for files to change, through watchdog; bursts become one call, and nothing is lost while one is served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

_CHANGES = ("created", "modified", "moved", "deleted", "closed")
SETTLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Bell:
    """Rings when something changed, or when it is time to stop."""

    rung: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        """Something changed."""
        self.rung.set()

    def stop(self) -> None:
        """Ends the waiting for good."""
        self.stopped.set()
        self.rung.set()

    def wait(self, seconds: float | None, *, settle: float = SETTLE_SECONDS) -> bool:
        """Waits for a ring and the end of its burst, at most `seconds`; False once it is time to stop."""
        if self.rung.wait(seconds) and not self.stopped.is_set():
            self.stopped.wait(settle)
        self.rung.clear()
        return not self.stopped.is_set()


class _Handler(FileSystemEventHandler):
    def __init__(self, ring: Callable[[], None], is_wanted: Callable[[str], bool]) -> None:
        self._ring = ring
        self._is_wanted = is_wanted

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = (str(event.src_path), str(getattr(event, "dest_path", "")))
        if event.event_type in _CHANGES and any(path and self._is_wanted(path) for path in paths):
            self._ring()


@contextmanager
def watching(
    folders: Iterable[Path],
    bell: Bell,
    is_wanted: Callable[[str], bool] = bool,
    *,
    flat: Iterable[Path] = (),
) -> Iterator[None]:
    """Rings `bell` whenever a wanted path below one of the folders changes, or right in one of the `flat` ones."""
    observer = Observer()
    for folder in folders:
        observer.schedule(_Handler(bell.ring, is_wanted), str(folder), recursive=True)
    for folder in flat:
        observer.schedule(_Handler(bell.ring, is_wanted), str(folder), recursive=False)
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()
