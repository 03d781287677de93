"""Link checks agree with TDLib, in verdict and in words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.links import LinkRefused, accept_link

URLS = [
    "http://e.com",
    "HTTPS://E.com/Path?q=1#f",
    "e.com",
    "http://localhost:8000/",
    "http://grafana:3000",
    "http://127.0.0.1/x",
    "http://[::1]/",
    "http://[::zz]/",
    "ftp://e.com",
    "javascript:alert(1)",
    "mailto:a@b.c",
    "foo",
    "",
    "http://",
    "http://./",
    "http://e.com:0/",
    "http://e.com:99999/",
    "http://e.com:080/",
    "http://u:p@e.com/",
    "http://a b.com/",
    "http://a%zz.com/",
    "http://e.com/a b",
    "tg://resolve?domain=x",
    "tg://user?id=5",
    "tg://user?id=0",
    "tg:resolve",
    "tg://a.b",
    "tg://x:5",
    "ton://x@y",
    "tonsite://e.ton/x",
    "http://пример.рф/",
]
PIECES = (
    """http https :// : / e.com grafana @ [::1] %41 % ? # tg: ton: tonsite: 80 99999 . a é | [ ]"""
)
URL_PARTS = st.sampled_from([*PIECES.split(), " "])


def _tdlib_verdict(url: str) -> str:
    """What TDLib makes of the URL in an explicit entity: its normal form or its complaint."""
    tdjson = pytest.importorskip("tdjson")
    tdjson.td_execute(b'{"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}')
    entity = {
        "@type": "textEntity",
        "offset": 0,
        "length": 1,
        "type": {"@type": "textEntityTypeTextUrl", "url": url},
    }
    text = {"@type": "formattedText", "text": "x", "entities": [entity]}
    request = {"@type": "parseMarkdown", "text": text}
    answer = json.loads(tdjson.td_execute(json.dumps(request, ensure_ascii=False).encode()))
    if answer["@type"] == "error":
        complaint: str = answer["message"]
        return complaint.removeprefix("Entity ")
    kind = answer["entities"][0]["type"]
    return str(kind.get("url") or f"tg://user?id={kind['user_id']}")


def _our_verdict(url: str) -> str:
    try:
        return accept_link(url)
    except LinkRefused as refused:
        return str(refused)


@pytest.mark.parametrize("url", URLS)
def test_known_links(url: str) -> None:
    assert _our_verdict(url) == _tdlib_verdict(url)


@settings(max_examples=300)
@given(st.lists(URL_PARTS, max_size=6).map("".join))
def test_any_link(url: str) -> None:
    assert _our_verdict(url) == _tdlib_verdict(url)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://e.com/", "Only HTTPS links are allowed"),
        ("e.com", "Only HTTPS links are allowed"),
        ("http://localhost", "Only HTTPS links are allowed"),
        ("https://localhost", "Wrong HTTP URL"),
        ("ftp://e.com", "Unsupported URL protocol"),
        ("tg://resolve?domain=x", "Only HTTPS links are allowed"),
    ],
)
def test_links_that_must_be_https(url: str, fault: str) -> None:
    with pytest.raises(LinkRefused, match=fault):
        accept_link(url, https=True)


def test_https_link_passes() -> None:
    assert accept_link("HTTPS://e.com", https=True) == "https://e.com/"
