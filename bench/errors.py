"""What stops a benchmark."""

from __future__ import annotations

from cluster.errors import ClusterError


class BenchError(ClusterError):
    """The machine lacks something, or a run that was to be measured failed: its figures would be wrong."""
