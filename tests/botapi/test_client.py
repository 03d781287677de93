"""The client against a real server: what it sends, what it makes of answers, and its addresses."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from botapi.client import TELEGRAM_API_URL, BotApiClient, ClientPool, InputFile
from botapi.errors import BotApiError, InvalidAnswer
from botapi.guard import InvalidAddress, OutboundPolicy
from botapi.tokens import InvalidToken
from tests.botapi.calls import LOCAL, SECRET, TOKEN, fail, local_client
from tests.botapi.servers import (
    Answer,
    Request,
    ScriptedServer,
    hang_up,
    http,
    ok,
    page,
    raw,
    refuse,
)

OK_BODY = b'{"ok":true,"result":true}'


def test_the_servers_time_is_that_of_its_last_answer() -> None:
    dates = ("Wed, 01 Jan 2025 00:00:00 GMT", "Wed, 01 Jan 2025 01:00:00 GMT", "nonsense", "")
    told = []
    for date in dates:
        fields = {"Date": date} if date else {}
        with ScriptedServer(raw(http(200, OK_BODY, "application/json", **fields))) as server:
            client = local_client(server)
            assert client.server_time() is None
            client.call(TOKEN, "getMe")
            told.append(client.server_time())
    first, second, wrong, none = told
    assert first is not None
    assert second is not None
    assert 0 <= first - 1_735_689_600 < 60
    assert 3_540 < second - first < 3_660
    assert (wrong, none) == (None, None)


class TestRequest:
    def test_a_call_posts_json_to_the_tokens_path_and_returns_the_result(self) -> None:
        with ScriptedServer(ok({"message_id": 7})) as server:
            params = {"chat_id": -100, "text": "ü 😀", "reply_markup": {"inline_keyboard": []}}
            result = local_client(server).call(TOKEN, "sendMessage", params)
        assert result == {"message_id": 7}
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", f"/bot{TOKEN}/sendMessage")
        assert request.headers["content-type"] == "application/json"
        assert request.json() == params

    def test_none_is_left_out_because_telegram_would_read_the_text_null(self) -> None:
        with ScriptedServer(ok()) as server:
            client = local_client(server)
            client.call(TOKEN, "sendMessage", {"text": "x", "parse_mode": None})
            client.call(TOKEN, "sendPhoto", {"caption": None}, {"photo": InputFile("a", b"1")})
        assert server.requests[0].json() == {"text": "x"}
        assert b"caption" not in server.requests[1].body

    def test_lone_surrogates_do_not_stop_a_message(self) -> None:
        with ScriptedServer(ok()) as server:
            local_client(server).call(TOKEN, "sendMessage", {"text": "a\ud800b"})
            file = {"document": InputFile("a\ud800.txt", b"")}
            local_client(server).call(TOKEN, "sendDocument", {"caption": "a\ud800b"}, file)
        assert server.requests[0].json() == {"text": "a?b"}
        assert multipart(server.requests[1])["caption"] == (None, "text/plain", b"a?b")

    def test_files_go_as_multipart_with_nested_values_as_json_text(self) -> None:
        files = {"file": InputFile('alerts "ü"\r\n/x.html', bytes(range(256)), "text/html")}
        params = {"chat_id": 5, "protect_content": True, "media": {"media": "attach://file"}}
        with ScriptedServer(ok()) as server:
            local_client(server).call(TOKEN, "editMessageMedia", params, files)
        parts = multipart(server.requests[0])
        assert parts["chat_id"][2] == b"5"
        assert parts["protect_content"][2] == b"true"
        assert json.loads(parts["media"][2]) == {"media": "attach://file"}
        name, content_type, content = parts["file"]
        assert (content_type, content) == ("text/html", bytes(range(256)))
        assert name == "alerts _ü____x.html"

    def test_one_connection_serves_many_calls_and_tokens(self) -> None:
        with ScriptedServer(ok()) as server:
            client = local_client(server)
            for number in range(100_000, 100_010):
                client.call(f"{number}:{SECRET}", "getMe")
            assert server.connections == 1
            assert len(server.requests) == 10

    def test_a_connection_that_the_server_closed_is_not_used_again(self) -> None:
        closing = raw(http(200, OK_BODY), keep=False)
        with ScriptedServer(closing) as server:
            client = local_client(server)
            for _ in range(5):
                assert client.call(TOKEN, "getMe") is True
                time.sleep(0.02)
            assert server.connections == 5

    def test_threads_share_a_client(self) -> None:
        def echo(connection: socket.socket, request: Request) -> bool:
            body = json.dumps({"ok": True, "result": request.json()["n"]}).encode()
            return raw(http(200, body))(connection, request)

        results: dict[int, object] = {}
        with ScriptedServer(echo) as server:
            client = local_client(server)

            def work(first: int) -> None:
                for n in range(first, first + 20):
                    results[n] = client.call(TOKEN, "getMe", {"n": n})

            threads = [threading.Thread(target=work, args=(i * 20,)) for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert server.connections <= 8
        assert results == {n: n for n in range(160)}

    def test_cookies_are_not_kept_and_the_environment_is_not_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "")
        with ScriptedServer(raw(http(200, OK_BODY, Set_Cookie="a=b; Path=/"))) as server:
            client = local_client(server)
            client.call(TOKEN, "getMe")
            client.call(TOKEN, "getMe")
        assert [r for r in server.requests if "cookie" in r.headers] == []

    def test_a_forbidden_call_never_starts(self) -> None:
        def forbid() -> None:
            raise RuntimeError("inside a transaction")

        with ScriptedServer(ok()) as server:
            client = BotApiClient(server.url, policy=LOCAL, before_call=forbid)
            with pytest.raises(RuntimeError, match="inside a transaction"):
                client.call(TOKEN, "getMe")
            assert server.connections == 0

    @pytest.mark.parametrize("token", ["", "123456789", f"{TOKEN}/../x", f"{TOKEN}\r\nX: y"])
    def test_an_impossible_token_is_not_put_into_a_url(self, token: str) -> None:
        with ScriptedServer(ok()) as server:
            with pytest.raises(InvalidToken) as caught:
                local_client(server).call(token, "getMe")
            assert SECRET not in str(caught.value)
            assert server.connections == 0

    @pytest.mark.parametrize("method", ["", "get/../me", "getMe?x=1", "getMe\r\n"])
    def test_an_impossible_method_is_refused(self, method: str) -> None:
        with pytest.raises(ValueError, match="method"):
            BotApiClient().call(TOKEN, method)

    def test_a_closed_client_opens_new_connections(self) -> None:
        with ScriptedServer(ok()) as server:
            client = local_client(server)
            for _ in range(2):
                client.call(TOKEN, "getMe")
                client.close()
            assert server.connections == 2

    def test_a_child_process_does_not_use_its_parents_connections(self) -> None:
        with ScriptedServer(ok()) as server:
            client = local_client(server)
            client.call(TOKEN, "getMe")
            child = os.fork()
            if child == 0:
                os._exit(0 if client.call(TOKEN, "getMe") is True else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert client.call(TOKEN, "getMe") is True
            assert server.connections == 2


def multipart(request: Request) -> dict[str, tuple[str | None, str, bytes]]:
    """Part name to (file name, content type, content)."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    parts = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(name, str)
        assert isinstance(payload, bytes)
        parts[name] = (part.get_filename(), part.get_content_type(), payload)
    return parts


