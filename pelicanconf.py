"""Pelican's entry for one site: `SITE=portal pelican -s pelicanconf.py` writes a plain folder, `output/<site>`.

`ZHANQUN_CONTENT` names the folder with content/ and sites/ (default: this one), `ZHANQUN_NOW` the moment to build as of
(default: the clock). The index lives in memory and is thrown away.
"""

import os
import sys
from pathlib import Path

from pelican import signals

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE))

from cluster.clock import current_time, stamp  # noqa: E402 - the path above comes first
from cluster.index import Index  # noqa: E402
from cluster.index.ingest import parse_issue  # noqa: E402
from cluster.source import FolderSource  # noqa: E402
from plugins.pages.job import moment  # noqa: E402
from plugins.pages.settings import pelican_settings  # noqa: E402
from plugins.pages.sinks import FolderSink  # noqa: E402
from publish.build import Rooms, make_job, read_cluster  # noqa: E402

_content = Path(os.environ.get("ZHANQUN_CONTENT", _HERE)).resolve()
_now = moment(os.environ["ZHANQUN_NOW"]) if "ZHANQUN_NOW" in os.environ else stamp(current_time())
_source = FolderSource(_content)
_cluster = read_cluster(_source, os.environ.get("ZHANQUN_URL", ""))
_key = os.environ.get("SITE", "")
if _key not in _cluster.sites:
    sys.exit(f"Name a site / 请指定站点: SITE={'|'.join(_cluster.sites)} pelican -s pelicanconf.py")
_output = _HERE / "output" / _key
_index = Index(None)
_index.update(_source, _cluster, _now)
_data = Path(os.environ.get("ZHANQUN_DATA", _HERE / "data"))
_rooms = Rooms(_HERE / "var", _data / "media", _HERE / "themes" / "gov")
_sink = FolderSink(_output)
_job = make_job(_source, _cluster, _cluster.sites[_key], _index, _rooms, _now, _sink)

globals().update(pelican_settings(_job, content=_content / "content", output=_output))


def _tell_issues(_pelican: object) -> None:
    """Plain Pelican would end in silence: names what should be mended."""
    noted = (parse_issue(text) for text in _index.outputs.issues())
    for issue in sorted({*_index.issues(_now), *noted}):
        print(f"{issue.place()}: {issue.text('en')}", file=sys.stderr)


signals.finalized.connect(_tell_issues, weak=False)
