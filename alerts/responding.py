"""What people do about a group: acknowledge it, take that back, give it to somebody, resolve it,
silence it, comment on it.

Each is one short transaction with a line in the group's timeline, and every channel that shows the
group is told by an edit of its message.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import F

from accounts.audit import Actor
from accounts.models import Membership, Organization, OrganizationQuerySet, User
from alerts import route_table, trail
from alerts.ending import end_alerts
from alerts.escalations import changes as escalations
from alerts.group_rows import Scope
from alerts.ingest import TRIES, wake_publish
from alerts.lifecycle import Effect
from alerts.matchers import Matcher
from alerts.models import (
    Alert,
    AlertGroup,
    Ended,
    GroupMember,
    GroupMessage,
    Silence,
    Status,
    TimelineEvent,
)
from alerts.muting.silences import TooManySilences, Wanted, create_silence, state_of
from alerts.muting.silencing import SilenceRefused, SilenceState, matchers_for
from deliveries import clock
from deliveries.conflicts import is_conflict
from languages.numbers import grouped
from languages.speaking import gettext, ngettext

COMMENT_MAX = 2_000
RESOLVED_AT_ONCE = 500
"""Alerts in one transaction."""
_NAME_MAX = 254

Kind = TimelineEvent.Kind


_assigned: list[Callable[[Actor, AlertGroup, User], None]] = []


def on_assigned(callback: Callable[[Actor, AlertGroup, User], None]) -> None:
    """Have `callback(actor, group, user)` run when a group is given to somebody, in that
    transaction. Called once, from AppConfig.ready."""
    _assigned.append(callback)


class ResponseRefused(ValueError):
    """It cannot be done to this group; the text says why. `field`: of the input, if any."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def acknowledge(actor: Actor, group: AlertGroup) -> bool:
    """Somebody is on it: no repeats and no escalations from now on. False when somebody was
    already; the first one stays. Raises ResponseRefused for a group that is over.

    It ends by itself when the severity rises, or when the group closes and fires again.
    """
    now = clock.now()
    with transaction.atomic():
        rows = AlertGroup.objects.for_organization(group.organization_id).filter(pk=group.pk)
        free = rows.filter(is_open=True, acknowledged_at=None)
        if not free.update(
            acknowledged_at=now,
            acknowledged_by=actor.name[:_NAME_MAX],
            escalate_at=None,
            escalation=None,
        ):
            if rows.filter(is_open=True).exists():
                return False
            raise ResponseRefused(gettext("The group is over, so there is nothing to acknowledge."))
        _note(actor, group, Kind.ACKNOWLEDGED)
        _tell(group)
    return True


def unacknowledge(actor: Actor, group: AlertGroup) -> bool:
    """Nobody is on it any more: repeats go on, and its escalation begins anew. False when nobody
    was."""
    with transaction.atomic():
        rows = AlertGroup.objects.for_organization(group.organization_id).filter(pk=group.pk)
        taken = rows.filter(acknowledged_at__isnull=False)
        if not taken.update(acknowledged_at=None, acknowledged_by=""):
            return False
        escalations.begin_anew(group)
        _note(actor, group, Kind.UNACKNOWLEDGED)
        _tell(group)
    return True


def assign(actor: Actor, group: AlertGroup, user: User | None) -> bool:
    """It is this person's now, or nobody's; False when it was already. Raises ResponseRefused for
    who is no member, and for a group that is over."""
    name = _name_of(group, user)
    with transaction.atomic():
        rows = AlertGroup.objects.for_organization(group.organization_id).filter(pk=group.pk)
        if not rows.filter(is_open=True).exists():
            raise ResponseRefused(gettext("The group is over, so there is nothing to assign."))
        others = rows.filter(is_open=True).exclude(assigned_to=user, assigned_name=name)
        if not others.update(assigned_to=user, assigned_name=name):
            return False
        _note(actor, group, Kind.ASSIGNED, to=name)
        _tell(group)
        if user is not None:
            for callback in _assigned:
                callback(actor, group, user)
    return True


