"""Bots: registered, re-keyed, lent, disabled; and the way to call Telegram with one."""

import secrets
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.audit import SECRET, Actor
from accounts.models import Organization
from botapi import tokens
from botapi.client import BotApiClient, ClientPool, check_api_url
from botapi.errors import BotApiFailure, Unreachable
from botapi.outbound import InvalidAddress, OutboundPolicy, Proxy
from channels_app.encryption import context, decrypt, encrypt
from channels_app.leaving import delete_chats
from channels_app.models import Bot, BotGrant, NotificationChannel, Verification
from channels_app.webhook_urls import why_no_webhook

NO_ANSWER = "the bot's server does not answer"


class BotRefused(ValueError):
    """The input can't become this bot: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BotMoved(Exception):
    """The bot has another token, server or proxy than when it was read."""


class CallInTransaction(RuntimeError):
    """A Bot API call was about to be made inside a database transaction: a defect of ours."""


def register_bot(
    actor: Actor,
    organization: Organization,
    *,
    name: str,
    token: str,
    api_url: str = "",
    proxy: str = "",
    updates: str = Bot.Updates.NONE,
) -> Bot:
    """Store a bot with its verification pending; nothing is sent to Telegram here, and nothing by
    the bot before `prove`.

    Raises BotRefused for a token that can't be one, a bot that is registered already: by this
    organization, or by one that proved its token; a webhook that Telegram could not reach; and
    where the organization has as many as it may.
    """
    telegram_id = _bot_id(token)
    _check_connection(api_url, proxy)
    _check_updates(updates, api_url)
    if Bot.objects.for_organization(organization).filter(telegram_id=telegram_id).exists():
        raise _registered(telegram_id)
    if Bot.objects.for_organization(organization).count() >= settings.BOTS_PER_ORGANIZATION:
        raise BotRefused(
            "token",
            f"Your organization has {settings.BOTS_PER_ORGANIZATION} bots, which is the most "
            "(BOTS_PER_ORGANIZATION). Delete one that is not needed.",
        )
    if not (api_url or proxy) and _proven().filter(telegram_id=telegram_id).exists():
        raise BotRefused(
            "token",
            f"The bot {telegram_id} is registered on this installation already. "
            "The organization that owns it can lend it to you under Bot grants.",
        )
    bot = Bot(
        organization=organization,
        name=name,
        telegram_id=telegram_id,
        api_url=api_url.rstrip("/"),
        updates=updates,
    )
    bot.token_encrypted = encrypt(token, _context(bot, "token"))
    bot.proxy_encrypted = encrypt(proxy, _context(bot, "proxy"))
    bot.webhook_secret_encrypted = encrypt(
        secrets.token_urlsafe(32), _context(bot, "webhook_secret")
    )
    try:
        with transaction.atomic():
            bot.save(force_insert=True)
            audit.record(actor, organization, "create", bot, {"token": ("", SECRET)})
    except IntegrityError:  # another request of the organization came first
        raise _registered(telegram_id) from None
    return bot


def change_bot(
    actor: Actor,
    bot: Bot,
    *,
    name: str | None = None,
    token: str = "",
    api_url: str | None = None,
    proxy: str | None = None,
    enabled: bool | None = None,
    updates: str | None = None,
) -> Bot:
    """Change what is given. A new token must be the same bot's: its queue and chats stay.

    Pointing the bot to another API server or proxy sends the token there, so that change needs
    the token again. Raises BotRefused.
    """
    if token and _bot_id(token) != bot.telegram_id:
        raise BotRefused(
            "token",
            f"This is the token of the bot {_bot_id(token)}, not of {bot.telegram_id}. "
            "Register the other bot as a new one.",
        )
    with transaction.atomic():
        bot = _locked(bot)  # it may have been disabled or proven since it was read
        before = audit.snapshot(bot)
        _apply(bot, name=name, token=token, api_url=api_url, proxy=proxy, enabled=enabled)
        bot.updates = bot.updates if updates is None else updates
        if updates is not None or api_url is not None:
            _check_updates(bot.updates, bot.api_url)
        bot.save()
        audit.record(
            actor,
            bot.organization_id,
            "change",
            bot,
            audit.changes_between(before, audit.snapshot(bot)),
        )
    return bot


def _apply(
    bot: Bot,
    *,
    name: str | None,
    token: str,
    api_url: str | None,
    proxy: str | None,
    enabled: bool | None,
) -> None:
    moved = (api_url is not None and api_url.rstrip("/") != bot.api_url) or (
        proxy is not None and proxy != proxy_of(bot)
    )
    if moved:
        _check_connection(api_url or "", proxy or "")
        if not token:
            raise BotRefused(
                "token", "Enter the bot's token again to send it to another server or proxy."
            )
    if moved:  # the former server was told the webhook's secret
        bot.webhook_secret_encrypted = encrypt(
            secrets.token_urlsafe(32), _context(bot, "webhook_secret")
        )
    if token or moved:  # what is new has yet to be accepted by getMe
        bot.verification, bot.proven_at = Verification.PENDING, None
    if name is not None:
        bot.name = name
    if token:
        bot.token_encrypted = encrypt(token, _context(bot, "token"))
    if api_url is not None:
        bot.api_url = api_url.rstrip("/")
    if proxy is not None:
        bot.proxy_encrypted = encrypt(proxy, _context(bot, "proxy"))
    if enabled is not None or token:
        _set_enabled(bot, enabled if enabled is not None else True)


def _locked(bot: Bot) -> Bot:
    rows = Bot.objects.for_organization(bot.organization_id)
    found = rows.select_for_update().filter(pk=bot.pk).first()
    if found is None:
        raise BotRefused("name", "This bot was deleted at this moment.")
    return found


def delete_bot(actor: Actor, bot: Bot) -> None:
    """Remove a bot with its chats, and with what channels former borrowers still have on it: they
    can't send. Raises BotRefused while it is lent, or channels of its own organization use it."""
    with transaction.atomic():
        _locked(bot)  # so that nobody adds a channel meanwhile
        channels = NotificationChannel.objects.filter(chat__in=bot.chats.all())
        own = channels.filter(organization=bot.organization_id).count()
        if own:
            raise BotRefused(
                "bot", f"{own} of your channels use this bot. Delete them, or give them another."
            )
        lent = bot.grants.count()
        if lent:
            raise BotRefused(
                "bot", f"This bot is lent to {lent} organizations. Take it back under Bot grants."
            )
        for channel in channels:
            audit.record(lender(actor, bot), channel.organization_id, "delete", channel)
        channels.delete()
        delete_chats(list(bot.chats.all()))
        audit.record(actor, bot.organization_id, "delete", bot)
        bot.delete()


