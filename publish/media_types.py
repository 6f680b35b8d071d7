"""The media types of published files by their names: one table for whoever answers with them.

Called by the preview server, the mirror delivery and whoever writes a web server's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

UNKNOWN = "application/octet-stream"

# Written out: the system's own table differs from machine to machine.
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".vtt": "text/vtt",
    ".xml": "application/xml; charset=utf-8",
    ".xsl": "application/xslt+xml; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ofd": "application/ofd",
    ".zip": "application/zip",
}
FEEDS: Mapping[str, str] = {
    "feed.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json",
}


def content_type(name: str) -> str:
    """The media type of a file by its name; bytes without a meaning when the extension is unknown."""
    return FEEDS.get(name) or MEDIA_TYPES.get(PurePosixPath(name).suffix.lower(), UNKNOWN)


def content_type_header(name: str) -> str:
    """The whole Content-Type header of a file: text says that it is UTF-8, for servers that do not add it."""
    kind = content_type(name)
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
