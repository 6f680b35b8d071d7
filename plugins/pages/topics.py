"""Topics: a campaign's own small front page, and the page that lists them all."""

from __future__ import annotations

from cluster.index import IndexedItem
from cluster.site import Topic
from cluster.site import TopicSection as Section
from plugins.pages.files import place_file
from plugins.pages.frame import home_name, make_page
from plugins.pages.job import Findings, Job
from plugins.pages.lists import item_link
from plugins.pages.page import Composed, PageKey
from plugins.pages.views import Link, Picture, TopicSection, TopicView


def topic_view(job: Job, findings: Findings, topic: Topic) -> TopicView:
    """A topic with its banner."""
    of = f"sites/{job.site.key}/topics/{topic.name}.toml"
    placed = place_file(job, findings, topic.image, of=of, field="image", is_shown=True) if topic.image else None
    return TopicView(
        name=topic.name,
        title=topic.title,
        summary=topic.summary,
        url=f"/topics/{topic.name}/",
        image=Picture(placed.url, topic.image_alt, placed.width, placed.height, placed.srcset) if placed else None,
        starts=topic.starts,
        ends=topic.ends,
        over=job.is_over(topic),
    )


def topic_keys(job: Job) -> list[PageKey]:
    """The page of every topic and, when there is one, their list."""
    keys = [PageKey(f"topics/{name}/index.html", "topic", name) for name in job.site.topics]
    return [PageKey("topics/index.html", "topics"), *keys] if keys else []


def topics_name(job: Job) -> str:
    """The word for the list of topics in a breadcrumb."""
    return job.words.gettext("Topics")


def _all_name(job: Job) -> str:
    """The heading over everything, for a topic without sections."""
    return job.words.gettext("All items")


def compose_topics(job: Job, findings: Findings, key: PageKey) -> Composed:
    """The list of all topics, running ones first."""
    views = [topic_view(job, findings, topic) for topic in job.site.topics.values()]
    name = topics_name(job)
    page = make_page(job, "topics", key.path, name, trail=[Link(home_name(job), "/"), Link(name, "/topics/")])
    return Composed("topics", page, {"topics": sorted(views, key=lambda view: view.over)})


def compose_topic(job: Job, findings: Findings, key: PageKey) -> Composed:
    """One topic: its sections in order, each item in the first that names its column, else in the one for the rest."""
    topic = job.site.topics[key.subject]
    view = topic_view(job, findings, topic)
    trail = [Link(home_name(job), "/"), Link(topics_name(job), "/topics/"), Link(topic.title, view.url)]
    page = make_page(job, "topic", key.path, topic.title, trail=trail, description=topic.summary)
    return Composed("topic", page, {"topic": view, "sections": _sections(job, findings, topic)})


def _sections(job: Job, findings: Findings, topic: Topic) -> list[TopicSection]:
    name = f"topic:{topic.name}"
    sections = topic.sections or (Section(_all_name(job), ""),)
    left = job.index.standing(job.site.key, name)
    left += job.index.newest(job.site.key, name, sum(job.index.months(job.site.key, name).values()))
    taken: list[list[IndexedItem]] = [[] for _ in sections]
    choosy_first = sorted(range(len(sections)), key=lambda at: not sections[at].column)
    for item in left:
        at = next((one for one in choosy_first if _belongs(item, sections[one].column)), None)
        if at is not None:
            taken[at].append(item)
    return [
        TopicSection(section.title, tuple(item_link(job, findings, item) for item in items))
        for section, items in zip(sections, taken, strict=True)
        if items
    ]


def _belongs(item: IndexedItem, column: str) -> bool:
    return not column or item.column == column or item.column.startswith(f"{column}/")
