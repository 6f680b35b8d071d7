"""What in an SVG picture is more than drawing: scripts, handlers, foreign content, styles, anything from outside.

The file is read as XML, as a browser reads it, so that prefixes, entities, odd encodings and blanks hide nothing;
reading stops at the first find. Called by `plugins.pages.files` before a picture is published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn
from xml.parsers import expat

_XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS = frozenset({"script", "foreignobject", "iframe", "image", "feimage", "style", "handler", "listener"})
_PAINT = re.compile(r"url\(\s*[\"']?\s*([^)]?)", re.IGNORECASE)


class _Found(Exception):
    """Something active; the message names it."""


def active_part(data: bytes) -> str:
    """The first thing in the picture that is not plain drawing, as the file writes it; empty when there is none."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.XmlDeclHandler = _check_encoding
    parser.StartDoctypeDeclHandler = lambda *_: _refuse("<!DOCTYPE>")
    parser.ProcessingInstructionHandler = lambda target, _: _refuse(f"<?{target}?>")
    parser.StartElementHandler = _check_element
    try:
        parser.Parse(data, True)
    except _Found as found:
        return str(found)
    except expat.ExpatError as error:
        return f"XML: {error}"
    return ""


def _refuse(what: str) -> NoReturn:
    raise _Found(what)


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        _refuse(f'encoding="{encoding}"')


def _check_element(name: str, attributes: Mapping[str, str]) -> None:
    space, _, local = name.rpartition(" ")
    if local.lower() in _ELEMENTS or space == _XHTML:
        _refuse(f"<{local}>")
    for what in _active_attributes(attributes):
        _refuse(what)


def _active_attributes(attributes: Mapping[str, str]) -> Iterator[str]:
    for name, value in attributes.items():
        local = name.rpartition(" ")[2].lower()
        squeezed = "".join(value.split()).lower()
        # An animation may write the attribute it names.
        target = squeezed.rpartition(":")[2] if local == "attributename" else ""
        if local.startswith("on") or local == "style":
            yield local
        elif (
            (local == "href" and not squeezed.startswith("#"))
            or target == "href"
            or target.startswith("on")
            or "javascript:" in squeezed
            or _reaches_outside(value)
        ):
            yield f'{local}="{value}"'


def _reaches_outside(value: str) -> bool:
    """Whether a paint such as `url(#sky)` names another document; a CSS escape could hide that it does."""
    return any(first != "#" for first in _PAINT.findall(value)) or ("\\" in value and "(" in value)
