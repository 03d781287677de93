"""Break a client's TCP connection the rude way, as a crashing front end does."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def reset_connection(host: str, port: int) -> bool:
    """Make the server close the connection to that peer with a reset; False when it cannot be
    found.

    The server owns the socket, so this works on a duplicate: no lingering, and an end of input that
    makes the server
    drop the connection.
    """
    connection = _connection_to(host, port)
    if connection is None:
        return False
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.shutdown(socket.SHUT_RD)
    return True


def _connection_to(host: str, port: int) -> socket.socket | None:
    for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - the folder's own descriptor vanishes while listing
        try:
            duplicate = os.dup(int(name))
        except OSError:
            continue
        try:
            connection = socket.socket(fileno=duplicate)
        except OSError:
            os.close(duplicate)
            continue
        try:
            if connection.getpeername()[:2] == (host, port):
                return connection
        except OSError:
            connection.close()
            continue
        connection.close()
    return None
