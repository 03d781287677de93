"""Silences as people and programs make, change and end them.

Each verb is one short transaction. It marks the silence as due: groups that it holds for are looked
at afterwards (alerts/muting/silence_effects.py), also when this process is gone by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.matchers import Matcher, read_matchers
from alerts.models import Integration, Silence, Upstream
from alerts.muting.changes import muting_changed
from alerts.muting.silencing import (
    AUTHOR_MAX,
    COMMENT_MAX,
    SilenceRefused,
    SilenceState,
    check_times,
    may_change_in_place,
    read_silence_matchers,
    state_at,
)
from deliveries import clock, wakeup
from languages.numbers import grouped
from languages.speaking import gettext, ngettext

SYNC_TASK = "alerts.sync"
LASTING_MAX = 2_000
"""Silences of an organization that are yet to end: every one is matched against its alerts."""
LASTING_OF_INTEGRATION_MAX = 500
"""Of them those of one integration: whoever has its key must not use up what the others may."""


class TooManySilences(SilenceRefused):
    """Some have to end before there is another one."""

    def __init__(self, whose: str, most: int) -> None:
        super().__init__(
            "",
            gettext(
                "{whose} has {number} silences that last, the most there may be. End some that "
                "are not needed, or have one that matches more."
            ).format(whose=whose, number=grouped(most)),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A silence as somebody wants it. `author`: who is named for it; "" names the actor.
    `integration`: whose alerts alone it is for; a change leaves that as it is."""

    matchers: object
    starts_at: datetime
    ends_at: datetime
    comment: str = ""
    author: str = ""
    integration: Integration | None = None


def create_silence(actor: Actor, organization: Organization, wanted: Wanted) -> Silence:
    """A new one; a start that is past is now. Raises SilenceRefused, which TooManySilences is."""
    now = clock.now()
    require_same_organization(organization, wanted.integration)
    matchers = read_silence_matchers(wanted.matchers)
    check_times(wanted.starts_at, wanted.ends_at, now)
    _check_texts(wanted)
    with transaction.atomic():
        return _create(actor, organization, matchers, wanted, now)


def change_silence(actor: Actor, silence: Silence, wanted: Wanted) -> Silence:
    """As wanted; where that would be another silence (silencing.may_change_in_place), it ends and
    the new one is returned. Raises SilenceRefused."""
    now = clock.now()
    matchers = read_silence_matchers(wanted.matchers)
    check_times(wanted.starts_at, wanted.ends_at, now)
    _check_texts(wanted)
    with transaction.atomic():
        row = _locked(silence)
        if row is None:
            raise SilenceRefused("matchers", gettext("This silence is gone. Add another one."))
        before = (read_matchers(row.matchers), row.starts_at, row.ends_at)
        if may_change_in_place(before, (matchers, wanted.starts_at, wanted.ends_at), now):
            return _change(actor, row, wanted, now)
        if row.ends_at > now:
            _end(actor, row, now)
        wanted = replace(wanted, integration=row.integration)
        return _create(actor, row.organization, matchers, wanted, now)


def extend_silence(actor: Actor, silence: Silence, by: timedelta) -> Silence:
    """Let it last for so much longer than it does by now. Raises SilenceRefused for one that has
    ended."""
    now = clock.now()
    with transaction.atomic():
        row = _locked(silence)
        if row is None or row.ends_at <= now:
            raise SilenceRefused("ends_at", gettext("This silence has ended. Add another one."))
        ends_at = row.ends_at + by
        check_times(row.starts_at, ends_at, now)
        return _change(actor, row, Wanted((), row.starts_at, ends_at, row.comment), now)


def expire_silence(actor: Actor, silence: Silence) -> bool:
    """End it now; False when it has ended already."""
    now = clock.now()
    with transaction.atomic():
        row = _locked(silence)
        if row is None or row.ends_at <= now:
            return False
        _end(actor, row, now)
    return True


def state_of(silence: Silence, now: datetime | None = None) -> SilenceState:
    """Where it stands."""
    return state_at(silence.starts_at, silence.ends_at, now or clock.now())


def _locked(silence: Silence) -> Silence | None:
    """None: it ended so long ago that it was purged meanwhile."""
    rows = Silence.objects.for_organization(silence.organization_id).select_related(
        "organization", "integration"
    )
    return rows.select_for_update(of=("self",)).filter(pk=silence.pk).first()


def _create(
    actor: Actor,
    organization: Organization,
    matchers: Sequence[Matcher],
    wanted: Wanted,
    now: datetime,
) -> Silence:
    _check_number(organization, wanted.integration)
    silence = Silence(
        organization=organization,
        matchers=[matcher.to_json() for matcher in matchers],
        integration=wanted.integration,
        starts_at=max(wanted.starts_at, now),
        ends_at=wanted.ends_at,
        comment=wanted.comment,
        author=wanted.author or actor.name[:AUTHOR_MAX],
        created_by=actor.user,
        way=actor.way,
        updated_at=now,
    )
    silence.due_at = silence.starts_at
    silence.save(force_insert=True)
    audit.record(actor, organization, "create", silence)
    _changed(silence)
    return silence


def _change(actor: Actor, row: Silence, wanted: Wanted, now: datetime) -> Silence:
    before = audit.snapshot(row)
    if row.starts_at > now:
        row.starts_at = wanted.starts_at
    row.ends_at, row.comment = wanted.ends_at, wanted.comment
    row.author = wanted.author or row.author
    row.updated_at, row.due_at = now, max(row.starts_at, now)
    row.save()
    audit.record(
        actor,
        row.organization_id,
        "change",
        row,
        audit.changes_between(before, audit.snapshot(row)),
    )
    _changed(row)
    return row


def _end(actor: Actor, row: Silence, now: datetime) -> None:
    row.starts_at, row.ends_at = min(row.starts_at, now), now
    row.updated_at = row.due_at = now
    row.save()
    audit.record(actor, row.organization_id, "expire", row)
    _changed(row)


def _changed(silence: Silence) -> None:
    """What is remembered of it holds no more, here and upstream."""
    muting_changed(silence.organization_id)
    upstreams = Upstream.objects.for_organization(silence.organization_id).filter(enabled=True)
    if upstreams.update(due_at=clock.now()):
        transaction.on_commit(lambda: wakeup.wake(SYNC_TASK))


def _check_number(organization: Organization, integration: Integration | None) -> None:
    """Two at the same moment may be one too many: that does no harm."""
    lasting = Silence.objects.for_organization(organization).filter(ends_at__gt=clock.now())
    if lasting.count() >= LASTING_MAX:
        raise TooManySilences(gettext("The organization"), LASTING_MAX)
    if integration is None:
        return
    if lasting.filter(integration=integration).count() >= LASTING_OF_INTEGRATION_MAX:
        whose = gettext("The integration {name}").format(name=repr(integration.name))
        raise TooManySilences(whose, LASTING_OF_INTEGRATION_MAX)


def _check_texts(wanted: Wanted) -> None:
    for field, text, most in (
        ("comment", wanted.comment, COMMENT_MAX),
        ("author", wanted.author, AUTHOR_MAX),
    ):
        if len(text) > most:
            said = ngettext(
                "Write at most {count} character.", "Write at most {count} characters.", most
            )
            raise SilenceRefused(field, said.format(count=grouped(most)))
        if "\0" in text:
            raise SilenceRefused(field, gettext("Leave out the NUL character."))
