"""Codes of links into Telegram: made, used, refused, and counted when they are wrong.

A code proves one thing: whoever uses it has seen our page. Whose Telegram account or chat that was
is shown there, and counts once it is confirmed (people.py, chat_offers.py).
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization, Way
from botapi import deep_links
from channels_app.bots import bots_usable_by
from channels_app.models import Bot
from chatops.context import Context, as_user
from chatops.models import LinkAttempt, LinkCode
from deliveries import clock

Kind = LinkCode.Kind

PREFIX = "link-"
CODE_BYTES = 24
LIFETIME = timedelta(minutes=10)
WRONG_MAX = 10
WRONG_OF_BOT_MAX = 500
WRONG_WITHIN = timedelta(hours=1)


class LinkRefused(ValueError):
    """This can't be linked: `field` says where, the text what to do."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Why(StrEnum):
    """Why a code is wrong; for the audit. Whoever tries it is told one and the same."""

    UNKNOWN = "no such link"
    EXPIRED = "its time was over"
    USED = "it was used before"
    OTHER_BOT = "it was for another bot"
    MOVED = "the bot was given another token, server or proxy since"
    OTHER_CHAT = "it was for another kind of chat"
    TAKEN = "the chat is another organization's"
    CLAIMED = "the Telegram account is another person's"


class WrongCode(Exception):
    """`row` is the code where one is known."""

    def __init__(self, why: Why, row: LinkCode | None = None) -> None:
        super().__init__(str(why))
        self.why = why
        self.row = row


def usable_bots(organization: Organization | UUID) -> list[Bot]:
    """The bots that a link can lead to: own and lent ones whose name Telegram told."""
    rows = bots_usable_by(organization).filter(enabled=True, proven_at__isnull=False)
    return list(rows.exclude(username="").order_by("name"))


def issue(actor: Actor, organization: Organization, bot: Bot, kind: Kind) -> tuple[LinkCode, str]:
    """A new code, and what it is in clear: told once, here. An earlier open one of the same person
    for the same is withdrawn. Raises LinkRefused."""
    if bot not in usable_bots(organization) or bot.proven_at is None:
        raise LinkRefused("Choose a bot that works: check it on its page first.", "bot")
    if kind == Kind.PERSON and actor.user is None:
        raise LinkRefused("Only a person can be linked, at the console.", "kind")
    code = PREFIX + secrets.token_urlsafe(CODE_BYTES)
    now = clock.now()
    with transaction.atomic():
        if actor.user is not None:
            LinkCode.objects.for_organization(organization).filter(
                made_by=actor.user, kind=kind, bot=bot, used_at=None, closed_at=None
            ).update(closed_at=now)
        row = LinkCode.objects.create(
            organization=organization,
            kind=kind,
            bot=bot,
            bot_proven_at=bot.proven_at,
            code_hash=_hash(code),
            made_by=actor.user,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    return row, code


def link_of(row: LinkCode, code: str) -> str:
    """What a person opens, or a phone's camera reads."""
    if row.kind == Kind.GROUP:
        return deep_links.group_link(row.bot.username, code)
    return deep_links.private_link(row.bot.username, code)


def is_code(payload: str) -> bool:
    """Whether a payload of /start is meant to be one of ours."""
    return payload.startswith(PREFIX)


def find(bot: Bot, code: str, now: datetime) -> LinkCode:
    """The open code that this bot was told. Raises WrongCode."""
    row = (
        LinkCode.objects.select_related("organization", "made_by", "bot")
        .filter(code_hash=_hash(code))
        .first()
    )
    if row is None:
        raise WrongCode(Why.UNKNOWN)
    if row.bot_id != bot.pk:
        raise WrongCode(Why.OTHER_BOT, row)
    if row.used_at is not None or row.closed_at is not None:
        raise WrongCode(Why.USED, row)
    if row.expires_at <= now:
        raise WrongCode(Why.EXPIRED, row)
    if row.bot_proven_at != bot.proven_at:
        raise WrongCode(Why.MOVED, row)
    return row


def use(row: LinkCode, context: Context) -> None:
    """This update's sender has used it; nobody else will. Raises WrongCode."""
    sender = context.sender
    values = {
        "used_at": context.now,
        "telegram_id": sender.id,
        "name": sender.name[:160],
        "username": sender.username,
    }
    still_open = LinkCode.objects.filter(
        pk=row.pk, used_at=None, closed_at=None, expires_at__gt=context.now
    )
    if not still_open.update(**values):
        raise WrongCode(Why.USED, row)
    for name, value in values.items():
        setattr(row, name, value)


def close(row: LinkCode, *, confirmed: bool) -> bool:
    """A person has said yes or no to what came of it, or withdrew it; whether it was open."""
    return bool(
        LinkCode.objects.for_organization(row.organization_id)
        .filter(pk=row.pk, closed_at=None)
        .update(closed_at=clock.now(), confirmed=confirmed)
    )


def is_silenced(context: Context) -> bool:
    """Whether the sender tried so many wrong codes that nothing they send is looked at."""
    return _recent(context) >= WRONG_MAX


def note_wrong(context: Context, wrong: WrongCode) -> bool:
    """Count it and write it down where it concerns somebody; False: so many were, that this one is
    passed over in silence."""
    since = context.now - WRONG_WITHIN
    if LinkAttempt.objects.filter(bot=context.bot, at__gt=since).count() >= WRONG_OF_BOT_MAX:
        return False
    LinkAttempt.objects.create(bot=context.bot, telegram_id=_who(context), at=context.now)
    concerned = wrong.row or context.bot
    owner = concerned.organization_id
    changes = {
        "why": ("", str(wrong.why)),
        "person": ("", _digest(owner, context)),
        "wrong links": ("", _recent(context)),
    }
    audit.record(_concerning(owner, context), owner, "refuse link", concerned, changes)
    return True


def _concerning(owner: UUID, context: Context) -> Actor:
    """By name only who is a member there: nobody else is that organization's to know of."""
    is_own = any(one.organization_id == owner for one in context.memberships)
    if is_own and context.user is not None:
        return as_user(context.user)
    return Actor("a person in Telegram", Way.TELEGRAM)


def _digest(owner: UUID, context: Context) -> str:
    """Tells the organization that it was the same person again, and no two of them whether it was
    the same at both."""
    return salted_hmac(f"wrong links of {owner}", str(_who(context))).hexdigest()[:12]


def _recent(context: Context) -> int:
    """Wrong codes that the sender tried lately."""
    since = context.now - WRONG_WITHIN
    recent = LinkAttempt.objects.filter(bot=context.bot, at__gt=since)
    return recent.filter(telegram_id=_who(context)).count()


def _who(context: Context) -> int:
    """Whose attempts are counted together: an anonymous administrator's are the group's."""
    return context.incoming.queue if context.sender.is_bot else context.sender.id


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
