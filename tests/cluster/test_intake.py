"""Intake: what goes live at once, what waits for a review, and how an urgent change is remembered."""

import re
from datetime import UTC, datetime

import git
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster.clock import parse_date
from cluster.errors import ConfigError, ContentError
from cluster.gitstore import GitStore
from cluster.intake import decide
from cluster.writing import CommitWriting
from tests.builders import NOW, make_store

AT = parse_date(NOW)


def test_an_open_intake_goes_live():
    decision = decide("open", urgent=None, who="li.ming", at=AT)
    assert (decision.branch, decision.is_live, decision.trailer) == ("main", True, "")
    assert decision.message("改一处") == "改一处"


def test_a_reviewed_intake_waits_on_a_branch_named_by_time_and_person():
    decision = decide("reviewed", urgent=None, who="Li Ming", at=AT)
    assert (decision.branch, decision.is_live) == ("cli/20261120-090000-li-ming", False)
    for language in ("zh-CN", "en"):
        assert decision.branch in decision.why(language)
        assert "--urgent" in decision.why(language)


def test_the_branch_gives_the_citys_time_whatever_the_clocks_zone():
    at = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
    assert decide("reviewed", urgent=None, who="li", at=at).branch == "cli/20261121-043000-li"


def test_an_urgent_change_goes_live_and_gives_its_reason():
    decision = decide("reviewed", urgent="山洪预警", who="li", at=AT)
    assert (decision.branch, decision.is_live) == ("main", True)
    assert "山洪预警" in decision.why("zh")
    assert "山洪预警" in decision.why("en")
    assert decision.message("发预警\n") == "发预警\n\nUrgent-Reason: 山洪预警\n"


def test_git_reads_the_urgent_reason_as_one_trailer(tmp_path):
    decision = decide("reviewed", urgent=" 山洪\n\nSigned-off-by: 局长\r\n\x00 ", who="li", at=AT)
    with make_store(tmp_path) as store:
        writing = CommitWriting(store, decision.branch, "李明", "li@yunze.example", AT)
        made = writing.write({"content/x.md": b"x"}, decision.message("发预警"))
        with git.Repo(store.path) as repo:
            trailers = repo.git.log("-1", "--format=%(trailers)", made)
    assert trailers.strip() == "Urgent-Reason: 山洪 Signed-off-by: 局长"


@pytest.mark.parametrize("reason", ["", "  \n", "\x00"])
def test_an_urgent_change_without_a_reason_is_refused(reason):
    with pytest.raises(ContentError, match="needs a reason"):
        decide("reviewed", urgent=reason, who="li", at=AT)


def test_an_unknown_intake_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="'open' or 'reviewed'"):
        decide("closed", urgent="x", who="li", at=AT)


def test_two_people_without_latin_names_get_two_branches():
    branches = {decide("reviewed", urgent=None, who=who, at=AT).branch for who in ("李明", "王芳")}
    assert len(branches) == 2


@pytest.fixture
def store(tmp_path):
    with GitStore.create(tmp_path / "content.git") as store:
        yield store


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=st.text())
def test_any_name_makes_a_branch_that_git_takes(store, who):
    branch = decide("reviewed", urgent=None, who=who, at=AT).branch
    assert re.fullmatch(r"cli/\d{8}-\d{6}-[a-z0-9][a-z0-9-]*", branch)
    assert store.head(branch) is None
