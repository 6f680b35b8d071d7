"""Taking hidden notes (place, camera, owner, editing history) out of a picture file; no pixel is decoded or changed.

- The same bytes give the same bytes; a file without such notes, or one that cannot be followed, is given back as it is.
- Colour profiles stay: without them colours are other than they were. A JPEG keeps which way up it is.

Called by `plugins.pictures.store`. Sources: ITU-T T.81 annex B (JPEG), PNG specification 3rd edition, RFC 9649 (WebP).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_NOTES = frozenset((b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"))
_WEBP_NOTES = frozenset((b"EXIF", b"XMP "))
# Of a WebP's extended head: that it has Exif, that it has XMP.
_WEBP_EXIF = 0x08
_WEBP_FLAGS = _WEBP_EXIF | 0x04
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# APP1 holds Exif and XMP, APP12 and APP13 what old programs noted; FE is a comment.
_JPEG_NOTES = frozenset((0xE1, 0xEC, 0xED, 0xFE))
_ORIENTATION = 0x0112
_EXIF_HEAD = b"Exif\0\0"
_UPRIGHT = (0, 1)


def without_notes(data: bytes, kind: str) -> bytes:
    """The picture file without notes; `kind` is its extension in small letters."""
    strip = _STRIPPERS.get(kind)
    try:
        return strip(data) if strip else data
    except (struct.error, IndexError):
        return data  # what is cut off in the middle is told as damaged by whoever decodes it


def _jpeg(data: bytes) -> bytes:
    if data[:2] != b"\xff\xd8":
        return data
    kept, notes, rest = [data[:2]], False, len(data)
    for marker, begin, end in _segments(data):
        if marker == _SCAN:
            rest = begin
            break
        if marker not in _JPEG_NOTES:
            kept.append(data[begin:end])
            continue
        notes = True
        turned = _orientation(data[begin + 4 : end])
        if turned not in _UPRIGHT:
            kept.append(_orientation_segment(turned))
    return b"".join((*kept, data[rest:])) if notes else data


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, begin, end) of the segments before the picture's own bytes, which the last one begins.

    Raises:
        struct.error: the file ends in the middle of one.
    """
    place = 2
    while True:
        if data[place] != 0xFF:
            raise struct.error
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker in (_SCAN, _END):
            yield _SCAN, place, len(data)
            return
        end = place + 2 + struct.unpack_from(">H", data, place + 2)[0]
        if end > len(data):
            raise struct.error
        yield marker, place, end
        place = end


def _orientation(exif: bytes) -> int:
    """Which way up the picture is, from 1 to 8; 0 when the Exif data says nothing about it."""
    tiff = exif.removeprefix(_EXIF_HEAD)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 0
    try:
        first = struct.unpack_from(f"{order}I", tiff, 4)[0]
        for number in range(struct.unpack_from(f"{order}H", tiff, first)[0]):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 0
    except struct.error:
        return 0
    return 0


def _exif_of(turned: int) -> bytes:
    """Exif data that says which way up and nothing else."""
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)


def _orientation_segment(turned: int) -> bytes:
    body = _EXIF_HEAD + _exif_of(turned)
    return struct.pack(">BBH", 0xFF, 0xE1, len(body) + 2) + body


def _png(data: bytes) -> bytes:
    if data[:8] != _PNG_HEAD:
        return data
    kept, place = [_PNG_HEAD], 8
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + length + 12
        if end > len(data):
            return data
        turned = _orientation(data[place + 8 : end - 4]) if name == b"eXIf" else 0
        if name not in _PNG_NOTES:
            kept.append(data[place:end])
        elif turned not in _UPRIGHT:
            kept.append(_png_chunk(name, _exif_of(turned)))
        place = end
        if name == b"IEND":
            break
    return b"".join(kept)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp(data: bytes) -> bytes:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return data
    chunks = list(_webp_chunks(data))
    notes = dict(chunk for chunk in chunks if chunk[0] in _WEBP_NOTES)
    if not notes:
        return data
    turned = _orientation(notes.get(b"EXIF", b""))
    kept = {b"EXIF": _exif_of(turned)} if turned not in _UPRIGHT else {}
    parts = [b"WEBP"]
    for name, body in chunks:
        if name == b"VP8X":
            body = bytes([body[0] & ~_WEBP_FLAGS | (_WEBP_EXIF if kept else 0)]) + body[1:]
        if name not in _WEBP_NOTES or name in kept:
            shown = kept.get(name, body)
            parts.append(struct.pack("<4sI", name, len(shown)) + shown + b"\0" * (len(shown) & 1))
    whole = b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks by name.

    Raises:
        struct.error: the file ends in the middle of one.
    """
    place = 12
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        place += 8 + length + (length & 1)
        body = data[place - length - (length & 1) :][:length]
        if len(body) < length:
            raise struct.error
        yield name, body


_STRIPPERS: Mapping[str, Callable[[bytes], bytes]] = {"jpg": _jpeg, "jpeg": _jpeg, "png": _png, "webp": _webp}