def disable_bot(bot: Bot, reason: str) -> bool:
    """Stop calling Telegram with this bot, which proves nothing any more; whether this call changed
    it."""
    with transaction.atomic():
        changed = Bot.objects.filter(pk=bot.pk, enabled=True).update(
            enabled=False,
            proven_at=None,
            disabled_reason=reason,
            disabled_at=timezone.now(),
            verification=Verification.FAILED,
        )
        if changed:
            audit.record(
                audit.SYSTEM, bot.organization_id, "disable", bot, {"enabled": (True, False)}
            )
    return bool(changed)


def lender(actor: Actor, bot: Bot) -> Actor:
    """Who acts, as far as the borrower may know: the organization, not who of it and from where."""
    return Actor(name=bot.organization.name, way=actor.way)


def bots_usable_by(organization: Organization | UUID) -> QuerySet[Bot]:
    """The organization's own bots and those lent to it."""
    return Bot.objects.filter(
        Q(organization=organization)
        | Q(pk__in=BotGrant.objects.filter(grantee=organization).values("bot"))
    )


def token_of(bot: Bot) -> str:
    """The token in clear, for the Bot API client alone. Raises CannotDecrypt."""
    return decrypt(bot.token_encrypted, _context(bot, "token"))


def proxy_of(bot: Bot) -> str:
    """The bot's own proxy URL, "" for the installation's."""
    return decrypt(bot.proxy_encrypted, _context(bot, "proxy"))


def told(failure: BotApiFailure | InvalidAddress, bot: Bot, organization_id: UUID) -> str:
    """What an organization reads of a call that failed, or could not be made. Where the bot's
    server and proxy stand in its owner's network is no business of a borrower."""
    if bot.organization_id != organization_id:
        if isinstance(failure, Unreachable):
            return f"{failure.method}: {NO_ANSWER}"
        if isinstance(failure, InvalidAddress):
            return NO_ANSWER
    return str(failure)


