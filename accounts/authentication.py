"""REST: `Authorization: Bearer tk_…` → the key's organization and role."""

from dataclasses import dataclass

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts.api_keys import key_for
from accounts.audit import Actor
from accounts.middleware import client_address
from accounts.models import ApiKey, Organization, Way


@dataclass(frozen=True, slots=True)
class Grant:
    """`request.auth`: what the key opens."""

    key: ApiKey
    organization: Organization
    role: str
    actor: Actor


def grant_of(request: Request) -> Grant:
    """The grant of an authenticated request. Raises NotAuthenticated (401)."""
    if not isinstance(request.auth, Grant):
        raise exceptions.NotAuthenticated
    return request.auth


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """`request.auth` becomes a Grant."""

    def authenticate(self, request: Request) -> tuple[None, Grant] | None:
        """None without a header, so that the answer is 401 with `WWW-Authenticate`."""
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = key_for(presented.strip())
        if key is None:
            raise exceptions.AuthenticationFailed(
                "This API key is unknown, expired or revoked. Make one in the console "
                "under API keys and send it as `Authorization: Bearer tk_…`."
            )
        actor = Actor(
            name=f"API key {key.name}",
            way=Way.API,
            api_key=key,
            ip_address=client_address(request),
        )
        return None, Grant(key, key.organization, key.role, actor)

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401 (RFC 6750)."""
        return 'Bearer realm="tocsin"'
