"""Links in buttons and explicit entities, where Telegram refuses a wrong one aloud.

What is accepted is decided by `botapi`; here is how TDLib words a refusal (LinkManager.cpp
check_link, HttpUrl.cpp parse_url).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from botapi.entities_links import checked_link, link_user_id

_SCHEMES = ("tg", "ton", "tonsite")
_PORT = re.compile(r"(?<=.):([^:\]@]*)$")
_HOST = re.compile(r"(?:[A-Za-z0-9.\-_!$,~*'();&+=]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_USERINFO = re.compile(_HOST.pattern.replace("&+=", "&+=:"))
_UNDOTTED = "Wrong HTTP URL"


class LinkRefused(Exception):
    """The text is TDLib's: `URL 'http://grafana:3000' is invalid: Wrong HTTP URL`."""


@lru_cache(maxsize=1024)
def accept_link(url: str, *, https: bool = False) -> str:
    """The URL as Telegram keeps it. With `https` nothing else passes. Raises LinkRefused."""
    if user_id := link_user_id(url):
        return f"tg://user?id={user_id}"
    accepted = checked_link(url)
    fault = "" if accepted else _fault(url)
    if https and fault in {"", _UNDOTTED} and not url.lower().startswith("https://"):
        fault = "Only HTTPS links are allowed"
    if fault:
        raise LinkRefused(f"URL '{url}' is invalid: {fault}")
    return accepted


def _fault(url: str) -> str:
    """What TDLib names as the fault of a URL that it does not accept."""
    scheme = next((s for s in _SCHEMES if url.lower().startswith(f"{s}:")), "")
    rest = url[len(scheme) + 1 :].removeprefix("//") if scheme else url
    protocol, separator, after = rest.partition("://")
    is_explicit = bool(separator) and not re.search(r"[:/?#@\[\]]", protocol)
    if is_explicit and protocol.lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    authority = re.split(r"[/?#]", after if is_explicit else rest, maxsplit=1)[0]
    port = _PORT.search(authority)
    if port and not _is_port(port[1]):
        return "Wrong port number specified in the URL"
    userinfo, _, host = authority[: port.start() if port else None].rpartition("@")
    if fault := _host_fault(host):
        return fault
    if not host.startswith("[") and (fault := _part_fault(userinfo, "userinfo", _USERINFO)):
        return fault
    if not scheme:
        return _UNDOTTED
    if is_explicit or port or userinfo or host.startswith("["):
        return "Wrong tg URL" if scheme == "tg" else "Wrong ton URL"
    return "Unallowed characters in URL host"


def _is_port(digits: str) -> bool:
    number = digits.lstrip("0")
    return number.isascii() and number.isdigit() and len(number) < 6 and int(number) < 65536


def _host_fault(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        return "" if _is_ipv6(host[1:-1]) else "Wrong IPv6 address specified in the URL"
    if not host:
        return "URL host is empty"
    return "Host is invalid" if host == "." else _part_fault(host, "host", _HOST)


def _part_fault(part: str, name: str, allowed: re.Pattern[str]) -> str:
    """The first wrong character of a host or user info."""
    end = re.match(allowed, part)
    rest = part[end.end() if end else 0 :]
    if not rest:
        return ""
    if rest[0] == "%":
        return f"Wrong percent-encoded symbol in URL {name}"
    return f"Disallowed character in URL {name}"


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
