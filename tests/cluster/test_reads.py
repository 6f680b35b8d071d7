"""What is read is noted, and the journal leads from every change to all who read what changed, and to few others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from cluster.index import Index, IndexedItem, Made, PageKey, Period, Reads, SiteOutputs, Touch
from cluster.index.reads import HIGHEST, LOWEST, Span
from cluster.manifest import Entry
from tests.builders import ARTICLE, NOW, make_article, make_page
from tests.cluster.trees import (
    HISTORIES,
    LATER,
    MOMENTS,
    NEWS,
    Question,
    Tree,
    as_others_see,
    contract,
    dated,
    settle,
    tracked_questions,
)

SAME = Entry("0" * 64, None, 0)


def place(name: str, day: str) -> str:
    return f"{day}T00:00:00+08:00 {NEWS}/{name}.md"


# ---- what is noted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "keys"),
    [
        pytest.param(lambda index: index.item(ARTICLE), {f"item:{ARTICLE}"}, id="an item"),
        pytest.param(lambda index: index.item("none.md"), {"item:none.md"}, id="an item that is not there"),
        pytest.param(
            lambda index: index.find("portal/news/2026/river.md"),
            {f"item:{ARTICLE}", "id:portal/news/2026/river.md"},
            id="a reference by path",
        ),
        pytest.param(lambda index: index.find("6f1c"), {"item:content/6f1c", "id:6f1c"}, id="a reference by id"),
        pytest.param(lambda index: index.at("portal", "/news/2026/river.html"), {f"item:{ARTICLE}"}, id="an address"),
        pytest.param(lambda index: index.file("a.png"), {"file:a.png"}, id="a file"),
        pytest.param(lambda index: index.redirected("portal", "/x"), {"redirect:portal:/x"}, id="an old address"),
        pytest.param(lambda index: index.months("portal", "news"), {"months:portal:news"}, id="the months"),
        pytest.param(
            lambda index: index.is_filled("portal", "news"), {"filled:portal:news"}, id="whether it is filled"
        ),
        pytest.param(lambda index: index.is_dated("portal", "news"), {"dated:portal:news"}, id="whether it is dated"),
        pytest.param(lambda index: index.standing("portal", ""), {"standing:portal:"}, id="the standing items"),
        pytest.param(lambda index: index.tally("portal", "news"), set(), id="the months of a numbered page"),
        pytest.param(lambda index: index.own(ARTICLE), set(), id="an item of its own page"),
        pytest.param(lambda index: contract(index, index.own(ARTICLE)), set(), id="what an item's own page reads"),
        pytest.param(lambda index: index.named("6f1c"), set(), id="who a word names"),
        pytest.param(lambda index: list(index.own_pages("portal")), set(), id="all pages"),
        pytest.param(lambda index: index.all_referring(index.own(ARTICLE)), set(), id="who names an item"),
    ],
)
def test_a_question_notes_the_keys_it_read(index, cluster, ask, keys):
    settle(index, cluster, {ARTICLE: make_article(id="6f1c")})
    with index.reading() as reads:
        ask(index)
    assert (reads.keys, reads.spans) == (keys, set())


THREE = dated("a", "2026-01-01") | dated("b", "2026-02-01") | dated("c", "2026-03-01") | dated("n", "2025-06-01")


@pytest.mark.parametrize(
    ("ask", "high", "low", "first"),
    [
        pytest.param(
            lambda index: index.newest("portal", "news", 2),
            HIGHEST, place("b", "2026-02-01"), place("b", "2026-02-01"),
            id="the newest, down to the last of them",
        ),
        pytest.param(
            lambda index: index.newest("portal", "news", 9), HIGHEST, LOWEST, LOWEST, id="all, when there are fewer"
        ),
        pytest.param(
            lambda index: index.latest("portal", "news"),
            HIGHEST, place("c", "2026-03-01"), place("c", "2026-03-01"),
            id="the latest stamp, down to the newest item",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2026), skip=0, count=2),
            place("b", "2026-02-01"), "2026", place("a", "2026-01-01"),
            id="a full slice of a year, up to the last of it",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2026), skip=1, count=2),
            place("c", "2026-03-01"), "2026", place("b", "2026-02-01"),
            id="a later slice, which moves with what comes before it",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2026), skip=2, count=2),
            "2027", "2026", place("c", "2026-03-01"),
            id="a slice with room, to the end of the year",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2024), skip=0, count=2),
            "2025", "2024", "2024",
            id="nothing",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2026, 2), skip=0, count=1),
            place("b", "2026-02-01"), "2026-02", place("b", "2026-02-01"),
            id="a full slice of a month",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2026, 2), skip=0, count=2),
            "2026-03", "2026-02", place("b", "2026-02-01"),
            id="a slice with room, to the end of the month",
        ),
        pytest.param(
            lambda index: index.of_period("portal", "news", Period(2025, 12), skip=0, count=2),
            "2026", "2025-12", "2025-12",
            id="nothing in a December",
        ),
    ],
)  # fmt: skip
def test_a_slice_notes_where_it_lies(index, cluster, ask, high, low, first):
    settle(index, cluster, THREE)
    with index.reading() as reads:
        ask(index)
    assert reads == Reads(set(), {Span("portal", "news", high, low, first)})


def test_nothing_is_noted_outside(index, cluster):
    settle(index, cluster, THREE)
    with index.reading() as first:
        index.is_filled("portal", "news")
    index.is_dated("portal", "news")
    index.newest("portal", "news", 2)
    with index.reading() as second:
        index.saw("topic:portal:river")
    assert first == Reads({"filled:portal:news"}, set())
    assert second == Reads({"topic:portal:river"}, set())


def test_what_fails_while_it_reads_ends_the_noting(index):
    with pytest.raises(KeyError), index.reading() as reads:
        raise KeyError
    index.saw("later")
    assert reads == Reads()


# ---- what the journal leads to --------------------------------------------------------------------------------------


class Readers:
    """Pages of the portal, each of which asks one question: their answers, and what they read, kept as a build does."""

    def __init__(self, index: Index, questions: dict[str, Question]) -> None:
        self.index = index
        self.answers: dict[str, Any] = {}
        self.outputs = index.site_outputs("portal")
        for name, ask in questions.items():
            with index.reading() as reads:
                self.answers[name] = ask(index)
            self.outputs.keep(Made(PageKey(f"{name}.html", "page"), SAME, reads))

    def led_to(self, touches: list[Touch]) -> set[str]:
        """The pages that these touches lead to by what they read."""
        return {path.removesuffix(".html") for touch in touches for path in _readers(self.outputs, touch)}


def _readers(outputs: SiteOutputs, touch: Touch) -> dict[str, PageKey]:
    """As `plugins.pages.changes` follows a touch."""
    if touch.kind == "key":
        return outputs.readers(touch.name)
    if touch.kind == "item":
        return outputs.readers(f"item:{touch.path}")
    if touch.kind not in ("move", "edit"):
        return {}
    if not touch.date:
        return outputs.readers(f"standing:{touch.site}:{touch.name}")
    counted = outputs.readers(f"months:{touch.site}:{touch.name}") if touch.kind == "move" else {}
    return outputs.spanning(touch) | counted


def _own_pages(index: Index, touch: Touch) -> set[str]:
    """The items whose own pages a touch leads to by their contract, as `plugins.pages.changes` follows it."""
    found: list[Any] = []
    if touch.kind in ("item", "body"):
        found = [index.own(touch.path)]
    elif touch.kind == "beside":
        sides = (touch.site, touch.name, touch.date, touch.path)
        found = [*index.beside(*sides, dated=True), *index.beside(*sides, dated=False)]
    elif touch.kind == "refer":
        named = index.named(touch.name)
        found = [*named, *(one for item in named for one in index.referring(item, "translation_of"))]
    elif touch.kind == "law":
        found = index.versions(touch.name)
    return {item.path for item in found if item is not None}


def questions_of(cluster) -> dict[str, Question]:
    """Every tracked question, and whether the topic is over as its page asks it."""
    return dict(tracked_questions(cluster)) | {"topic": lambda index: index.saw("topic:portal:river")}


def page_of(path: str) -> Question:
    """The question that an item's own page asks; what its references name is noted, the rest is its contract."""

    def ask(index: Index) -> Any:
        item = index.own(path)
        if item is None:
            return None
        named = [index.find(item.fields[field]) for field in ("interprets", "translation_of") if field in item.fields]
        return contract(index, item), as_others_see(named)

    return ask


