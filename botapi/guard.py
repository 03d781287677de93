"""The one guard against server-side request forgery: which hosts we connect to.

Users name Bot API servers, proxies and images. Without a guard they could make this installation
speak to its own database, its cloud's metadata service or the neighbours in its network. The guard
judges the addresses a name resolves to, and `transport` connects to exactly those, so a name that
answers differently the second time gains nothing.

Hosts that the operator names in OUTBOUND_ALLOWED_HOSTS are reached whatever their address.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import unquote, urlsplit

ALLOW_SETTING: Final = "OUTBOUND_ALLOWED_HOSTS"

# IANA IPv4 Special-Purpose Address Registry, RFC 6890 and successors. Python's is_global is not
# used: its verdicts changed between patch releases.
_REFUSED_V4: Final = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's metadata service"),  # Azure's, in public space
        ("169.254.0.0/16", "link-local, where clouds keep their metadata service"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")  # RFC 4291: everything assigned so far
_REFUSED_V6: Final = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("2001::/23", "reserved (Teredo and others)"),
        ("2001:db8::/32", "reserved"),
        ("3fff::/20", "reserved"),
    )
)
# IPv6 addresses that stand for an IPv4 address, and the shift at which it sits.
_CARRIES_V4: Final = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)  # RFC 5214: the word before the IPv4 address

_INTERNAL_SUFFIXES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa")

RESOLVERS_MAX: Final = 32
"""Name look-ups at a time: the system's resolver cannot be interrupted, only abandoned."""
_resolving = threading.BoundedSemaphore(RESOLVERS_MAX)

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses; raises OSError or ValueError when there are none."""


class GuardRefused(Exception):
    """The guard does not let us connect to `host`:`port`; `reason` says why."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        self.host = host
        self.port = port
        self.reason = reason
        super().__init__(host, port, reason)

    def __str__(self) -> str:
        return (
            f"{self.host}:{self.port} is not reached, because {self.reason}; if it is meant, the "
            f"operator of this installation names it in {ALLOW_SETTING}"
        )


class InvalidAddress(ValueError):
    """Not the address of a Bot API server or a proxy. Never holds a URL: passwords sit in those."""


class NameNotResolved(OSError):
    """The name has no address, or the look-up took too long."""


@lru_cache(maxsize=1024)
def refusal(address: str) -> str | None:
    """Why the IP address is not reached, such as "127.0.0.1 is loopback"; None if it is public.

    Raises ValueError if `address` is no IP address.
    """
    ip = ipaddress.ip_address(address)
    what = _refused_v4(ip) if isinstance(ip, IPv4Address) else _refused_v6(ip)
    return f"{address} is {what}" if what else None


def _refused_v4(ip: IPv4Address) -> str | None:
    return next((what for network, what in _REFUSED_V4 if ip in network), None)


def _refused_v6(ip: IPv6Address) -> str | None:
    number = int(ip)
    for carrier, shift in _CARRIES_V4:
        if ip in carrier:
            inner = IPv4Address(number >> shift & 0xFFFFFFFF)
            what = _refused_v4(inner)
            return f"{what}: it stands for {inner}" if what else None
    if ip not in _GLOBAL_V6:
        return "not a public IPv6 address"
    if number >> 32 & 0xFFFFFFFF in _ISATAP and _refused_v4(IPv4Address(number & 0xFFFFFFFF)):
        return "a tunnel to a private address"
    return next((what for network, what in _REFUSED_V6 if ip in network), None)


def literal_address(host: str) -> str | None:
    """The IP address that `host` spells, also in the old forms `127.1`, `0x7f000001`; else None."""
    bare = host.removeprefix("[").removesuffix("]").partition("%")[0].rstrip(".")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(bare)) if bare[:1].isdigit() else None
    except (OSError, ValueError):
        return None


def system_addresses(host: str, port: int) -> Sequence[str]:
    """All addresses of `host` in the order the system prefers. Raises OSError or ValueError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Proxy:
    """A proxy to connect through: HTTP (CONNECT, or forwarding for http targets) or SOCKS5."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read `http://`, `socks5://` or `socks5h://[user:password@]host:port`.

        Both spellings of SOCKS5 leave name look-ups to the proxy. Raises InvalidAddress.
        """
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise InvalidAddress("proxy: the port must be a number from 1 to 65535") from None
        if parts.scheme not in {"http", "socks5", "socks5h"}:
            raise InvalidAddress(
                "proxy: must start with http://, socks5:// or socks5h://; what passes through it "
                "is encrypted for Telegram whatever the proxy speaks"
            )
        if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise InvalidAddress("proxy: must be scheme://[user:password@]host:port and no more")
        if not port:
            raise InvalidAddress(f"proxy: name the port: {parts.scheme}://{parts.hostname}:PORT")
        return cls(
            "http" if parts.scheme == "http" else "socks5",
            ascii_host(parts.hostname),
            port,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    @property
    def url(self) -> str:
        """The proxy's address without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def ascii_host(host: str) -> str:
    """`host` in lower case, with letters outside ASCII in IDNA. Raises InvalidAddress."""
    try:
        return host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise InvalidAddress("the host is not a valid internationalized name") from None


