"""Links in buttons and explicit entities, where Telegram refuses a wrong one aloud.

What is accepted is decided by `botapi`; here is how TDLib words a refusal (LinkManager.cpp
check_link, HttpUrl.cpp parse_url).
"""

from __future__ import annotations

import re
from functools import lru_cache

from botapi.entities_links import checked_link, link_user_id

_SCHEMES = ("tg", "ton", "tonsite")
_PORT = re.compile(r"(?<=.):([^:\]@]*)$")
_PART = r"(?:[A-Za-z0-9.\-_!$,~*'();&+={}%]|[^\x00-\x7f])*"
_HOST = re.compile(_PART.replace("{}", ""))
_USERINFO = re.compile(_PART.replace("{}", ":"))
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
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
    if separator and not re.search(r"[:/?#@\[\]]", protocol):
        if protocol.lower() not in {"http", "https"}:
            return "Unsupported URL protocol"
    else:
        after = rest
    authority = re.split(r"[/?#]", after, maxsplit=1)[0]
    if fault := _authority_fault(authority):
        return fault
    if not scheme:
        return _UNDOTTED
    is_plain = after is rest and not re.search(r"[@:\[]", authority)
    if is_plain:
        return "Unallowed characters in URL host"
    return "Wrong tg URL" if scheme == "tg" else "Wrong ton URL"


def _authority_fault(authority: str) -> str:
    if port := _PORT.search(authority):
        digits = port[1].lstrip("0")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 6 and int(digits) < 65536):
            return "Wrong port number specified in the URL"
        authority = authority[: port.start()]
    userinfo, _, host = authority.rpartition("@")
    if host.startswith("[") and host.endswith("]"):
        return "Wrong IPv6 address specified in the URL"
    if not host:
        return "URL host is empty"
    if host == ".":
        return "Host is invalid"
    for part, name, allowed in ((host, "host", _HOST), (userinfo, "userinfo", _USERINFO)):
        if not allowed.fullmatch(part):
            return f"Disallowed character in URL {name}"
        if _BAD_PERCENT.search(part):
            return f"Wrong percent-encoded symbol in URL {name}"
    return ""
