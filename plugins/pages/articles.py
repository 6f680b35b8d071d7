"""An item's own page, by a fixed contract: its own row, its neighbours in its own column, its links' targets,
its typed references in both directions, the versions of its law, the sizes of its files. Nothing else is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from markupsafe import Markup

from cluster import item as item_file
from cluster.clock import read_stamp
from cluster.index import IndexedItem
from cluster.issues import Issue
from cluster.source import Entry
from plugins.bilingual.addresses import CODE, in_traditional
from plugins.bilingual.runs import mark_chinese
from plugins.pages.body import Body, Place, Resolved, Target, dump_body, fill, parse_body
from plugins.pages.embedding import embed
from plugins.pages.files import place_file
from plugins.pages.frame import column_trail, make_page
from plugins.pages.job import Findings, Job
from plugins.pages.languages import fixed_counterpart, language_links
from plugins.pages.links import resolve_anchor
from plugins.pages.lists import fixed_column_view, lead_picture
from plugins.pages.markdown import BodyRenderer
from plugins.pages.page import Composed, PageKey
from plugins.pages.translations import check_translation, newer_original
from plugins.pages.views import ArticleView, Attachment, LanguageLink, Link, Picture, Version

_HIDDEN_FIELDS = frozenset({"title", "date", "also", "redirect_from", "id", "attachments", "image", "image_alt"})

Renderers = Callable[[str], BodyRenderer]


def article_key(path: str, url: str) -> PageKey:
    """The page of the item at a path, which has this URL path."""
    return PageKey(url.lstrip("/"), "article", path)


def compose_article(job: Job, findings: Findings, key: PageKey, renderers: Renderers) -> Composed:
    """The page of the item at `key.subject`."""
    item = job.index.own(key.subject)
    if item is None:
        raise LookupError(key.subject)
    referring = job.index.all_referring(item)
    article = _article(job, findings, item, referring, renderers)
    column = job.site.columns[item.column]
    alternates = _alternates(job, item, referring)
    languages = language_links(job, alternates) if alternates else ()
    if alternates and _absolute(job, item) not in dict(alternates).values():
        alternates = ()  # an elder one stands for its language: this page leads to the others, and none leads here
    page = make_page(
        job,
        "article",
        key.path,
        item.title,
        trail=[*column_trail(job, item.column), Link(item.title, item.url)],
        description=article.summary,
        alternates=alternates,
        languages=languages,
        counterpart=fixed_counterpart(job, item.column, languages),
    )
    return Composed(article.template, page, {"article": article, "column": fixed_column_view(job, column)})


def _article(
    job: Job, findings: Findings, item: IndexedItem, referring: Mapping[str, list[IndexedItem]], renderers: Renderers
) -> ArticleView:
    body, html = _body(job, findings, item, renderers)
    previous, following = job.index.neighbours(item)
    fields = item.fields
    original = job.index.find(fields["translation_of"]) if "translation_of" in fields else None
    if original is not None:
        check_translation(job, findings, item, original)
    return ArticleView(
        title=item.title,
        url=item.url,
        content=Markup(html),  # noqa: S704 - sanitised by nh3 in plugins.pages.markdown
        date=read_stamp(item.date) if item.date else None,
        category=fixed_column_view(job, job.site.columns[item.column]),
        source_path=item.path,
        template=job.cluster.types[item.type].template,
        type=item.type,
        updated=read_stamp(item.updated) if item.updated else None,
        source=str(fields.get("source", "")) or (job.site.organizer if item.date else ""),
        author=str(fields.get("author", "")),
        editor=str(fields.get("editor", "")),
        summary=str(fields.get("summary", "")),
        keywords=tuple(fields.get("keywords", ())),
        image=_lead_picture(job, findings, item),
        attachments=_attachments(job, findings, item),
        previous=Link(previous.title, previous.url) if previous else None,
        next=Link(following.title, following.url) if following else None,
        original=_original(job, findings, item, original),
        translations=tuple(
            (_language(job, one), Link(one.title, job.url_of(one))) for one in referring.get("translation_of", ())
        ),
        interprets=_reference(job, findings, item, "interprets"),
        interpretations=tuple(Link(one.title, job.url_of(one)) for one in referring.get("interprets", ())),
        topic=_topic(job, item),
        newer=newer_original(job, item, original) if original is not None else None,
        toc=body.toc,
        versions=_versions(job, item),
        fields={name: value for name, value in fields.items() if name not in _HIDDEN_FIELDS},
        metadata=dict(fields),
    )


def _body(job: Job, findings: Findings, item: IndexedItem, renderers: Renderers) -> tuple[Body, str]:
    body = _rendered(job, item, renderers(job.cluster.types[item.type].template))
    for code, line, what in body.notes:
        place = item.body_line + line - 1
        findings.issues.append(Issue.of(code, item.path, place, what=what, target=what))

    def resolve(target: Target, place: Place) -> Resolved | None:
        line = item.body_line + target.line - 1
        if target.embedded:
            return embed(job, findings, target.text, place, of=item.path, line=line)
        return resolve_anchor(job, findings, target.text, of=item.path, line=line)

    html = fill(body, resolve)
    return body, mark_chinese(html) if job.site.language == "en" else html


def _rendered(job: Job, item: IndexedItem, renderer: BodyRenderer) -> Body:
    """The body from the cache, else rendered and kept: it depends on the blob and the renderer's settings alone.

    A plain body costs less to render than to keep.
    """
    data = job.texts.get(item.blob)
    kept = job.index.body(item.blob, renderer.settings) if data is None else None
    if kept is not None:
        return parse_body(kept)
    text = item_file.read_body(data or job.source.read(Entry(item.path, item.blob)))
    plain = renderer.plain(text)
    if plain is not None:
        return plain
    body = renderer.render(text)
    job.bodies[item.blob, renderer.settings] = dump_body(body)
    return body


def _lead_picture(job: Job, findings: Findings, item: IndexedItem) -> Picture | None:
    picture = lead_picture(job, findings, item)
    if picture is not None and not picture.alt:
        findings.issues.append(Issue.of("alt-missing", item.path, 0, "image_alt", target=item.fields["image"]))
    return picture


def _attachments(job: Job, findings: Findings, item: IndexedItem) -> tuple[Attachment, ...]:
    rows = []
    for row in item.fields.get("attachments", ()):
        placed = place_file(job, findings, row["file"], of=item.path, field="attachments")
        if placed is not None:
            rows.append(Attachment(row["title"], placed.url, placed.kind.upper(), placed.size))
    return tuple(rows)


def _link(job: Job, item: IndexedItem | None) -> Link | None:
    return Link(item.title, job.url_of(item)) if item else None


def _reference(job: Job, findings: Findings, item: IndexedItem, field: str) -> Link | None:
    target = item.fields.get(field)
    if not target:
        return None
    found = job.index.find(target)
    if found is None:
        findings.issues.append(Issue.of("reference-missing", item.path, 0, field, target=target))
    return _link(job, found)


def _original(job: Job, findings: Findings, item: IndexedItem, found: IndexedItem | None) -> LanguageLink | None:
    link = _reference(job, findings, item, "translation_of")
    return LanguageLink(_language(job, found), link.title, link.url) if link and found else None


def _language(job: Job, item: IndexedItem) -> str:
    return job.cluster.sites[item.site].language


def _alternates(job: Job, item: IndexedItem, referring: Mapping[str, list[IndexedItem]]) -> tuple[tuple[str, str], ...]:
    """(language, absolute address) of the item and its translations, the original as x-default; empty when alone.

    What is shown in traditional characters too has that address beside.
    """
    target = item.fields.get("translation_of")
    original = job.index.find(target) if target else item
    if original is None:
        return ()
    translations = job.index.referring(original, "translation_of") if target else referring.get("translation_of", ())
    family = {original.path: original, item.path: item} | {one.path: one for one in translations}
    if len(family) < 2 and not in_traditional(job.site, item.url):
        return ()
    addresses: dict[str, str] = {}
    for one in sorted(family.values(), key=lambda one: (one.path != original.path, one.date, one.path)):
        addresses.setdefault(_language(job, one), _absolute(job, one))
        site = job.cluster.sites[one.site]
        if traditional := in_traditional(site, one.url):
            addresses.setdefault(CODE, job.cluster.address(site) + traditional)
    return (*sorted(addresses.items()), ("x-default", _absolute(job, original)))


def _absolute(job: Job, item: IndexedItem) -> str:
    return job.cluster.address(job.cluster.sites[item.site]) + item.url


def _topic(job: Job, item: IndexedItem) -> Link | None:
    if item.topic:
        job.index.saw(f"topic:{job.site.key}:{item.topic}")
    topic = job.site.topics.get(item.topic)
    return Link(topic.title, f"/topics/{topic.name}/") if topic else None


def _versions(job: Job, item: IndexedItem) -> tuple[Version, ...]:
    """The versions of the item's law, newest first; none when there is only this one."""
    found = job.index.versions(item.law) if item.law else []
    if len(found) < 2:
        return ()
    newest = found[-1].date
    return tuple(
        Version(one.title, job.url_of(one), read_stamp(one.date), one.date == newest, one.path == item.path)
        for one in reversed(found)
    )
