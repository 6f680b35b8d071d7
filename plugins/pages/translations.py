"""What a translation owes its original: another language, the edition that it translates, the official names.

A translation's page depends on its original's bytes, by the key `blob:<path>`. The texts of both are read for the names
only where the site is English and there is a glossary: for each page that is made anew, which few are.
"""

from __future__ import annotations

from cluster import item as item_file
from cluster.clock import read_stamp
from cluster.glossary import wrong_names
from cluster.index import IndexedItem
from cluster.issues import Issue
from cluster.source import Entry
from cluster.validation import item_key
from plugins.pages.job import Findings, Job
from plugins.pages.views import Link, NewerOriginal

FIELD = "translated_blob"
# Enough digits of a Git blob to mean one in any repository of this size.
DIGITS = 12


def check_translation(job: Job, findings: Findings, item: IndexedItem, original: IndexedItem) -> None:
    """Notes what is wrong between a translation and its original."""
    if _language(job, original) == _language(job, item):
        line = _line_of(job, item, "translation_of")
        findings.issues.append(Issue.of("translation-language", item.path, line, "translation_of"))
        return
    job.index.saw(f"blob:{original.path}")
    words = {"original": item_key(original.path), "blob": original.blob[:DIGITS]}
    if not item.fields.get(FIELD):
        findings.issues.append(
            Issue.of("translation-unmarked", item.path, _line_of(job, item, "translation_of"), FIELD, **words)
        )
    elif _is_newer(item, original):
        findings.issues.append(Issue.of("translation-stale", item.path, _line_of(job, item, FIELD), FIELD, **words))
    if job.cluster.glossary and _language(job, item) == "en":
        _check_names(job, findings, item, original)


def newer_original(job: Job, item: IndexedItem, original: IndexedItem) -> NewerOriginal | None:
    """The original, when it was changed after the edition that the item says it translates."""
    if not _is_newer(item, original) or _language(job, original) == _language(job, item):
        return None
    return NewerOriginal(
        Link(original.title, job.url_of(original)),
        _language(job, original),
        read_stamp(original.updated) if original.updated else None,
        read_stamp(original.date) if original.date else None,
    )


def _is_newer(item: IndexedItem, original: IndexedItem) -> bool:
    recorded = str(item.fields.get(FIELD, ""))
    return bool(recorded) and not original.blob.startswith(recorded)


def _check_names(job: Job, findings: Findings, item: IndexedItem, original: IndexedItem) -> None:
    chinese, english = _text(job, original), _text(job, item)
    for wrong in wrong_names(job.cluster.glossary, chinese, english.split("\n")):
        values = {"found": wrong.found, "zh": wrong.term.zh[0], "en": wrong.term.en}
        findings.issues.append(Issue.of("glossary-name", item.path, wrong.line, **values))


def _line_of(job: Job, item: IndexedItem, field: str) -> int:
    """The line of a field of the front matter, 0 where it is written in an uncommon way."""
    lines = enumerate(_text(job, item).split("\n"), 1)
    return next((number for number, line in lines if line.startswith(f"{field}:")), 0)


def _text(job: Job, item: IndexedItem) -> str:
    """The item's whole file as text: its lines are those an editor sees."""
    data = job.texts.get(item.blob) or job.source.read(Entry(item.path, item.blob))
    return item_file.read_text(data)


def _language(job: Job, item: IndexedItem) -> str:
    return job.cluster.sites[item.site].language
