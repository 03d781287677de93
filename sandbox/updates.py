"""getUpdates and the webhook's settings. The sandbox keeps a webhook's state but does not call it.

Semantics of telegram-bot-api Client.cpp (getUpdates, setWebhook) and the Bot API, "Getting
updates".
"""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlsplit

from sandbox.call import Call, Described
from sandbox.errors import bad_request, conflict
from sandbox.model import Bot, Json, Webhook

MAX_LIMIT = 100
MAX_TIMEOUT = 50
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
    call.world.note("bots", bot.id)
    if not bot.updates and timeout:
        await _park(bot, timeout)
    return [update for update in bot.updates if offset <= 0 or update["update_id"] >= offset][
        :limit
    ]


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
        has_custom_certificate="certificate" in parameters.files,
    )
    before = bot.allowed_updates
    _remember_allowed(call)
    if parameters.boolean("drop_pending_updates"):
        bot.updates.clear()
    elif webhook == bot.webhook and before == bot.allowed_updates:
        return Described(True, "Webhook is already set")
    bot.webhook = webhook
    _release(bot, "terminated by setWebhook request")
    call.world.note("bots", bot.id)
    return Described(True, "Webhook was set")


def delete_webhook(call: Call) -> Described:
    bot = call.bot
    if call.parameters.boolean("drop_pending_updates"):
        bot.updates.clear()
    call.world.note("bots", bot.id)
    if not bot.webhook.url:
        return Described(True, "Webhook is already deleted")
    bot.webhook = Webhook()
    return Described(True, "Webhook was deleted")


def get_webhook_info(call: Call) -> Json:
    bot = call.bot
    info: Json = {
        "url": bot.webhook.url,
        "has_custom_certificate": bot.webhook.has_custom_certificate,
        "pending_update_count": len(bot.updates),
    }
    if bot.webhook.url:
        info["max_connections"] = bot.webhook.max_connections
        if bot.webhook.ip_address:
            info["ip_address"] = bot.webhook.ip_address
    if bot.allowed_updates is not None:
        info["allowed_updates"] = bot.allowed_updates
    return info


def leave_server(call: Call) -> bool:
    """logOut and close: there is no other server to go to, so the bot simply stays."""
    _release(call.bot, "terminated by other getUpdates request")
    return True


def is_allowed(bot: Bot, kind: str) -> bool:
    """Whether updates of that kind reach the bot."""
    if bot.allowed_updates is None:
        return kind not in NOT_BY_DEFAULT
    return kind in bot.allowed_updates


def wake(bot: Bot) -> None:
    """Tell a waiting getUpdates that there is something."""
    if bot.parked is not None and not bot.parked.done():
        bot.parked.set_result("")


async def _park(bot: Bot, timeout: int) -> None:
    """Only one call waits: a second one ends the first with 409."""
    _release(bot, _OTHER_POLL)
    parked: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    bot.parked = parked
    try:
        async with asyncio.timeout(timeout):
            reason = await parked
    except TimeoutError:
        reason = ""
    finally:
        if bot.parked is parked:
            bot.parked = None
    if reason:
        raise conflict(reason)


def _release(bot: Bot, reason: str) -> None:
    if bot.parked is not None and not bot.parked.done():
        bot.parked.set_result(reason)


def _confirm(bot: Bot, offset: int) -> None:
    if offset < 0:
        while len(bot.updates) > -offset:
            bot.updates.popleft()
    while offset > 0 and bot.updates and bot.updates[0]["update_id"] < offset:
        bot.updates.popleft()


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
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"}:
        raise bad_request("invalid webhook URL specified")
    return full


def _checked_secret(secret: str) -> str:
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret
