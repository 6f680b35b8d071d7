"""A new site: valid at once, in place in the cluster, and never at another site's cost."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import ConfigError
from cluster.new_site import new_site
from cluster.site import load_cluster
from cluster.source import FolderSource, config_files
from cluster.validation import read_item
from tests.builders import REPOSITORY, make_cluster, make_cluster_files

FILES = make_cluster_files({"portal": ("news",), "congress": ("news",)})
ABOUT = "content/forestry/about/about.md"
SITE = "sites/forestry/site.toml"


def make(files=FILES, key="forestry", name="云泽林业", host="forestry.yunze.localhost", **options):
    return new_site(files, key, name=name, host=host, based_on=make_cluster(files), **options)


def make_list(array):
    """`FILES` with `sites` written like this."""
    before = FILES["sites/cluster.toml"].decode()
    written = before.replace('sites = ["portal", "congress"]', f"sites = {array}")
    assert written != before
    return {**FILES, "sites/cluster.toml": written.encode()}


def sites_of(data):
    return tomllib.loads(data.decode())["sites"]


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_a_new_site_is_valid_beside_the_others(language):
    changes = make(language=language)
    assert set(changes) == {"sites/cluster.toml", SITE, ABOUT}
    cluster, issues = load_cluster({**FILES, SITE: changes[SITE], "sites/cluster.toml": changes["sites/cluster.toml"]})
    assert issues == ()
    assert list(cluster.sites) == ["portal", "congress", "forestry"]
    site = cluster.sites["forestry"]
    assert (site.name, site.host, site.language) == ("云泽林业", "forestry.yunze.localhost", language)
    assert read_item(ABOUT, changes[ABOUT], cluster)[1] == []


def test_a_new_site_joins_the_demo_cluster():
    files = config_files(FolderSource(REPOSITORY))
    changes = make(files)
    cluster, issues = load_cluster({**files, **{p: d for p, d in changes.items() if p.startswith("sites/")}})
    assert (issues, "forestry" in cluster.sites) == ((), True)


def test_its_columns_are_hidden_until_they_hold_something_and_its_home_shows_them():
    site = make_cluster({**FILES, **make()}).sites["forestry"]
    assert [(column.path, column.hidden) for column in site.columns.values()] == [
        ("about", True),
        ("news", True),
        ("notices", True),
        ("policy", True),
    ]
    assert [block.block for block in site.home] == ["intro", "headline", "columns"]
    assert site.home[0].url == "/forestry/about/about.md"


def test_colours_and_codes_are_those_of_the_first_site_with_a_note_to_change_them():
    changes = make()
    cluster = make_cluster({**FILES, **changes})
    first, site = cluster.sites["portal"], cluster.sites["forestry"]
    for field in (
        "main",
        "accent",
        "site_id",
        "icp",
        "police",
        "organizer",
        "operator",
        "phone",
        "email",
        "address",
    ):
        assert getattr(site, field) == getattr(first, field)
    for head in ("colors =", "[codes]", "[owner]"):
        line = next(row for row in changes[SITE].decode().splitlines() if row.startswith(head))
        assert "请改" in line
        assert "change" in line
        assert "portal" in line


def test_a_clusters_very_first_site_gets_examples():
    changes = make(make_cluster_files({}))
    assert sites_of(changes["sites/cluster.toml"]) == ["forestry"]
    assert "示例" in changes[SITE].decode()


def test_the_same_call_makes_the_same_bytes_and_every_site_its_own_id():
    assert make() == make()
    other = make(key="water", host="water.yunze.localhost")
    assert other["content/water/about/about.md"] != make()[ABOUT]


ARRAYS = {
    "on one line": ('["portal", "congress"] # 次序', '["portal", "congress", "forestry"] # 次序'),
    "with a last comma": ('["portal", "congress", ]', '["portal", "congress", "forestry", ]'),
    "in single quotes": ("['portal','congress']", "['portal','congress', \"forestry\"]"),
    "a line each": ('[\n  "portal",\n  "congress"\n]', '[\n  "portal",\n  "congress",\n  "forestry"\n]'),
    "a line each with a last comma": (
        '[\n\t"portal",\n\t"congress",\n]',
        '[\n\t"portal",\n\t"congress",\n\t"forestry",\n]',
    ),
    "a line each with comments": (
        '[\n  "portal", # a ]\n  "congress" # "b",\n]',
        '[\n  "portal", # a ]\n  "congress", # "b",\n  "forestry"\n]',
    ),
    "a last comma and a comment": (
        '[\n  "portal", # a\n  "congress", # b\n  # c\n]',
        '[\n  "portal", # a\n  "congress", # b\n  # c\n  "forestry",\n]',
    ),
    "broken in the middle": ('["portal",\n "congress"]', '["portal",\n "congress",\n "forestry"]'),
    "closed on its own line": ('["portal", "congress"\n]', '["portal", "congress",\n    "forestry"\n]'),
    "Windows line ends": (
        '[\r\n  "portal",\r\n  "congress"\r\n]',
        '[\r\n  "portal",\r\n  "congress",\r\n  "forestry"\r\n]',
    ),
}


@pytest.mark.parametrize(("before", "after"), ARRAYS.values(), ids=ARRAYS.keys())
def test_the_key_is_added_and_no_other_byte_of_cluster_toml_changes(before, after):
    files = make_list(before)
    changed = make(files)["sites/cluster.toml"]
    assert changed == files["sites/cluster.toml"].replace(before.encode(), after.encode())


@pytest.mark.parametrize("before", ["[]", "[ ]", "[\n]", "[ # none\n]"])
def test_an_empty_list_gets_its_first_key(before):
    files = make_cluster_files({})
    text = files["sites/cluster.toml"].decode().replace("sites = []", f"sites = {before}")
    assert sites_of(make({**files, "sites/cluster.toml": text.encode()})["sites/cluster.toml"]) == ["forestry"]


def test_a_list_that_cannot_be_found_is_refused_rather_than_broken():
    text = FILES["sites/cluster.toml"].decode().replace("sites = ", '"sites" = ')
    with pytest.raises(ConfigError, match="by hand"):
        make({**FILES, "sites/cluster.toml": text.encode()})


REFUSED = {
    "a key with capitals": ({"key": "Forestry"}, "cannot name a site"),
    "a key that climbs": ({"key": "../x"}, "cannot name a site"),
    "an empty key": ({"key": ""}, "cannot name a site"),
    "the folder of content types": ({"key": "types"}, "cannot name a site"),
    "the folder of theme files": ({"key": "assets"}, "cannot name a site"),
    "a site's key": ({"key": "portal"}, "already"),
    "a blank name": ({"name": " "}, "one line"),
    "a name of two lines": ({"name": "云泽\n林业"}, "one line"),
    "a long name": ({"name": "云" * 61}, "one line"),
    "a site's host": ({"host": "portal.yunze.localhost"}, "belongs to the site 'portal'"),
    "an address for a host": ({"host": "http://forestry.yunze.localhost"}, "no host name"),
    "a host with capitals": ({"host": "Forestry.yunze.localhost"}, "no host name"),
    "a host with a port": ({"host": "forestry.yunze.localhost:8080"}, "no host name"),
    "a host of one word": ({"host": "forestry"}, "no host name"),
    "a host with an empty part": ({"host": "forestry..localhost"}, "no host name"),
    "an overlong host": ({"host": ".".join(["a" * 60] * 5)}, "no host name"),
    "an unknown language": ({"language": "fr"}, "no language"),
}


@pytest.mark.parametrize(("options", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_or_is_taken_is_refused_in_both_languages(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        make(**options)
    assert caught.value.chinese != caught.value.english


def test_a_forgotten_folder_of_that_name_is_not_written_over():
    files = {**FILES, "sites/forestry/gone.toml": b"format = 1\n"}
    with pytest.raises(ConfigError, match="already"):
        make(files)


def test_a_cluster_without_the_page_type_is_told_so():
    files = {path: data for path, data in FILES.items() if path != "sites/types/page.toml"}
    with pytest.raises(ConfigError, match=r"about\.md:\d+: There is no content type 'page'"):
        make(files)


@given(name=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60))
def test_any_printable_name_makes_a_valid_site(name):
    assert make_cluster({**FILES, **make(name=name)}).sites["forestry"].name == name
