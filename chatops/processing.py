"""Updates are handled: in the order of their chat, each once in effect.

A claim is one conditional UPDATE of the oldest open update of its chat, so nobody takes the next
one meanwhile. The handler's effects and the mark that it is done are one transaction, which the
claim fences: who was too slow changes nothing.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import OperationalError, close_old_connections, transaction
from django.db.models import F, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber

from accounts.models import Organization
from botapi import failpoints
from chatops import answers
from chatops.asking import Busy, Told, busy
from chatops.context import Ask, Context, Look, make_context
from chatops.handled import Handled, toast
from chatops.incoming import UnreadableUpdate, read_update
from chatops.models import InboundUpdate
from chatops.receiving.inbox import FROM_ELSEWHERE, PROCESS, is_from_elsewhere, is_patient
from chatops.routing import HANDLERS, Handler
from deliveries import clock, processes, wakeup
from deliveries.conflicts import is_conflict
from languages.speaking import ENGLISH, gettext, gettext_noop, language_of, speaking

log = logging.getLogger(__name__)

State = InboundUpdate.State
CLAIM = timedelta(seconds=60)
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120))
"""After these the update is given up, and stands in the inbox with the reason."""
QUERY_RETRIES = RETRIES[:2]
"""A person looks at what they pressed, and their chat must not stand still for longer."""
QUERIES = ("callback_query", "inline_query")
SORRY = gettext_noop("Something went wrong here. I try again.")
BATCH = 8
"""Whose update comes meanwhile waits for so many of somebody else's."""
ROUND = 200
"""Organizations that have their turn before one is asked for again."""
RUN = timedelta(seconds=20)
AGAIN = timedelta(seconds=0.5)
ASKS_MAX = 5
CONFLICTS_MAX = 3


def process_due(handlers: Sequence[Handler] = HANDLERS) -> int:
    """Handle what waits, for a while; returns how many updates. Other threads and processes do the
    same meanwhile: nobody waits for anybody."""
    answers.resume()
    ends, done = clock.now() + RUN, 0
    while clock.now() < ends:
        heads = _heads()
        if len(heads) > 1:
            wakeup.wake(PROCESS)  # another thread takes some of them
        handled = sum(_take(head, handlers) for head in heads if clock.now() < ends)
        if not handled:
            break
        done += handled
    return done


def _heads() -> list[InboundUpdate]:
    """The oldest open update of each chat, where nobody works on it: in turn from each organization
    that has bots with updates, longest waiting first within one. Where too many threads wait for
    the servers of its bots already, what was put back for that has no turn: what asks nothing need
    not wait, and what asks is found out once."""
    now = clock.now()
    of_chat = InboundUpdate.objects.filter(
        bot=OuterRef("bot"), queue=OuterRef("queue"), state=State.WAITING
    )
    # Of each row a look into the index: a condition by NOT EXISTS is made a join, which compares
    # each update of a chat with all others.
    oldest = of_chat.order_by("update_id").values("update_id")[:1]
    turn = Window(
        RowNumber(), partition_by=F("bot__organization"), order_by=[F("not_before"), F("pk")]
    )
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    rows = (
        InboundUpdate.objects.filter(
            free, update_id=Subquery(oldest), state=State.WAITING, not_before__lte=now
        )
        .exclude(bot__organization__in=busy(), not_before__gt=F("received_at"))
        .exclude(is_patient(now))
        .annotate(turn=turn)
        .select_related("bot")
        .defer("payload", "answer")  # of many, and most are not needed
        .order_by("turn", "not_before")[:ROUND]
    )
    return [row for place, row in enumerate(rows) if row.turn == 1 or place < BATCH]


def _take(update: InboundUpdate, handlers: Sequence[Handler]) -> bool:
    """Whether it was free, and this thread had it handled."""
    was_put_off = update.not_before > update.received_at
    if (was_put_off and update.bot.organization_id in busy()) or not _claim(update):
        return False
    _work_on(update, handlers)
    return True


def _claim(update: InboundUpdate) -> bool:
    now = clock.now()
    update.claim, seen = uuid4(), update.claim
    taken = InboundUpdate.objects.filter(
        Q(claimed_until=None) | Q(claimed_until__lte=now),
        pk=update.pk,
        state=State.WAITING,
        claim=seen,
        attempts=update.attempts,
    ).update(claim=update.claim, claimed_until=now + CLAIM, claimed_by=processes.name())
    return bool(taken)


