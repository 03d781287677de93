"""What each role may do. Console, REST, Telegram and commands ask here and nowhere else."""

from enum import StrEnum
from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Role

if TYPE_CHECKING:  # DRF imports this module while it imports its views
    from rest_framework.views import APIView


class Capability(StrEnum):
    """A thing that a role may do inside its organization."""

    VIEW = "view"
    RESPOND = "respond"  # acknowledge, silence, resolve, retry, send a test
    MANAGE = "manage"  # bots, channels, integrations, routes, API keys; read the audit
    OWN = "own"  # members, the organization itself


CAPABILITIES: dict[str, frozenset[Capability]] = {
    Role.VIEWER: frozenset({Capability.VIEW}),
    Role.RESPONDER: frozenset({Capability.VIEW, Capability.RESPOND}),
    Role.ADMIN: frozenset({Capability.VIEW, Capability.RESPOND, Capability.MANAGE}),
    Role.OWNER: frozenset(Capability),
}

RANK = {Role.VIEWER: 0, Role.RESPONDER: 1, Role.ADMIN: 2, Role.OWNER: 3}


def may(role: str | None, capability: Capability) -> bool:
    """Whether this role includes this capability; no role, no rights."""
    return capability in CAPABILITIES.get(role or "", frozenset())


def may_give(own_role: str | None, role: str) -> bool:
    """Whether somebody of `own_role` may hand out `role`: never more than they have."""
    return own_role in RANK and role in RANK and RANK[Role(own_role)] >= RANK[Role(role)]


class RolePermission(BasePermission):
    """REST: reading needs VIEW; a view's `capabilities` say what each action needs.

    Without an entry for its action an unsafe request needs MANAGE: forgetting is not a hole.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the key's role includes what this action needs."""
        action = getattr(view, "action", None) or (request.method or "").lower()
        given: dict[str, Capability] = getattr(view, "capabilities", {})
        default = (
            Capability.VIEW if request.method in ("GET", "HEAD", "OPTIONS") else Capability.MANAGE
        )
        needed = given.get(action, default)
        role = getattr(request.auth, "role", None)
        enough = [str(known) for known in reversed(RANK) if may(known, needed)]
        self.message = f"A key of the role {role} may not do this. Use one of {_or(enough)}."
        return may(role, needed)


def _or(words: list[str]) -> str:
    return " or ".join(words)
