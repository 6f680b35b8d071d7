"""What a reference in an item (a link, a picture, a file, another item) means: a path below the repository."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote


def locate(reference: str, item_path: str) -> str:
    """The path below the repository that a file or item reference means: beside the item, or from `content/`."""
    path = unquote(cut(reference)[0])
    if path.startswith("/"):
        return posixpath.normpath(f"content{path}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(item_path), path))


def cut(reference: str) -> tuple[str, str]:
    """The reference's path, and its query and fragment."""
    end = min((reference.index(mark) for mark in "?#" if mark in reference), default=len(reference))
    return reference[:end], reference[end:]
