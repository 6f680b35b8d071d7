"""What an action did, in the form of `--json`."""

from __future__ import annotations

from cluster.manifest import Changes
from publish.brake import Reason, Removal
from publish.outcome import Failure, Outcome
from publish.receiver import Receipt
from tests.publish.released_city import NOW


def test_an_outcome_tells_counts_of_files_and_everything_else_whole():
    outcome = Outcome(
        release=None,
        is_new=False,
        changes=Changes(("portal/a.html", "portal/b.html"), ("portal/c.html",), ()),
        receipts=(Receipt("dir:dmz", 3, "r", NOW),),
        failures=(Failure("file:usb", "没有文件夹", "no folder"),),
        held=(Removal("portal", 60, 62, Reason.MANY),),
    )
    told = outcome.as_dict()
    assert (told["release"], told["is_new"]) == (None, False)
    assert told["changes"] == {"added": 2, "changed": 1, "removed": 0}
    assert told["receipts"] == [{"target": "dir:dmz", "number": 3, "root": "r", "at": NOW.isoformat()}]
    assert told["failures"] == [{"target": "file:usb", "zh": "没有文件夹", "en": "no folder"}]
    assert told["held"][0]["count"] == 60


def test_a_failure_is_told_in_the_readers_language():
    failure = Failure("file:usb", "没有文件夹", "no folder")
    assert (failure.text("zh-CN"), failure.text("en")) == ("没有文件夹", "no folder")
