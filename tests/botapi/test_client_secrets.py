"""The token is in every URL, and libraries like to write URLs."""

import io
import logging
import pickle
from collections.abc import Iterator

import pytest

from botapi.client import BotApiClient
from botapi.errors import BotApiFailure
from tests.botapi.calls import SECRET, TOKEN, local_client
from tests.botapi.servers import (
    Answer,
    ScriptedServer,
    hang_up,
    http,
    ok,
    page,
    raw,
    refuse,
    silence,
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that anybody logs at any level, written by a handler without a filter."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.handlers.insert(0, handler)  # before those that clean records for everybody after them
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def call_and_log(server: ScriptedServer) -> BotApiFailure | None:
    try:
        local_client(server, 0.2).call(TOKEN, "getMe")
    except BotApiFailure as error:
        logging.getLogger("test").exception("The call failed")
        return error
    return None


@pytest.mark.parametrize(
    "answer",
    [
        ok(),
        page(502),
        refuse(404, f"no /bot{TOKEN}/x"),
        silence(1),
        hang_up(reset=True),
        raw(b"SSH-2.0\r\n", keep=False),
        raw(http(200, b"{}", Not_a_header="\r\n: :\r\nx")),  # urllib3 warns of such headers
    ],
)
def test_no_token_in_logs_tracebacks_and_pickles(answer: Answer, log: io.StringIO) -> None:
    with ScriptedServer(answer) as server:
        error = call_and_log(server)
        assert TOKEN in server.requests[0].target
    assert "Starting new HTTP connection" in log.getvalue()  # the libraries did log
    assert SECRET not in log.getvalue()
    if error:
        assert "The call failed\nTraceback" in log.getvalue()
        assert error.__cause__ is None
        assert error.__context__ is None
        assert SECRET.encode() not in pickle.dumps(error)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_the_request_line_is_logged_without_the_token(log: io.StringIO) -> None:
    with ScriptedServer(ok()) as server:
        call_and_log(server)
    assert '"POST /bot123456789:…/getMe HTTP/1.1" 200' in log.getvalue()


def test_nothing_of_a_client_shows_a_proxys_password() -> None:
    client = BotApiClient(proxy="http://user:hidden-word@proxy.example:3128")
    assert "hidden-word" not in repr(client)
