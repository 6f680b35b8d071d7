"""How much work a body may be: Markdown's matching of brackets and tags takes the square of what is never closed.

`check_effort` looks at the text once before it is read; `meter_links` counts what the link patterns really look at,
since backslashes and code decide there what closes. Both count, neither takes the time: the same text is always
answered the same. Called by the body renderer alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cluster.limits import LIMITS

_LINK_PATTERNS = ("reference", "link", "image_link", "image_reference", "short_reference", "short_image_ref")
_STRUCTURE = re.compile(r"^[ >]*(?:#|=+[ ]*$|:[ ]|\*\[|\[[^]\n]*\]:)", re.MULTILINE)
_BRACKET = re.compile(r"<(?=[A-Za-z/!?])|>")


class TooHardError(Exception):
    """The body would take too long to read."""


def check_effort(text: str) -> None:
    """Counts marks of structure and the way from every `<` to the next `>`.

    Raises:
        TooHardError: too many, or too far.
    """
    if sum(1 for _ in _STRUCTURE.finditer(text)) > LIMITS.body_structure:
        raise TooHardError
    steps, opened, count = 0, 0, 0
    for match in _BRACKET.finditer(text):
        if match[0] == "<":
            opened, count = opened + match.start(), count + 1
        else:
            steps, opened, count = steps + count * match.start() - opened, 0, 0
    if steps + count * len(text) - opened > LIMITS.body_steps:
        raise TooHardError


def meter_links(reader: Any) -> None:
    """Makes a Markdown instance raise TooHardError when its link patterns look at too many characters of one body."""
    meter = _Meter()
    reader.registerExtension(meter)
    for name in _LINK_PATTERNS:
        pattern = reader.inlinePatterns[name]
        for method in ("getText", "getLink"):
            if hasattr(pattern, method):
                setattr(pattern, method, meter.metered(getattr(pattern, method)))


class _Meter:
    """The characters looked at since the last body began."""

    def __init__(self) -> None:
        self._steps = 0

    def reset(self) -> None:
        """A new body."""
        self._steps = 0

    def metered(self, scan: Callable[[str, int], tuple[Any, ...]]) -> Callable[[str, int], tuple[Any, ...]]:
        """`scan`, counted: from its start to where it ends, or to the end of the text when it finds nothing."""

        def counted(data: str, index: int) -> tuple[Any, ...]:
            found = scan(data, index)
            is_found, end = found[-1], found[-2]
            self._steps += (end if is_found else len(data)) - index
            if self._steps > LIMITS.body_steps:
                raise TooHardError
            return found

        return counted
