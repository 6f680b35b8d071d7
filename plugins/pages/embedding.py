"""Pictures, films and sounds in a body: what stands around their tag so that every browser shows them well.

- A picture says its size, offers its WebP variants and waits until it is near; the first one near the top does not.
- A film or sound finds what belongs to it by name: `boat.vtt` beside `boat.mp4` holds its captions, `boat.txt` its
  transcript, `boat.webp`, `.jpg` or `.png` its poster. Without words for those who do not hear, there is an issue.

Called by `plugins.pages.articles` for every embedded target.
"""

from __future__ import annotations

import html
import posixpath
import re

from cluster.issues import Issue
from cluster.references import cut
from plugins.pages.body import Place, Resolved
from plugins.pages.files import PlacedFile, place_beside, place_file, read_beside
from plugins.pages.job import Findings, Job

FILMS, SOUNDS = ("mp4", "webm"), ("mp3",)
# How wide pictures are in the theme's reading column, and in a gallery there.
_SIZES = "(min-width: 780px) 720px, 94vw"
_SMALL_SIZES = "(min-width: 780px) 350px, 46vw"
_POSTERS = ("webp", "jpg", "png")
_BLANK_LINES = re.compile(r"\n\s*\n")


def embed(job: Job, findings: Findings, target: str, place: Place, *, of: str, line: int) -> Resolved | None:
    """How to show a file in the body of the item at `of`, None with an issue when it cannot be."""
    placed = place_file(job, findings, target, of=of, line=line, is_shown=True)
    if placed is None:
        return None
    if place.tag == "video" and placed.kind in FILMS:
        return _film(job, findings, target, placed, of=of, line=line)
    if place.tag == "audio" and placed.kind in SOUNDS:
        return _sound(job, findings, target, placed, of=of, line=line)
    return _picture(placed, place) if place.tag == "img" else Resolved(placed.url)


def _picture(placed: PlacedFile, place: Place) -> Resolved:
    if not placed.width:
        return Resolved(placed.url)
    size = f' width="{placed.width}" height="{placed.height}"'
    when = ' fetchpriority="high"' if place.is_early and not place.is_small else ' loading="lazy" decoding="async"'
    srcset = placed.srcset
    if not srcset:
        return Resolved(placed.url, size + when)
    sizes = _SMALL_SIZES if place.is_small else _SIZES
    source = f'<source type="image/webp" srcset="{srcset}" sizes="{sizes}">'
    return Resolved(placed.url, size + when, before=f"<picture>{source}", after="</picture>")


def _film(job: Job, findings: Findings, target: str, placed: PlacedFile, *, of: str, line: int) -> Resolved:
    captions, words = (place_beside(job, target, ending, of=of) for ending in ("vtt", "txt"))
    if not captions and not words:
        wanted, text = _name(target, "vtt"), _name(target, "txt")
        findings.issues.append(Issue.of("captions-missing", of, line, target=target, wanted=wanted, text=text))
    poster = _poster(job, findings, target, of=of, line=line)
    track = place_file(job, findings, captions, of=of, line=line) if captions else None
    attributes = ""
    if poster is not None:
        size = f' width="{poster.width}" height="{poster.height}"' if poster.width else ""
        attributes = f' poster="{poster.url}"{size}'
    return Resolved(placed.url, attributes, inside=_track(job, track), after=_transcript(job, words, of=of))


def _sound(job: Job, findings: Findings, target: str, placed: PlacedFile, *, of: str, line: int) -> Resolved:
    words = place_beside(job, target, "txt", of=of)
    if not words:
        wanted = _name(target, "txt")
        findings.issues.append(Issue.of("transcript-missing", of, line, target=target, wanted=wanted))
    return Resolved(placed.url, after=_transcript(job, words, of=of))


def _name(target: str, ending: str) -> str:
    return f"{posixpath.basename(cut(target)[0]).rpartition('.')[0]}.{ending}"


def _poster(job: Job, findings: Findings, target: str, *, of: str, line: int) -> PlacedFile | None:
    beside = (place_beside(job, target, ending, of=of) for ending in _POSTERS)
    found = next(filter(None, beside), "")
    return place_file(job, findings, found, of=of, line=line) if found else None


def _track(job: Job, placed: PlacedFile | None) -> str:
    if placed is None:
        return ""
    label = html.escape(job.words.gettext("Captions"))
    return f'<track kind="captions" src="{placed.url}" srclang="{job.site.language}" label="{label}" default>'


def _transcript(job: Job, target: str, *, of: str) -> str:
    """The transcript's paragraphs, folded; empty without one."""
    text = read_beside(job, target, of=of).strip() if target else ""
    if not text:
        return ""
    paragraphs = "".join(f"<p>{html.escape(one)}</p>" for one in _BLANK_LINES.split(text.replace("\r\n", "\n")))
    title = html.escape(job.words.gettext("Transcript"))
    return f'<details class="transcript"><summary>{title}</summary>{paragraphs}</details>'
