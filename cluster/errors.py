"""The one tree of exceptions: what stops a program, told with what to do, in Chinese and English.

People's mistakes in content are not exceptions but `cluster.issues.Issue`. An exception here ends a command;
`exit_code` is what the command line returns. The first argument of every error is English, the second Chinese.
"""

from __future__ import annotations

from typing import Any, ClassVar


class ClusterError(Exception):
    """Something the program cannot go on from; `english` and `chinese` say what happened and what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese

    def __reduce__(self) -> tuple[type[ClusterError], tuple[Any, ...]]:
        """How the error travels between processes: by both of its texts."""
        return type(self), (self.english, self.chinese)

    def text(self, language: str) -> str:
        """The message in `zh` or `en`."""
        return self.chinese if language.startswith("zh") else self.english


class ConfigError(ClusterError):
    """The cluster's or the program's configuration cannot be used: nothing is published."""


class ContentError(ClusterError):
    """The content repository or folder cannot be read at all."""


class FormatError(ClusterError):
    """A file has an unknown format number or is damaged."""


class GitError(ClusterError):
    """Git refused or failed."""


class ConflictError(GitError):
    """`main` moved while a commit was being made: read again and repeat."""


class BuildError(ClusterError):
    """Pelican, a plugin or a template failed: the build is void."""


class TargetError(ClusterError):
    """A release could not be delivered to a target; the live site is as it was."""


class RefusedError(TargetError):
    """The receiver will not take a bundle; `code` names the rule, and nothing was changed."""

    def __init__(self, english: str, chinese: str, code: str = "") -> None:
        super().__init__(english, chinese)
        self.code = code

    def __reduce__(self) -> tuple[type[ClusterError], tuple[Any, ...]]:
        """How the error travels between processes: with its code."""
        return type(self), (self.english, self.chinese, self.code)


class BusyError(ClusterError):
    """Another publish holds the lock."""


class HeldError(ClusterError):
    """Publishing is held by the brake or after a rollback, until somebody confirms."""

    exit_code = 4
