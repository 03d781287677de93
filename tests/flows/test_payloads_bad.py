"""Bad input at the door of the real server: never 500, never a hang, and a trace tells of it."""

import gzip
import json
import socket
import time
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests import clock
from tests.alerts.senders import alert, webhook
from tests.flows.system import Stage, System

HANG = 40.0
"""Seconds after which an answer counts as none."""
JSON = {"Content-Type": "application/json"}
LIMIT = 16 * 1024 * 1024
Headers = dict[str, str]


@pytest.fixture(scope="module")
def stage(system: System) -> Stage:
    """One sender for all that is wrong."""
    return system.make_stage()


@pytest.fixture(scope="module", autouse=True)
def printed_before(system: System) -> int:
    """How many characters the product had printed before all that."""
    return len(system.running.output)


def deep(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + closing * levels


def labelled(**labels: Any) -> bytes:
    return json.dumps(webhook(alert(labels=labels))).encode()


def with_values(**values: Any) -> bytes:
    return json.dumps(webhook(alert(**values))).encode()


BODIES: dict[str, tuple[bytes, Headers, set[int]]] = {
    "nothing": (b"", JSON, {400}),
    "malformed JSON": (b'{"alerts": [', JSON, {400}),
    "malformed JSON with an alert before the break": (b'{"title": "x"} trailing', JSON, {202, 400}),
    "a number": (b"42", JSON, {400}),
    "null": (b"null", JSON, {400}),
    "a list of nulls": (b"[null, null]", JSON, {400}),
    "an empty list": (b"[]", JSON, {202, 400}),
    "alerts is a number": (b'{"alerts": 7, "version": "4"}', JSON, {400}),
    "alerts is null": (b'{"alerts": null, "version": "4", "status": "firing"}', JSON, {202, 400}),
    "null for every object": (
        (
            b'{"alerts": [{"labels": null, "annotations": null, "startsAt": null, "endsAt": null,'
            b' "generatorURL": null, "status": null}], "groupLabels": null, "commonLabels": null,'
            b' "version": "4", "groupKey": null, "externalURL": null, "status": "firing"}'
        ),
        JSON,
        {202, 400},
    ),
    "labels is a list": (b'{"alerts": [{"labels": ["a"], "status": "firing"}]}', JSON, {202, 400}),
    "one bad alert among good ones": (
        json.dumps(webhook(alert("Good"), {"status": "firing", "labels": 3})).encode(),
        JSON,
        {202},
    ),
    "wrong type of file": (
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        {"Content-Type": "image/png"},
        {415},
    ),
    "PNG said to be JSON": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), JSON, {400}),
    "nested lists": (deep(100_000), JSON, {400}),
    "nested objects": (deep(50_000, b'{"a":', b"}").replace(b":}", b":1}"), JSON, {400}),
    "nested inside a good alert": (
        b'{"title": "Deep", "labels": {"a": ' + deep(5_000) + b"}}",
        JSON,
        {202, 400},
    ),
    "NUL characters": (labelled(pod="a\0b", **{"c\0d": "e"}), JSON, {202}),
    "lone surrogates": (b'{"title": "a\\ud800b", "labels": {"\\udfff": "\\ud83d"}}', JSON, {202}),
    "raw surrogate bytes": (b'{"title": "a\xed\xa0\x80b"}', JSON, {202, 400}),
    "Latin-1": ('{"title": "Störung"}'.encode("latin-1"), JSON, {202, 400}),
    "UTF-16": ('{"title": "Störung"}'.encode("utf-16"), JSON, {202, 400}),
    "byte order mark": (b'\xef\xbb\xbf{"title": "With a mark"}', JSON, {202}),
    "a label of 100,000 characters": (labelled(pod="x" * 100_000), JSON, {202}),
    "a label name of 100,000 characters": (labelled(**{"y" * 100_000: "1"}), JSON, {202}),
    "10,000 labels": (labelled(**{f"label{n}": "v" for n in range(10_000)}), JSON, {202}),
    "duplicate keys": (
        b'{"title": "First", "title": "Second", "labels": {"a": "1", "a": "2"}}',
        JSON,
        {202},
    ),
    "groupKey beyond 64 bits": (
        json.dumps(webhook(alert("BigKey"), groupKey=2**70, truncatedAlerts=2**70)).encode(),
        JSON,
        {202},
    ),
    "numbers of many digits": (
        b'{"title": "Digits", "labels": {"n": ' + b"9" * 10_000 + b"}}",
        JSON,
        {202, 400},
    ),
    "huge exponents": (b'{"title": "Exponent", "labels": {"n": 1e999999999}}', JSON, {202, 400}),
    "NaN and Infinity": (
        b'{"title": "NaN", "labels": {"n": NaN, "m": -Infinity}}',
        JSON,
        {202, 400},
    ),
    "relative and scheme-less URLs": (
        with_values(
            generatorURL="/graph?x=1",
            annotations={"runbook_url": "wiki/Down", "dashboard": "grafana:3000"},
        ),
        JSON,
        {202},
    ),
    "hostile URLs": (
        with_values(
            generatorURL="javascript:alert(1)",
            annotations={"runbook_url": "http://[::1", "link": "file:///etc/passwd"},
        ),
        JSON,
        {202},
    ),
    "a time beyond the calendar": (with_values(startsAt="99999-01-01T00:00:00Z"), JSON, {202}),
    "a time that is none": (with_values(startsAt="yesterday", endsAt={"a": 1}), JSON, {202}),
    "gzip": (gzip.compress(b'{"title": "Packed"}'), JSON | {"Content-Encoding": "gzip"}, {202}),
    "deflate": (
        zlib.compress(b'{"title": "Deflated"}'),
        JSON | {"Content-Encoding": "deflate"},
        {202},
    ),
    "gzip that is none": (b'{"title": "Packed"}', JSON | {"Content-Encoding": "gzip"}, {400}),
    "gzip cut off": (
        gzip.compress(b'{"title": "' + b"Packed" * 99 + b'"}')[:-12],
        JSON | {"Content-Encoding": "gzip"},
        {400},
    ),
    "gzip bomb": (gzip.compress(b" " * (LIMIT + 1)), JSON | {"Content-Encoding": "gzip"}, {413}),
    "unknown encoding": (b"x", JSON | {"Content-Encoding": "br"}, {415}),
    "unknown charset": (
        b'{"title": "Charset"}',
        {"Content-Type": "application/json; charset=klingon"},
        {202, 415},
    ),
    "broken multipart": (
        b"--x\r\nnothing",
        {"Content-Type": "multipart/form-data; boundary=x"},
        {400, 415},
    ),
    "no boundary": (b"--x\r\nnothing", {"Content-Type": "multipart/form-data"}, {400, 415}),
    "form with broken escapes": (
        b"title=%ZZ%&message=%ff%fe&=&&a",
        {"Content-Type": "application/x-www-form-urlencoded"},
        {202},
    ),
    "10,000 form fields": (
        b"&".join(b"f%d=1" % n for n in range(10_000)),
        {"Content-Type": "application/x-www-form-urlencoded"},
        {202, 400},
    ),
    "one byte too many": (b" " * (LIMIT + 1), JSON, {413}),
}


