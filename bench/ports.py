"""Ports for servers that tests and benchmarks start.

Below those that the kernel gives to connections (from 32768 on Linux): a port asked of the kernel
and closed again may be some connection's by the time a server wants to listen there. Each is handed
out once in a process, and processes of one run look in places of their own.
"""

import os
import socket
from itertools import count

_LOWEST, _PLACE, _PLACES = 20_000, 200, 60
_offsets = count(os.getpid() % _PLACES * _PLACE, 2)


def free_port() -> int:
    """A port on which nobody listens, nor on the next one (the sandbox of `up` takes that)."""
    for _ in range(_PLACE * _PLACES):
        port = _LOWEST + next(_offsets) % (_PLACE * _PLACES)
        if can_listen(port) and can_listen(port + 1):
            return port
    raise AssertionError("no two free ports in a row")


def can_listen(port: int) -> bool:
    """Whether nobody listens on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
