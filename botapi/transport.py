"""How bytes travel: guarded connections whose every operation ends at one deadline.

`GuardedAdapter` is a transport adapter for `requests`. It differs from the stock one in that it

* connects only to addresses that the guard has checked, and keeps name, SNI and certificate check;
* ends the whole exchange at one deadline when given a TotalTimeout (`deadline`);
* tells a request that cannot have arrived (NotSent) from one that may have;
* follows no redirect, keeps no cookies and reads nothing from the environment.
"""

import base64
import os
import socket
import ssl
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from botapi.deadline import TimedSocket, TotalTimeout, tls_context
from botapi.errors import UnreachableKind
from botapi.guard import NameNotResolved, OutboundPolicy, Proxy
from botapi.socks import socks5_connect

CONNECT_TIMEOUT: Final = 10.0
"""Seconds for name, TCP, proxy and TLS together: whoever is slower than this is down."""

IDLE_MAX: Final = 50.0
"""Seconds after which an idle connection is not used again. Front ends close theirs after 60 or 75:
a request that meets the closing is lost, and nobody can tell whether it was."""

_HOSTS_MAX: Final = 16  # pools an adapter keeps; a client needs one
_HOLD_MAX: Final = 1 << 16  # bytes of a request that are sent as one piece
_SOCKET_OPTIONS: Final = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    # Idle connections wait in the pool; a dead one must be noticed before it is used.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (
            *(("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)),
            # Milliseconds. What the other end has not confirmed by then must never arrive: of a
            # host that was cut off, the kernel would deliver calls long after they were given up.
            ("TCP_USER_TIMEOUT", 30_000),
        )
        if hasattr(socket, name)
    ),
]