@dataclass(frozen=True)
class OutboundPolicy:
    """What the operator decided about connections to hosts that users name.

    `allowed_hosts` holds "host" or "host:port" (IPv6 with a port in brackets); names match as
    written, not by address. `proxy` is the operator's: trusted, used for every host that is
    neither allowed by name nor reached through a proxy of its own. `ca_file` is a PEM file of
    authorities that are trusted besides the usual ones.

    **Behind a proxy the guard cannot see addresses**: the proxy resolves the name. Then only
    targets that are recognisably internal are refused: literal private addresses, names without a
    dot, and names such as `*.internal`. An operator's proxy that can reach private networks must
    refuse them itself. A proxy that a user names has to pass the guard like any other host.
    """

    allowed_hosts: frozenset[str] = frozenset()
    proxy: str | None = None
    ca_file: str | None = None
    resolver: Resolver = system_addresses

    @cached_property
    def operator_proxy(self) -> Proxy | None:
        """`proxy`, parsed. Raises InvalidAddress."""
        return Proxy.parse(self.proxy) if self.proxy else None

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(_canonical(name) for name in self.allowed_hosts)

    def allows(self, host: str, port: int) -> bool:
        """Whether the operator named the host, alone or with this port."""
        name = _canonical(host)
        return name in self._allowed or f"{name}:{port}" in self._allowed

    def addresses(
        self, host: str, port: int, timeout: float, *, trusted: bool = False
    ) -> Sequence[str]:
        """Look `host` up and return its addresses, all of them fit to connect to.

        `trusted` is for the operator's proxy, whose address needs no check.

        One forbidden address refuses the whole name: a public name with a private address among
        its addresses is an attack or a mistake. Waits at most `timeout` seconds. Raises
        GuardRefused or NameNotResolved.
        """
        literal = literal_address(host)
        found = [literal] if literal else self._look_up(host, port, timeout)
        if not trusted and not self.allows(host, port):
            for address in found:
                if reason := refusal(address):
                    raise GuardRefused(host, port, reason)
        return found

    def check_behind_proxy(self, host: str, port: int) -> None:
        """Refuse targets that are internal on the face of it. Raises GuardRefused."""
        if self.allows(host, port):
            return
        literal = literal_address(host)
        if literal:
            # A proxy may read an old form such as 010.0.0.1 differently.
            odd = None if literal == host else f"{host} is an unusual way to write {literal}"
            reason = refusal(literal) or odd
        elif "." not in host.rstrip("."):
            reason = f"{host} is a name of the local network"
        elif host.rstrip(".").lower().endswith(tuple(f".{s}" for s in _INTERNAL_SUFFIXES)):
            reason = f"{host} is a name of an internal network"
        else:
            reason = None
        if reason:
            raise GuardRefused(host, port, reason)

    def _look_up(self, host: str, port: int, timeout: float) -> Sequence[str]:
        """Run the resolver on a thread of its own: getaddrinfo knows no time limit."""
        ends_at = time.monotonic() + timeout
        if not _resolving.acquire(timeout=max(0.0, timeout)):
            raise NameNotResolved(f"too many name look-ups are waiting, {host} among them")
        found: list[str] = []
        done = threading.Event()

        def look_up() -> None:
            try:
                found.extend(self.resolver(host, port))
            except (OSError, ValueError):  # ValueError: a label that is empty or too long
                pass
            finally:
                done.set()
                _resolving.release()

        threading.Thread(target=look_up, name="name-lookup", daemon=True).start()
        if not done.wait(max(0.0, ends_at - time.monotonic())):
            raise NameNotResolved(f"looking up {host} took longer than {timeout:.0f} s")
        if not found:
            raise NameNotResolved(f"the name {host} has no address")
        return found


def _canonical(name: str) -> str:
    """Host or host:port in one spelling: lower case, no brackets, no final dot, IPv6 compressed."""
    name = name.strip().lower()
    host, colon, port = name.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.endswith("]")):
        host, port = name, ""
    host = host.removeprefix("[").removesuffix("]").rstrip(".")
    with suppress(ValueError):
        host = str(ipaddress.ip_address(host))
    return f"{host}:{port}" if port else host


def parse_allowed_hosts(names: Iterable[str]) -> frozenset[str]:
    """The operator's list as a set, without blanks. Raises InvalidAddress for URLs and patterns."""
    chosen = frozenset(name.strip() for name in names if name.strip())
    for name in sorted(chosen):
        if "/" in name or "*" in name:
            raise InvalidAddress(f"{ALLOW_SETTING}: {name} must be host or host:port")
    return chosen
