"""Real receivers: a mail server and an HTTP server that checks signatures as the guide says."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port


class MailServer:
    """Takes mails, or refuses them in its own words while `refuses` is set."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuses = ""
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append([str(one) for one in envelope.rcpt_tos])
        return "250 OK"

    @contextmanager
    def running(self) -> Iterator["MailServer"]:
        self._controller.start()
        try:
            yield self
        finally:
            self._controller.stop()


def verify(secret: str, headers: Any, body: bytes, now: float) -> bool:
    """As docs/guide/fallback.md tells receivers to."""
    timestamp = headers["Tocsin-Timestamp"]
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    given = headers["Tocsin-Signature"].removeprefix("v1=")
    fresh = abs(now - int(timestamp)) <= 300
    return fresh and hmac.compare_digest(expected.hexdigest(), given)


class Receiver:
    """An HTTP server that keeps what is POSTed; answers with `status` and `answer`, after `hangs`
    seconds."""

    def __init__(self) -> None:
        self.status, self.hangs, self.answer = 200, 0.0, b""
        self.secret = ""
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.verified: list[bool] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.keys.append(self.headers["Idempotency-Key"])
                receiver.verified.append(verify(receiver.secret, self.headers, body, time.time()))
                receiver.bodies.append(json.loads(body))
                time.sleep(receiver.hangs)
                self.send_response(receiver.status)
                if 300 <= receiver.status < 400:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook?token=s3cret"

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