class NotSent(Exception):
    """The exchange failed before the request can have been complete at the other end."""

    def __init__(self, kind: UnreachableKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(kind, reason)


@dataclass(frozen=True)
class Dialler:
    """Opens TCP connections to checked addresses: the host's, or the proxy's if there is one.

    `trusted` says that there is a proxy and that it is the operator's: its address needs no check.
    `connect_timeout` and `idle_max` are in seconds, the second is for the connections made.
    """

    policy: OutboundPolicy
    proxy: Proxy | None = None
    trusted: bool = False
    connect_timeout: float = CONNECT_TIMEOUT
    idle_max: float = IDLE_MAX

    def dial(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect within `timeout` seconds. Raises GuardRefused or NotSent.

        With an HTTP proxy `host` is already the proxy's: urllib3 asks it for the tunnel.
        """
        ends_at = time.monotonic() + timeout
        if self.proxy is None or self.proxy.scheme == "http":
            return self._connect(host, port, ends_at)
        sock = self._connect(self.proxy.host, self.proxy.port, ends_at)
        try:
            socks5_connect(sock, host, port, self.proxy.username, self.proxy.password)
        except OSError as error:
            sock.close()
            raise NotSent("proxy", f"the proxy did not connect: {said(error)}") from None
        return sock

    def _connect(self, host: str, port: int, ends_at: float) -> socket.socket:
        try:
            addresses = self.policy.addresses(
                host, port, ends_at - time.monotonic(), trusted=self.trusted
            )
        except NameNotResolved as error:
            raise NotSent("dns", str(error)) from None
        problem = "no address"
        for index, address in enumerate(addresses):
            # One address that swallows packets must not use up the time of those after it.
            share = (ends_at - time.monotonic()) / (len(addresses) - index)
            try:
                return _open_socket(address, port, share, ends_at)
            except OSError as error:
                problem = said(error)
        raise NotSent("connect", f"{host}:{port} does not answer: {problem}")


def _open_socket(address: str, port: int, timeout: float, ends_at: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = TimedSocket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect((address, port))
        for option in _SOCKET_OPTIONS:
            sock.setsockopt(*option)
        sock.settimeout(ends_at - time.monotonic())
    except OSError:
        sock.close()
        raise
    return sock


class _GuardedHTTPConnection(HTTPConnection):
    """An HTTP connection opened by a Dialler, which knows how far a request has got."""

    def __init__(self, *args: Any, dialler: Dialler, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialler = dialler
        self._request_complete = False
        self._held: bytearray | None = None
        self._used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether urllib3 may use the connection again, which it asks before it does."""
        fresh = time.monotonic() - self._used_at < self._dialler.idle_max
        return fresh and super().is_connected

    def _new_conn(self) -> socket.socket:
        limit = self._dialler.connect_timeout
        timeout = limit if self.timeout is None else min(self.timeout, limit)
        return self._dialler.dial(self._dns_host, self.port, timeout)

    def _tunnel(self) -> None:
        with _nothing_sent("proxy"):
            super()._tunnel()

    def connect(self) -> None:
        started = time.monotonic()
        with _nothing_sent("tls"):  # name, TCP and proxy have reported their own failures
            super().connect()
            if self.timeout is not None:
                # The socket still has the connection's time limit; from here on it is the call's.
                self.timeout = max(0.0, self.timeout - (time.monotonic() - started))
                self.sock.settimeout(self.timeout)

    def send(self, data: Any) -> None:
        """Hold small pieces back: head and body leave in one packet, in one TLS record."""
        if self._held is not None and len(self._held) + len(data) <= _HOLD_MAX:
            self._held += data
        else:
            self._release()
            super().send(data)

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            super().send(held)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._request_complete = False
        self._held = bytearray()
        try:
            super().request(*args, **kwargs)
            self._release()
        except (BrokenPipeError, ConnectionResetError):
            raise  # urllib3 goes on to read what the server said before it hung up
        except OSError as error:
            raise NotSent("send", f"the request was not taken: {said(error)}") from None
        finally:
            self._held = None
            self._used_at = time.monotonic()
        self._request_complete = True

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's own departure
        if self._request_complete:
            return super().getresponse()
        with _nothing_sent("send"):
            return super().getresponse()


@contextmanager
def _nothing_sent(kind: UnreachableKind) -> Iterator[None]:
    """Turn every failure inside into NotSent: the request cannot be complete over there."""
    try:
        yield
    except (OSError, HTTPException, HTTPError, ValueError) as error:
        raise NotSent(kind, said(error)) from None


class _GuardedHTTPSConnection(_GuardedHTTPConnection, HTTPSConnection):
    """The same over TLS; the certificate is checked for the name, not for the address."""


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class _Route(NamedTuple):
    """How an origin is reached: its pool, and what precedes the path in the request line."""

    pool: HTTPConnectionPool
    prefix: str


class GuardedAdapter(HTTPAdapter):
    """Sends requests under `policy`, through `proxy` or, without one, the operator's.

    Safe to share between threads. Up to `pool_size` idle connections a host are kept; more may be
    open. `exchange` raises GuardRefused, NotSent and what `requests` and urllib3 raise.
    """

    def __init__(
        self,
        policy: OutboundPolicy,
        proxy: Proxy | None = None,
        pool_size: int = 64,
        connect_timeout: float = CONNECT_TIMEOUT,
        idle_max: float = IDLE_MAX,
    ) -> None:
        self._policy = policy
        self._own_proxy = proxy
        self._proxy = proxy or policy.operator_proxy
        self._pool_size = pool_size
        self._connect_timeout = connect_timeout
        self._idle_max = idle_max
        super().__init__(pool_connections=_HOSTS_MAX, pool_maxsize=pool_size)
        _adapters.add(self)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Make the pools, empty at first."""
        context = tls_context(self._policy.ca_file)
        super().init_poolmanager(connections, maxsize, block, ssl_context=context, **pool_kwargs)
        self._routes: dict[tuple[str, str], _Route] = {}
        self._direct = _guarded(self.poolmanager)
        self._proxied: PoolManager = self._direct
        if self._proxy and self._proxy.scheme == "http":
            self._proxied = _guarded(
                ProxyManager(
                    self._proxy.url,
                    num_pools=connections,
                    maxsize=maxsize,
                    block=block,
                    proxy_headers=_proxy_headers(self._proxy),
                    ssl_context=context,
                )
            )

    def exchange(self, request: PreparedRequest, timeout: TotalTimeout) -> Response:
        """Send, and return the answer with its body unread. Raises as `send` does."""
        limit: Any = timeout  # requests takes urllib3's time-outs, its annotations do not say so
        return self.send(request, stream=True, timeout=limit)

    def _route(self, request: PreparedRequest) -> _Route:
        """Raises GuardRefused for a host that is visibly internal and would be behind a proxy."""
        parts = urlsplit(str(request.url))
        key = (parts.scheme, parts.netloc)
        route = self._routes.get(key)
        if route is None:
            # Two threads may both get here; the managers hand both the same pool.
            route = self._routes[key] = self._new_route(parts)
        return route

    def _new_route(self, parts: SplitResult) -> _Route:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = self._proxy
        if self._own_proxy is None and self._policy.allows(host, port):
            proxy = None  # a host that the operator named is near: his proxy is not for it
        if proxy:
            self._policy.check_behind_proxy(host, port)
        manager = self._proxied if proxy else self._direct
        pool = manager.connection_from_host(host, port, parts.scheme)
        trusted = proxy is not None and proxy is not self._own_proxy
        pool.conn_kw["dialler"] = Dialler(
            self._policy, proxy, trusted, self._connect_timeout, self._idle_max
        )
        forwarded = proxy is not None and proxy.scheme == "http" and parts.scheme == "http"
        return _Route(pool, f"http://{parts.netloc}" if forwarded else "")

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        """The pool for the request's host; the other arguments of `requests` have no effect."""
        return self._route(request).pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to do: every pool has the context that checks."""

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """Path and query; for a forwarding proxy the whole URL."""
        parts = urlsplit(str(request.url))
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return self._route(request).prefix + target

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """A Response without cookies and without the URL, which holds the token."""
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        response.reason = resp.reason
        return response

    def close(self) -> None:
        """Close idle connections."""
        self._direct.clear()
        self._proxied.clear()

    def forget_connections(self) -> None:
        """Start over with empty pools; what is in flight ends undisturbed."""
        self.init_poolmanager(_HOSTS_MAX, self._pool_size)


def read_body(response: Response, limit: int) -> bytes:
    """The body as it arrived, or its first `limit` + 1 bytes when it is longer.

    Raises urllib3's HTTPError when the connection breaks before the end. Afterwards the
    connection is free for the next call, or closed when something was left on it.
    """
    raw = response.raw
    body: bytes = raw.read(limit + 1, decode_content=False)
    # urllib3 tells an answer that was cut off from a complete one only at the read after the last.
    while len(body) <= limit and (piece := raw.read(limit + 1 - len(body), decode_content=False)):
        body += piece
    if len(body) > limit:
        raw.close()
    raw.release_conn()
    return body


_adapters: "weakref.WeakSet[GuardedAdapter]" = weakref.WeakSet()


def _after_fork() -> None:
    """A child that used its parent's connections would mix two conversations on one socket."""
    for adapter in list(_adapters):
        adapter.forget_connections()


os.register_at_fork(after_in_child=_after_fork)


def _guarded(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}
    return manager


def _proxy_headers(proxy: Proxy) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{proxy.username}:{proxy.password}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def said(error: Exception) -> str:
    """What an error means to people: without class names, numbers and addresses of objects."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'the connection broke'}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return type(error).__name__ + (f": {error}" if isinstance(error, HTTPException) else "")
