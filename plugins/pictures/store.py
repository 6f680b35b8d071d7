"""`var/pictures`: what was drawn of each picture, so that no picture is ever drawn twice, also by a new index.

Format 1, derived, may be deleted at any time:
`<settings>/<first two of the name>/<name>.json` says what `variants.Look` says, beside it `<name>.<width>.webp`, and
`<name>.0.<kind>` is the original without notes where it had some. The name is the file's Git blob id with its
extension. The JSON is written last: where it is, the others are.

Many processes may ask for the same picture at once; each writes aside and the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from plugins.pictures.variants import Drawn, Look, draw, settings

# Gives the file: its bytes, or its place when it is a large one.
Reader = Callable[[], bytes | Path]
_FORMAT = 1


class PictureStore:
    """The folder of what was drawn; without a folder, what one process has drawn is kept in its memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._drawn: dict[str, Drawn] = {}
        self.count = 0  # of the pictures that this process has drawn

    def look(self, name: str, read: Reader) -> tuple[Look, bool]:
        """What the picture is, and whether its original had notes; it is drawn unless it was drawn before."""
        known = self._known(name)
        if known is None:
            drawn = self._draw(name, read)
            known = drawn.look, drawn.cleaned is not None
        return known

    def variant(self, name: str, width: int, read: Reader) -> bytes:
        """The bytes of a variant that `look` told of; of width 0, the original without notes.

        Raises:
            LookupError: the picture has no such variant.
        """
        if self._folder is not None and self._known(name) is not None:
            try:
                return _variant_place(self._folder, name, width).read_bytes()
            except FileNotFoundError:
                pass  # somebody tidied up; it is drawn again
        drawn = self._drawn.get(name) or self._draw(name, read)
        found = drawn.variants.get(width) if width else drawn.cleaned
        if found is None:
            raise LookupError(f"{name} has no variant {width}.")
        return found

    def _known(self, name: str) -> tuple[Look, bool] | None:
        if self._folder is None:
            drawn = self._drawn.get(name)
            return (drawn.look, drawn.cleaned is not None) if drawn else None
        try:
            return _parse_record(_record_place(self._folder, name).read_text("utf-8"))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None  # not there, or cut off by a power failure

    def _draw(self, name: str, read: Reader) -> Drawn:
        self.count += 1
        drawn = draw(read(), name.rpartition(".")[2])
        if self._folder is None:
            self._drawn[name] = drawn
            return drawn
        for width, data in drawn.variants.items():
            _write(_variant_place(self._folder, name, width), data)
        if drawn.cleaned is not None:
            _write(_variant_place(self._folder, name, 0), drawn.cleaned)
        _write(_record_place(self._folder, name), _dump_record(drawn))
        return drawn


def _dump_record(drawn: Drawn) -> bytes:
    look = drawn.look
    row = {
        "format": _FORMAT,
        "width": look.width,
        "height": look.height,
        "widths": look.widths,
        "fault": look.fault,
        "notes": drawn.cleaned is not None,
    }
    return json.dumps(row).encode()


def _parse_record(text: str) -> tuple[Look, bool] | None:
    row = json.loads(text)
    if row["format"] != _FORMAT:
        return None
    return Look(row["width"], row["height"], tuple(row["widths"]), row["fault"]), row["notes"]


def _record_place(folder: Path, name: str) -> Path:
    return folder / settings() / name[:2] / f"{name}.json"


def _variant_place(folder: Path, name: str, width: int) -> Path:
    ending = "webp" if width else name.rpartition(".")[2]
    return folder / settings() / name[:2] / f"{name}.{width}.{ending}"


def _write(place: Path, data: bytes) -> None:
    """Writes a file aside, under a name of this process, and then in its place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{os.getpid()}")
    aside.write_bytes(data)
    aside.replace(place)