NOTHING_IN_IT = ("an empty list", "alerts is null")


@pytest.mark.parametrize("name", BODIES)
def test_body(system: System, stage: Stage, name: str) -> None:
    body, headers, allowed = BODIES[name]
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(stage.ingest_url, data=body, headers=headers, timeout=HANG)
    assert answer.status_code in allowed, (answer.status_code, answer.text[:500])
    said = answer.json()
    if answer.status_code == 413 and "trace" not in said:
        return  # refused before it was read: there is nothing to show
    trace = system.api("GET", f"traces/{said['trace']}/")
    assert trace["status"] == answer.status_code
    if answer.status_code == 202:
        assert trace["alert_count"] == said["alerts"], "what was stored is visible"
        assert len(trace["problems"]) == len(said["problems"])
        assert said["alerts"] or said["problems"] or name in NOTHING_IN_IT
    else:
        assert trace["summary"], trace


def raw(stage: Stage, wanted: bytes) -> bytes:
    """What the server answers to these bytes, in which KEY stands for the path; b"" when it hangs
    up without a word. Fails when it does neither."""
    parts = urlsplit(stage.ingest_url)
    with socket.create_connection(("127.0.0.1", parts.port or 80), timeout=HANG) as connection:
        sent = wanted.replace(b"PATH", parts.path.encode())
        connection.sendall(sent.replace(b"HOST", parts.netloc.encode()))
        received = b""
        started = clock.now()
        while b"\r\n\r\n" not in received:
            assert clock.now() - started < HANG, "a hang"
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            received += piece
        return received


def status_of(answer: bytes) -> int:
    """0 when the connection was closed without an answer."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


HELLO = b'{"title": "Raw"}'
IS_JSON = b"Content-Type: application/json"
LENGTH = b"Content-Length: 16"
CHUNKED = b"Transfer-Encoding: chunked"


def request(
    *headers: bytes,
    body: bytes = b"",
    method: bytes = b"POST",
    path: bytes = b"PATH",
    version: bytes = b"1.1",
    host: bytes | None = b"HOST",
) -> bytes:
    """The bytes of a request, as wrong as asked for."""
    lines = [method + b" " + path + b" HTTP/" + version]
    lines += [b"Host: " + host] if host is not None else []
    return b"\r\n".join([*lines, *headers]) + b"\r\n\r\n" + body


def chunks(*parts: bytes, trailer: bytes = b"") -> bytes:
    """A body in these chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n" + trailer + b"\r\n"


