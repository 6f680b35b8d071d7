"""Something that the receiver does, one step at a time: between two steps a test looks with the guard's eyes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

# How long a step may take before it counts as waiting for the guard's turn to end; it is then taken later.
_STUCK = 0.1
PATIENCE = 60.0


class Stepwise:
    """Work in a thread of its own that stops at every step; a context at whose end it is done.

    `work` is given the function that its steps are to call.
    """

    def __init__(self, work: Callable[[Callable[[str], None]], object]) -> None:
        self.steps: list[str] = []
        self.error: BaseException | None = None
        self._work = work
        self._go, self._reached = threading.Semaphore(0), threading.Semaphore(0)
        self._is_waiting, self._is_free = True, False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_free = True
        self._go.release()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"it hangs after {self.steps}"
        if error is None and self.error is not None:
            raise self.error

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return not self._thread.is_alive()

    def go_on(self, steps: int = 1) -> None:
        """Lets it take so many steps, fewer when it ends or has to wait for somebody else."""
        for _ in range(steps):
            if not self._is_waiting:
                self._is_waiting = True
                self._go.release()
            if not self.is_done and self._reached.acquire(timeout=_STUCK):
                self._is_waiting = False

    def go_to(self, step: str) -> None:
        """Lets it go on until it has taken this step."""
        count = self.steps.count(step)
        while self.steps.count(step) == count:
            assert not self.is_done, f"no step {step!r} in {self.steps}: {self.error}"
            self.go_on()

    def _run(self) -> None:
        try:
            self._work(self._stop)
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            self.error = error
        finally:
            self._reached.release()

    def _stop(self, step: str) -> None:
        self.steps.append(step)
        if not self._is_free:
            self._reached.release()
            self._go.acquire()
