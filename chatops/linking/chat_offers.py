"""Chats that people show us from within Telegram, and that become channels once somebody who may
manage channels says so."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization, User
from alerts.routes import adopt_first_channel
from channels_app.channels import ChannelRefused, create_channel
from channels_app.models import Bot, Chat, NotificationChannel
from chatops.context import Context
from chatops.incoming import SeenChat
from chatops.linking.link_codes import LinkRefused, Why, WrongCode, close, use
from chatops.models import ChatOffer, LinkCode, UnclaimedChat
from deliveries import clock, probe
from deliveries.models import Probe
from languages.speaking import gettext

CONFIRM_WITHIN = timedelta(hours=1)
NAME_MAX = 100
NAMES_TRIED = 50


def offer(
    context: Context,
    organization: Organization | UUID,
    seen: SeenChat,
    *,
    code: LinkCode | None = None,
    user: User | None = None,
    message_thread_id: int | None = None,
) -> ChatOffer:
    """The update's sender shows this chat; with a code, they use it. Raises WrongCode: the code is
    used, or the chat another organization's (then the code stays open)."""
    owner = organization.pk if isinstance(organization, Organization) else organization
    if is_anothers(context.bot, seen.id, owner):
        raise WrongCode(Why.TAKEN, code)
    if code is not None:
        use(code, context)
    return ChatOffer.objects.create(
        organization_id=owner,
        bot=context.bot,
        code=code,
        user=user,
        telegram_id=context.sender.id,
        name=context.sender.label[:160],
        chat_id=seen.id,
        type=seen.type[:10],
        title=seen.title[:255],
        message_thread_id=message_thread_id,
        offered_at=context.now,
    )


def is_anothers(bot: Bot, chat_id: int, organization_id: UUID) -> bool:
    """Whether another organization has channels to this chat with this bot."""
    channels = NotificationChannel.objects.filter(chat__bot=bot, chat__chat_id=chat_id)
    return channels.exclude(organization=organization_id).exists()


def connect(
    actor: Actor, offer: ChatOffer, *, name: str = "", **values: Any
) -> NotificationChannel:
    """The chat on offer becomes a channel, and is checked. Without a name it is called as the chat.
    Raises LinkRefused, ChannelRefused."""
    with transaction.atomic():
        rows = ChatOffer.objects.for_organization(offer.organization_id)
        fresh = rows.filter(
            pk=offer.pk, closed_at=None, offered_at__gt=clock.now() - CONFIRM_WITHIN
        )
        if not fresh.update(closed_at=clock.now()):
            raise LinkRefused(
                gettext("This chat is not on offer any more. Show it again with a new link.")
            )
        offer.refresh_from_db()
        topic = {"message_thread_id": offer.message_thread_id} if offer.message_thread_id else {}
        channel = create_channel(
            actor,
            offer.organization,
            name=name or free_name(offer.organization_id, offer.title),
            bot=offer.bot,
            chat_id=offer.chat_id,
            is_shown=True,
            **{**topic, **values},
        )
        _describe(channel.chat, offer)
        rows.filter(pk=offer.pk).update(channel=channel)
        if offer.code is not None:
            close(offer.code, confirmed=True)
        UnclaimedChat.objects.filter(bot=offer.bot, chat_id=offer.chat_id).delete()
        adopt_first_channel(actor, channel)
        probe.request_probe(Probe.Kind.CHANNEL, offer.bot, channel, actor)
    return channel


def refuse(actor: Actor, offer: ChatOffer) -> bool:
    """Not this chat; whether it was on offer. The audit says which one it was, and who showed it:
    somebody else may have had the link."""
    with transaction.atomic():
        rows = ChatOffer.objects.for_organization(offer.organization_id)
        closed = rows.filter(pk=offer.pk, closed_at=None).update(closed_at=clock.now())
        if offer.code is not None:
            close(offer.code, confirmed=False)
        if closed:
            shown = {"chat_id": ("", offer.chat_id), "shown_by": ("", offer.name)}
            audit.record(actor, offer.organization_id, "refuse link", offer, shown)
    return bool(closed)


def free_name(organization_id: UUID, title: str) -> str:
    """A name that no channel has: the chat's title, or that with a number. Raises
    ChannelRefused."""
    base = title.strip()[: NAME_MAX - 4] or "Telegram"
    taken = set(
        NotificationChannel.objects.for_organization(organization_id)
        .filter(name__startswith=base)
        .values_list("name", flat=True)
    )
    names = [base, *(f"{base} {number}" for number in range(2, NAMES_TRIED))]
    found = next((name for name in names if name not in taken), None)
    if found is None:
        words = gettext("Give this channel a name: many are called {name}.")
        raise ChannelRefused("name", words.format(name=repr(base)))
    return found


def _describe(chat: Chat, offer: ChatOffer) -> None:
    """What Telegram said of it; the check brings the rest."""
    chat.title = offer.title
    chat.type = offer.type if offer.type in Chat.Type.values else ""
    chat.save(update_fields=["title", "type"])