def free_what_the_gone_claimed() -> int:
    """Have the updates handled that processes had claimed which are provably gone; returns how
    many. Their chats' later ones wait for them, and nobody else's claim is touched."""
    claimed = InboundUpdate.objects.filter(state=State.WAITING, claimed_until__gt=clock.now())
    names = set(claimed.order_by().values_list("claimed_by", flat=True).distinct())
    freed = claimed.filter(
        claimed_by__in=[name for name in names if processes.is_gone(name)]
    ).update(claimed_until=None)
    if freed:
        wakeup.wake(PROCESS)
    return freed


def _work_on(update: InboundUpdate, handlers: Sequence[Handler]) -> None:
    try:
        handled = _handle(update, handlers)
    except Busy:
        _put_back(update)
        return
    except Exception as error:  # a defect of ours: it is tried again, and told where people look
        log.exception("update %s of bot %s failed", update.update_id, update.bot_id)
        close_old_connections()  # one that broke
        # Also where the database refused: what it refuses each time must not hold up others. One
        # that is away refuses this as well and ends the run; then the claim runs out.
        _put_off(update, type(error).__name__)
        if update.kind == "callback_query" and not update.attempts:
            _apologize(update)
        return
    if handled is not None and handled.answer is not None:
        answers.submit(update, handled.answer)


def _handle(update: InboundUpdate, handlers: Sequence[Handler]) -> Handled | None:
    """Runs the handlers; None where somebody else has the update by now. Raises Busy."""
    told = Told(update.bot)
    conflicts = 0
    for _ in range(ASKS_MAX):
        try:
            with transaction.atomic():
                return _handle_once(update, told.answers, handlers)
        except Ask as ask:
            told.hear(ask)
        except Look as look:
            told.look(look)
        except OperationalError as error:
            conflicts += 1
            if not is_conflict(error) or conflicts > CONFLICTS_MAX:
                raise
    raise RuntimeError(f"{len(told.answers)} questions about one update")


def _handle_once(
    update: InboundUpdate, told: dict[tuple[str, str], Any], handlers: Sequence[Handler]
) -> Handled | None:
    # The mark first: it locks the row, so that what follows happens once.
    mine = InboundUpdate.objects.filter(pk=update.pk, claim=update.claim, state=State.WAITING)
    if not mine.update(state=State.DONE, handled_at=clock.now()):
        return None
    organization, handled = _run(update, told, handlers)
    answer = handled.answer
    InboundUpdate.objects.filter(pk=update.pk).update(
        organization=organization,
        outcome=handled.outcome[:120],
        answer={"method": answer.method, "params": dict(answer.params)} if answer else None,
        answer_due_at=clock.now() + answers.PATIENCE if answer else None,
    )
    failpoints.hit("updates.before_commit")
    return handled


def _run(
    update: InboundUpdate, told: dict[tuple[str, str], Any], handlers: Sequence[Handler]
) -> tuple[Organization | UUID | None, Handled]:
    if is_from_elsewhere(update):
        return None, Handled(FROM_ELSEWHERE)
    try:
        incoming = read_update(update.payload)
    except UnreadableUpdate as error:
        return None, Handled(f"not read: {error}")
    context: Context = make_context(update.bot, incoming, told, update.received_at)
    _note_app_language(context)
    with speaking(context.language):
        for handle in handlers:
            handled = handle(context)
            if handled is not None:
                return context.organization, handled
    return context.organization, Handled("nothing to do")


def _note_app_language(context: Context) -> None:
    """For what they are told later, unasked. Telegram does not say it each time."""
    if context.identity is None or not context.sender.language_code:
        return
    told = language_of(context.sender.language_code)
    if context.identity.app_language != told:
        context.identity.app_language = told
        context.identity.save(update_fields=["app_language"])


def _apologize(update: InboundUpdate) -> None:
    incoming = read_update(update.payload)
    with speaking(language_of(incoming.sender.language_code) if incoming.sender else ENGLISH):
        answers.submit(update, toast(incoming.query_id, gettext(SORRY)))


def _put_back(update: InboundUpdate) -> None:
    """Nothing failed: it is its turn again once a thread may wait for its bot's server."""
    InboundUpdate.objects.filter(pk=update.pk, claim=update.claim, state=State.WAITING).update(
        claimed_until=None, not_before=clock.now() + AGAIN
    )


def _put_off(update: InboundUpdate, why: str) -> None:
    """Its chat's later updates wait for it until then."""
    now = clock.now()
    retries = QUERY_RETRIES if update.kind in QUERIES else RETRIES
    values: dict[str, Any] = {
        "attempts": update.attempts + 1,
        "outcome": why[:120],
        "claimed_until": None,
    }
    if update.attempts < len(retries):
        values["not_before"] = now + retries[update.attempts]
    else:
        values |= {"state": State.DEAD, "handled_at": now}
    InboundUpdate.objects.filter(pk=update.pk, claim=update.claim, state=State.WAITING).update(
        **values
    )