def webhook_secret_of(bot: Bot) -> str:
    """What Telegram has to put into the header of its POSTs; "" matches nothing. Raises
    CannotDecrypt."""
    return decrypt(bot.webhook_secret_encrypted, _context(bot, "webhook_secret"))


def renew_webhook_secret(bot: Bot) -> str:
    """Store a new one, which is returned: the former opens nothing from now on. Raises BotMoved:
    the server that this row names must not learn what another one's POSTs are known by."""
    secret = secrets.token_urlsafe(32)
    bot.webhook_secret_encrypted = encrypt(secret, _context(bot, "webhook_secret"))
    same = Bot.objects.filter(pk=bot.pk, api_url=bot.api_url, proven_at=bot.proven_at)
    if not same.update(webhook_secret_encrypted=bot.webhook_secret_encrypted):
        raise BotMoved("The bot was changed at this moment.")
    return secret


def has_privacy_mode(bot: Bot) -> bool:
    """Whether the bot hears only commands and replies in groups (getMe's
    `can_read_all_group_messages`); False while that is not known."""
    return bot.facts.get("can_read_all_group_messages") is False


def masked_token(bot: Bot) -> str:
    """What a person may see of the token: the bot's ID."""
    return f"{bot.telegram_id}:{SECRET}"


def client_for(bot: Bot) -> BotApiClient:
    """A pooled client for the bot's API server and proxy."""
    return _pool().get(bot.api_url or settings.TELEGRAM_API_URL, proxy_of(bot) or None)


def rekey(bot: Bot) -> None:
    """Encrypt the bot's secrets under the first key; the caller saves under its old text."""
    for field in ("token", "proxy", "webhook_secret"):
        attribute = f"{field}_encrypted"
        clear = decrypt(getattr(bot, attribute), _context(bot, field))
        setattr(bot, attribute, encrypt(clear, _context(bot, field)))


@lru_cache(maxsize=1)
def _pool() -> ClientPool:
    return new_client_pool()


def new_client_pool(pool_size: int = 64) -> ClientPool:
    """Clients that keep up to so many connections to each server."""
    return ClientPool(policy=_policy(), before_call=refuse_in_transaction, pool_size=pool_size)


def _policy() -> OutboundPolicy:
    return OutboundPolicy(
        allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS, proxy=settings.OUTBOUND_PROXY or None
    )


def refuse_in_transaction() -> None:
    """No transaction is open during network I/O. Raises CallInTransaction."""
    if connection.in_atomic_block:
        raise CallInTransaction("A Bot API call inside a database transaction")


def _proven() -> QuerySet[Bot]:
    """Those whose token the installation's own server accepted (as in `bot_proven_once`)."""
    return Bot.objects.filter(proven_at__isnull=False, api_url="", proxy_encrypted="")


def _registered(telegram_id: int) -> BotRefused:
    return BotRefused(
        "token",
        f"Your organization has the bot {telegram_id} already. Open it to replace its token.",
    )


def _bot_id(token: str) -> int:
    try:
        return tokens.bot_id(token)
    except ValueError as error:
        raise BotRefused("token", str(error)) from None


def _check_connection(api_url: str, proxy: str) -> None:
    if api_url:
        try:
            check_api_url(api_url, _policy())
        except InvalidAddress as error:
            raise BotRefused("api_url", str(error)) from None
    if proxy:
        try:
            Proxy.parse(proxy)
        except InvalidAddress as error:
            raise BotRefused("proxy", str(error)) from None


def _check_updates(updates: str, api_url: str) -> None:
    if updates not in Bot.Updates.values:
        ways = ", ".join(Bot.Updates.values)
        raise BotRefused("updates", f"{updates!r} is none of the ways {ways}.")
    server = api_url or settings.TELEGRAM_API_URL
    if updates == Bot.Updates.WEBHOOK and (why := why_no_webhook(settings.SITE_URL, server)):
        raise BotRefused("updates", why)


def _set_enabled(bot: Bot, enabled: bool) -> None:
    bot.enabled = enabled
    bot.disabled_reason = "" if enabled else "Switched off by a person."
    bot.disabled_at = None if enabled else timezone.now()


def _context(bot: Bot, field: str) -> str:
    return context("bot", bot.pk, bot.organization_id, field)
