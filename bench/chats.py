"""Chats of an organization, each told of its own share of the alerts."""

import time
from collections.abc import Sequence
from typing import Any

from bench.payloads import SHARDS
from bench.product import Tenant

SETTLE_SECONDS = 3.0
"""Until new routes are in force in every process."""


def spread(tenant: Tenant, bot_id: str, chat_ids: Sequence[int], **values: Any) -> None:
    """Spread its alerts over these chats of this bot, by their shards; `values`: more of the
    channels."""
    for place, chat_id in enumerate(chat_ids):
        name = f"Chat {chat_id}"
        body = {"name": name, "bot": bot_id, "chat_id": chat_id, **values}
        channel = tenant.api("POST", "channels/", body)["id"]
        shards = "|".join(f"{shard:02d}" for shard in range(place, SHARDS, len(chat_ids)))
        route = {"name": name, "matchers": f'shard=~"{shards}"', "channels": [channel]}
        tenant.api("POST", "routes/", route)
    time.sleep(SETTLE_SECONDS)
