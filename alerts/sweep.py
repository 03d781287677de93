"""Repairs what a lost wake-up or a lost message left behind; runs every few seconds."""

from django.db.models import Q

from alerts.expiry import expire_due
from alerts.heartbeats import pings as heartbeat_pings
from alerts.models import GroupMessage, Storm
from alerts.storms.repay import repay
from alerts.uptime import Uptime, note_sweep
from botapi import failpoints
from deliveries import clock, wakeup
from deliveries.models import SentMessage

CHUNK = 500


def sweep() -> None:
    """Expire alerts, miss heartbeats, make due again what needs it, and wake publishing when
    anything is due."""
    failpoints.hit("sweep.before")
    uptime = note_sweep()
    expire(uptime)
    heartbeat_pings.sweep(uptime)
    renew_forgotten()
    unpark_enabled()
    repay()
    failpoints.hit("sweep.before_wake")
    now = clock.now()
    is_due = (
        Q(due_at__lte=now)
        | Q(claimed_until__lte=now)
        | Q(sound_due_at__lte=now)
        | Q(repeat_at__lte=now)
    )
    is_storm_due = Q(due_at__lte=now) | Q(claimed_until__lte=now)
    if GroupMessage.objects.filter(is_due).exists() or Storm.objects.filter(is_storm_due).exists():
        wakeup.wake("alerts.publish")


def expire(uptime: Uptime) -> None:
    """Believe the silence of senders, up to the moment that was noted: this process may have been
    frozen since, and nobody has heard them meanwhile."""
    if uptime.hears_senders:
        expire_due(uptime.now)


def renew_forgotten() -> int:
    """Open groups whose message is gone from Telegram are told anew; returns how many."""
    found = GroupMessage.objects.filter(
        message__state=SentMessage.State.FORGOTTEN,
        group__is_open=True,
        due_at=None,
        claimed_until=None,
        parked_at=None,
        routed=True,
    ).values_list("pk", flat=True)[:CHUNK]
    return GroupMessage.objects.filter(pk__in=list(found), due_at=None).update(due_at=clock.now())


def unpark_enabled() -> int:
    """What waits for a channel that works again is due; returns how many messages.

    Enabling says so itself; this is for a bot that was enabled, and for a crash in between.
    """
    found = GroupMessage.objects.filter(
        parked_at__isnull=False, channel__enabled=True, channel__chat__bot__enabled=True
    ).values_list("pk", flat=True)[:CHUNK]
    return GroupMessage.objects.filter(pk__in=list(found)).update(
        due_at=clock.now(), parked_at=None
    )
