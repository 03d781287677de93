"""One time limit for a whole exchange: sockets and time-outs that end at a deadline.

The stock time limit of sockets, and so of `requests`, is for each single operation. A server that
drips a byte a second, in its headers or in its body, would hold a call for ever.
"""

import socket
import ssl
import time
from functools import lru_cache
from typing import Any, Final

import certifi
from urllib3.util import Timeout

_REARM_STEP: Final = 0.05  # seconds: a socket armed this much too long is not worth a system call


class TotalTimeout(Timeout):
    """A time limit for a whole exchange, in the place where urllib3 expects one for each step."""

    def __init__(self, seconds: float) -> None:
        super().__init__(total=seconds)
        self.ends_at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.ends_at - time.monotonic())

    def clone(self) -> "TotalTimeout":
        return self

    def start_connect(self) -> float:
        return time.monotonic()

    @property
    def connect_timeout(self) -> float:
        return self.left

    @property
    def read_timeout(self) -> float:
        return self.left


class TimedSocket(socket.socket):
    """A socket whose timeout is not for each operation but until all of them are done.

    `settimeout(t)` starts t seconds, in which every following operation must end.
    """

    _ends_at: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        if value is not None and value <= 0:
            raise TimeoutError("the time for this call is up")
        self._ends_at = None if value is None else time.monotonic() + value
        super().settimeout(value)

    def gettimeout(self) -> float | None:
        """Seconds left; the TLS socket made from this one takes them over."""
        return None if self._ends_at is None else max(1e-6, self._ends_at - time.monotonic())

    def _arm(self) -> None:
        if self._ends_at is None:
            return
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this call is up")
        armed = super().gettimeout()
        if armed is None or armed - left > _REARM_STEP:
            super().settimeout(left)

    def recv(self, *args: Any, **kwargs: Any) -> bytes:
        self._arm()
        return super().recv(*args, **kwargs)

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._arm()
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self._arm()
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._arm()
        super().sendall(*args, **kwargs)


class TimedTLSSocket(TimedSocket, ssl.SSLSocket):
    """The same over TLS: handshake, records and a slowly reading peer end at the deadline too."""


@lru_cache(maxsize=8)
def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A context that checks certificates and makes timed sockets.

    Trusted are the system's store, certifi's, for images without a store, and `ca_file`.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file:
        context.load_verify_locations(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = TimedTLSSocket
    return context
