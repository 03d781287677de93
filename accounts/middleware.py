"""Who asks, for which organization, and from where: set on every request."""

import ipaddress
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.audit import Actor
from accounts.membership import current_membership
from accounts.models import Membership, User, Way

Handler = Callable[[HttpRequest], HttpResponse]
_THROUGH_PROXY = "tocsin.through_proxy"


class TrustedProxyMiddleware:
    """Believes X-Forwarded-For and -Proto only from TRUSTED_PROXIES, from the right-hand end."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.networks = [ipaddress.ip_network(entry) for entry in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.networks and self._trusted(request.META.get("REMOTE_ADDR", "")):
            request.META[_THROUGH_PROXY] = True
            hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
            for hop in reversed([hop for hop in hops if hop]):
                request.META["REMOTE_ADDR"] = hop
                if not self._trusted(hop):
                    break
            if request.headers.get("X-Forwarded-Proto") == "https":
                request.META["wsgi.url_scheme"] = "https"
                request.scheme_is_https = True  # type: ignore[attr-defined]  # our own mark
        return self.get_response(request)

    def _trusted(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self.networks)


class ContentPolicyMiddleware:
    """What a page may load and run, should a text ever pass for markup (W3C CSP 3)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        return response


def came_through_trusted_proxy(request: HttpRequest) -> bool:
    """Whether one of TRUSTED_PROXIES connected, so that others may have asked through it."""
    return _THROUGH_PROXY in request.META


def client_address(request: HttpRequest) -> str | None:
    """The sender's IP address, None when it has none (a Unix socket)."""
    address = _parsed(str(request.META.get("REMOTE_ADDR", "")))
    return None if address is None else str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Of `::ffff:192.0.2.1`, as a server that listens on `::` names IPv4 peers, the IPv4 address:
    else all of them would be one sender, and no trusted proxy."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class OrganizationMiddleware:
    """`request.membership` (lazy): the signed-in user's role in the organization they chose."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        lazy = cast("Any", request)
        lazy.membership = SimpleLazyObject(lambda: _membership(request))
        lazy.actor = SimpleLazyObject(lambda: _actor(request))
        return self.get_response(request)


def _membership(request: HttpRequest) -> Membership | None:
    user = auth.get_user(request)
    if not isinstance(user, User):
        return None
    return current_membership(user, request.session.get("organization"))


def _actor(request: HttpRequest) -> Actor:
    user = auth.get_user(request)
    known = user if isinstance(user, User) else None
    return Actor(
        name=known.email if known else "somebody not signed in",
        way=Way.CONSOLE,
        user=known,
        ip_address=client_address(request),
    )