def shown(index: Index, cluster) -> dict[str, IndexedItem]:
    return {item.path: item for site in cluster.sites for item in index.items(site)}


@given(HISTORIES)
def test_the_journal_leads_to_all_whose_answer_changed(cluster, history):
    start, commits = history
    index, tree, earlier = Index(None), Tree(start), NOW
    index.update(tree, cluster, NOW)
    for changes, now in commits:
        questions = questions_of(cluster) | {path: page_of(path) for path in shown(index, cluster)}
        readers, last = Readers(index, questions), index.last_touch()
        tree = tree.edited(changes)
        index.update(tree, cluster, now)
        touches = index.touches(last)
        led = readers.led_to(touches) | {path for touch in touches for path in _own_pages(index, touch)}
        new = {name: ask(index) for name, ask in questions.items()}
        changed = {name for name, was in readers.answers.items() if _look(name, new[name]) != _look(name, was)}
        topic = cluster.sites["portal"].topics["river"]
        changed |= {"topic"} if topic.is_over(earlier) != topic.is_over(now) else set()
        gone = {touch.path for touch in touches if touch.kind == "item" and index.own(touch.path) is None}
        assert changed <= led | gone
        assert shown(index, cluster).keys() - questions.keys() <= led
        earlier = now
    index.close()


