"""Real servers on loopback that answer as told, well or badly: HTTP, HTTP proxy, SOCKS5 proxy."""

import base64
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """A request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[socket.socket, Request], bool]
"""Writes to the connection; returns whether it stays open."""


def raw(data: bytes, *, keep: bool = True) -> Answer:
    def answer(connection: socket.socket, _: Request) -> bool:
        connection.sendall(data)
        return keep

    return answer


def http(status: int, body: bytes, content_type: str = "application/json", **headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def ok(result: object = True) -> Answer:
    return raw(http(200, json.dumps({"ok": True, "result": result}).encode()))


def refuse(code: int, description: str, *, status: int = 0, **parameters: object) -> Answer:
    envelope: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        envelope["parameters"] = parameters
    return raw(http(status or code, json.dumps(envelope).encode()))


def page(status: int, **headers: str) -> Answer:
    return raw(http(status, b"<html><h1>nginx</h1></html>", "text/html", **headers))


def drip(data: bytes, start: bytes = b"", interval: float = 0.05) -> Answer:
    """`start` at once, then a byte at a time for as long as the other side listens."""

    def answer(connection: socket.socket, _: Request) -> bool:
        connection.sendall(start)
        with contextlib.suppress(OSError):
            for byte in data:
                connection.sendall(bytes((byte,)))
                time.sleep(interval)
        return False

    return answer


def hang_up(after: bytes = b"", *, reset: bool = False) -> Answer:
    def answer(connection: socket.socket, _: Request) -> bool:
        connection.sendall(after)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return answer


def silence(seconds: float) -> Answer:
    def answer(_: socket.socket, __: Request) -> bool:
        time.sleep(seconds)
        return False

    return answer


class _Server:
    """Accepts on loopback; each connection has a thread; leaving the context closes everything."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with contextlib.suppress(OSError, ValueError), connection:
            self.serve(connection)
        self._open.discard(connection)

    def serve(self, connection: socket.socket) -> None:
        raise NotImplementedError


class ScriptedServer(_Server):
    """Gives its answers in turn and the last one from then on. `requests` is what it was asked."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self._answers = list(answers)
        self._tls = tls
        self.requests: list[Request] = []
        self.server_name: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        if self._tls:
            self._tls.sni_callback = lambda _, name, __: setattr(self, "server_name", name)
            connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
        with connection.makefile("rb") as stream:
            while request := _read_request(stream):
                self.requests.append(request)
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if not answer(connection, request):
                    break
        connection.close()


def _read_request(stream: Any) -> Request | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) < 2:
        return None
    headers = {}
    while header := stream.readline().strip().decode("latin-1"):
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Request(line[0], line[1], headers, body)


@dataclass
class Names:
    """A name server in miniature: answers from a table and remembers what it was asked."""

    table: dict[str, list[str]]
    asked: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        time.sleep(self.seconds)
        return self.table.get(host, [])


class HttpProxy(_Server):
    """CONNECT and forwarding. All targets are on loopback, whatever their name."""

    def __init__(self, login: str = "", refusal: bytes = b"") -> None:
        super().__init__()
        self._login = base64.b64encode(login.encode()).decode()
        self._refusal = refusal
        self.targets: list[str] = []
        self.url = f"http://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb", buffering=0)
        while request := _read_request(stream):
            self.targets.append(f"{request.method} {request.target}")
            if self._refusal:
                return connection.sendall(self._refusal)
            if self._login and request.headers.get("proxy-authorization") != f"Basic {self._login}":
                return connection.sendall(b"HTTP/1.1 407 Log in\r\nContent-Length: 0\r\n\r\n")
            if request.method == "CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                return _relay(connection, int(request.target.rpartition(":")[2]))
            self._forward(connection, request)
        return None

    @staticmethod
    def _forward(connection: socket.socket, request: Request) -> None:
        target = urlsplit(request.target)
        head = [f"{request.method} {target.path} HTTP/1.1", f"Host: {target.netloc}"]
        head += [f"{k}: {v}" for k, v in request.headers.items() if k.startswith("content-")]
        with socket.create_connection(("127.0.0.1", target.port or 80)) as upstream:
            upstream.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
            upstream.sendall(request.body)
            upstream.settimeout(5)
            connection.sendall(upstream.recv(1 << 16))


class Socks5Proxy(_Server):
    """RFC 1928 with optional RFC 1929. All targets are on loopback, whatever their name."""

    def __init__(self, login: str = "", reply: int = 0) -> None:
        super().__init__()
        self._login = login
        self._reply = reply
        self.targets: list[tuple[int, str, int]] = []
        self.url = f"socks5h://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb", buffering=0)
        _, count = stream.read(2)
        methods = stream.read(count)
        method = 2 if self._login else 0
        connection.sendall(bytes((5, method if method in methods else 255)))
        if self._login and not self._logged_in(connection, stream):
            return
        _, _, _, kind = stream.read(4)
        length = {1: 4, 4: 16}.get(kind) or stream.read(1)[0]
        address = stream.read(length)
        port = int.from_bytes(stream.read(2), "big")
        name = address.decode() if kind == 3 else socket.inet_ntop(_family(kind), address)
        self.targets.append((kind, name, port))
        connection.sendall(bytes((5, self._reply, 0, 1)) + bytes(6))
        if self._reply == 0:
            _relay(connection, port)

    def _logged_in(self, connection: socket.socket, stream: Any) -> bool:
        _, length = stream.read(2)
        name = stream.read(length).decode()
        secret = stream.read(stream.read(1)[0]).decode()
        right = f"{name}:{secret}" == self._login
        connection.sendall(bytes((1, 0 if right else 1)))
        return right


def _family(kind: int) -> int:
    return socket.AF_INET if kind == 1 else socket.AF_INET6


def _relay(near: socket.socket, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as far:
        back = threading.Thread(target=_copy, args=(far, near), daemon=True)
        back.start()
        _copy(near, far)
        back.join(60)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def unanswering_port(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port that takes no more connections: they neither succeed nor fail (on Linux)."""
    listener = socket.create_server((host, port), backlog=0)
    waiting = [socket.socket() for _ in range(2)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]
    finally:
        for one in [*waiting, listener]:
            one.close()
