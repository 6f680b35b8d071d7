"""The tree of exceptions: two languages, exit codes, one root."""

from __future__ import annotations

import inspect

import pytest

from cluster import errors
from cluster.errors import ClusterError, ConflictError, GitError, HeldError

ALL = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_one_root_a_docstring_and_speaks_both_languages(kind):
    error = kind("Run it again.", "请再试一次。")
    assert isinstance(error, ClusterError)
    assert inspect.getdoc(kind)
    assert str(error) == error.text("en") == error.text("C.UTF-8") == "Run it again."
    assert error.text("zh") == error.text("zh_CN.UTF-8") == "请再试一次。"


def test_only_held_ends_with_four_all_others_with_one():
    assert {kind.exit_code for kind in ALL if kind is not HeldError} == {1}
    assert HeldError.exit_code == 4


def test_a_conflict_is_a_git_error():
    assert issubclass(ConflictError, GitError)
