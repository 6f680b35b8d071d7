"""The modes that work without script: the visitor's cookie, the link that sets it, and the way back (ADR 0019).

- A visitor is only ever led to a path of the host that was asked; whatever is strange about a Referer leads to `/`.
- The rules are stated once, as values and as patterns that Python and nginx read alike.

Called by the preview server and by whoever writes nginx's configuration. Does no I/O.
"""

from __future__ import annotations

import re

from cluster.release import MODE, MODES

COOKIE = "mode"
NORMAL = "normal"
LINKS = "/_mode/"
COOKIE_SECONDS = 31_536_000
# The value of the Cookie header: other cookies may stand before and behind.
CHOSEN = r"(?:^|;\s*){name}={mode}\s*(?:;|\z)"
# `<Host> <Referer>`: the same host, then a path that is neither `//…` nor a link of this kind, of plain characters.
# A Referer longer than any address of a site leads home. No backslash stands before another: nginx would eat it.
RETURN = r"^([a-z0-9.:\[\]-]+) https?://\1(/(?![/\x5c]|_mode/)[a-z0-9/._~!&*+,;=:%?-]{0,1500})\z"

_RETURN = re.compile(RETURN.replace(r"\z", r"\Z"), re.IGNORECASE | re.ASCII)


def chosen_pattern(mode: str) -> str:
    """What a Cookie header matches that asks for this mode."""
    return CHOSEN.replace("{name}", COOKIE).replace("{mode}", mode)


def chosen_mode(cookies: str) -> str:
    """The mode that a Cookie header asks for, empty for the normal one; what is unknown is normal."""
    return next((mode for mode in MODES if re.search(chosen_pattern(mode).replace(r"\z", r"\Z"), cookies)), "")


def sheet_of(mode: str) -> str:
    """The name of a mode's sheet; that of every page for the normal mode."""
    return MODE.replace(".", f"-{mode}.") if mode else MODE


def asked_mode(path: str) -> str | None:
    """The mode that a link of the header sets, `normal` included; None when the path is no such link."""
    mode = path.removeprefix(LINKS)
    return mode if path.startswith(LINKS) and mode in (*MODES, NORMAL) else None


def cookie_words(mode: str) -> str:
    """The cookie of a mode without the domain: for a year, or gone at once for the normal one."""
    value, seconds = ("", 0) if mode == NORMAL else (mode, COOKIE_SECONDS)
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; SameSite=Lax"


def set_cookie(mode: str, *, host: str, domain: str, is_secure: bool) -> str:
    """The value of Set-Cookie; all hosts of the cluster's domain share it, another host has one of its own."""
    shared = f"; Domain={domain}" if domain and f".{host}".endswith(f".{domain}") else ""
    return cookie_words(mode) + shared + ("; Secure" if is_secure else "")


def way_back(host: str, referer: str) -> str:
    """The path that a visitor came from, by the headers Host and Referer; `/` for anything strange."""
    found = _RETURN.match(f"{host} {referer}")
    return found[2] if found else "/"
