"""Closed sites: markers that the web server looks for, written without the inside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster.errors import TargetError
from publish.receiver.closed import close_site, closed_sites, open_site
from tests.publish.delivery.signed import NOW


@pytest.fixture
def www(tmp_path: Path) -> Path:
    (tmp_path / "www/trees/t/portal").mkdir(parents=True)
    (tmp_path / "www/trees/t/tax").mkdir()
    (tmp_path / "www/current").symlink_to("trees/t")
    (tmp_path / "www/format").write_text("zhanqun-target 2\n")
    return tmp_path / "www"


def test_a_site_is_closed_and_opened_again(www):
    assert closed_sites(www) == ()
    assert close_site(www, "tax", NOW)
    assert (www / "closed/tax").read_text() == "2026-11-20T01:00:00+00:00\n"
    assert closed_sites(www) == ("tax",)
    assert open_site(www, "tax")
    assert closed_sites(www) == ()


def test_closing_or_opening_twice_changes_nothing(www):
    close_site(www, "tax", NOW)
    before = (www / "closed/tax").stat().st_mtime_ns
    assert not close_site(www, "tax", NOW)
    assert (www / "closed/tax").stat().st_mtime_ns == before
    assert open_site(www, "tax")
    assert not open_site(www, "tax")


def test_the_web_server_may_look_whatever_the_umask_is(www):
    before = os.umask(0o077)
    try:
        close_site(www, "tax", NOW)
    finally:
        os.umask(before)
    assert (www / "closed").stat().st_mode & 0o777 == 0o755
    assert (www / "closed/tax").stat().st_mode & 0o777 == 0o644


def test_a_site_that_went_can_still_be_opened(www):
    close_site(www, "tax", NOW)
    (www / "trees/t/tax").rmdir()
    assert open_site(www, "tax")


@pytest.mark.parametrize("name", ["taxes", "", "../tax", "/etc", ".tmp-x", "TAX", "tax/x", "t" * 81])
def test_a_name_that_is_no_site_is_told_with_those_there_are(www, name):
    with pytest.raises(TargetError, match="portal tax"):
        close_site(www, name, NOW)
    assert not (www / "closed").exists()


def test_a_folder_without_releases_is_no_web_root(tmp_path):
    with pytest.raises(TargetError, match="--www"):
        close_site(tmp_path, "tax", NOW)
    with pytest.raises(TargetError, match="--www"):
        open_site(tmp_path, "tax")


def test_a_marker_that_cannot_be_written_is_told(www):
    (www / "closed").write_text("a file")
    with pytest.raises(TargetError, match="owner"):
        close_site(www, "tax", NOW)
