"""getUpdates, the webhook's settings, and leaving the server; `courier` calls the webhooks.

Semantics of telegram-bot-api Client.cpp (getUpdates, setWebhook) and the Bot API, "Getting
updates", as its server runs with `--local`: webhooks may be http, on any port, at any address. Not
modelled: its brake on callers that repeat an offset within 3 s, `retry after` for setWebhook twice
a second and for `close` in the first ten minutes, and new random IDs after a week of silence.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

from sandbox.call import Call, Described
from sandbox.errors import BotApiError, bad_request, conflict
from sandbox.model import Bot, Json, Webhook
from sandbox.parameters import UploadedFile

MAX_LIMIT = 100
MAX_TIMEOUT = 50
MAX_CERTIFICATE_BYTES = 3 * 2**20
UPDATE_KINDS = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
]
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_OFFSET_BEYOND_TAIL = 10
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
_OTHER_POLL = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)


async def get_updates(call: Call) -> list[Json]:
    """Waits up to `timeout` seconds for the first update; an `offset` confirms those before it."""
    bot, parameters = call.bot, call.parameters
    if bot.webhook.url:
        raise conflict(_WEBHOOK_ACTIVE)
    _remember_allowed(call)
    offset = parameters.integer("offset")
    if offset > bot.last_update_id + _OFFSET_BEYOND_TAIL:
        offset = 0  # the server ignores an offset far beyond the newest update
    limit = parameters.integer("limit", MAX_LIMIT, 1, MAX_LIMIT)
    timeout = parameters.integer("timeout", 0, 0, MAX_TIMEOUT)
    _confirm(bot, offset)
    call.world.drop_expired_updates(bot)
    call.world.note("bots", bot.id)
    if not bot.updates and timeout:
        await _park(bot, timeout)
        call.world.drop_expired_updates(bot)
    waiting = (queued.update for queued in bot.updates.values())
    return list(itertools.islice(waiting, limit))


def set_webhook(call: Call) -> Described:
    parameters, bot = call.parameters, call.bot
    url = parameters.text("url")
    if not url:
        return delete_webhook(call)
    webhook = Webhook(
        url=_checked_url(url),
        secret_token=_checked_secret(parameters.text("secret_token")),
        max_connections=parameters.integer("max_connections", 40, 1, 100_000),
        ip_address=parameters.text("ip_address"),
        certificate=_checked_certificate(parameters.files.get("certificate")),
    )
    webhook.has_custom_certificate = bool(webhook.certificate)
    before = bot.allowed_updates
    _remember_allowed(call)
    if parameters.boolean("drop_pending_updates"):
        bot.updates.clear()
    elif (
        _settings(webhook) == _settings(bot.webhook)
        and before == bot.allowed_updates
        and not webhook.certificate
    ):
        return Described(True, "Webhook is already set")
    bot.webhook = webhook
    _release(bot, conflict("terminated by setWebhook request"))
    call.world.note("bots", bot.id)
    call.world.on_update(bot)
    return Described(True, "Webhook was set")


def delete_webhook(call: Call) -> Described:
    bot = call.bot
    if call.parameters.boolean("drop_pending_updates"):
        bot.updates.clear()
    call.world.note("bots", bot.id)
    if not bot.webhook.url:
        return Described(True, "Webhook is already deleted")
    bot.webhook = Webhook()
    call.world.on_update(bot)
    return Described(True, "Webhook was deleted")


def get_webhook_info(call: Call) -> Json:
    bot = call.bot
    call.world.drop_expired_updates(bot)
    info: Json = {
        "url": bot.webhook.url,
        "has_custom_certificate": bot.webhook.has_custom_certificate,
        "pending_update_count": len(bot.updates),
    }
    if bot.webhook.url:
        if bot.webhook.last_error_message:
            info["last_error_date"] = int(bot.webhook.last_error_time)
            info["last_error_message"] = bot.webhook.last_error_message
        info["max_connections"] = bot.webhook.max_connections
        if bot.webhook.ip_address:
            info["ip_address"] = bot.webhook.ip_address
    if bot.allowed_updates is not None:
        info["allowed_updates"] = bot.allowed_updates
    return info


def log_out(call: Call) -> bool:
    """The server forgets the bot: its webhook, its updates, and whoever waits for them. Any later
    call logs it in again.
    """
    bot = call.bot
    bot.webhook = Webhook()
    bot.updates.clear()
    _release(bot, BotApiError(400, "Logged out"))
    call.world.on_update(bot)
    call.world.note("bots", bot.id)
    return True


def close(call: Call) -> bool:
    """Updates and webhook stay; until the bot's next call it cannot be closed again."""
    if call.bot.is_closed:
        raise bad_request("the bot has already been closed")
    call.bot.is_closed = True
    _release(call.bot, BotApiError(500, "Internal Server Error: restart"))
    call.world.on_update(call.bot)
    return True


def is_allowed(bot: Bot, kind: str) -> bool:
    """Whether updates of that kind reach the bot."""
    if bot.allowed_updates is None:
        return kind not in NOT_BY_DEFAULT
    return kind in bot.allowed_updates


async def _park(bot: Bot, timeout: int) -> None:
    """Only one call waits: a second one ends the first with 409."""
    _release(bot, conflict(_OTHER_POLL))
    parked: asyncio.Future[BotApiError | None] = asyncio.get_running_loop().create_future()
    bot.parked = parked
    try:
        async with asyncio.timeout(timeout):
            error = await parked
    except TimeoutError:
        error = None
    finally:
        if bot.parked is parked:
            bot.parked = None
    if error is not None:
        raise error


def _release(bot: Bot, error: BotApiError) -> None:
    if bot.parked is not None and not bot.parked.done():
        bot.parked.set_result(error)


def _confirm(bot: Bot, offset: int) -> None:
    """A positive offset confirms what is before it, a negative one all but so many."""
    first = offset if offset >= 0 else next(iter(list(bot.updates)[offset:]), 0)
    for update_id in list(itertools.takewhile(lambda update_id: update_id < first, bot.updates)):
        del bot.updates[update_id]


def _settings(webhook: Webhook) -> Webhook:
    """What the caller chose."""
    return replace(webhook, last_error_time=0, last_error_message="")


def _remember_allowed(call: Call) -> None:
    """Sticky: absent or unreadable keeps the setting; an empty list means the default set."""
    text = call.parameters.text("allowed_updates")
    if not text:
        return
    try:
        value = json.loads(text)
    except ValueError:
        return
    if isinstance(value, list):
        known = [kind for kind in UPDATE_KINDS if kind in value]
        call.bot.allowed_updates = known or None


def _checked_url(url: str) -> str:
    full = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(full)
        host = parts.hostname
        _ = parts.port  # raises ValueError for one that there is not
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise bad_request("invalid webhook URL specified")
    return full


def _checked_certificate(file: UploadedFile | None) -> str:
    if file is None:
        return ""
    if len(file.content) > MAX_CERTIFICATE_BYTES:
        raise bad_request(f"certificate size is too big ({len(file.content)} bytes)")
    return file.content.decode("ascii", "replace")


def _checked_secret(secret: str) -> str:
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret
