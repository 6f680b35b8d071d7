"""Where the three places of a target lie."""

from pathlib import Path

from publish.receiver.places import Places


def test_state_and_vault_lie_beside_the_web_root():
    assert Places.from_www(Path("x/www")).folders == (Path("x/www"), Path("x/state"), Path("x/vault"))


def test_state_and_vault_may_lie_elsewhere():
    places = Places.from_www(Path("x/www"), state=Path("/s"), vault=Path("/v"))
    assert (places.state, places.vault) == (Path("/s"), Path("/v"))
