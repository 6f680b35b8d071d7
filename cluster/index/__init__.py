"""The index: what one state of the content says, in SQLite, so that a page asks instead of reading files.

`ingest` brings it up to a source; `query` answers. It is derived: deleting the file loses nothing but speed.
"""

from cluster.index.ingest import Updated, update_index
from cluster.index.query import Index, IndexedItem

__all__ = ["Index", "IndexedItem", "Updated", "update_index"]