RAW: dict[str, tuple[bytes, set[int]]] = {
    "HTTP/1.0": (request(IS_JSON, LENGTH, body=HELLO, version=b"1.0"), {202}),
    "HTTP/1.0 without Host": (
        request(IS_JSON, LENGTH, body=HELLO, version=b"1.0", host=None),
        {202, 400},
    ),
    "HTTP/1.0 without a length": (request(IS_JSON, version=b"1.0"), {400, 411}),
    "chunked": (request(IS_JSON, CHUNKED, body=chunks(HELLO[:8], HELLO[8:])), {202}),
    "chunked with a trailer": (
        request(IS_JSON, CHUNKED, body=chunks(HELLO, trailer=b"X-Sum: 1\r\n")),
        {202, 400},
    ),
    "chunks of a bad size": (request(IS_JSON, CHUNKED, body=b"zz\r\n" + HELLO), {400, 0}),
    "length and chunked at once": (
        request(IS_JSON, b"Content-Length: 3", CHUNKED, body=chunks(HELLO)),
        {202, 400},
    ),
    "a negative length": (request(b"Content-Length: -1"), {400}),
    "two lengths": (request(b"Content-Length: 1", b"Content-Length: 2", body=b"ab"), {400}),
    "Expect: 100-continue": (
        request(IS_JSON, LENGTH, b"Expect: 100-continue", body=HELLO),
        {100, 202},
    ),
    "GET": (request(method=b"GET"), {405}),
    "HEAD": (request(method=b"HEAD"), {405}),
    "DELETE": (request(method=b"DELETE"), {405}),
    "OPTIONS": (request(method=b"OPTIONS"), {405}),
    "PROPFIND": (request(method=b"PROPFIND"), {405}),
    "TRACE": (request(method=b"TRACE"), {405}),
    "PUT": (request(IS_JSON, LENGTH, body=HELLO, method=b"PUT"), {202}),
    "a foreign Host": (request(IS_JSON, LENGTH, body=HELLO, host=b"evil.example"), {202, 400}),
    "a broken Host": (request(LENGTH, body=HELLO, host=b"[::1"), {400}),
    "bytes in the path": (
        request(LENGTH, body=HELLO, path=b"/hooks/v1/\xff\xfe%00%ff/"),
        {400, 404},
    ),
    "NUL in the key": (request(LENGTH, body=HELLO, path=b"/hooks/v1/a%00b/"), {400, 404}),
    "a long key": (
        request(LENGTH, body=HELLO, path=b"/hooks/v1/" + b"k" * 6000 + b"/"),
        {404, 414},
    ),
    "a broken Authorization": (
        request(LENGTH, b"Authorization: Basic \xff\xfe==", body=HELLO, path=b"/hooks/v1/"),
        {400, 401, 404},
    ),
    "bytes in the User-Agent": (
        request(IS_JSON, LENGTH, b"User-Agent: \xff\xfe\x80", body=HELLO),
        {202},
    ),
    "a bad Idempotency-Key": (
        request(IS_JSON, LENGTH, b"Idempotency-Key: " + b"k" * 2000, body=HELLO),
        {400},
    ),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400, 0}),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_request(stage: Stage, name: str) -> None:
    wanted, allowed = RAW[name]
    answer = raw(stage, wanted)
    assert status_of(answer) in allowed, answer[:500]


def test_bodies_that_never_end_hold_nobody_else_up(stage: Stage) -> None:
    parts = urlsplit(stage.ingest_url)
    begun = request(IS_JSON, b"Content-Length: 1000", body=b"{", path=parts.path.encode())
    held = [socket.create_connection(("127.0.0.1", parts.port or 80)) for _ in range(40)]
    try:
        for connection in held:
            connection.sendall(begun.replace(b"HOST", parts.netloc.encode()))
        time.sleep(0.3)
        assert stage.post({"title": "Meanwhile"}).status_code == 202
    finally:
        for connection in held:
            connection.close()


def test_body_that_is_cut_off_is_no_500(stage: Stage) -> None:
    parts = urlsplit(stage.ingest_url)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", parts.port or 80)) as connection:
            begun = request(IS_JSON, b"Content-Length: 1000", body=b"{", path=parts.path.encode())
            connection.sendall(begun.replace(b"HOST", parts.netloc.encode()))
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(HANG)
            answer = connection.recv(65536)
        assert status_of(answer) in {0, 400}, answer


def test_the_server_is_well_afterwards_and_said_nothing(
    system: System, printed_before: int
) -> None:
    """Last in this module: none of it was worth a traceback."""
    fresh = system.make_stage()
    assert fresh.post({"title": "Still well"}).status_code == 202
    fresh.wait_for("Still well")
    output = system.running.output[printed_before:]
    # Django reports each foreign Host so; a server that faces the Internet sees many.
    assert output.count("Traceback") == output.count("DisallowedHost: ") // 2, output[-4000:]


@pytest.mark.parametrize("path", ["bots/", "channels/", "integrations/", "routes/"])
@pytest.mark.parametrize(
    "name",
    [
        "malformed JSON",
        "a number",
        "null",
        "NUL characters",
        "lone surrogates",
        "nested lists",
        "numbers of many digits",
    ],
)
def test_rest_body(system: System, path: str, name: str) -> None:
    body, headers, _ = BODIES[name]
    answer = requests.post(
        f"{system.url}/api/v1/{path}",
        data=body,
        headers=headers | {"Authorization": f"Bearer {system.api_key}"},
        timeout=HANG,
    )
    assert answer.status_code in {400, 413, 415}, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"].startswith("application/problem+json")
