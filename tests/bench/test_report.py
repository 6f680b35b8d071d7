"""The report follows from the results alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.chart import chart
from bench.errors import BenchError
from bench.goals import Goal, goals
from bench.report import report, write_report
from bench.results import Results, Sample
from tests.bench.making import make_results

MEASURED = {
    "10000/cold/ours": [10.0, 8.0, 9.0],
    "10000/cold/hugo": [5.0, 6.0, 7.0],
    "10000/cold/pelican": [30.0],
    "100000/cold/ours": [90.0],
    "100000/cold/hugo": [100.0],
    "10000/edited/ours": [0.5],
    "10000/edited/warm": [0.05],
    "300000/edited/ours": [0.6],
    "300000/rebuild/hugo": [300.0],
    "10000/rebuild/hugo": [6.0],
    "10000/still/ours": [0.4],
}


def goal(words: str) -> Goal:
    return next(one for one in goals() if words in one.what)


def test_the_same_results_give_the_same_report() -> None:
    first, second = make_results(MEASURED), Results.parse(make_results(MEASURED).dump())
    assert report(first) == report(second)
    assert chart(first) == chart(second)


def test_a_median_stands_with_its_spread() -> None:
    assert "| zhanqun | 9.00 (8.00–10.0) | 1.00 |" in report(make_results(MEASURED))


def test_a_peer_s_cpu_stands_beside_ours() -> None:
    assert "| stock Pelican | 30.0 | 3.33 |" in report(make_results(MEASURED))


@pytest.mark.parametrize(
    ("words", "figure", "verdict"),
    [
        ("cold build, 100,000: CPU", 0.9, "must met"),
        ("cold build, 300,000: CPU", None, "not measured"),
        ("one article edited, 300,000, by the command", 0.6, "must met"),
        ("less CPU than Hugo's rebuild", 500.0, "must met"),
        ("300,000 : 10,000, the worst by the command", 1.2, "aim met"),
    ],
)
def test_a_goal_is_measured_against_must_and_aim(words: str, figure: float | None, verdict: str) -> None:
    found = goal(words)
    measured = found.figure(make_results(MEASURED))
    assert measured == (None if figure is None else pytest.approx(figure))
    assert found.verdict(measured) == verdict


def test_a_missed_goal_is_said_plainly() -> None:
    results = make_results({"300000/edited/ours": [2.0]})
    assert (
        "| one article edited, 300,000, by the command | 2.00 CPU s | ≤ 1.00 CPU s | ≤ 0.40 CPU s | **missed** |"
        in (report(results))
    )


def test_the_profile_stands_in_the_report_word_for_word() -> None:
    profile = "## Where the time goes\n\n`nh3.clean` takes 7 %."
    assert profile in report(make_results(MEASURED), profile)


def test_nothing_measured_is_a_report_too() -> None:
    assert "not measured" in report(Results())


def test_the_chart_is_svg_with_a_bar_for_every_figure() -> None:
    root = ElementTree.fromstring(chart(make_results(MEASURED, peak=10**8)))
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "10,000 · stock Pelican" in words
    assert len([one for one in words if one and " · " in one]) == 5 + 5 + 5


def test_the_three_files_lie_side_by_side(tmp_path: Path) -> None:
    write_report(make_results(MEASURED), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"engine.md", "engine.json", "engine.svg"}
    assert Results.parse((tmp_path / "engine.json").read_text("utf-8")).rows == make_results(MEASURED).rows


def test_results_of_another_format_are_refused() -> None:
    with pytest.raises(BenchError, match="format 9"):
        Results.parse('{"format": 9}')


def test_a_figure_that_no_sample_has_was_not_measured() -> None:
    results = make_results({"10000/cold/ours": [1.0]})
    assert results.spread(10_000, "cold", "ours", "instructions") is None
    assert results.of(10_000, "cold", "ours") == [Sample(1.0, 1.0)]
