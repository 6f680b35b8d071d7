"""The URL of a mirror."""

import pytest

from cluster.errors import TargetError
from publish.delivery.bucket import Address


def test_a_url_names_bucket_prefix_and_how_to_reach_them():
    url = "s3://city/www/2026/?endpoint=https://s3.example.gov.cn:9000&region=cn-north-1&encoding=br&style=virtual"
    address = Address.parse(url)
    assert (address.bucket, address.prefix) == ("city", "www/2026")
    assert (address.endpoint, address.region) == ("https://s3.example.gov.cn:9000", "cn-north-1")
    assert (address.encoding, address.style) == ("br", "virtual")
    assert address.key("portal/index.html") == "www/2026/portal/index.html"


def test_a_bucket_alone_is_enough():
    address = Address.parse("s3://city")
    assert (address.prefix, address.endpoint, address.key("a/b")) == ("", None, "a/b")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3:///www", "not a mirror. Write it as s3://BUCKET/PREFIX"),
        ("s3://city/a//b", "not a mirror"),
        ("s3://city/../b", "not a mirror"),
        ("s3://city/a%2f..%2fb", "not a mirror"),
        ("s3://city/a#b", "not a mirror"),
        ("https://city/a", "not a mirror"),
        ("s3://city/a?colour=red", "'colour' is unknown"),
        ("s3://city/a?encoding=gzip", "'encoding' is unknown or has a wrong value"),
        ("s3://city/a?style=odd", "'style' is unknown or has a wrong value"),
        ("s3://city/a?endpoint=store.example.gov.cn", "'endpoint' is unknown or has a wrong value"),
    ],
)
def test_a_url_that_is_not_as_it_should_be_is_told(url, words):
    with pytest.raises(TargetError, match=words):
        Address.parse(url)


@pytest.mark.parametrize(
    "url", ["s3://KEY:geheim@city/www", "s3://city/www?endpoint=https://KEY:geheim@store", "s3://KEY:gehe@im@city/www"]
)
def test_a_secret_in_a_url_is_refused_and_not_repeated(url):
    with pytest.raises(TargetError, match="credentials do not belong in a URL") as caught:
        Address.parse(url)
    assert "gehe" not in caught.value.english + caught.value.chinese
    assert "KEY" not in (caught.value.english + caught.value.chinese).replace("ACCESS_KEY", "")
