"""What the tests of links share: a bot that a link can lead to, and who opens it."""

from typing import Any

from accounts.audit import Actor
from accounts.models import AuditEntry, Membership, Organization, Role, Way
from chatops.linking import link_codes
from chatops.linking.link_codes import Kind
from chatops.models import LinkCode
from tests.chatops.conftest import Talk
from tests.factories import make_membership
from tests.sandbox.process import SandboxChat


def named(talk: Talk) -> Talk:
    """The bot's name is known, as after a check."""
    talk.bot.username = talk.telegram_bot.username
    talk.bot.save()
    return talk


def member(talk: Talk, role: str = Role.ADMIN, **values: Any) -> Membership:
    """Somebody at the console of the bot's organization."""
    return make_membership(organization=talk.organization, role=role, **values)


def actor_of(membership: Membership) -> Actor:
    """They act at the console."""
    return Actor(membership.user.email, Way.CONSOLE, membership.user)


def issue(
    talk: Talk, kind: Kind, who: Membership | None = None, organization: Organization | None = None
) -> tuple[LinkCode, str]:
    """A code for this bot, and what it is in clear."""
    who = who or member(talk)
    return link_codes.issue(actor_of(who), organization or who.organization, talk.bot, kind)


def last(talk: Talk, chat: SandboxChat) -> str:
    """The last thing that the bot said there; "" before."""
    said = [message.text for message in talk.telegram.messages(chat) if message.bot_id]
    return said[-1] if said else ""


def refusals(organization: Organization) -> list[str]:
    """Why links were refused, as the organization's audit has it; oldest first."""
    rows = AuditEntry.objects.for_organization(organization).filter(action="refuse link")
    return [entry.changes["why"][1] for entry in rows.order_by("id") if "why" in entry.changes]


def added(
    talk: Talk,
    chat_id: int,
    who: int,
    *,
    kind: str = "supergroup",
    before: str = "left",
    after: str = "member",
    title: str = "Operations",
    **rights: Any,
) -> None:
    """Telegram tells of the bot's membership, and what follows happens."""
    bot = {"id": talk.telegram_bot.id, "is_bot": True, "first_name": "Bot"}
    chat: dict[str, Any] = {"id": chat_id, "type": kind}
    chat |= {"first_name": title} if kind == "private" else {"title": title}
    value = {
        "chat": chat,
        "from": {"id": who, "is_bot": False, "first_name": "Ada", "username": "ada"},
        "date": 1767225600,
        "old_chat_member": {"user": bot, "status": before},
        "new_chat_member": {"user": bot, "status": after, **rights},
    }
    talk.telegram.queue_update(talk.telegram_bot, "my_chat_member", value)
    talk.settle()


def group(talk: Talk, **fields: Any) -> SandboxChat:
    """One that the bot is in."""
    return talk.telegram.create_chat(
        "supergroup", bot=talk.telegram_bot, title="Operations", **fields
    )


def start(talk: Talk, chat: SandboxChat, code: str, **fields: Any) -> None:
    """The link was opened: Telegram's client says so in the group, for whoever opened it."""
    fields.setdefault("from_id", talk.private_chat().id)
    talk.say(chat, f"/start@{talk.telegram_bot.username} {code}", **fields)
