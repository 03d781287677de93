"""The client through real proxies, HTTP and SOCKS5."""

import socket
import time

import pytest

from botapi.client import BotApiClient
from botapi.errors import DeadlineExceeded, Unreachable
from botapi.guard import OutboundPolicy
from tests import clock
from tests.botapi.calls import LOCAL, TOKEN, fail, named
from tests.botapi.conftest import Authority
from tests.botapi.servers import HttpProxy, Names, ScriptedServer, Socks5Proxy, ok

NOWHERE = Names({})


class TestProxies:
    """Names behind a proxy are the proxy's business: the resolver here knows none."""

    @pytest.mark.parametrize("login", ["", "user:p%40ss"])
    @pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
    def test_tls_through_a_proxy(
        self, kind: type[HttpProxy] | type[Socks5Proxy], login: str, authority: Authority
    ) -> None:
        with (
            ScriptedServer(ok(), tls=authority.server) as server,
            kind(login.replace("%40", "@")) as proxy,
        ):
            url = proxy.url.replace("p@ss", "p%40ss")
            policy = named(NOWHERE, "127.0.0.1", ca_file=authority.ca_file)
            client = BotApiClient(f"https://bot.test:{server.port}", proxy=url, policy=policy)
            for _ in range(3):
                assert client.call(TOKEN, "getMe") is True
            assert server.server_name == "bot.test"
            assert server.connections == 1
        if isinstance(proxy, Socks5Proxy):
            assert proxy.targets == [(3, "bot.test", server.port)]
        else:
            assert proxy.targets == [f"CONNECT bot.test:{server.port}"]
        assert NOWHERE.asked == []

    @pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
    def test_a_local_server_through_a_bots_own_proxy(
        self, kind: type[HttpProxy] | type[Socks5Proxy]
    ) -> None:
        with ScriptedServer(ok()) as server, kind() as proxy:
            policy = named(NOWHERE, "bot.test", "127.0.0.1")
            client = BotApiClient(f"http://bot.test:{server.port}", proxy=proxy.url, policy=policy)
            assert client.call(TOKEN, "getMe") is True
            assert server.requests[0].headers["host"] == f"bot.test:{server.port}"
            assert len(proxy.targets) == 1

    def test_the_operators_proxy_is_trusted_and_not_used_for_hosts_he_named(self) -> None:
        with ScriptedServer(ok()) as server, Socks5Proxy() as proxy:
            policy = OutboundPolicy(frozenset({f"127.0.0.1:{server.port}"}), proxy=proxy.url)
            near = BotApiClient(server.url, policy=policy)
            assert near.call(TOKEN, "getMe") is True
            assert proxy.targets == []
            far = BotApiClient(
                f"https://api.example:{server.port}", policy=policy, total_timeout=0.3
            )
            error = fail(far)  # the server speaks no TLS; the proxy was used
            assert proxy.targets == [(3, "api.example", server.port)]
        assert isinstance(error, Unreachable)
        assert error.kind == "tls"

    def test_a_users_proxy_must_pass_the_guard(self) -> None:
        with Socks5Proxy() as proxy:
            error = fail(BotApiClient(proxy=proxy.url))
            assert proxy.connections == 0
        assert isinstance(error, Unreachable)
        assert (error.kind, error.maybe_sent) == ("guard", False)

    @pytest.mark.parametrize(
        "host", ["10.0.0.1", "127.1", "0x7f.1", "010.8.8.8", "[::1]", "grafana", "db.internal"]
    )
    def test_internal_targets_are_refused_behind_a_proxy(self, host: str) -> None:
        with HttpProxy() as proxy:
            policy = OutboundPolicy(frozenset({"127.0.0.1"}), proxy=proxy.url)
            error = fail(BotApiClient(f"https://{host}", policy=policy))
            assert proxy.connections == 0
        assert isinstance(error, Unreachable)
        assert error.kind == "guard"

    @pytest.mark.parametrize(
        ("proxy", "words"),
        [
            (HttpProxy(login="user:right"), "407"),
            (HttpProxy(refusal=b"HTTP/1.1 403 No\r\n\r\n"), "403"),
            (HttpProxy(refusal=b"nonsense\r\n\r\n"), "nonsense"),
            (Socks5Proxy(login="user:right"), "password"),
            (Socks5Proxy(reply=5), "refused"),
        ],
    )
    def test_a_proxys_refusal_is_its_own_error(
        self, proxy: HttpProxy | Socks5Proxy, words: str
    ) -> None:
        with proxy:
            scheme = "http" if isinstance(proxy, HttpProxy) else "socks5"
            url = f"{scheme}://user:wrongpassword@127.0.0.1:{proxy.port}"
            error = fail(BotApiClient("https://api.example", proxy=url, policy=LOCAL))
        assert isinstance(error, Unreachable)
        assert (error.kind, error.maybe_sent) == ("proxy", False)
        assert words in str(error)
        assert "wrongpassword" not in str(error)

    @pytest.mark.parametrize("scheme", ["http", "socks5"])
    def test_a_silent_proxy_is_left_at_the_deadline(self, scheme: str) -> None:
        class Mute(ScriptedServer):
            def serve(self, connection: socket.socket) -> None:
                time.sleep(3)

        with Mute(ok()) as mute:
            url = f"{scheme}://127.0.0.1:{mute.port}"
            started = clock.now()
            error = fail(
                BotApiClient("https://api.example", proxy=url, policy=LOCAL, total_timeout=0.3)
            )
            assert clock.now() - started < 2.5
        assert isinstance(error, DeadlineExceeded)
        assert (error.kind, error.maybe_sent) == ("proxy", False)