def _name_of(group: AlertGroup, user: User | None) -> str:
    if user is None:
        return ""
    members = Membership.objects.for_organization(group.organization_id)
    if not members.filter(user=user, user__is_active=True).exists():
        raise ResponseRefused(gettext("Choose a member of the organization."), "user")
    return name_of(user)


def name_of(user: User) -> str:
    """As whom a group names a person."""
    return (user.get_full_name() or user.email)[:_NAME_MAX]


def resolve(actor: Actor, group: AlertGroup) -> int:
    """End what fires in it, in every group that shows it; returns how many alerts. Raises
    ResponseRefused for a group that is over.

    Their senders may go on repeating them: that brings nothing back (lifecycle._is_believable).
    What begins anew, by its sender's word, fires again.
    """
    firing = firing_in(group.organization_id, [group])
    ended = 0
    while count := _resolve(actor, group, firing):
        ended += count
    if not ended:
        raise ResponseRefused(gettext("Nothing fires in it any more."))
    with transaction.atomic():
        trail.leave(actor, group, Kind.RESOLVED)
    return ended


def firing_in(
    organization: Organization | UUID, groups: Iterable[AlertGroup]
) -> OrganizationQuerySet[Alert]:
    """What would end, were these groups resolved by hand: each alert once."""
    members = GroupMember.objects.for_organization(organization).filter(
        group__in=list(groups), episode=F("alert__episode")
    )
    alerts = Alert.objects.for_organization(organization)
    return alerts.filter(status=Status.FIRING, pk__in=members.values("alert"))


def _resolve(actor: Actor, group: AlertGroup, firing: OrganizationQuerySet[Alert]) -> int:
    with transaction.atomic():
        alerts = list(firing.order_by("pk").select_for_update()[:RESOLVED_AT_ONCE])
        if not alerts:
            return 0
        scope = Scope(
            organization_id=group.organization_id,
            table=route_table.route_table(group.organization),
            now=clock.now(),
            alone=True,
            actor_id=actor.user.pk if actor.user else None,
            actor_name=actor.name[:_NAME_MAX],
            way=actor.way,
        )
        end_alerts(alerts, scope, Effect.RESOLVED, Ended.PERSON)
        transaction.on_commit(wake_publish)
    return len(alerts)


def _too_long(most: int) -> str:
    said = ngettext("Write at most {count} character.", "Write at most {count} characters.", most)
    return said.format(count=grouped(most))


def comment(actor: Actor, group: AlertGroup, text: str) -> TimelineEvent:
    """Say something about it, for whoever reads the timeline. Raises ResponseRefused."""
    said = text.strip()
    if not said:
        raise ResponseRefused(gettext("Write something."), "text")
    if len(said) > COMMENT_MAX:
        raise ResponseRefused(_too_long(COMMENT_MAX), "text")
    if "\0" in said:
        raise ResponseRefused(gettext("Leave out the NUL character."), "text")
    return _note(actor, group, Kind.COMMENT, why=said)


def note_action(actor: Actor, group: AlertGroup, words: str) -> TimelineEvent:
    """An own command was run from its message, or came to an end: a line in the timeline, the chat
    sees the run itself."""
    return _line(actor, group, Kind.ACTION, why=words)


def silence_group(actor: Actor, group: AlertGroup, wanted: Wanted) -> Silence:
    """A silence from a group, with a line in its timeline. Raises SilenceRefused.

    It holds for whatever its matchers match, in this group or not.
    """
    with transaction.atomic():
        silence = create_silence(actor, group.organization, wanted)
        _note_silence(actor, [group], None, silence)
    return silence


def silence_alert(actor: Actor, alert: Alert, wanted: Wanted) -> Silence:
    """The same from an alert: a line in each open group that it is in. Raises SilenceRefused."""
    groups = AlertGroup.objects.for_organization(alert.organization_id).filter(is_open=True)
    with transaction.atomic():
        silence = create_silence(actor, alert.organization, wanted)
        _note_silence(actor, groups.filter(members__alert=alert), alert, silence)
    return silence