def _look(name: str, answer: Any) -> Any:
    """An answer as its reader shows it: an item's own page shows all of it."""
    return answer if name.startswith("content/") else as_others_see(answer)


def led_by(index: Index, cluster, before, changes, questions: dict[str, Question], was: str = NOW, now: str = NOW):
    tree = Tree(before)
    index.update(tree, cluster, was)
    readers, last = Readers(index, questions), index.last_touch()
    index.update(tree.edited(changes), cluster, now)
    return readers.led_to(index.touches(last))


SLICES: dict[str, Question] = {
    "newest 1": lambda index: index.newest("portal", "news", 1),
    "newest 2": lambda index: index.newest("portal", "news", 2),
    "2026 from 0": lambda index: index.of_period("portal", "news", Period(2026), skip=0, count=2),
    "2026 from 2": lambda index: index.of_period("portal", "news", Period(2026), skip=2, count=2),
    "2025 from 0": lambda index: index.of_period("portal", "news", Period(2025), skip=0, count=2),
    "notices": lambda index: index.newest("portal", "news/notices", 1),
    "residents": lambda index: index.newest("portal", "residents", 9),
    "english": lambda index: index.newest("english", "news", 9),
    "January from 0": lambda index: index.of_period("portal", "news", Period(2026, 1), skip=0, count=2),
    "February from 0": lambda index: index.of_period("portal", "news", Period(2026, 2), skip=0, count=2),
    "March from 0": lambda index: index.of_period("portal", "news", Period(2026, 3), skip=0, count=1),
    "months": lambda index: index.months("portal", "news"),
    "filled": lambda index: index.is_filled("portal", "news"),
    "standing": lambda index: index.standing("portal", "news"),
}


