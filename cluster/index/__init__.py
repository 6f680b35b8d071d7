"""The index: what one state of the content says and what was made of it, in SQLite, so that a page asks instead of
reading files and a build follows what changed.

`ingest` brings it up to a source, `settle` decides what is shown and journals what that touches, `query` answers,
`outputs` keeps what a build made. It is derived: deleting the file loses nothing but speed.
"""

from cluster.index.ingest import Updated
from cluster.index.outputs import Finding, Made, PageKey, SiteOutputs
from cluster.index.period import Period
from cluster.index.query import Index, IndexedItem
from cluster.index.reads import Reads
from cluster.index.settle import Touch

__all__ = ["Finding", "Index", "IndexedItem", "Made", "PageKey", "Period", "Reads", "SiteOutputs", "Touch", "Updated"]
