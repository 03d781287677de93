"""The web server's front, driven over real sockets: slow senders cost nobody else anything."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.rsgi import may_be_together
from tests import clock
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SERVED = """
import itertools
import os
import time

import config.rsgi
from config.rsgi import Front

config.rsgi.BODY_SECONDS = 5.0
config.rsgi.BODY_MAX = 4096
config.rsgi.BODIES_MAX = 16384

numbers = itertools.count()

def echo(environ, start_response):
    if environ["PATH_INFO"] == "/broken":
        raise ValueError("a defect")
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/busy":
        open("begun", "w").close()
    while environ["PATH_INFO"] == "/busy" and not os.path.exists("done"):
        time.sleep(0.01)
    told = [environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"],
            environ["REMOTE_ADDR"], environ.get("HTTP_COOKIE", ""), environ.get("CONTENT_TYPE", ""),
            environ.get("HTTP_X_FORWARDED_FOR", ""), environ.get("SECRET_KEY", ""), str(len(body))]
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"),
                              ("Set-Cookie", "b=2"), ("X-Number", str(next(numbers)))])
    return ["|".join(told).encode()]

application = Front(echo, threads=1)
"""
SOON = 4.0
"""Seconds: less than a body's time, so that nobody waited for one."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    (folder / "served.py").write_text(SERVED)
    chosen = free_port()
    arguments = ("--interface", "rsgi", "--port", str(chosen), "--http", "1", "--no-ws")
    server = subprocess.Popen(
        [sys.executable, "-m", "granian", *arguments, "served:application"],
        cwd=folder,
        env={
            "PYTHONPATH": f"{ROOT}:{folder}",
            "DATA_DIR": str(folder),
            "SECRET_KEY": "hidden",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATH": "/usr/bin:/bin",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ends = clock.now() + 60
    while clock.now() < ends:
        try:
            socket.create_connection(("127.0.0.1", chosen), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield chosen
    server.terminate()
    server.wait(60)


def opened(port: int, request: str, patience: float = 30.0) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), patience)
    connection.sendall(request.replace("\r\n", "\n").replace("\n", "\r\n").encode())
    return connection


def answer(connection: socket.socket) -> str:
    got = b""
    with connection:
        while part := connection.recv(65536):
            got += part
    return got.decode()


def ask(port: int, path: str = "/", more: str = "", body: str = "", method: str = "GET") -> str:
    head = f"{method} {path} HTTP/1.1\nHost: here\nConnection: close\n{more}\n"
    return answer(opened(port, head + body))


def posted(port: int, size: int, patience: float = 30.0) -> str:
    head = f"POST / HTTP/1.1\nHost: here\nConnection: close\nContent-Length: {size}\n\n"
    return answer(opened(port, head + "y" * size, patience))


def test_half_a_body_holds_nobody_up_and_is_given_up(port: int) -> None:
    slow = [
        opened(port, "POST / HTTP/1.1\nHost: here\nContent-Length: 100\n\nabc") for _ in range(20)
    ]
    started = clock.now()
    assert "200 OK" in ask(port)
    assert clock.now() - started < SOON
    for connection in slow:
        told = answer(connection)
        assert " 408 " in told
        assert "did not arrive within" in told
    assert clock.now() - started < 20.0, "together, not one after the other"


@clock.undisturbed
def test_a_sender_that_goes_away_leaves_nothing_behind(port: int) -> None:
    for _ in range(20):
        opened(port, "POST / HTTP/1.1\nHost: here\nContent-Length: 2000\n\n" + "x" * 1500).close()
    ends = clock.now() + SOON
    while not (told := posted(port, 2000)).endswith("|2000"):
        assert " 503 " in told
        assert clock.now() < ends


@clock.undisturbed
def test_unfinished_bodies_have_a_share_of_memory_together(port: int) -> None:
    head = "POST / HTTP/1.1\nHost: here\nContent-Length: 4000\n\n"
    slow = [opened(port, head + "x" * 3900) for _ in range(4)]
    ends = clock.now() + SOON
    while " 503 " not in (told := posted(port, 2000)):
        assert clock.now() < ends
    assert "retry-after: 5" in told
    assert "200 OK" in ask(port), "what brings no body is served"
    assert all(" 408 " in answer(connection) for connection in slow)
    assert posted(port, 9).endswith("|9")


@clock.undisturbed
def test_so_have_finished_ones_that_wait_for_a_thread(port: int, folder: Path) -> None:
    head = "POST /busy HTTP/1.1\nHost: here\nConnection: close\nContent-Length: 4000\n\n"
    waiting = [opened(port, head + "x" * 4000) for _ in range(4)]

    def is_refused() -> bool:
        """Rather than left to wait for the thread."""
        with suppress(TimeoutError):
            return " 503 " in posted(port, 2000, patience=0.5)
        return False

    try:
        for _ in range(5):
            refused = is_refused()
            time.sleep(0.2)
        assert refused, "also once all of them have arrived"
    finally:
        (folder / "done").touch()
    assert all(answer(connection).endswith("|4000") for connection in waiting)
    assert posted(port, 9).endswith("|9")


def test_who_floods_waits_for_himself(port: int, folder: Path) -> None:
    for name in ("done", "begun"):
        (folder / name).unlink(missing_ok=True)
    head = "HTTP/1.1\nHost: here\nConnection: close\nContent-Length: 0\n\n"
    busy = opened(port, f"POST /busy {head}")
    ends = time.monotonic() + 60
    while not (folder / "begun").exists():
        assert time.monotonic() < ends
        time.sleep(0.01)
    flood = [opened(port, f"POST /loud {head}") for _ in range(20)]
    time.sleep(0.5)
    quiet = opened(port, f"POST /quiet {head}")
    time.sleep(0.5)
    (folder / "done").touch()
    place, *loud = [place_of(answer(one)) for one in (quiet, *flood)]
    assert sum(other < place for other in loud) < 10, "in one queue all of them"
    assert "200 OK" in answer(busy)


def place_of(told: str) -> int:
    """How many requests were served before."""
    return int(told.partition("x-number: ")[2].split()[0])


@pytest.mark.parametrize(
    ("more", "body", "read"),
    [
        ("Content-Length: 3\n", "abc", 3),
        ("Content-Length: 0\n", "", 0),
        ("Transfer-Encoding: chunked\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5),
        ("Content-Length: 9000\n", "x" * 9000, 0),
    ],
)
def test_bodies_arrive_whole_up_to_the_limit(port: int, more: str, body: str, read: int) -> None:
    assert ask(port, more=more, body=body, method="POST").endswith(f"|{read}")


@clock.undisturbed
def test_an_endless_body_is_not_kept(port: int) -> None:
    body = "1000\r\n" + "x" * 4096 + "\r\n"
    told = ask(
        port, more="Transfer-Encoding: chunked\n", body=body * 3 + "0\r\n\r\n", method="POST"
    )
    assert 4096 < int(told.rpartition("|")[2]) <= 12288


def test_a_request_reaches_wsgi_as_it_was_sent(port: int) -> None:
    told = ask(
        port,
        "/a%2Fb/%C3%A9?q=%20x",
        "Cookie: a=1\nCookie: b=2\nContent-Type: text/x\nX_Forwarded_For: 6.6.6.6\n",
    )
    first, _, last = told.partition("\r\n\r\n")
    assert last == "GET|/a/b/Ã©|q=%20x|127.0.0.1|a=1; b=2|text/x|||0"
    assert first.count("set-cookie: ") == 2


def test_a_defect_is_a_500_and_the_next_request_is_served(port: int) -> None:
    assert " 500 " in ask(port, "/broken")
    assert "200 OK" in ask(port)


@pytest.mark.parametrize(
    ("method", "path", "together"),
    [
        ("POST", "/hooks/v1/ti_x/", True),
        ("PUT", "/hooks/v1/ti_x/", True),
        ("GET", "/hooks/v1/ti_x/api/v2/alerts", False),
        ("DELETE", "/hooks/v1/ti_x/api/v2/silence/x", False),
        ("POST", "/api/v1/silences/", False),
    ],
)
def test_only_posts_of_alerts_wait_for_each_other(method: str, path: str, together: bool) -> None:
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
    assert may_be_together(environ, b"") is together
    assert not may_be_together(environ | {"HTTP_CONTENT_ENCODING": "gzip"}, b"")
