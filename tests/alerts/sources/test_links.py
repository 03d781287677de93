"""Making senders' URLs absolute."""

import pytest

from alerts.sources.links import absolute_url, base_url, host_of, is_http

BASE = "https://g.example/sub/"


@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        ("https://a.example/x?y#z", BASE, "https://a.example/x?y#z"),
        ("http://grafana:3000", BASE, "http://grafana:3000"),
        ("  http://a.example/a b ", BASE, "http://a.example/a%20b"),
        ("http://a.example/ünï", BASE, "http://a.example/ünï"),
        ("?orgId=1", BASE, "https://g.example/sub/?orgId=1"),
        ("/alerting/x", BASE, "https://g.example/alerting/x"),
        ("alerting/x", BASE, "https://g.example/sub/alerting/x"),
        ("//other.example/x", BASE, "https://other.example/x"),
        ("?orgId=1", "", "?orgId=1"),
        ("localhost:3000/x", BASE, "http://localhost:3000/x"),
        ("grafana.example/x", "", "http://grafana.example/x"),
        ("10.0.0.1:3000", "", "http://10.0.0.1:3000"),
        ("[::1]:3000/x", "", "http://[::1]:3000/x"),
        ("javascript:alert(1)", BASE, "javascript:alert(1)"),
        ("mailto:a@b.example", BASE, "mailto:a@b.example"),
        ("http://[broken", BASE, "http://[broken"),
        ("", BASE, ""),
    ],
)
def test_absolute_url(url: str, base: str, expected: str) -> None:
    assert absolute_url(url, base) == expected


@pytest.mark.parametrize(
    ("external_url", "base"),
    [
        ("https://g.example/sub", BASE),
        (BASE, BASE),
        ("localhost:3000/", "http://localhost:3000/"),
        ("not a url", ""),
        ("ftp://g.example/", ""),
        ("", ""),
    ],
)
def test_base_url(external_url: str, base: str) -> None:
    assert base_url(external_url) == base


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://a", True),
        ("https://user:pass@a.example:99/x", True),
        ("HTTP://a.example", True),
        ("http://", False),
        ("http:///x", False),
        ("http://[broken", False),
        ("ftp://a.example", False),
        ("/x", False),
    ],
)
def test_is_http(url: str, verdict: bool) -> None:
    assert is_http(url) is verdict


def test_host_of() -> None:
    assert host_of("http://a.example:99/x") == "a.example:99"
    assert host_of("http://[broken") == ""
