"""Silences and time in tests of what mutes alerts."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.audit import COMMAND_LINE, Actor
from accounts.models import Organization
from alerts import publish
from alerts.models import GroupMessage, Silence
from alerts.muting import effects as mute_effects
from alerts.muting.silences import Wanted, create_silence
from deliveries.models import Delivery, SentMessage
from tests.alerts.senders import Site

HOUR = timedelta(hours=1)


def silence(site: Site, matchers: object = 'alertname="InstanceDown"', **values: Any) -> Silence:
    """One that holds for an hour from now, by anna."""
    now = timezone.now()
    wanted = Wanted(
        matchers,
        values.pop("starts_at", now),
        values.pop("ends_at", now + HOUR),
        author=values.pop("author", "anna"),
        **values,
    )
    actor: Actor = COMMAND_LINE
    organization = Organization.objects.get(pk=site.organization.pk)
    made = create_silence(actor, organization, wanted)
    settle()
    return made


def settle() -> None:
    """What is due by now is in the outbox."""
    mute_effects.apply_due()
    publish.publish_due()


def let_pass(time: timedelta) -> None:
    """As if so much time had passed since: whatever is to come comes so much sooner."""
    Silence.objects.update(
        starts_at=F("starts_at") - time, ends_at=F("ends_at") - time, due_at=F("due_at") - time
    )
    GroupMessage.objects.update(
        **{
            name: F(name) - time
            for name in ("due_at", "sound_due_at", "repeat_at", "sounded_at", "claimed_until")
        }
    )
    # What is remembered of silences holds the times before.
    Organization.objects.update(muting_version=F("muting_version") + 1)


def pass_time(time: timedelta) -> None:
    """And what has become due by then is in the outbox."""
    let_pass(time)
    settle()


def leave() -> None:
    """What waits has left: as if Telegram had shown all of it."""
    now = timezone.now()
    waiting = Delivery.objects.filter(state="waiting")
    for call in waiting.order_by("id"):
        if call.target_id is not None and call.method.startswith("send"):
            SentMessage.objects.filter(pk=call.target_id).update(
                state=SentMessage.State.SHOWN, message_id=call.sequence + 100, sent_at=now
            )
    waiting.update(state="sent", settled_at=now)


def calls(site: Site) -> list[tuple[str, str, bool]]:
    """Method, text or caption, and whether it rings, of all calls that wait, oldest first."""
    rows = Delivery.objects.for_organization(site.organization).filter(state="waiting")
    return [
        (
            row.method,
            str(row.params.get("text", row.params.get("caption", ""))),
            row.method.startswith("send") and not row.params.get("disable_notification"),
        )
        for row in rows.order_by("id")
    ]


def moment(text: str) -> datetime:
    """An ISO time."""
    return datetime.fromisoformat(text)
