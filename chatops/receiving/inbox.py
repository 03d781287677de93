"""The durable inbox: an update is stored, once, before anybody answers for it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.audit import Actor
from botapi import failpoints
from channels_app.bots import proxy_of
from channels_app.models import Bot
from chatops.incoming import Incoming
from chatops.models import InboundUpdate
from chatops.receiving.storable import storable
from deliveries import clock, wakeup

PROCESS = "chatops.process"
FROM_ELSEWHERE = "heard from another server"
WAITING_MAX = 2_000
"""Updates of one bot. Further ones wait where they are: Telegram keeps them for a day."""
KEPT = timedelta(hours=24)
"""So long Telegram keeps updates that nobody takes (Bot API "Getting updates")."""
OWNER_WAITING_MAX = 10_000
"""The same, of all bots of an organization, which may have many."""


class InboxFull(Exception):
    """So much waits to be handled that this bot's updates are not taken now."""


def store(
    bot: Bot,
    updates: Sequence[tuple[Incoming, object]],
    also: Callable[[], object] | None = None,
    *,
    heard_as: datetime | None = None,
    heard_from: str = "",
) -> int:
    """Store what is new of these (each with its JSON), and have it handled; how many were new.
    What `also` writes is committed with them. `heard_as` and `heard_from`: the bot's `proven_at`
    and `server_of` when it was found out who speaks; None for those of this moment.

    When this returns they are durable: the webhook may answer 200, the poller move its offset. A
    repeated update_id changes nothing. Raises InboxFull.
    """
    if _is_full(bot):
        raise InboxFull
    now = clock.now()
    if heard_as is None:
        bot = Bot.objects.get(pk=bot.pk)
        heard_as, heard_from = bot.proven_at, server_of(bot)
    rows = [
        InboundUpdate(
            bot=bot,
            update_id=incoming.update_id,
            kind=incoming.kind,
            queue=incoming.queue,
            payload=storable(raw),
            received_at=now,
            bot_proven_at=heard_as,
            heard_from=heard_from,
            not_before=now,
        )
        for incoming, raw in updates
    ]
    with transaction.atomic():
        known = set(
            InboundUpdate.objects.filter(
                bot=bot, update_id__in=[row.update_id for row in rows]
            ).values_list("update_id", flat=True)
        )
        new = {row.update_id: row for row in rows if row.update_id not in known}
        InboundUpdate.objects.bulk_create(new.values(), ignore_conflicts=True)
        if also is not None:
            also()
    failpoints.hit("inbox.stored")
    if new:
        transaction.on_commit(lambda: wakeup.wake(PROCESS))
    return len(new)


def is_another(bot: Bot, update: tuple[Incoming, object]) -> bool:
    """Whether what is stored by this number says something else: Telegram repeats itself word by
    word."""
    incoming, raw = update
    known = InboundUpdate.objects.filter(bot=bot, update_id=incoming.update_id)
    return any(payload != storable(raw) for payload in known.values_list("payload", flat=True))


def server_of(bot: Bot) -> str:
    """Tells the server and proxy that speak for the bot from others, and not what they are."""
    return salted_hmac("heard from", f"{bot.api_url}\0{proxy_of(bot)}").hexdigest()[:32]


def is_from_elsewhere(update: InboundUpdate) -> bool:
    """Whether its bot got another server or proxy since, or had not proven itself: a server of the
    owner's choice may have made it up, and must not speak as Telegram. Another token changes
    nothing: it is the same bot's, and who said what was heard before its server knew."""
    if update.bot_proven_at is None or update.bot.proven_at is None:
        return True
    if not update.heard_from:  # stored by the release before
        return update.bot_proven_at != update.bot.proven_at
    return update.heard_from != server_of(update.bot)


def is_patient(now: datetime) -> Q:
    """Of updates whose bot has yet to prove itself anew, after its token was changed or refused:
    they wait for that as long as Telegram would keep them."""
    return Q(bot__proven_at=None, bot_proven_at__isnull=False, received_at__gt=now - KEPT)


def _is_full(bot: Bot) -> bool:
    """Looks at few rows where few wait, and at never more than it needs to."""
    waiting = InboundUpdate.objects.filter(state=InboundUpdate.State.WAITING).order_by()
    of_bot = waiting.filter(bot=OuterRef("pk"))[WAITING_MAX - 1 : WAITING_MAX]
    of_owner = waiting.filter(bot__organization=OuterRef("organization"))[
        OWNER_WAITING_MAX - 1 : OWNER_WAITING_MAX
    ]
    return Bot.objects.filter(Exists(of_bot) | Exists(of_owner), pk=bot.pk).exists()


def retry(actor: Actor, update: InboundUpdate) -> None:
    """Have what was given up handled once more; after what came since. Raises ValueError."""
    if is_from_elsewhere(update):
        raise ValueError(
            "Its bot has got another server or proxy since, or its token is not accepted."
        )
    now = clock.now()
    dead = InboundUpdate.objects.filter(pk=update.pk, state=InboundUpdate.State.DEAD)
    with transaction.atomic():
        if not dead.update(
            state=InboundUpdate.State.WAITING,
            attempts=0,
            not_before=now,
            handled_at=None,
            claim=None,
            claimed_until=None,
        ):
            raise ValueError("It is not given up any more.")
        owner = update.organization_id or update.bot.organization_id
        audit.record(actor, owner, "retry", update)
    transaction.on_commit(lambda: wakeup.wake(PROCESS))
