"""The transport adapter, also in the hands of a stock `requests` session."""

import socket
import time

import pytest
import requests
from requests import PreparedRequest

from botapi.deadline import TotalTimeout
from botapi.guard import GuardRefused, OutboundPolicy
from botapi.transport import GuardedAdapter, NotSent, read_body
from tests import clock
from tests.botapi.calls import LOCAL
from tests.botapi.servers import ScriptedServer, http, ok, raw, unanswering_port


def get(url: str) -> PreparedRequest:
    return requests.Request("GET", url).prepare()


@pytest.mark.parametrize(("idle_max", "connections"), [(0.05, 2), (50.0, 1)])
def test_a_connection_that_idled_long_is_not_used_again(idle_max: float, connections: int) -> None:
    adapter = GuardedAdapter(LOCAL, idle_max=idle_max)
    with ScriptedServer(ok()) as server:
        for _ in range(2):
            read_body(adapter.exchange(get(server.url), TotalTimeout(60)), 100)
            time.sleep(0.1)
        assert server.connections == connections


@pytest.mark.parametrize("kept", [False, True])
def test_the_limit_for_connecting_does_not_hurry_an_upload(kept: bool) -> None:
    class Slow(ScriptedServer):
        def serve(self, connection: socket.socket) -> None:
            time.sleep(0.4)
            super().serve(connection)

    body = bytes(30 << 20)
    with Slow(ok()) as server:
        adapter = GuardedAdapter(LOCAL, connect_timeout=0.2)
        if kept:
            adapter.exchange(get(server.url), TotalTimeout(60)).close()
        request = requests.Request("POST", server.url, data=body).prepare()
        assert adapter.exchange(request, TotalTimeout(60)).status_code == 200
        assert len(server.requests[-1].body) == len(body)


def test_the_limit_for_connecting_holds_within_a_longer_call() -> None:
    with unanswering_port() as port:
        adapter = GuardedAdapter(LOCAL, connect_timeout=0.2)
        started = clock.now()
        with pytest.raises(NotSent) as caught:
            adapter.exchange(get(f"http://127.0.0.1:{port}"), TotalTimeout(5))
        assert clock.now() - started < 2.5
        assert caught.value.kind == "connect"


@pytest.mark.parametrize("limit", [0, 1, 23, 24])
def test_a_longer_body_is_cut_one_byte_past_the_limit(limit: int) -> None:
    with ScriptedServer(raw(http(200, b"x" * 25))) as server:
        adapter = GuardedAdapter(LOCAL)
        assert read_body(adapter.exchange(get(server.url), TotalTimeout(60)), limit) == b"x" * (
            limit + 1
        )
        assert len(read_body(adapter.exchange(get(server.url), TotalTimeout(60)), 25)) == 25
        assert server.connections == (1 if limit == 24 else 2)  # then nothing was left on it


def test_a_stock_session_can_be_guarded() -> None:
    with ScriptedServer(ok()) as server, requests.Session() as session:
        session.mount("http://", GuardedAdapter(LOCAL))
        assert session.get(f"{server.url}/a?b=c", timeout=60).json() == {"ok": True, "result": True}
        assert server.requests[0].target == "/a?b=c"
        session.mount("http://", GuardedAdapter(OutboundPolicy()))
        with pytest.raises(GuardRefused):
            session.get(server.url, timeout=60)


def test_connections_can_be_forgotten() -> None:
    with ScriptedServer(ok()) as server:
        adapter = GuardedAdapter(LOCAL)
        for forget in (adapter.forget_connections, adapter.close):
            read_body(adapter.exchange(get(server.url), TotalTimeout(60)), 100)
            forget()
        assert server.connections == 2
