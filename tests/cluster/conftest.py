"""What the tests of `cluster` share: one valid cluster, an index in memory, and how hard properties are tried."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from cluster.index import Index
from cluster.site import Cluster
from tests.builders import make_cluster, make_cluster_files, make_site, make_topic

# No deadline: a test never asserts time. The function-scoped `tmp_path` is only a place for ever new files.
settings.register_profile(
    "cluster",
    deadline=None,
    max_examples=int(os.environ.get("ZHANQUN_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("cluster")


@pytest.fixture(scope="session")
def config() -> dict[str, bytes]:
    """The files below `sites/` of a portal with a topic and an English site."""
    files = make_cluster_files(
        {
            "portal": make_site("portal", ("news", "news/notices", "residents", "about")),
            "english": make_site("english", ("news",), language="en"),
        }
    )
    return files | {"sites/portal/topics/river.toml": make_topic()}


@pytest.fixture(scope="session")
def cluster(config: dict[str, bytes]) -> Cluster:
    """The cluster in those files."""
    return make_cluster(config)


@pytest.fixture
def index() -> Iterator[Index]:
    """An empty index in memory."""
    made = Index(None)
    yield made
    made.close()
