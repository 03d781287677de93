"""What a console page asks of its request: who acts, where, and what they may do."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import audit
from accounts.audit import Actor
from accounts.models import Membership, Organization
from accounts.permissions import Capability, may


def membership_of(request: HttpRequest) -> Membership | None:
    """The signed-in person's membership in the organization that they look at."""
    membership = getattr(request, "membership", None)
    return cast("Membership", membership) if membership else None


def organization_of(request: HttpRequest) -> Organization:
    """The organization that the person looks at. Raises PermissionDenied (403)."""
    membership = membership_of(request)
    if membership is None:
        raise PermissionDenied("You are not a member of any organization.")
    return membership.organization


def actor_of(request: HttpRequest) -> Actor:
    """Who acts, for the audit."""
    return cast("Actor", getattr(request, "actor", audit.SYSTEM))


def can(request: HttpRequest, capability: Capability) -> bool:
    """Whether the person's role in the current organization includes this."""
    membership = membership_of(request)
    return membership is not None and may(membership.role, capability)


def may_view(request: HttpRequest) -> bool:
    """For the navigation: members."""
    return can(request, Capability.VIEW)


def may_manage(request: HttpRequest) -> bool:
    """For the navigation: admins and owners."""
    return can(request, Capability.MANAGE)


def safe_next(request: HttpRequest, default: str) -> str:
    """`next` from the form when it stays on this site."""
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return url
    return default


def is_htmx(request: HttpRequest) -> bool:
    """Whether a part of a page was asked for, not a whole one."""
    return request.headers.get("HX-Request") == "true"
