"""`receipt.json` (format 1): what a target that no line reaches has, carried back beside the bundles.

Written by `zhanqun receive BUNDLE` into the bundle's folder, read by `file:` deliveries, which make the next bundle's
delta against it. It is not signed: a false one only leads to a delta that the receiver refuses.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.errors import FormatError
from cluster.listings import EMPTY
from publish.receiver import Receipt
from publish.receiver.receive import Hello
from publish.receiver.wire import parse_hello

NAME = "receipt.json"
FORMAT = 1
ASIDE = ".tmp-"
_MOST_BYTES = 64 * 1024


def write_receipt(folder: Path, receipt: Receipt, hello: Hello) -> Path:
    """Writes the receipt aside, then in place; where it lies. Raises: OSError."""
    # No delta brings what a target has lost: told that it has nothing, the inside puts everything into the next bundle.
    root = EMPTY if hello.lacks else receipt.root
    value = receipt.as_dict() | {"format": FORMAT, "root": root, "root_version": hello.root_version}
    place = folder / NAME
    aside = folder / f"{ASIDE}{NAME}"
    with aside.open("wb") as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(place)
    return place


def read_receipt(folder: Path) -> tuple[Hello, datetime] | None:
    """What the target had, and when; None without a receipt. Raises: FormatError when it cannot be read."""
    place = folder / NAME
    try:
        with place.open("rb") as file:
            value = json.loads(file.read(_MOST_BYTES))
        _refuse_other_formats(value)
        at = datetime.fromisoformat(value["at"])
        return parse_hello(value), at
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError, FormatError) as error:
        raise _damaged(place) from error


def _refuse_other_formats(value: Any) -> None:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError(f"not format {FORMAT}")


def _damaged(place: Path) -> FormatError:
    return FormatError(
        f"{place}: this is no receipt of format {FORMAT}. Delete it: the next bundle then holds the whole release.",
        f"{place}：不是格式 {FORMAT} 的回执。请删除它，下一个发布包将包含完整内容。",
    )
