"""Chinese words in the body of an English page become runs marked as Chinese, so that a screen reader reads them so.

What an author marked already, at whatever height, stays as it is. The other way round nothing is done: Latin words in
a Chinese text (5G, PM2.5, a name) are part of it, and a whole passage in English is marked by its author.

Pure. Called for the bodies of English items; the HTML must be as the sanitiser writes it.
"""

from __future__ import annotations

import re

_HAN = "\u3400-\u9fff\uf900-\ufaff"
_POINTS = "\u3000-\u303f\uff01-\uff5e"
_HAS_CHINESE = re.compile(f"[{_HAN}]").search
_RUN = re.compile(f"[{_POINTS}]*[{_HAN}][{_HAN}{_POINTS}]*")
_TAG = re.compile(r"(<[a-zA-Z/](?:\"[^\"]*\"|[^\">])*>)")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_MARKED = re.compile(r'\slang="')
_VOID = frozenset(("img", "br", "hr", "source", "track", "wbr", "col"))


def mark_chinese(html: str) -> str:
    """The HTML with `lang="zh-Hans"` around Chinese words that no author has marked."""
    if html.isascii() or not _HAS_CHINESE(html):
        return html
    pieces = _TAG.split(html)
    marked, depth = "", 0  # the open element that an author marked, with how many of its name are open
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            if not marked:
                pieces[at] = _RUN.sub(r'<span lang="zh-Hans">\g<0></span>', piece)
            continue
        found = _NAME.match(piece)
        name = found[1] if found else ""
        if not marked and _MARKED.search(piece) and name not in _VOID:
            marked, depth = name, 1
        elif name == marked and marked:
            depth += -1 if piece.startswith("</") else 1
            marked = marked if depth else ""
    return "".join(pieces)
