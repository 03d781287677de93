"""Runs are asked for, confirmed, reported on and ended.

Each is one short transaction: the run's row, its message in the chat, and the call to the endpoint.
Whoever is second finds it settled. A run's row is locked before its call's, always.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.audit import SYSTEM, Actor
from alerts import responding
from alerts.models import AlertGroup
from botapi import failpoints
from channels_app.models import Chat, NotificationChannel
from chatops.actions import endings, rules, telling
from chatops.actions.contents import content_of
from chatops.actions.endings import Why
from chatops.actions.reports import Report
from chatops.actions.rules import ActionRefused
from chatops.endpoints.calls import request_call
from chatops.models import ActionRun, EndpointCall, OwnAction
from chatops.one_by_one import each
from deliveries import clock
from deliveries.models import SentMessage
from languages.speaking import ENGLISH, gettext, gettext_noop, speaking

CONFIRM_WITHIN = timedelta(minutes=5)
OPEN_MAX, OPEN_OF_ONE = 200, 10
AT_ONCE = 200
REMOVED = gettext_noop("This command was removed.")
State = ActionRun.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """By whom and where: `channel` and `chat` as the run has them, `who` as the endpoint is told;
    `user_id` of Telegram, 0 for nobody's."""

    channel: NotificationChannel | None = None
    chat: Chat | None = None
    message_thread_id: int = 0
    group: AlertGroup | None = None
    user_id: int = 0
    who: dict[str, Any]


def ask(
    actor: Actor, action: OwnAction, argument: str, asked: Asked, *, test: bool = False
) -> ActionRun:
    """Begin a run, or have it confirmed first where the action wants that. The caller shows it
    (`shown_in`). Raises ActionRefused."""
    if action.endpoint is None:
        message = gettext("/{name} has no endpoint any more. Ask an admin.")
        raise ActionRefused(message.format(name=action.name), "endpoint")
    argument = rules.checked_argument(argument, action.parameter, action.choices)
    _room(action, asked)
    confirm = action.confirm and not test
    now = clock.now()
    run = ActionRun(
        organization_id=action.organization_id,
        action=action,
        name=action.name,
        argument=argument,
        is_test=test,
        channel=asked.channel,
        chat=asked.chat,
        message_thread_id=asked.message_thread_id,
        group=asked.group,
        user=actor.user,
        asked_by=actor.name[:254],
        telegram_user_id=asked.user_id,
        who=asked.who,
        state=State.ASKED if confirm else State.WAITING,
        asked_at=now,
        started_at=None if confirm else now,
        expires_at=now + (CONFIRM_WITHIN if confirm else timedelta(seconds=action.deadline)),
    )
    with transaction.atomic():
        run.save(force_insert=True)
        audit.record(actor, run.organization_id, "test" if test else "run", run)
        if not confirm:
            _call(actor, run, action)
    return run


def ask_test(actor: Actor, action: OwnAction, argument: str = "") -> ActionRun:
    """Begin a run that no chat sees; also of an action that is switched off. Raises
    ActionRefused."""
    return ask(actor, action, argument, Asked(who={"telegram": None, "member": None}), test=True)


def shown_in(run: ActionRun, message: SentMessage) -> None:
    """Note which message shows it."""
    run.message = message
    ActionRun.objects.for_organization(run.organization_id).filter(pk=run.pk).update(
        message=message
    )


def confirm(actor: Actor, run: ActionRun) -> bool:
    """It is meant. False when it is not open any more. Raises ActionRefused for an action that is
    gone or switched off."""
    with transaction.atomic():
        locked = _locked(run.pk)
        now = clock.now()
        if locked is None or locked.state != State.ASKED or locked.expires_at <= now:
            return False
        action = locked.action
        if action is None or action.endpoint is None or not action.enabled:
            raise ActionRefused(gettext(REMOVED))
        deadline = timedelta(seconds=action.deadline)
        _change(locked, state=State.WAITING, started_at=now, expires_at=now + deadline)
        _call(actor, locked, action)
        telling.show(locked)
    return True


def cancel(run: ActionRun, why: str) -> bool:
    """It is not meant; False when it is not open any more. `why`: for its chat, in whose language
    it is said already."""
    with transaction.atomic():
        locked = _locked(run.pk)
        if locked is None or locked.state != State.ASKED:
            return False
        _settle(locked, State.CANCELLED, endings.not_run, shown=why)
    return True


class Heard(StrEnum):
    """What became of a report."""

    TAKEN = "taken"
    REPEATED = "repeated"  # it said so before: nothing changes
    ENDED = "ended"  # otherwise, before
    LATE = "late"
    GONE = "gone"


def report(run_id: UUID, said: Report) -> Heard:
    """What the endpoint posted."""
    with transaction.atomic():
        run = _locked(run_id)
        if run is None:
            return Heard.GONE
        heard = _hear(run, said)
    failpoints.hit("action.heard")
    return heard


def answered(run: ActionRun, said: Report, why: Why | None = None) -> None:
    """What the endpoint answered to the call; in the caller's transaction, under `lock`. `why`: its
    text, where that is ours."""
    _hear(run, said, why)


def not_taken(run: ActionRun, answer: str) -> None:
    """Nobody takes the call any more; in the same way. Who posted about it meanwhile has it."""
    if run.state == State.WAITING:
        _settle(run, State.FAILED, partial(endings.not_taken, answer))


def lock(run_id: UUID) -> ActionRun | None:
    """The run, until the caller's transaction ends; None for one that is purged."""
    return _locked(run_id)


def end_due() -> int:
    """End those whose time is over, or whose call went with its endpoint; returns how many."""
    still_open = ActionRun.objects.filter(settled_at=None).order_by("expires_at")
    over = still_open.filter(expires_at__lte=clock.now())
    orphans = still_open.filter(state=State.WAITING, calls=None)
    ids = [row for rows in (over, orphans) for row in rows.values_list("pk", flat=True)[:AT_ONCE]]
    return each(ids, _end)


def _end(run_id: UUID) -> int:
    with transaction.atomic():
        run = _locked(run_id)
        if run is None or run.settled_at is not None:
            return 0
        if run.expires_at <= clock.now():
            _time_out(run)
            return 1
        if run.state != State.WAITING or run.calls.exists():
            return 0
        _settle(run, State.FAILED, endings.endpoint_removed)
    return 1


def _hear(run: ActionRun, said: Report, why: Why | None = None) -> Heard:
    now = clock.now()
    if run.settled_at is not None:
        if run.state == State.TIMED_OUT:
            return Heard.LATE
        same = (run.state, run.text) == (said.state, said.text)
        return Heard.REPEATED if same else Heard.ENDED
    if run.state == State.ASKED:
        return Heard.GONE  # nobody was told its token yet
    if run.expires_at <= now:
        _time_out(run)
        return Heard.LATE
    if said.state != "running":
        _settle(run, State(said.state), why or (lambda: said.text))
        return Heard.TAKEN
    before = (run.state, run.text, run.progress)
    text = said.text or run.text
    progress = run.progress if said.progress is None else said.progress
    if before == (State.RUNNING, text, progress):
        return Heard.REPEATED
    due = telling.next_edit(run.shown_at, now)
    _change(run, state=State.RUNNING, text=text, progress=progress, shown_at=due)
    if before[1:] != (text, progress):
        telling.show(run, due)
    return Heard.TAKEN


def _time_out(run: ActionRun) -> None:
    if run.state == State.ASKED:
        _settle(run, State.CANCELLED, endings.unconfirmed)
        return
    seconds = round((run.expires_at - (run.started_at or run.asked_at)).total_seconds())
    call = EndpointCall.objects.for_organization(run.organization_id).filter(run=run).first()
    waits = call is not None and call.state == EndpointCall.State.WAITING
    last_try = call.said if call is not None and waits else ""
    _settle(run, State.TIMED_OUT, partial(endings.no_result, seconds, run.text, last_try))


def _settle(run: ActionRun, state: str, why: Why, *, shown: str = "") -> None:
    """How it ended: in its row, its message and its alert's timeline; it is not called again.
    `shown`: what the chat reads in place of `why`."""
    now = clock.now()
    with speaking(ENGLISH):
        _change(run, state=state, text=why(), settled_at=now)
    calls = EndpointCall.objects.for_organization(run.organization_id).filter(run=run)
    calls.filter(state=EndpointCall.State.WAITING).update(
        state=EndpointCall.State.ACCEPTED
        if state in (State.DONE, State.FAILED)
        else EndpointCall.State.FAILED,
        settled_at=now,
    )
    telling.show(run, said=(lambda: shown) if shown else why)
    if run.group is not None and run.started_at is not None:
        responding.note_action(SYSTEM, run.group, f"{run}: {run.get_state_display().lower()}")
    failpoints.hit("action.before_commit")


def _call(actor: Actor, run: ActionRun, action: OwnAction) -> None:
    assert action.endpoint is not None  # the callers have asked
    request_call(
        action.endpoint,
        EndpointCall.Event.ACTION,
        content_of(run),
        patience=run.expires_at - clock.now(),
        run=run,
    )
    if run.group is not None:
        responding.note_action(actor, run.group, str(run))


def _room(action: OwnAction, asked: Asked) -> None:
    open_runs = ActionRun.objects.for_organization(action.organization_id).filter(settled_at=None)
    if open_runs.count() >= OPEN_MAX:
        message = gettext("{count} runs are open already. Wait until some are over.")
        raise ActionRefused(message.format(count=OPEN_MAX))
    own = open_runs.filter(telegram_user_id=asked.user_id)
    if asked.user_id and own.count() >= OPEN_OF_ONE:
        message = gettext("{count} runs of yours are open. Wait until one is over.")
        raise ActionRefused(message.format(count=OPEN_OF_ONE))


def _locked(run_id: UUID) -> ActionRun | None:
    rows = ActionRun.objects.select_for_update(of=("self",))
    related = (
        "action__endpoint",
        "chat__bot",
        "group",
        "message__stream",
        "channel",
        "organization",
    )
    return rows.select_related(*related).filter(pk=run_id).first()


def _change(run: ActionRun, **values: Any) -> None:
    for name, value in values.items():
        setattr(run, name, value)
    run.save(update_fields=list(values))
