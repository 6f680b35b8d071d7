"""Promises of the HTML checker's wrapper."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.tools import nu

GOOD = '<!DOCTYPE html><html lang="zh-Hans"><head><title>云泽</title></head><body><p>你好，世界。</p></body></html>'


@pytest.mark.skipif(not (nu.JAR.is_file() and shutil.which("java")), reason="needs npm ci and Java")
def test_errors_and_warnings_are_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "站").mkdir()
    (tmp_path / "站" / "good.html").write_text(GOOD, "utf-8")
    (tmp_path / "站" / "bad.html").write_text(GOOD.replace("<p>", "\n<img src=x>").replace("lang", "data-x"), "utf-8")
    (tmp_path / "站" / "notes.txt").write_text("not a page")
    report = nu.check_pages(tmp_path)
    assert {error.file for error in report.errors} == {tmp_path / "站" / "bad.html"}
    assert str(report.errors[0]).startswith(f"{tmp_path}/站/bad.html:2:")
    assert {warning.line for warning in report.warnings} == {1}


def test_a_page_that_cannot_be_read_is_an_error() -> None:
    report = nu.read_report(
        '{"messages": [{"type": "non-document-error", "url": "file:/a/%E7%AB%99.html", "message": "No."},'
        ' {"type": "info", "message": "Information only."}]}'
    )
    assert [str(error) for error in report.errors] == ["/a/站.html:0:0: No. «»"]
    assert report.warnings == ()
