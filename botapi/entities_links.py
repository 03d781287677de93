"""Which link targets Telegram accepts, and what it makes of them.

Telegram does not refuse a bad link, it silently drops it (TDLib, LinkManager::get_checked_link);
only explicit `text_link` entities and buttons are refused aloud.
"""

from __future__ import annotations

import ipaddress
import re

_LOWER = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
_SPACES = " \t\r\n\0\v"
# What RFC 3986 allows in a host or user info, and any character beyond ASCII.
_PART = re.compile(r"(?:[A-Za-z0-9.\-_!$,~*'();&+=]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_USERINFO = re.compile(r"(?:[A-Za-z0-9.\-_!$,~*'();&+=:]|%[0-9A-Fa-f]{2}|[^\x00-\x7f])*")
_TELEGRAM_SCHEMES = ("tg", "ton", "tonsite")
_TELEGRAM_HOST = {
    "tg": re.compile(r"[A-Za-z0-9\-_]*"),
    "ton": re.compile(r"[A-Za-z0-9\-_]*"),
    "tonsite": re.compile(r"[A-Za-z0-9\-_.]*"),
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_MAX_USER_ID = (1 << 40) - 1


def lower_ascii(text: str) -> str:
    """Lower case for A-Z only, as Telegram's parsers compare names."""
    return text.translate(_LOWER)


def whole_number(text: str, bits: int = 64) -> int | None:
    """The signed integer that `text` writes exactly (no sign or zero too many), if it is one."""
    if _INTEGER.fullmatch(text) is None or text == "-0":
        return None
    value = int(text) if len(text) <= 20 else 1 << 64
    return value if -(1 << (bits - 1)) <= value < 1 << (bits - 1) else None


def checked_link(url: str) -> str:
    """The URL as Telegram stores it in a `text_link`, or "" when Telegram drops the link."""
    scheme = next((s for s in _TELEGRAM_SCHEMES if lower_ascii(url[: len(s) + 1]) == s + ":"), "")
    if scheme:
        url = url[len(scheme) + 1 :].removeprefix("//")
    parsed = _parse_http(url)
    if parsed is None:
        return ""
    protocol, userinfo, host, port, query, is_ipv6 = parsed
    if scheme:
        explicit_http = lower_ascii(url[:7]) == "http://"
        if explicit_http or protocol == "https" or userinfo or port or is_ipv6:
            return ""
        if _TELEGRAM_HOST[scheme].fullmatch(host) is None:
            return ""
        return f"{scheme}://{host}{query.removeprefix('/') if query[1:2] == '?' else query}"
    if "." not in host and not is_ipv6:
        return ""
    at = f"{userinfo}@" if userinfo else ""
    return f"{protocol}://{at}{host}{f':{port}' if port else ''}{query}"


def _parse_http(url: str) -> tuple[str, str, str, int, str, bool] | None:
    """(protocol, user info, host, explicit port or 0, path and query, whether IPv6), or None."""
    protocol = "http"
    if match := re.match(r"[^:/?#@\[\]]*(?=://)", url):
        protocol = lower_ascii(match[0])
        if protocol not in ("http", "https"):
            return None
        url = url[match.end() + 3 :]
    authority = re.split("[/?#]", url, maxsplit=1)[0]
    query = url[len(authority) :].rstrip(_SPACES) or "/"
    # The colon of a port stands after the last "]" or "@", and not first.
    colon = max(authority.rfind(char, 1) for char in ":]@")
    port = 0
    if colon > 0 and authority[colon] == ":":
        digits = authority[colon + 1 :]
        number = whole_number(re.sub("^0+(?=.)", "", digits, flags=re.DOTALL), 32)
        if number is None or not 0 < number <= 65535:
            return None
        port = number
        authority = authority[:colon]
    userinfo, _, host = authority.rpartition("@")
    if not host or host == ".":
        return None
    is_ipv6 = host[0] == "[" and host[-1] == "]"
    host_is_valid = _is_ipv6(host[1:-1]) if is_ipv6 else bool(_PART.fullmatch(host))
    if not host_is_valid or not (is_ipv6 or _USERINFO.fullmatch(userinfo)):
        return None
    path = query if query[0] == "/" else f"/{query}"
    path = re.sub("[\x00-\x20]", lambda char: f"%{ord(char[0]):02X}", path)
    return protocol, userinfo, lower_ascii(host), port, path, is_ipv6


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return re.fullmatch("[0-9a-fA-F:.]*", text) is not None


def link_user_id(url: str) -> int | None:
    """The user whom a URL `tg://user?id=N` mentions (TDLib, LinkManager::get_link_user_id)."""
    url = lower_ascii(url)
    if not url.startswith("tg:"):
        return None
    match = re.fullmatch(r"(?://)?user/?\?(.*)", url[3:], re.DOTALL)
    if match is None:
        return None
    for parameter in match[1].partition("#")[0].split("&"):
        key, _, value = parameter.partition("=")
        if key == "id":
            number = whole_number(value)
            return number if number is not None and 0 < number <= _MAX_USER_ID else None
    return None


def custom_emoji_id(url: str) -> str | None:
    """The identifier in `tg://emoji?id=N`, if the URL is one."""
    for key, value in _tg_query(url, "emoji"):
        if key == "id":
            return value if whole_number(value) else None
    return None


def date_time(url: str) -> tuple[int, str] | None:
    """Unix time and format in `tg://time?unix=N&format=F`, if the URL is one."""
    unix_time = 0
    date_format = ""
    for key, value in _tg_query(url, "time"):
        if key == "unix":
            number = whole_number(value, 32)
            if number is None or number <= 0:
                return None
            unix_time = number
        if key == "format":
            date_format = value
    normal = date_time_format(date_format)
    return (unix_time, normal) if unix_time and normal is not None else None


def date_time_format(text: str) -> str | None:
    """The format of a date-time entity as Telegram repeats it, or None when it is not one."""
    if text in ("r", "R"):
        return "r"
    if not set(text) <= set("tTdDwW"):
        return None
    day_of_week = "w" if "w" in text or "W" in text else ""
    date = "d" if "d" in text else "D" if "D" in text else ""
    time = "t" if "t" in text else "T" if "T" in text else ""
    return day_of_week + date + time


def _tg_query(url: str, host: str) -> list[tuple[str, str]]:
    match = re.match(rf"(?ai:tg:(?://)?{host})/?\?([^#]*)", url)
    if match is None:
        return []
    pairs = [parameter.partition("=") for parameter in match[1].split("&")]
    return [(key, value) for key, _, value in pairs]
