"""The roles of members, as sentences in chats name them."""

from accounts.models import Role
from languages.speaking import pgettext


def role_name(role: str) -> str:
    """ "viewer", in the language that is spoken."""
    names = {
        Role.OWNER: pgettext("role of a member", "owner"),
        Role.ADMIN: pgettext("role of a member", "admin"),
        Role.RESPONDER: pgettext("role of a member", "responder"),
        Role.VIEWER: pgettext("role of a member", "viewer"),
    }
    return names[Role(role)]
