"""SOCKS5, the client's side (RFC 1928; user name and password RFC 1929). The proxy resolves names.

Written out rather than taken from a library because every read must end at the call's deadline,
which the socket given here sees to.
"""

import ipaddress
import socket
from typing import Final

_VERSION: Final = 5
_NO_AUTHENTICATION: Final = 0
_USERNAME_PASSWORD: Final = 2
_ADDRESS_LENGTHS: Final = {1: 4, 4: 16}  # IPv4, IPv6; 3 is a name with its length before it
_REFUSALS: Final = {
    1: "general failure",
    2: "its rules do not allow the connection",
    3: "the network is unreachable",
    4: "the host is unreachable",
    5: "the connection was refused",
    6: "the connection timed out",
    7: "it cannot connect",
    8: "it cannot use this kind of address",
}


class SocksError(OSError):
    """The proxy refused, or is no SOCKS5 proxy."""


def socks5_connect(
    sock: socket.socket, host: str, port: int, username: str = "", password: str = ""
) -> None:
    """Ask the proxy at the other end of `sock` to connect to `host`:`port`.

    Raises SocksError when it refuses, and what the socket raises.
    """
    _authenticate(sock, username, password)
    sock.sendall(bytes((_VERSION, 1, 0)) + _address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = _read(sock, 4)
    if version != _VERSION:
        raise SocksError("the answer is not SOCKS5")
    if reply != 0:
        raise SocksError(_REFUSALS.get(reply, f"refusal number {reply}"))
    length = _ADDRESS_LENGTHS.get(kind) or _read(sock, 1)[0]
    _read(sock, length + 2)  # the address it connected from, of no use to us


def _authenticate(sock: socket.socket, username: str, password: str) -> None:
    methods = [_NO_AUTHENTICATION, _USERNAME_PASSWORD] if username else [_NO_AUTHENTICATION]
    sock.sendall(bytes((_VERSION, len(methods), *methods)))
    version, method = _read(sock, 2)
    if version != _VERSION:
        raise SocksError("the answer is not SOCKS5")
    if method == _NO_AUTHENTICATION:
        return
    if method != _USERNAME_PASSWORD or not username:
        raise SocksError("it wants another way to log in" if username else "it wants a log-in")
    name, secret = username.encode(), password.encode()
    if len(name) > 255 or len(secret) > 255:
        raise SocksError("user name and password can have 255 bytes each")
    sock.sendall(bytes((1, len(name))) + name + bytes((len(secret),)) + secret)
    if _read(sock, 2)[1] != 0:
        raise SocksError("it refused the user name or the password")


def _address(host: str) -> bytes:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        if len(name) > 255:
            raise SocksError("the host's name is longer than 255 bytes") from None
        return bytes((3, len(name))) + name
    return bytes((1 if ip.version == 4 else 4,)) + ip.packed


def _read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise SocksError("it closed the connection")
        data += piece
    return data