def silence_each(actor: Actor, groups: Iterable[AlertGroup], wanted: Wanted) -> "Outcome":
    """A silence for each group, whose matchers are what its alerts have in common in place of
    those of `wanted`; done with the silence. Raises SilenceRefused for the times and texts."""

    def silence_one(group: AlertGroup) -> Silence:
        try:
            matchers = matchers_of_group(group)
        except SilenceRefused as refusal:
            raise ResponseRefused(str(refusal)) from None
        own = replace(wanted, matchers=[matcher.to_json() for matcher in matchers])
        try:
            return silence_group(actor, group, own)
        except TooManySilences as refusal:
            raise ResponseRefused(str(refusal)) from None

    return to_each(groups, silence_one)


@dataclass(slots=True)
class Outcome:
    """What was done to several groups: each with what came of it, or with why it was refused."""

    done: list[tuple[AlertGroup, Any]] = field(default_factory=list)
    refused: list[tuple[AlertGroup, str]] = field(default_factory=list)


def to_each(groups: Iterable[AlertGroup], work: Callable[[AlertGroup], object]) -> Outcome:
    """One after the other; what is refused to one stops no other. Always in the same order: two
    people who mean the same groups would wait for each other else."""
    outcome = Outcome()
    for group in sorted(groups, key=lambda group: group.pk):
        try:
            outcome.done.append((group, _persistently(work, group)))
        except ResponseRefused as refusal:
            outcome.refused.append((group, str(refusal)))
    return outcome


def _persistently(work: Callable[[AlertGroup], object], group: AlertGroup) -> object:
    """In a transaction of its own, or a savepoint; again where the database gave it up in favour of
    another one. Raises django.db.Error, and what `work` does."""
    for _ in range(1, TRIES):
        try:
            with transaction.atomic():
                return work(group)
        except OperationalError as error:
            if not is_conflict(error):
                raise
    with transaction.atomic():
        return work(group)


def matchers_of_group(group: AlertGroup) -> tuple[Matcher, ...]:
    """What its firing alerts have in common; all of its alerts, where none fires. Raises
    SilenceRefused where that is nothing."""
    members = GroupMember.objects.for_organization(group.organization_id).filter(group=group)
    firing = members.filter(alert__status=Status.FIRING)
    rows = (firing if firing.exists() else members).values_list(
        "alert__labels", "alert__integration__ignored_labels"
    )
    return matchers_for(_telling(rows.iterator(chunk_size=2_000)))


def matchers_of_alert(alert: Alert) -> tuple[Matcher, ...]:
    """Its labels. Raises SilenceRefused where it has none."""
    return matchers_for(_telling(iter([(alert.labels, alert.integration.ignored_labels)])))


def _telling(rows: Iterator[tuple[Mapping[str, str], list[str]]]) -> Iterator[dict[str, str]]:
    """Labels without those that do not tell alerts apart: the twin of a silenced alert is silent,
    too."""
    for labels, ignored in rows:
        yield {name: value for name, value in labels.items() if name not in ignored}


def _note_silence(
    actor: Actor, groups: Iterable[AlertGroup], alert: Alert | None, silence: Silence
) -> None:
    """One that is yet to begin is told of when it does."""
    if state_of(silence) is not SilenceState.ACTIVE:
        return
    told = {"silence": str(silence.pk), "until": silence.ends_at.isoformat()}
    if silence.comment:
        told["why"] = silence.comment
    for group in groups:
        _note(actor, group, Kind.SILENCED, alert, **told)


def _note(
    actor: Actor, group: AlertGroup, kind: str, alert: Alert | None = None, **data: Any
) -> TimelineEvent:
    trail.leave(actor, group, kind, data)
    return _line(actor, group, kind, alert, **data)


def _line(
    actor: Actor, group: AlertGroup, kind: str, alert: Alert | None = None, **data: Any
) -> TimelineEvent:
    return TimelineEvent.objects.create(
        organization_id=group.organization_id,
        group=group,
        alert=alert,
        at=clock.now(),
        kind=kind,
        actor=actor.user,
        actor_name=actor.name[:_NAME_MAX],
        way=actor.way,
        data=data,
    )


def _tell(group: AlertGroup) -> None:
    """Have its channels told, those that heard of it by a digest as well."""
    told = GroupMessage.objects.for_organization(group.organization_id).filter(group=group)
    told.filter(routed=True).update(due_at=clock.now(), menu="")
    transaction.on_commit(wake_publish)
