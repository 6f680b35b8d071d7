"""The benchmark of traditional characters: it measures the conversion of whole pages, and its table tells what was met."""

from __future__ import annotations

from bench.traditional import LENGTHS, Row, article_of, rows_of, table_of

FRAME = '<html lang="zh-Hans"><h1>标题</h1><div class="body"><p>旧</p></div></html>'


def test_an_article_of_a_length_stands_in_the_frame():
    for length in LENGTHS:
        page = article_of(FRAME, length)
        assert page.startswith('<html lang="zh-Hans"><h1>标题</h1><div class="body"><p>')
        assert 0.8 * length <= len(page) <= 1.3 * length


def test_every_row_has_all_its_runs():
    rows = rows_of([FRAME, FRAME], 3)
    assert [len(row.milliseconds) for row in rows] == [3, 2, 2, 3, 3, 3]


def test_the_table_tells_what_was_met():
    table = table_of([Row("a", (1.0, 2.0, 30.0)), Row("b", (16.0,)), Row("c", (99.0,), is_limited=False)])
    assert table.split("\n")[2:-1] == [
        "| a | 2.0 ms (1.0–30.0) | ≤ 15 ms: met |",
        "| b | 16.0 ms (16.0–16.0) | ≤ 15 ms: **missed** |",
        "| c | 99.0 ms (99.0–99.0) |  |",
    ]
