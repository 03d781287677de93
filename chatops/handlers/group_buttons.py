"""What each button under an alert does, and what whoever pressed it reads of that.

The write functions are those of the console and the REST API. The message in the presser's chat is
told in the same commit, before what waits there; the others follow by the usual way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.permissions import Capability
from alerts import responding
from alerts.models import AlertGroup, GroupMember, Silence, Status, TimelineEvent
from alerts.muting.silence_rows import alert_counts
from alerts.muting.silences import Wanted
from alerts.muting.silencing import SilenceRefused
from alerts.publish import show_at_once
from alerts.rendering.actions import SILENCE_MENU, Menu, Verb
from alerts.rendering.times import Times
from alerts.timeline import last_of
from channels_app.offered import length_of
from chatops.handlers import own_actions
from chatops.handlers.group_pages import close, history, labels, who
from chatops.responding.pressing import UNNAMED, Press, linking_url
from chatops.responding.said import Said
from chatops.responding.silencing import TOO_WIDE, is_too_wide
from deliveries import clock

Kind = TimelineEvent.Kind
ASSIGN_LINK = "Alerts are assigned to members. Link your Telegram account, then press again."
SAME_SILENCE_SECONDS = 60
"""One that ends so little earlier than what is wanted is the same press again."""


def acknowledge(press: Press) -> Said:
    """Somebody is on it."""
    try:
        if not responding.acknowledge(press.actor, press.group):
            return Said(_already_acknowledged(press), "was acknowledged already")
    except responding.ResponseRefused as refusal:
        return Said(str(refusal), "refused: over")
    show_at_once(press.row)
    return Said("Acknowledged.", "acknowledged")


def unacknowledge(press: Press) -> Said:
    """Nobody is on it any more."""
    if not responding.unacknowledge(press.actor, press.group):
        return Said(
            _did(press, "Already withdrawn", Kind.UNACKNOWLEDGED, "Nobody acknowledged it."),
            "was not acknowledged",
        )
    show_at_once(press.row)
    return Said("Acknowledgement withdrawn: repeats and escalations go on.", "unacknowledged")


def resolve(press: Press) -> Said:
    """End what fires in it."""
    try:
        count = responding.resolve(press.actor, press.group)
    except responding.ResponseRefused as refusal:
        return Said(
            _did(press, "Already resolved", Kind.RESOLVED, str(refusal)), "was resolved already"
        )
    show_at_once(press.row)
    return Said("Resolved." if count == 1 else f"Resolved: {count} alerts.", "resolved")


def silence(press: Press) -> Said:
    """What its alerts have in common is told nobody for so long."""
    length = length_of(press.argument)
    offered = [*SILENCE_MENU, *press.row.channel.silence_durations]
    if length is None or length > max(filter(None, map(length_of, offered))):
        return Said("No button silences for so long any more.", "refused: duration")
    _lock(press.group)  # whoever presses at the same moment sees this silence, or makes it
    now = clock.now()
    try:
        matchers = [one.to_json() for one in responding.matchers_of_group(press.group)]
        if is_too_wide(matchers):
            return Said(TOO_WIDE, "refused: nothing but the severity", alert=True)
        if (same := _same(press, matchers, now, now + length)) is not None:
            until = _time(press, same.ends_at)
            return Said(f"Already silenced by {same.author} until {until}.", "was silenced already")
        wanted = Wanted(
            matchers, now, now + length, comment=f"{press.argument}, by a button in Telegram"
        )
        made = responding.silence_group(press.actor, press.group, wanted)
    except SilenceRefused as refusal:
        return Said(str(refusal), "refused: silence")
    show_at_once(press.row, Menu.MAIN)
    wider = _wider(press, made)
    return Said(f"Silenced until {_time(press, made.ends_at)}.{wider}", "silenced", bool(wider))


def assign_me(press: Press) -> Said:
    """Whoever pressed it owns it."""
    user = press.actor.user
    if user is None:
        if press.context.incoming.is_anonymous:
            return Said(UNNAMED, "refused: nobody to assign it to", alert=True)
        url = linking_url(press.context)
        return Said(ASSIGN_LINK, "refused: nobody to assign it to", alert=not url, url=url)
    try:
        if not responding.assign(press.actor, press.group, user):
            return Said("It is yours already.", "was assigned already")
    except responding.ResponseRefused as refusal:
        return Said(str(refusal), "refused: over")
    show_at_once(press.row)
    return Said("Assigned to you.", "assigned")


def open_menu(press: Press) -> Said:
    """Put a menu in the place of the buttons, or these back."""
    chosen = press.argument if press.argument in list(Menu) else Menu.MAIN
    show_at_once(press.row, chosen)
    return Said("", f"menu {chosen or 'closed'}")


@dataclass(frozen=True, slots=True)
class Deed:
    """`needs`: what the roles of members must include, where only they may press."""

    work: Callable[[Press], Said]
    needs: Capability = Capability.RESPOND


DEEDS: Final[Mapping[str, Deed]] = {
    Verb.ACKNOWLEDGE: Deed(acknowledge),
    Verb.UNACKNOWLEDGE: Deed(unacknowledge),
    Verb.RESOLVE: Deed(resolve),
    Verb.SILENCE: Deed(silence),
    Verb.ASSIGN_ME: Deed(assign_me),
    Verb.MENU: Deed(open_menu, Capability.VIEW),
    Verb.DETAILS: Deed(labels, Capability.VIEW),
    Verb.HISTORY: Deed(history, Capability.VIEW),
    Verb.WHO: Deed(who, Capability.VIEW),
    Verb.CLOSE: Deed(close, Capability.VIEW),
    Verb.OWN: Deed(own_actions.press, Capability.VIEW),
}


def _already_acknowledged(press: Press) -> str:
    group = AlertGroup.objects.for_organization(press.row.organization_id).get(pk=press.group.pk)
    if group.acknowledged_at is None:
        return "Somebody took it back at this moment. Press again."
    at = _time(press, group.acknowledged_at)
    return f"Already acknowledged by {group.acknowledged_by} at {at}."


def _did(press: Press, what: str, kind: str, otherwise: str) -> str:
    last = last_of(press.group, kind)
    if last is None or not last.actor_name:
        return otherwise
    return f"{what} by {last.actor_name} at {_time(press, last.at)}."


def _lock(group: AlertGroup) -> None:
    rows = AlertGroup.objects.for_organization(group.organization_id)
    rows.select_for_update().filter(pk=group.pk).values_list("pk").first()


def _same(
    press: Press, matchers: Sequence[object], now: datetime, ends_at: datetime
) -> Silence | None:
    """One that holds already, and about as long."""
    rows = Silence.objects.for_organization(press.row.organization_id).filter(
        starts_at__lte=now, ends_at__gt=now, integration=None
    )
    for one in rows.filter(matchers=list(matchers)).order_by("-ends_at")[:1]:
        if (ends_at - one.ends_at).total_seconds() <= SAME_SILENCE_SECONDS:
            return one
    return None


def _wider(press: Press, silence: Silence) -> str:
    """That it holds for more than what the message tells of: whoever pressed meant this alert."""
    rows = GroupMember.objects.for_organization(press.row.organization_id)
    own = rows.filter(group=press.group, alert__status=Status.FIRING).count()
    count = alert_counts([silence])[silence.pk]
    if count <= max(own, 1):
        return ""
    return f" It holds for {count:,} alerts that fire now: for all with the same labels."


def _time(press: Press, moment: datetime) -> str:
    return Times(press.context.zone, press.context.now).show(moment)
