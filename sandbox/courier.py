"""Delivers updates to webhooks (telegram-bot-api WebhookActor.cpp).

Updates of one lane (a chat; a person's presses) go one after the other, lanes side by side on up to
`max_connections` connections, here at most 100. Any 2xx takes an update; otherwise it is tried
again at once, then after 2, 4, 8 … seconds, at most 60 to 120, or as the endpoint's `Retry-After`
says, until it expires. Not modelled: the single connection while nothing succeeds.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.model import Bot, QueuedUpdate, Webhook
from sandbox.webhook_client import MAX_CONNECTIONS, Undelivered, WebhookAnswer, WebhookClient
from sandbox.world import World

MAX_RETRY_AFTER = 3600
GONE_SECONDS = 23 * 3600
"""Answering 410 for so long removes the webhook."""
Reply: TypeAlias = Callable[[Bot, str, bytes], Awaitable[None]]
"""Performs the method call of an answer: the bot, content type, body."""


@dataclass(slots=True)
class _Route:
    """Deliveries to one webhook as it was set; setting another one ends it."""

    bot: Bot
    webhook: Webhook
    client: WebhookClient
    slots: asyncio.Semaphore
    lanes: dict[str, deque[int]] = field(default_factory=dict)
    """Lane → update_ids that wait in it; a lane with nothing to do is not there."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    last_update_id: int = 0
    """Later updates are not in lanes yet."""
    gone_since: float = 0

    def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        self.client.close()


class Courier:
    """`look` at a bot whenever it has news, or another webhook."""

    def __init__(self, world: World, reply: Reply) -> None:
        self._world = world
        self._reply = reply
        self._routes: dict[int, _Route] = {}
        world.on_update = self.look

    def resume(self) -> None:
        """Deliver what waited while nobody served."""
        for bot in self._world.bots.values():
            self.look(bot)

    def look(self, bot: Bot) -> None:
        """Start, go on or stop delivering to the bot. Needs a running event loop."""
        route = self._routes.get(bot.id)
        if route is not None and (route.webhook is not bot.webhook or bot.is_closed):
            route.stop()
            del self._routes[bot.id]
            route = None
        if not bot.webhook.url or bot.is_closed:
            return
        if route is None:
            slots = asyncio.Semaphore(min(bot.webhook.max_connections, MAX_CONNECTIONS))
            client = WebhookClient(bot.webhook)
            route = self._routes[bot.id] = _Route(bot, bot.webhook, client, slots)
        self._sort_in(route)

    def _sort_in(self, route: _Route) -> None:
        fresh: list[int] = []
        for update_id in reversed(route.bot.updates):
            if update_id <= route.last_update_id:
                break
            fresh.append(update_id)
        for update_id in reversed(fresh):
            lane = route.bot.updates[update_id].lane
            if lane in route.lanes:
                route.lanes[lane].append(update_id)
            else:
                route.lanes[lane] = deque([update_id])
                task = asyncio.create_task(self._serve(route, lane))
                route.tasks.add(task)
                task.add_done_callback(route.tasks.discard)
            route.last_update_id = update_id

    async def _serve(self, route: _Route, lane: str) -> None:
        waiting = route.lanes[lane]
        while waiting:
            queued = route.bot.updates.get(waiting[0])
            if queued is not None:
                await self._deliver(route, waiting[0], queued)
            waiting.popleft()
        del route.lanes[lane]

    async def _deliver(self, route: _Route, update_id: int, queued: QueuedUpdate) -> None:
        """Until the update is taken, dropped or expired."""
        failures = 0
        while update_id in route.bot.updates and self._world.clock() < queued.expires:
            async with route.slots:
                answer = await self._try(route, queued)
            if answer is not None and 200 <= answer.status < 300:
                self._drop(route.bot, update_id)
                if answer.body.strip():
                    await self._reply(route.bot, answer.content_type, answer.body)
                return
            if self._is_gone(route, answer):
                route.bot.webhook = Webhook()
                self.look(route.bot)
                return
            failures += 1
            pause = _pause(failures, answer)
            if self._world.clock() + pause >= queued.expires:
                break
            await asyncio.sleep(pause)
        self._drop(route.bot, update_id)

    async def _try(self, route: _Route, queued: QueuedUpdate) -> WebhookAnswer | None:
        """The endpoint's answer, None for none. What went wrong is remembered."""
        loop = asyncio.get_running_loop()
        try:
            client = route.client
            answer = await loop.run_in_executor(client.threads, client.post, queued.update)
        except Undelivered as undelivered:
            self._remember(route, str(undelivered))
            return None
        if not 200 <= answer.status < 300:
            said = f"{answer.status} {answer.reason}".strip()
            self._remember(route, f"Wrong response from the webhook: {said}")
        return answer

    def _remember(self, route: _Route, message: str) -> None:
        route.webhook.last_error_time = self._world.clock()
        route.webhook.last_error_message = message
        self._world.note("bots", route.bot.id)

    def _drop(self, bot: Bot, update_id: int) -> None:
        bot.updates.pop(update_id, None)
        self._world.note("bots", bot.id)

    def _is_gone(self, route: _Route, answer: WebhookAnswer | None) -> bool:
        now = self._world.clock()
        if answer is None or answer.status != 410:
            route.gone_since = 0
            return False
        route.gone_since = route.gone_since or now
        return now - route.gone_since > GONE_SECONDS


def _pause(failures: int, answer: WebhookAnswer | None) -> float:
    """Seconds until the next try."""
    if answer is not None and answer.retry_after is not None:
        return min(answer.retry_after, MAX_RETRY_AFTER)
    if failures == 1:
        return 0
    longest = random.randint(60, 120)  # noqa: S311 - spreads tries, guards nothing
    return float(min(1 << min(failures - 1, 7), longest))
