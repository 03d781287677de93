"""What whoever acknowledges a group has seen: about that nobody is rung any more.

A reply "new …" rings for what the message above it lists already, a little later: it waits for its
turn in the chat, or for the interval between two sounds. Who acknowledged meanwhile did so with
that list before them. What any channel does not show yet rings all the same: nobody says which of
them was read, and a person needs a moment to read it. A press may also have waited here: what came
meanwhile they have not seen.
"""

from datetime import datetime, timedelta

from alerts.group_views import views_of
from alerts.models import AlertGroup, ChannelTemplate, GroupMessage
from alerts.muting.known import muting_in
from alerts.rendering.muted import audible
from alerts.shown import from_json
from alerts.sound import facts_of
from deliveries import backlog

READING = timedelta(seconds=3)
"""From when the list is in the chat until somebody has read it, and their press has come here."""


def note_seen(group: AlertGroup, now: datetime, at: datetime) -> None:
    """Have what its messages listed `at` that time, when somebody acknowledged it, ring no more. In
    the transaction of the acknowledgement, before the group's messages become due for it."""
    told = GroupMessage.objects.for_organization(group.organization_id)
    # Locked before what waits in the outbox, as a publisher does: none takes them meanwhile.
    rows = list(told.filter(group=group, routed=True).order_by("pk").select_for_update())
    streams = [row.stream_id for row in rows]
    is_in_a_storm = any(row.storm_id for row in rows)  # whose digest tells of it, or is about to
    if is_in_a_storm or any(map(_is_untold, rows)):
        return
    if not backlog.all_shown(streams, at - READING) or _is_in_own_words(group, rows):
        return
    backlog.take_back_notices(streams, at, now, "read and acknowledged")
    _remember(group, [row for row in rows if row.sound_due_at is not None], now)


def _is_untold(row: GroupMessage) -> bool:
    """Whether its channel does not know how the group stands: UNTOLD of alerts/publish_claim.py."""
    return any((row.due_at, row.claimed_until, row.parked_at, row.owed_at))


def _is_in_own_words(group: AlertGroup, rows: list[GroupMessage]) -> bool:
    """Whether a template of the organization's tells of it: that need not list each alert."""
    if group.route is not None and group.route.template_id is not None:
        return True
    choices = ChannelTemplate.objects.for_organization(group.organization_id)
    return choices.filter(channel__in=[row.channel_id for row in rows]).exists()


def _remember(group: AlertGroup, waiting: list[GroupMessage], now: datetime) -> None:
    """These wait to tell news, which their chats have heard of from now on."""
    if not waiting:
        return
    view = audible(views_of([group], now, muting_in([group], now))[group.pk].view)
    for row in waiting:
        _, told = from_json(row.shown)
        if told is None:
            continue
        facts = {key: list(fact) for key, fact in facts_of(view, told).items()}
        free = GroupMessage.objects.filter(pk=row.pk, due_at=None, claimed_until=None)
        free.update(shown={**row.shown, "told": facts})
