"""No answer, or half of one: what the client says then, when, and whether it may have been sent."""

import socket
import time

import pytest

from botapi.client import BotApiClient, InputFile
from botapi.errors import DeadlineExceeded, InvalidAnswer, Unreachable
from tests import clock
from tests.botapi.calls import LOCAL, TOKEN, fail, local_client, named
from tests.botapi.conftest import Authority
from tests.botapi.servers import (
    Answer,
    Names,
    Request,
    ScriptedServer,
    drip,
    hang_up,
    http,
    ok,
    raw,
    silence,
    unanswering_port,
)

BEFORE_ITS_END = 2.5
"""Seconds, much more than any deadline here; each server needs three or more to its end."""


class TestNoAnswer:
    @pytest.mark.parametrize(
        "answer",
        [
            hang_up(),
            hang_up(reset=True),
            hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
            hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", reset=True),
            hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
            raw(b"SSH-2.0-OpenSSH\r\n", keep=False),
            raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", keep=False),
            raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", keep=False),
        ],
    )
    def test_a_broken_answer_leaves_doubt(self, answer: Answer) -> None:
        with ScriptedServer(answer) as server:
            error = fail(local_client(server))
        assert type(error) is Unreachable
        assert (error.kind, error.maybe_sent) == ("answer", True)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(silence(3), id="silence"),
            pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 90), id="status and header"),
            pytest.param(drip(b"X-A: b\r\n" * 20, b"HTTP/1.1 200 OK\r\n"), id="header lines"),
            pytest.param(
                drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 9), id="one continue after another"
            ),
            pytest.param(
                drip(b"{" * 99, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), id="body"
            ),
            pytest.param(
                drip(
                    b"1\r\n{\r\n" * 30,
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                ),
                id="chunks",
            ),
            pytest.param(
                drip(b"{" * 99, b"HTTP/1.1 200 OK\r\n\r\n"), id="body that ends with the connection"
            ),
        ],
    )
    def test_a_slow_answer_is_cut_at_the_deadline(self, answer: Answer) -> None:
        with ScriptedServer(answer) as server:
            started, began = clock.now(), time.monotonic()
            error = fail(local_client(server, 0.4))
            took, at_most = time.monotonic() - began, clock.now() - started
        assert isinstance(error, DeadlineExceeded)
        assert error.maybe_sent
        assert took >= 0.35
        assert at_most < BEFORE_ITS_END

    def test_a_slow_answer_is_cut_on_a_kept_connection_too(self) -> None:
        body = drip(b"{" * 99, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        with ScriptedServer(ok(), body) as server:
            client = local_client(server, 0.4)
            client.call(TOKEN, "getMe")
            started = clock.now()
            assert isinstance(fail(client), DeadlineExceeded)
            assert clock.now() - started < BEFORE_ITS_END
            assert server.connections == 1

    def test_a_server_that_does_not_read_is_left_at_the_deadline(self) -> None:
        """An upload larger than all buffers; what was not taken whole cannot have been acted on."""

        class Deaf(ScriptedServer):
            def serve(self, connection: socket.socket) -> None:
                time.sleep(3)

        with Deaf(ok()) as server:
            started = clock.now()
            with pytest.raises(DeadlineExceeded) as caught:
                local_client(server, 0.4).call(
                    TOKEN, "sendDocument", {}, {"document": InputFile("a", bytes(30 << 20))}
                )
            assert clock.now() - started < BEFORE_ITS_END
        assert (caught.value.kind, caught.value.maybe_sent) == ("send", False)

    def test_an_early_refusal_of_an_upload_is_heard_and_its_connection_dropped(self) -> None:
        class Curt(ScriptedServer):
            def serve(self, connection: socket.socket) -> None:
                connection.recv(1000)
                connection.sendall(http(413, b""))
                connection.shutdown(1)
                while connection.recv(1 << 20):
                    pass

        with Curt(ok()) as server:
            client = local_client(server)
            for _ in range(2):
                with pytest.raises(InvalidAnswer) as caught:
                    client.call(
                        TOKEN, "sendDocument", {}, {"document": InputFile("a", bytes(9 << 20))}
                    )
                assert caught.value.status == 413
            assert server.connections == 2

    def test_an_upload_that_was_reset_halfway_was_not_sent(self) -> None:
        class Curt(ScriptedServer):
            def serve(self, connection: socket.socket) -> None:
                connection.recv(1000)
                hang_up(reset=True)(connection, Request("", "", {}, b""))

        upload = {"document": InputFile("a", bytes(30 << 20))}
        with Curt(ok()) as server, pytest.raises(Unreachable) as caught:
            local_client(server).call(TOKEN, "sendDocument", {}, upload)
        assert (caught.value.kind, caught.value.maybe_sent) == ("send", False)

    def test_a_closed_port_was_not_sent_to(self) -> None:
        with ScriptedServer(ok()) as server:
            client = local_client(server)
        error = fail(client)
        assert type(error) is Unreachable
        assert (error.kind, error.maybe_sent) == ("connect", False)

    def test_a_port_that_does_not_answer_was_not_sent_to(self) -> None:
        with unanswering_port() as port:
            client = BotApiClient(f"http://127.0.0.1:{port}", policy=LOCAL, total_timeout=0.3)
            error = fail(client)
        assert isinstance(error, DeadlineExceeded)
        assert (error.kind, error.maybe_sent) == ("connect", False)


class TestNames:
    def test_the_name_stays_in_the_host_header(self) -> None:
        names = Names({"bot.test": ["127.0.0.1"]})
        with ScriptedServer(ok()) as server:
            policy = named(names, "bot.test")
            client = BotApiClient(f"http://Bot.Test:{server.port}/tg/", policy=policy)
            client.call(TOKEN, "getMe")
            client.call(TOKEN, "getMe")
            assert server.requests[0].headers["host"] == f"bot.test:{server.port}"
            assert server.requests[0].target == f"/tg/bot{TOKEN}/getMe"
        assert names.asked == ["bot.test"]  # once a connection

    def test_the_next_address_is_tried(self) -> None:
        names = Names({"bot.test": ["127.0.0.2", "::1", "127.0.0.1"]})
        with ScriptedServer(ok()) as server:
            client = BotApiClient(f"http://bot.test:{server.port}", policy=named(names, "bot.test"))
            assert client.call(TOKEN, "getMe") is True

    @clock.undisturbed
    def test_an_address_that_swallows_packets_leaves_time_for_the_next(self) -> None:
        names = Names({"bot.test": ["127.0.0.2", "127.0.0.1"]})
        with ScriptedServer(ok()) as server, unanswering_port("127.0.0.2", server.port):
            url = f"http://bot.test:{server.port}"
            client = BotApiClient(url, policy=named(names, "bot.test"), total_timeout=0.8)
            assert client.call(TOKEN, "getMe") is True

    @pytest.mark.parametrize("table", [{}, {"bot.test": ["192.168.1.1"]}])
    def test_unknown_and_internal_names_were_not_sent_to(self, table: dict[str, list[str]]) -> None:
        error = fail(BotApiClient("https://bot.test", policy=named(Names(table))))
        assert isinstance(error, Unreachable)
        assert not error.maybe_sent
        assert error.kind == ("guard" if table else "dns")
        assert "OUTBOUND_ALLOWED_HOSTS" in str(error) or not table

    def test_a_slow_look_up_is_cut_at_the_deadline(self) -> None:
        names = Names({"bot.test": ["127.0.0.1"]}, seconds=3)
        started = clock.now()
        error = fail(BotApiClient("https://bot.test", policy=named(names), total_timeout=0.3))
        assert clock.now() - started < BEFORE_ITS_END
        assert isinstance(error, DeadlineExceeded)
        assert (error.kind, error.maybe_sent) == ("dns", False)


class TestTls:
    def test_name_and_certificate_are_checked_though_the_address_is_dialled(
        self, authority: Authority
    ) -> None:
        names = Names({"bot.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]})
        policy = named(names, "bot.test", "other.test", ca_file=authority.ca_file)
        with ScriptedServer(ok(), tls=authority.server) as server:
            client = BotApiClient(f"https://bot.test:{server.port}", policy=policy)
            assert client.call(TOKEN, "getMe") is True
            assert server.server_name == "bot.test"
            error = fail(BotApiClient(f"https://other.test:{server.port}", policy=policy))
        assert isinstance(error, Unreachable)
        assert (error.kind, error.maybe_sent) == ("tls", False)
        assert "certificate" in error.reason

    def test_an_unknown_authority_is_refused(self, authority: Authority) -> None:
        policy = named(Names({"bot.test": ["127.0.0.1"]}), "bot.test")
        with ScriptedServer(ok(), tls=authority.server) as server:
            error = fail(BotApiClient(f"https://bot.test:{server.port}", policy=policy))
            assert server.requests == []
        assert isinstance(error, Unreachable)
        assert (error.kind, error.maybe_sent) == ("tls", False)

    def test_dripping_and_silence_are_cut_inside_tls_too(self, authority: Authority) -> None:
        policy = named(Names({"bot.test": ["127.0.0.1"]}), "bot.test", ca_file=authority.ca_file)
        body = drip(b"{" * 99, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        headers = drip(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 90)
        with ScriptedServer(body, headers, tls=authority.server) as server:
            client = BotApiClient(
                f"https://bot.test:{server.port}", policy=policy, total_timeout=0.5
            )
            for _ in range(2):
                started = clock.now()
                error = fail(client)
                assert clock.now() - started < BEFORE_ITS_END
                assert isinstance(error, DeadlineExceeded)
                assert error.maybe_sent

    def test_a_server_that_does_not_shake_hands_was_not_sent_to(self) -> None:
        class Mute(ScriptedServer):
            def serve(self, connection: socket.socket) -> None:
                time.sleep(3)

        policy = named(Names({"bot.test": ["127.0.0.1"]}), "bot.test")
        with Mute(ok()) as server:
            error = fail(
                BotApiClient(f"https://bot.test:{server.port}", policy=policy, total_timeout=0.3)
            )
        assert isinstance(error, DeadlineExceeded)
        assert (error.kind, error.maybe_sent) == ("tls", False)
