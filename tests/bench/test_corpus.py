"""The made-up cluster follows from size and seed alone."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bench import edits
from bench.corpus import NOW, SMALLEST, Corpus
from bench.forms import content, hugo, stock
from bench.tree import columns_for
from tests.bench.making import make_corpus

FORMS = {"content": content.content_files, "hugo": hugo.hugo_files, "stock": stock.stock_files}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_size_and_seed_give_the_same_bytes(form: str) -> None:
    assert list(FORMS[form](make_corpus())) == list(FORMS[form](make_corpus()))


@pytest.mark.parametrize("form", FORMS)
def test_another_seed_gives_other_items(form: str) -> None:
    first, second = (dict(FORMS[form](make_corpus(seed=seed))) for seed in (1, 2))
    items = {path for path in first if "/20" in path}
    assert not [path for path in items if second.get(path) == first[path]]


@pytest.mark.parametrize("form", FORMS)
def test_no_file_is_written_twice(form: str) -> None:
    paths = Counter(path for path, _ in FORMS[form](make_corpus()))
    assert max(paths.values()) == 1


def test_an_item_can_be_had_without_the_others() -> None:
    corpus = make_corpus()
    assert list(corpus.items(content.LINKS))[41] == Corpus(60).item(41, content.LINKS)


@pytest.mark.parametrize(("size", "columns"), [(60, 25), (10_000, 25), (100_000, 80), (300_000, 600)])
def test_a_cluster_has_as_many_columns_as_its_size_needs(size: int, columns: int) -> None:
    corpus = make_corpus(size)
    filled = [column for site in corpus.sites for column in site.columns if column.weight]
    assert (columns_for(size), len(filled)) == (columns, columns)


@pytest.mark.parametrize("size", [60, 300_000])
def test_columns_are_two_or_three_levels_deep(size: int) -> None:
    depths = {column.path.count("/") + 1 for site in make_corpus(size).sites for column in site.columns}
    assert depths == ({1, 2} if size == 60 else {1, 2, 3})


def test_every_column_but_the_empty_one_has_an_item() -> None:
    corpus = make_corpus(SMALLEST)
    filled = {(item.place.site, item.place.column) for item in corpus.items(content.LINKS)}
    columns = {(site.key, column.path) for site in corpus.sites for column in site.columns}
    assert columns - filled == {corpus.empty_column}
    assert corpus.empty_column[1].count("/") == 1


def test_items_lie_in_ten_years_before_now() -> None:
    corpus = make_corpus(2000)
    dates = [corpus.place(number).date for number in range(2000)]
    assert {date[:4] for date in dates} == {str(year) for year in range(2017, 2027)}
    assert max(dates) < corpus.place(2000).date < NOW


def test_bodies_are_about_as_long_as_a_city_s_and_mostly_plain() -> None:
    corpus = make_corpus(10_000)
    bodies = [corpus.item(number, content.LINKS).body for number in range(0, 10_000, 10)]
    assert 900 < sum(map(len, bodies)) / len(bodies) < 1080
    plain = [body for body in bodies if not re.search(r"[\[|*#]|^- |^1\. ", body, re.MULTILINE)]
    assert 0.64 < len(plain) / len(bodies) < 0.76


def test_words_are_as_unequal_as_in_natural_text() -> None:
    corpus = make_corpus(10_000)
    text = "".join(corpus.item(number, content.LINKS).body for number in range(300))
    pairs = Counter(re.findall(r"[一-鿿]{2}", text)).most_common()
    assert len(pairs) > 1000
    assert pairs[0][1] > 20 * pairs[500][1]


EDITS = ("added", "edited", "deleted", "empty", "hundred")


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_s_number_names_it_for_good(kind: str) -> None:
    assert edits.changes_of(make_corpus(), kind, 3) == edits.changes_of(make_corpus(), kind, 3)
    assert edits.changes_of(make_corpus(), kind, 3) != edits.changes_of(make_corpus(), kind, 4)


def test_edits_touch_what_they_say() -> None:
    corpus = make_corpus()
    old = {path for path, _ in content.content_files(corpus)}
    items = {kind: [path for path in edits.changes_of(corpus, kind, 1) if path.endswith(".md")] for kind in EDITS}
    assert not old & {*items["added"], *items["empty"], *items["hundred"]}
    assert old >= {*items["edited"], *items["deleted"]}
    assert len(items["hundred"]) == 100
    assert items["empty"][0].startswith(f"content/{'/'.join(corpus.empty_column)}/")


def test_numbers_of_removals_lead_to_distinct_items_and_empty_no_column() -> None:
    corpus = make_corpus(200)
    paths = {edits.removed(corpus, number) for number in range(175)}
    kept = {f"content/{corpus.place(number).stem}.md" for number in range(25)}
    assert len(paths) == 175
    assert not paths & kept
