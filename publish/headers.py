"""The headers of every answer, the same in preview and in production: security, and how long a browser may keep what.

Called by the preview server, by whoever writes nginx's configuration, and by the mirror delivery.
"""

from __future__ import annotations

from collections.abc import Mapping

# docs/theme.md, "The strict CSP".
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Opened as a page of its own, a picture must not run anything.
SVG_CSP = f"{CSP}; sandbox"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"

PAGE_CACHE = "public, max-age=60"
ASSET_CACHE = "public, max-age=31536000, immutable"
# Chromium went on with the old stylesheet after a mode changed unless it had to ask (docs/theme.md).
MODE_CACHE = "no-cache"
# Which sheet it is follows from the visitor's cookie.
MODE_VARY = "Cookie"
# A page that is missing now may be published in a minute.
ERROR_CACHE = "no-cache"
# Told by the server itself, not by a site: an unknown host, a closed site, the way back after a choice of mode.
REFUSAL_CACHE = "no-store"