@pytest.mark.parametrize(
    ("changes", "led"),
    [
        pytest.param(
            dated("d", "2026-04-01"), {"newest 1", "newest 2", "2026 from 2", "months"}, id="the newest item comes"
        ),
        pytest.param(
            dated("aa", "2026-01-15"),
            {"2026 from 0", "2026 from 2", "January from 0", "months"},
            id="an older item comes and moves what follows it in its year",
        ),
        pytest.param(
            dated("c", "2026-03-01", title="另一标题"),
            {"newest 1", "newest 2", "2026 from 2", "March from 0"},
            id="the newest item looks different",
        ),
        pytest.param(
            dated("a", "2026-01-01", title="另一标题"),
            {"2026 from 0", "January from 0"},
            id="the oldest item of a year looks different",
        ),
        pytest.param(dated("c", "2026-03-01", body="另一段正文。"), set(), id="only a body is another"),
        pytest.param(dated("m", "2025-01-01"), {"2025 from 0", "months"}, id="the first item of an earlier year comes"),
        pytest.param(
            dated("o", "2025-07-01"), {"2025 from 0", "notices", "months"}, id="the last of an earlier year comes"
        ),
        pytest.param(
            {f"{NEWS}/c.md": None},
            {"newest 1", "newest 2", "2026 from 2", "March from 0", "months"},
            id="the newest item goes",
        ),
        pytest.param({"content/portal/news/p.md": make_page()}, {"standing"}, id="a standing item comes"),
        pytest.param({f"{NEWS}/a.png": b"picture"}, set(), id="a picture comes"),
        pytest.param(
            dated("a", "2026-01-01", also=["english:news"]),
            {"2026 from 0", "January from 0", "english"},
            id="an old item is shown on another site as well",
        ),
    ],
)
def test_a_change_leads_to_no_slice_that_does_not_hold_it(index, cluster, changes, led):
    assert led_by(index, cluster, THREE, changes, SLICES) == led


def test_another_body_leads_to_the_items_own_page_alone(index, cluster):
    references = {"interprets": "6f1c", "translation_of": "6f1c"}
    before = {ARTICLE: make_article(id="6f1c", type="statute", law="甲法", topic="river", also=["english:news"])}
    before |= dated("a", "2026-11-01", **references) | dated("b", "2026-11-19", type="statute", law="甲法")
    tree = Tree(before)
    index.update(tree, cluster, NOW)
    questions = questions_of(cluster) | {path: page_of(path) for path in shown(index, cluster)}
    questions.pop(f"file {ARTICLE}", None)
    readers, last = Readers(index, questions), index.last_touch()
    edited = make_article(
        body="另一段正文。", id="6f1c", type="statute", law="甲法", topic="river", also=["english:news"]
    )
    index.update(tree.edited({ARTICLE: edited}), cluster, NOW)
    touches = index.touches(last)
    assert readers.led_to(touches) == set()
    assert {path for touch in touches for path in _own_pages(index, touch)} == {ARTICLE}


def test_the_end_of_a_topic_leads_to_who_asked_for_it(index, cluster):
    questions = SLICES | {"topic": lambda index: index.saw("topic:portal:river")}
    assert led_by(index, cluster, THREE, {}, questions, NOW, LATER) == {"topic"}
    assert led_by(index, cluster, THREE, {}, questions, LATER, NOW) == {"topic"}


def test_when_the_owner_of_an_id_expires_who_named_the_id_is_led_to(index, cluster):
    owner = dated("a", "2026-01-01", id="x1", expires="2026-12-01")
    heir = dated("b", "2026-02-01", id="x1")
    questions: dict[str, Question] = {
        "by id": lambda index: index.find("x1"),
        "by the heir's path": lambda index: index.find("portal/news/2026/b.md"),
        "by another id": lambda index: index.find("x2"),
    }
    led = led_by(index, cluster, owner | heir, {}, questions, NOW, MOMENTS[3])
    assert led == {"by id", "by the heir's path"}
    found = index.find("x1")
    assert found is not None
    assert found.slug == "b"
