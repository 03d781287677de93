"""A first organization, person, bot, channel and integration; twice is harmless."""

import secrets
from dataclasses import dataclass
from typing import TypedDict

from django.conf import settings

from accounts import api_keys, membership
from accounts.audit import COMMAND_LINE
from accounts.models import Membership, Organization, Role, User
from alerts import integrations, routes
from alerts.models import Integration
from botapi import tokens
from channels_app import bots, channels
from channels_app.models import Bot, NotificationChannel
from deliveries import probe
from deliveries.models import Probe

KEY_NAME = "quickstart"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line and the environment ask for; "" is the default."""

    organization: str = ""
    email: str = ""
    password: str = ""
    bot_token: str = ""
    chat_id: str = ""
    api_url: str = ""
    new_api_key: bool = False


class Outcome(TypedDict, total=False):
    """What `quickstart --json` prints; `password` and `api_key` only when newly made."""

    site_url: str
    organization: str
    email: str
    password: str
    api_key: str
    bot_id: str | None
    channel_id: str | None
    integration_id: str
    ingest_url: str


def set_up(wanted: Wanted) -> Outcome:
    """Make what is missing, keep what is there.

    Raises BotRefused and ChannelRefused for a token or chat that can't be one.
    """
    user, password = _user(wanted.email or "admin@example.org", wanted.password)
    organization = _organization(wanted.organization or "Home", user)
    bot = _bot(organization, wanted.bot_token, wanted.api_url)
    channel = _channel(organization, bot, wanted.chat_id)
    integration = _integration(organization)
    outcome = Outcome(
        site_url=settings.SITE_URL,
        organization=organization.name,
        email=user.email,
        bot_id=str(bot.pk) if bot else None,
        channel_id=str(channel.pk) if channel else None,
        integration_id=str(integration.pk),
        ingest_url=integrations.ingest_url(integration),
    )
    if password:
        outcome["password"] = password
    if wanted.new_api_key:
        _, outcome["api_key"] = api_keys.create_key(
            COMMAND_LINE, Role.OWNER, organization, KEY_NAME, Role.OWNER
        )
    return outcome


def _user(email: str, password: str) -> tuple[User, str]:
    user = User.objects.filter(email__iexact=email).first()
    if user is not None:
        return user, ""
    chosen = password or secrets.token_urlsafe(12)
    operator = not User.objects.filter(is_superuser=True).exists()
    return User.objects.create_user(email, chosen, is_superuser=operator), chosen


def _organization(name: str, user: User) -> Organization:
    organization = membership.organization_with_slug_or_name(name)
    if organization is None:
        return membership.create_organization(COMMAND_LINE, name, user)
    if not Membership.objects.for_organization(organization).filter(user=user).exists():
        membership.add_member(COMMAND_LINE, Role.OWNER, organization, user.email, Role.OWNER)
    return organization


def _bot(organization: Organization, token: str, api_url: str) -> Bot | None:
    owned = Bot.objects.for_organization(organization)
    if not token:
        return owned.first()
    try:
        telegram_id = tokens.bot_id(token)
    except ValueError as error:
        raise bots.BotRefused("token", str(error)) from None
    bot = owned.filter(telegram_id=telegram_id).first()
    if bot is None:
        bot = bots.register_bot(
            COMMAND_LINE,
            organization,
            name="My bot",
            token=token,
            api_url=api_url,
            updates=Bot.Updates.POLLING,
        )
    elif bots.token_of(bot) != token or bot.api_url != api_url.rstrip("/"):
        bot = bots.change_bot(COMMAND_LINE, bot, token=token, api_url=api_url)
    else:
        return bot
    probe.request_probe(Probe.Kind.BOT, bot, None, COMMAND_LINE)
    return bot


def _channel(
    organization: Organization, bot: Bot | None, chat_id: str
) -> NotificationChannel | None:
    owned = NotificationChannel.objects.for_organization(organization)
    if bot is None or not chat_id:
        return owned.filter(chat__bot=bot).first() if bot else None
    number, username = channels.parse_chat_id(chat_id)
    known = owned.filter(chat__bot=bot)
    channel = (
        known.filter(chat__chat_id=number) if number else known.filter(chat__username=username)
    ).first()
    if channel is None:
        taken = owned.filter(name="My chat").exists()
        channel = channels.create_channel(
            COMMAND_LINE,
            organization,
            name=f"My chat {chat_id}" if taken else "My chat",
            bot=bot,
            chat_id=chat_id,
        )
        probe.request_probe(Probe.Kind.CHANNEL, bot, channel, COMMAND_LINE)
    routes.adopt_first_channel(COMMAND_LINE, channel)
    return channel


def _integration(organization: Organization) -> Integration:
    existing = Integration.objects.for_organization(organization).order_by("id").first()
    if existing is not None:
        return existing
    integration, _ = integrations.create_integration(COMMAND_LINE, organization, "My alerts")
    return integration