class TestAnswers:
    def test_a_refusal_carries_its_facts(self) -> None:
        with ScriptedServer(refuse(400, "Bad Request: chat not found")) as server:
            error = fail(local_client(server))
        assert isinstance(error, BotApiError)
        assert (error.method, error.status, error.error_code) == ("sendMessage", 400, 400)
        assert error.description == "Bad Request: chat not found"
        assert (error.retry_after, error.migrate_to_chat_id) == (None, None)
        assert not error.maybe_sent
        assert str(error) == "sendMessage: 400 Bad Request: chat not found"

    def test_too_many_requests_says_how_long(self) -> None:
        answer = refuse(429, "Too Many Requests: retry after 14", retry_after=14)
        with ScriptedServer(answer) as server:
            error = fail(local_client(server))
        assert isinstance(error, BotApiError)
        assert error.retry_after == 14

    def test_an_upgraded_group_says_its_new_id(self) -> None:
        new = -1001234567890
        answer = refuse(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=new)
        with ScriptedServer(answer) as server:
            error = fail(local_client(server))
        assert isinstance(error, BotApiError)
        assert error.migrate_to_chat_id == new

    @pytest.mark.parametrize(
        ("answer", "status", "maybe_sent", "words"),
        [
            (page(502), 502, True, "web page"),
            (page(413), 413, False, "web page"),
            (raw(http(413, b"")), 413, False, "empty"),
            (raw(http(200, b"")), 200, True, "empty"),
            (hang_up(b"HTTP/1.1 200"), 200, True, "empty"),
            (raw(http(200, b"[]")), 200, True, "not one of the Bot API"),
            (raw(http(502, OK_BODY)), 502, True, "not one of the Bot API"),
            (raw(http(302, b"", Location="http://127.0.0.1:1/")), 302, False, "redirects"),
        ],
    )
    def test_what_is_no_envelope_is_said_to_be_none(
        self, answer: Answer, status: int, maybe_sent: bool, words: str
    ) -> None:
        with ScriptedServer(answer) as server:
            error = fail(local_client(server))
            assert len(server.requests) == 1  # a redirect is not followed
        assert isinstance(error, InvalidAnswer)
        assert (error.status, error.maybe_sent) == (status, maybe_sent)
        assert words in error.reason

    def test_a_web_page_with_retry_after_says_how_long(self) -> None:
        with ScriptedServer(page(429, Retry_After="7")) as server:
            error = fail(local_client(server))
        assert isinstance(error, InvalidAnswer)
        assert error.retry_after == 7

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_huge_answer_is_cut_off(self, chunked: bool) -> None:
        size = 64 << 20
        sent = []

        def flood(connection: socket.socket, __: Request) -> bool:
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
            block = bytes(1 << 20)
            for _ in range(size >> 20):
                piece = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block
                connection.sendall(piece)
                sent.append(len(block))
            return False

        with ScriptedServer(flood) as server:
            error = fail(local_client(server))
        assert isinstance(error, InvalidAnswer)
        assert "larger than" in error.reason
        assert sum(sent) < size


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "base"),
        [
            ("https://api.telegram.org", "https://api.telegram.org"),
            (" https://API.Telegram.org/ ", "https://api.telegram.org"),
            ("https://bücher.example/tg/", "https://xn--bcher-kva.example/tg"),
            ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://localhost:8081", "http://localhost:8081"),
        ],
    )
    def test_a_base_url_is_kept_in_one_form(self, url: str, base: str) -> None:
        policy = OutboundPolicy(allowed_hosts=frozenset({"localhost:8081"}))
        assert BotApiClient(url, policy=policy).api_url == base

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "api.telegram.org",
            "ftp://api.telegram.org",
            "https://",
            "https://user:pass@api.telegram.org",
            "https://api.telegram.org/?x",
            "https://api.telegram.org/#x",
            "https://api.telegram.org/a b",
            "https://api.telegram.org/../x",
            "https://api.telegram.org:99999",
            "https://api telegram.org",
            "https://api.telegram.org\r\nX: y",
            "http://api.telegram.org",
            "http://localhost:8082",
        ],
    )
    def test_an_impossible_base_url_is_refused(self, url: str) -> None:
        policy = OutboundPolicy(allowed_hosts=frozenset({"localhost:8081"}))
        with pytest.raises(InvalidAddress, match="api_url") as caught:
            BotApiClient(url, policy=policy)
        assert "pass@" not in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["proxy:3128", "https://proxy:3128", "http://proxy", "http://:1", "socks5://p:1/x"]
    )
    def test_an_impossible_proxy_is_refused(self, url: str) -> None:
        with pytest.raises(InvalidAddress, match="proxy"):
            BotApiClient(proxy=url)


class TestClientPool:
    def test_the_same_server_and_proxy_have_the_same_client(self) -> None:
        pool = ClientPool()
        proxy = "socks5h://proxy.example:1080"
        assert pool.get() is pool.get(TELEGRAM_API_URL, None)
        assert pool.get() is pool.get(proxy="")
        assert pool.get() is not pool.get(proxy=proxy)
        assert pool.get(proxy=proxy) is pool.get(proxy=proxy)

    def test_the_least_recently_used_leaves_and_still_serves(self) -> None:
        with ScriptedServer(ok()) as server:
            pool = ClientPool(policy=LOCAL, max_clients=2)
            first = pool.get(server.url)
            first.call(TOKEN, "getMe")
            second = pool.get("https://b.example")
            assert pool.get(server.url) is first
            pool.get("https://c.example")
            assert pool.get(server.url) is first
            assert pool.get("https://b.example") is not second
            assert pool.get("https://c.example") is not first
            assert first.call(TOKEN, "getMe") is True

    def test_threads_get_one_client(self) -> None:
        pool = ClientPool()
        found: list[BotApiClient] = []
        act: Callable[[], None] = lambda: found.append(pool.get("https://a.example"))  # noqa: E731
        threads = [threading.Thread(target=act) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, found))) == 1
