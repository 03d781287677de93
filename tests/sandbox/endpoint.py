"""A bot's webhook: a real HTTP server that notes what comes and answers as told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests import clock

Json = dict[str, Any]


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Endpoint:
    url: str = ""
    answer: Callable[[Json], Answer] = lambda update: Answer()
    """The answer to an update; may block."""
    updates: list[Json] = field(default_factory=list)
    """All deliveries as they came, also those that were refused."""
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def wait_for(self, count: int, timeout: float = 60.0) -> list[Json]:
        """The deliveries as soon as there are so many."""
        deadline = clock.now() + timeout
        while len(self.updates) < count:
            assert clock.now() < deadline, f"{len(self.updates)} of {count} deliveries"
            clock.sleep(0.02)
        return self.updates


@contextmanager
def running_endpoint(certificate: Path | None = None) -> Iterator[Endpoint]:
    """Served with TLS where a file with certificate and key is given."""
    endpoint = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    scheme = "https" if certificate else "http"
    endpoint.url = f"{scheme}://127.0.0.1:{server.server_port}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            update = json.loads(body)
            endpoint.bodies.append(body)
            endpoint.paths.append(self.path)
            endpoint.headers.append(dict(self.headers))
            endpoint.updates.append(update)
            answer = endpoint.answer(update)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_request(self, *values: Any) -> None:
            """Quiet."""

    return Handler
