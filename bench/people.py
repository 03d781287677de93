"""Members who press buttons, and what the database notes of their presses: by the product's own
code, in one process."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from bench.presses import Press
from bench.product import Tocsin
from bench.shares import averages

_JOIN = """
import json, sys
from accounts.models import Membership, User
from channels_app.models import Bot
from chatops.models import TelegramIdentity
for team in json.load(sys.stdin):
    bot = Bot.objects.get(pk=team["bot_id"])
    for number in team["people"]:
        name = f"Member {number}"
        user = User.objects.create_user(f"member{number}@example.org", first_name=name)
        Membership.objects.create(
            user=user, organization_id=bot.organization_id, role="responder"
        )
        TelegramIdentity.objects.create(user=user, telegram_id=number, name=name)
    Bot.objects.filter(pk=bot.pk).update(updates=team["updates"])
"""

# A claim is so long; what a press has shown is the first call for its message since.
_STEPS = """
import json
from chatops.models import InboundUpdate
from chatops.processing import CLAIM
from deliveries.models import Delivery
steps = {}
for update in InboundUpdate.objects.filter(kind="callback_query", claimed_until__isnull=False):
    query = update.payload["callback_query"]
    claimed = update.claimed_until - CLAIM
    calls = Delivery.objects.filter(
        bot=update.bot_id, target__message_id=query["message"]["message_id"]
    )
    call = calls.filter(created_at__gte=claimed).order_by("created_at").first()
    tried = call and call.tries.order_by("number").first()
    if tried:
        times = (update.received_at, claimed, call.created_at, tried.started_at)
        steps[query["id"]] = [moment.timestamp() for moment in times]
print(json.dumps(steps))
"""
STAGES = (
    "press until stored",
    "taken from the inbox",
    "handled, edit in the outbox",
    "taken from the outbox",
    "attempt noted, call under way",
)


@dataclass(frozen=True, slots=True)
class Team:
    """Members with these Telegram IDs, of the organization that owns the bot. `updates`: how the
    bot hears of them."""

    bot_id: str
    people: tuple[int, ...]
    updates: str


def join(tocsin: Tocsin, *teams: Team) -> None:
    """Make them members, with linked accounts."""
    data = json.dumps([asdict(team) for team in teams])
    tocsin.manage("shell", "-v", "0", "-c", _JOIN, data=data)


Steps = Mapping[str, tuple[float, ...]]
"""By the query's ID: when it was stored, claimed, in the outbox and begun, by `Press`'s clock."""


def steps(tocsin: Tocsin) -> Steps:
    """Of all presses that were handled and shown."""
    to_monotonic = time.monotonic() - time.time()
    found = json.loads(tocsin.manage("shell", "-v", "0", "-c", _STEPS))
    return {query: tuple(at + to_monotonic for at in times) for query, times in found.items()}


def shares(
    known: Steps, presses: Mapping[str, Press], queries: Collection[str]
) -> dict[str, float]:
    """Milliseconds of each stage on average, of those of these that were shown."""
    whole = [
        (presses[query].pressed, *known[query], presses[query].shown)
        for query in queries
        if query in known and presses[query].shown
    ]
    return averages(whole, STAGES)
