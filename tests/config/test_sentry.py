"""What Sentry would get: received by a real HTTP server, searched for secrets."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import sentry_sdk

from config.sentry import clean, start
from tests.factories import make_token


def test_a_report_arrives_and_holds_no_secret() -> None:
    received: list[bytes] = []

    class Sentry(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            encoded = self.headers.get("Content-Encoding") == "gzip"
            received.append(gzip.decompress(body) if encoded else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
            """Quiet."""

    token = make_token(123456789)
    server = HTTPServer(("127.0.0.1", 0), Sentry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        start(f"http://public@127.0.0.1:{server.server_port}/1", "test")
        secret_local = token
        try:
            raise ValueError(f"POST https://api.telegram.org/bot{secret_local}/getMe failed")
        except ValueError as error:
            sentry_sdk.capture_exception(error)
        sentry_sdk.flush(timeout=5)
    finally:
        sentry_sdk.init()
        server.shutdown()
        server.server_close()
    text = b"".join(received).decode()
    assert "ValueError" in text
    assert "getMe failed" in text
    assert token.partition(":")[2] not in text


def test_everything_in_an_event_is_cleaned_and_the_rest_stays() -> None:
    token = make_token(123456789)
    event = {"a": [{"b": token}, 1, None, (token,)], "c": "fine"}
    cleaned = clean(event)
    assert token.partition(":")[2] not in json.dumps(cleaned)
    assert cleaned["c"] == "fine"
    assert cleaned["a"][1:3] == [1, None]
