"""Who may see how the installation stands: by token, else by where they ask from."""

import ipaddress
from collections.abc import Sequence
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.middleware import came_through_trusted_proxy, client_address
from accounts.problems import problem_response

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via")
"""Headers that proxies add: who comes with one of them is not who connected."""


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Why this request may not see it, with what to set; None when it may."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").partition(" ")
        if given[0].lower() == "bearer" and compare_digest(
            given[2].strip().encode(), settings.METRICS_TOKEN.encode()
        ):
            return None
        response = problem_response(
            401, "Send METRICS_TOKEN as `Authorization: Bearer …`; the token is not this one."
        )
        response["WWW-Authenticate"] = "Bearer"
        return response
    reason = _not_allowed(request, settings.METRICS_ALLOWED)
    if not reason:
        return None
    return problem_response(
        403,
        f"{reason} Set METRICS_TOKEN, and send it as `Authorization: Bearer …`; or name the "
        "network you ask from in METRICS_ALLOWED.",
    )


def _not_allowed(request: HttpRequest, networks: Sequence[str]) -> str:
    """Why where it comes from does not do; "" when it does."""
    address = client_address(request)
    if address is None:
        return "Your address is not known."
    trusted = came_through_trusted_proxy(request)
    if not trusted and any(name in request.headers for name in FORWARDED):
        return f"You come through a proxy ({address}) that TRUSTED_PROXIES does not name."
    if trusted and not request.headers.get("X-Forwarded-For"):
        return f"You come through a proxy ({address}) that does not say for whom it asks."
    ip = ipaddress.ip_address(address)
    if any(ip in ipaddress.ip_network(network) for network in networks):
        return ""
    if ip.is_loopback and not trusted and _is_local_name(request):
        return ""
    return f"You come from {address}, and only this machine itself may see this."


def _is_local_name(request: HttpRequest) -> bool:
    """A proxy on this machine passes its own name on; who asks from here says localhost."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    host = host.removeprefix("[").removesuffix("]").lower()
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
