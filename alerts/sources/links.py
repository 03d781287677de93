"""URLs as senders give them, made absolute where that is possible without guessing."""

import re
from urllib.parse import quote, urljoin, urlsplit

_PLAIN = re.compile(r"https?://[A-Za-z0-9._-]+(?::\d{1,5})?(?:[/?#][!-~]*)?", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}(?:[/?#]|$)")
_HOST_WITH_DOT = re.compile(r"[\w-]+(?:\.[\w-]+)+[/?#]")
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_NOT_IN_URL = re.compile(r"[\s\x00-\x20\x7f]")


def is_http(url: str) -> bool:
    """Whether this is an absolute http(s) URL with a host."""
    if _PLAIN.fullmatch(url):
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Host and port as written; "" when the URL has none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def absolute_url(url: str, base: str) -> str:
    """`url` with a scheme and host where they can be had, else as it came.

    Grafana sends `?orgId=1` (its Test button), `/alerting/…` and, without `root_url`, scheme-less
    `localhost:3000/…`. `base` is the sender's own absolute URL or "".
    """
    url = url.strip()
    if not url or _PLAIN.fullmatch(url):
        return url
    url = _NOT_IN_URL.sub(lambda found: quote(found[0]), url)
    if _HOST_AND_PORT.match(url) or _HOST_WITH_DOT.match(url):
        return f"http://{url}"
    if _HAS_SCHEME.match(url) or not base:
        return url
    try:
        return urljoin(base, url)
    except ValueError:
        return url


def base_url(external_url: str) -> str:
    """The sender's external URL as a base for relative ones; "" when it cannot be one."""
    base = absolute_url(external_url, "")
    if not is_http(base):
        return ""
    return base if "?" in base or "#" in base or base.endswith("/") else f"{base}/"
