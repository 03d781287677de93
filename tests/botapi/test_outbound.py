"""Fetching images: guarded, no redirects, capped in size and in total time."""

import pytest

from botapi.outbound import Fetched, FetchFailed, GuardRefused, OutboundPolicy, fetch
from tests import clock
from tests.botapi.conftest import Authority
from tests.botapi.servers import (
    Answer,
    HttpProxy,
    Names,
    ScriptedServer,
    drip,
    hang_up,
    http,
    raw,
    silence,
)

LOCAL = OutboundPolicy(allowed_hosts=frozenset({"127.0.0.1"}))
PNG = b"\x89PNG" + bytes(1000)


def get(url: str, policy: OutboundPolicy = LOCAL, seconds: float = 60.0) -> Fetched:
    return fetch(
        url,
        max_bytes=2000,
        total_timeout=seconds,
        accept={"image/png", "image/jpeg"},
        policy=policy,
    )


def test_an_image_is_fetched() -> None:
    with ScriptedServer(raw(http(200, PNG, "Image/PNG; charset=x"))) as server:
        fetched = get(f"{server.url}/a b/ü.png?q=1&r=%20#part")
    assert fetched == Fetched("image/png", PNG)
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/a%20b/%C3%BC.png?q=1&r=%20")
    assert request.headers["accept"] == "image/jpeg, image/png"
    assert "cookie" not in request.headers


def test_a_chunked_image_is_fetched() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    with ScriptedServer(raw(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) as server:
        assert get(server.url).body == b"abcde"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (raw(http(302, b"", Location="http://127.0.0.1:1/")), "redirects"),
        (raw(http(404, PNG, "image/png")), "HTTP 404"),
        (raw(http(200, PNG, "text/html")), "it is text/html; accepted are image/jpeg, image/png"),
        (raw(http(200, PNG, "")), "of no type"),
        (raw(http(200, PNG, "image/png", Content_Encoding="gzip")), "compressed"),
        (raw(http(200, bytes(2001), "image/png")), "2001 bytes"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + bytes(9000), keep=False),
            "more than 2000 bytes",
        ),
        (hang_up(http(200, PNG, "image/png")[:-9]), "broke"),
        (hang_up(reset=True), "broke"),
        (raw(b"SSH-2.0\r\n", keep=False), "broke"),
    ],
)
def test_anything_else_is_refused_with_the_reason(answer: Answer, words: str) -> None:
    with ScriptedServer(answer) as server:
        with pytest.raises(FetchFailed, match=words) as caught:
            get(f"{server.url}/private-path?private-query")
        assert "private" not in str(caught.value)
        assert caught.value.host == "127.0.0.1"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        silence(3),
        drip(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 90),
        drip(PNG, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1004\r\n\r\n"),
    ],
)
def test_a_dripping_server_does_not_hold_it(answer: Answer) -> None:
    with ScriptedServer(answer) as server:
        started = clock.now()
        with pytest.raises(FetchFailed, match=r"not loaded within 0\.3 s"):
            get(server.url, seconds=0.3)
        assert clock.now() - started < 2.5


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "http"),
        ("file:///etc/passwd", "http"),
        ("ftp://a.example/x", "http"),
        ("http://", "host"),
        ("http://a b/", "host"),
        ("http://a.example:x/", "port"),
        ("http://[::1/", "port"),
        ("http://user:pw@a.example/", "passwords"),
    ],
)
def test_impossible_urls_are_refused(url: str, words: str) -> None:
    with pytest.raises(FetchFailed, match=words) as caught:
        get(url)
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0x7f000001",
        "１２７.0.0.1",
    ],
)
def test_the_own_machine_is_not_fetched_from(host: str) -> None:
    with ScriptedServer(raw(http(200, PNG, "image/png"))) as server:
        with pytest.raises(GuardRefused):
            get(f"http://{host}:{server.port}/", OutboundPolicy())
        assert server.connections == 0


def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """Looked up once; the address that was checked is the one that is dialled."""
    answers = [["203.0.114.1"], ["127.0.0.1"]]
    policy = OutboundPolicy(resolver=lambda host, port: answers.pop(0))
    with ScriptedServer(raw(http(200, PNG, "image/png"))) as server:
        with pytest.raises(FetchFailed):
            get(f"http://rebind.test:{server.port}/", policy, seconds=0.3)
        assert server.connections == 0
    assert answers == [["127.0.0.1"]]


def test_tls_checks_the_name(authority: Authority) -> None:
    names = Names({"bot.test": ["127.0.0.1"], "evil.test": ["127.0.0.1"]})
    policy = OutboundPolicy(frozenset(names.table), ca_file=authority.ca_file, resolver=names)
    with ScriptedServer(raw(http(200, PNG, "image/png")), tls=authority.server) as server:
        assert get(f"https://bot.test:{server.port}/", policy).body == PNG
        with pytest.raises(FetchFailed, match="certificate"):
            get(f"https://evil.test:{server.port}/", policy)


def test_the_operators_proxy_is_used() -> None:
    with ScriptedServer(raw(http(200, PNG, "image/png"))) as server, HttpProxy() as proxy:
        policy = OutboundPolicy(proxy=proxy.url)
        assert get(f"http://images.example:{server.port}/a?b", policy).body == PNG
        assert proxy.targets == [f"GET http://images.example:{server.port}/a?b"]
        with pytest.raises(GuardRefused):
            get(f"http://10.0.0.1:{server.port}/", policy)
        assert len(proxy.targets) == 1
