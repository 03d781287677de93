"""One POST to a bot's webhook, as Telegram's WebhookActor makes it.

The standard library's client in threads, because it lets every header be chosen and speaks TLS,
keep-alive and chunks; an asynchronous client would be one more library for what only the sandbox
needs.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from sandbox.model import Json, Webhook

TIMEOUT_SECONDS = 60.0
"""Without a byte from the endpoint (telegram-bot-api WebhookActor.h)."""
MAX_ANSWER_BYTES = 2**20
MAX_CONNECTIONS = 100
"""Of one bot: each takes a thread."""


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What the endpoint said; `retry_after` in seconds, None where it did not say."""

    status: int
    reason: str
    content_type: str = ""
    body: bytes = b""
    retry_after: int | None = None


class Undelivered(Exception):
    """No answer came; the text is for `last_error_message`."""


class WebhookClient:
    """Connections to one webhook, kept open between updates. Its calls block, in threads."""

    def __init__(self, webhook: Webhook) -> None:
        self.threads = ThreadPoolExecutor(min(webhook.max_connections, MAX_CONNECTIONS), "webhook")
        parts = urlsplit(webhook.url)
        self._host = parts.hostname or ""
        is_secure = parts.scheme == "https"
        self._port = parts.port or (443 if is_secure else 80)
        self._address = webhook.ip_address or self._host
        self._context = _tls(webhook.certificate) if is_secure else None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._path = quote(path, safe="%/?:=&~+!$,;'@()*[]|")
        self._headers = {"Host": parts.netloc.rpartition("@")[2]}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if webhook.secret_token:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        self._idle: list[_Connection] = []

    def post(self, update: Json) -> WebhookAnswer:
        """Deliver the Update. Raises Undelivered when no HTTP answer came."""
        body = json.dumps(update, separators=(",", ":"))
        content = body.replace(",", ",\n", 1).encode()
        kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._exchange(kept, content)
            except (OSError, http.client.HTTPException):
                kept.close()  # it was closed at the other end while nothing was to say
        fresh = _Connection(self._host, self._port, self._address, self._context)
        try:
            return self._exchange(fresh, content)
        except (OSError, http.client.HTTPException) as error:
            fresh.close()
            raise Undelivered(_reason(error, self._host)) from error

    def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, connection: _Connection, content: bytes) -> WebhookAnswer:
        connection.putrequest("POST", self._path, skip_host=True, skip_accept_encoding=True)
        headers = self._headers | {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "Connection": "keep-alive",
            "Accept-Encoding": "gzip, deflate",
        }
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(content)
        response = connection.getresponse()
        body = response.read(MAX_ANSWER_BYTES)
        if response.will_close or not response.isclosed():
            connection.close()
        else:
            self._idle.append(connection)
        after = response.headers.get("Retry-After", "")
        return WebhookAnswer(
            response.status,
            response.reason,
            response.headers.get("Content-Type", ""),
            _plain(body, response.headers.get("Content-Encoding", "")),
            int(after) if after.isdigit() else None,
        )


class _Connection(http.client.HTTPConnection):
    """To an address of the host, with TLS where there is a context."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._address = address
        self._context = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), TIMEOUT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = self._context
        self.sock = context.wrap_socket(plain, server_hostname=self.host) if context else plain


def _tls(certificate: str) -> ssl.SSLContext:
    """Known authorities, or only the certificate that was uploaded."""
    if not certificate:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=certificate)
    except ssl.SSLError:
        return ssl.create_default_context()  # no certificate: the endpoint's will not be known
    return context


def _plain(body: bytes, encoding: str) -> bytes:
    if encoding.lower() not in {"gzip", "deflate"}:
        return body
    try:
        return zlib.decompress(body, zlib.MAX_WBITS | 32)
    except zlib.error:
        return b""


def _reason(error: Exception, host: str) -> str:
    """In the server's words, as far as they are known."""
    if isinstance(error, ssl.SSLError):
        return f"SSL error {{{error.reason or error}}}"
    if isinstance(error, socket.gaierror):
        return f"Failed to resolve host: {error.strerror or host}"
    if isinstance(error, TimeoutError):
        return "Read timeout expired"
    if isinstance(error, ConnectionRefusedError):
        return "Connection refused"
    if isinstance(error, OSError):
        return error.strerror or "Connection closed"
    return "Wrong response from the webhook: no HTTP"
