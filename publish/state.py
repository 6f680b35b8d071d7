"""The cluster's state: grey for a day of mourning, a banner in an emergency, or neither, on all sites within seconds.

Every page links `/_mode.css` and carries a hidden link to `/notice.html`. A state gives the notice and the sheet of
every mode (ADR 0019) other bytes, as the overlay of a release record: nothing is built, no page changes, no script
runs, and whatever a visitor has chosen the page is grey and the banner's link is there.

Called by `publish.release` for every record, so that a new site or another theme follows too.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from cluster.blobs import BlobStore, compress
from cluster.errors import BuildError
from cluster.listings import Listings
from cluster.manifest import ASSETS, Entry
from cluster.release import MODE, MODE_FILES, NOTICE, Overlay

_GREY = b"html { filter: grayscale(1); }\n"
_BANNER = b".notice-link[hidden] { display: block; }\n"
# The theme's contract (docs/theme.md): where the text of the notice page stands.
_TEXT = re.compile(rb'(<p class="notice-text">).*?(</p>)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Whether pages are grey, and the banner's words in both languages, empty for no banner."""

    grey: bool = False
    zh: str = ""
    en: str = ""

    def __bool__(self) -> bool:
        return self.grey or bool(self.zh or self.en)

    @property
    def has_banner(self) -> bool:
        """Whether there is something to say."""
        return bool(self.zh or self.en)

    def words(self, language: str) -> str:
        """The banner for a page in this language; the other language's words where there are none."""
        return (self.en or self.zh) if language.startswith("en") else (self.zh or self.en)


def make_overlay(state: ClusterState, root: str, listings: Listings, blobs: BlobStore) -> Overlay:
    """The files that the state changes in a tree, stored as blobs; empty in normal times.

    Raises:
        BuildError: the theme's notice page has no place for the text.
    """
    if not state:
        return ()
    sites = [name for name, _ in listings.read(root).children if name != ASSETS]
    sheets = [f"{site}/{name}" for site in sites for name in MODE_FILES]
    made = {path: _mode(state, data) for path in sheets if (data := _bytes(path, root, listings, blobs)) is not None}
    # A site of an older release may have no sheet at all; it gets the one that every page links.
    made |= {path: _mode(state, b"") for site in sites if (path := f"{site}/{MODE}") not in made}
    if state.has_banner:
        for site in sites:
            path = f"{site}/{NOTICE}"
            made[path] = _notice(path, state, _bytes(path, root, listings, blobs) or b"")
    return tuple((path, _stored(data, blobs)) for path, data in sorted(made.items()))


def _bytes(path: str, root: str, listings: Listings, blobs: BlobStore) -> bytes | None:
    entry = listings.find(root, path)
    return blobs.read(entry.raw) if entry else None


def _mode(state: ClusterState, data: bytes) -> bytes:
    return data + (_GREY if state.grey else b"") + (_BANNER if state.has_banner else b"")


def _notice(path: str, state: ClusterState, page: bytes) -> bytes:
    language = "en" if b'<html lang="en"' in page else "zh"
    words = html.escape(state.words(language)).encode()
    changed, count = _TEXT.subn(lambda match: match[1] + words + match[2], page)
    if not count:
        raise BuildError(
            f'{path} has no <p class="notice-text"> for the banner. Give the theme\'s notice.html one.',
            f'{path} 中没有放置横幅文字的 <p class="notice-text">。请在主题的 notice.html 中加上。',
        )
    return changed


def _stored(data: bytes, blobs: BlobStore) -> Entry:
    return Entry(blobs.put(data), blobs.put(compress(data)), len(data))
