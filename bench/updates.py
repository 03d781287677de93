"""What the stand-in has to tell bots: asked for by long poll, or posted to their webhooks."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
AGAIN_SECONDS = 0.5
"""After which an update is posted once more that was not taken."""
TRIES = 20


@dataclass(slots=True)
class _Bot:
    """`parked`: the long poll that waits."""

    waiting: list[Json] = field(default_factory=list)
    webhook: Json = field(default_factory=dict)
    parked: "asyncio.Future[None] | None" = None


class Updates:
    """Of all bots."""

    def __init__(self) -> None:
        self._bots: dict[int, _Bot] = defaultdict(_Bot)
        self._numbers: Iterator[int] = count(1)
        self._posts: set[asyncio.Task[None]] = set()

    def setting(self, bot_id: int, method: str, params: Json) -> Any:
        """What a call about the webhook is answered with; None for other methods."""
        bot = self._bots[bot_id]
        if method == "setWebhook":
            bot.webhook = params
        elif method == "deleteWebhook":
            bot.webhook = {}
        elif method == "getWebhookInfo":
            return {
                "url": bot.webhook.get("url", ""),
                "allowed_updates": bot.webhook.get("allowed_updates", []),
                "has_custom_certificate": False,
                "pending_update_count": len(bot.waiting),
            }
        else:
            return None
        return True

    def add(self, bot_id: int, kind: str, body: Json) -> None:
        """Something happened: the bot hears of it now."""
        bot = self._bots[bot_id]
        update = {"update_id": next(self._numbers), kind: body}
        if bot.webhook:
            task = asyncio.create_task(_post(bot.webhook, update))
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)
            return
        bot.waiting.append(update)
        _release(bot)

    async def poll(self, bot_id: int, params: Json) -> list[Json]:
        """getUpdates: at once where something waits, else when it comes. A later one ends it."""
        bot = self._bots[bot_id]
        offset = params.get("offset", 0)
        bot.waiting = [update for update in bot.waiting if update["update_id"] >= offset]
        _release(bot)
        if not bot.waiting:
            bot.parked = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                async with asyncio.timeout(params.get("timeout", 0)):
                    await bot.parked
        return bot.waiting[: params.get("limit", 100)]


def _release(bot: _Bot) -> None:
    if bot.parked is not None and not bot.parked.done():
        bot.parked.set_result(None)
    bot.parked = None


async def _post(webhook: Json, update: Json) -> None:
    """Until it is taken."""
    parts = urlsplit(webhook["url"])
    content = json.dumps(update).encode()
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {webhook.get('secret_token', '')}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    for _ in range(TRIES):
        with suppress(OSError, ValueError, IndexError):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(head.encode() + content)
            status = int((await reader.readline()).split()[1])
            writer.close()
            if 200 <= status < 300:
                return
        await asyncio.sleep(AGAIN_SECONDS)
