"""The small town rendered once, for promises about whole outputs."""

from __future__ import annotations

import pytest

from tests.plugins.rendering import Rendered, render_site
from tests.plugins.town import make_town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    """The output of every site of the town."""
    files = make_town()
    return {
        site: render_site(tmp_path_factory.mktemp(site), files, site=site) for site in ("portal", "coal", "english")
    }
