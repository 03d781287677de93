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
from languages.numbers import grouped
from languages.speaking import gettext, gettext_noop, ngettext

Kind = TimelineEvent.Kind
ASSIGN_LINK = gettext_noop(
    "Alerts are assigned to members. Link your Telegram account, then press again."
)
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
    return Said(gettext("Acknowledged."), "acknowledged")


def unacknowledge(press: Press) -> Said:
    """Nobody is on it any more."""
    if not responding.unacknowledge(press.actor, press.group):
        already = gettext("Already withdrawn by {who} at {time}.")
        nobody = gettext("Nobody acknowledged it.")
        return Said(_did(press, already, Kind.UNACKNOWLEDGED, nobody), "was not acknowledged")
    show_at_once(press.row)
    words = gettext("Acknowledgement withdrawn: repeats and escalations go on.")
    return Said(words, "unacknowledged")


def resolve(press: Press) -> Said:
    """End what fires in it."""
    try:
        count = responding.resolve(press.actor, press.group)
    except responding.ResponseRefused as refusal:
        already = gettext("Already resolved by {who} at {time}.")
        return Said(_did(press, already, Kind.RESOLVED, str(refusal)), "was resolved already")
    show_at_once(press.row)
    if count == 1:
        return Said(gettext("Resolved."), "resolved")
    words = ngettext("Resolved: {count} alert.", "Resolved: {count} alerts.", count)
    return Said(words.format(count=count), "resolved")


def silence(press: Press) -> Said:
    """What its alerts have in common is told nobody for so long."""
    length = length_of(press.argument)
    offered = [*SILENCE_MENU, *press.row.channel.silence_durations]
    if length is None or length > max(filter(None, map(length_of, offered))):
        return Said(gettext("No button silences for so long any more."), "refused: duration")
    _lock(press.group)  # whoever presses at the same moment sees this silence, or makes it
    now = clock.now()
    try:
        matchers = [one.to_json() for one in responding.matchers_of_group(press.group)]
        if is_too_wide(matchers):
            return Said(gettext(TOO_WIDE), "refused: nothing but the severity", alert=True)
        if (same := _same(press, matchers, now, now + length)) is not None:
            until = _time(press, same.ends_at)
            words = gettext("Already silenced by {who} until {time}.")
            return Said(words.format(who=same.author, time=until), "was silenced already")
        wanted = Wanted(
            matchers,
            now,
            now + length,
            comment=gettext("{length}, by a button in Telegram").format(length=press.argument),
        )
        made = responding.silence_group(press.actor, press.group, wanted)
    except SilenceRefused as refusal:
        return Said(str(refusal), "refused: silence")
    show_at_once(press.row, Menu.MAIN)
    until = gettext("Silenced until {time}.").format(time=_time(press, made.ends_at))
    wider = _wider(press, made)
    return Said(" ".join([until, *wider]), "silenced", alert=bool(wider))


def assign_me(press: Press) -> Said:
    """Whoever pressed it owns it."""
    user = press.actor.user
    if user is None:
        if press.context.incoming.is_anonymous:
            return Said(gettext(UNNAMED), "refused: nobody to assign it to", alert=True)
        url = linking_url(press.context)
        words = gettext(ASSIGN_LINK)
        return Said(words, "refused: nobody to assign it to", alert=not url, url=url)
    try:
        if not responding.assign(press.actor, press.group, user):
            return Said(gettext("It is yours already."), "was assigned already")
    except responding.ResponseRefused as refusal:
        return Said(str(refusal), "refused: over")
    show_at_once(press.row)
    return Said(gettext("Assigned to you."), "assigned")


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
        return gettext("Somebody took it back at this moment. Press again.")
    at = _time(press, group.acknowledged_at)
    words = gettext("Already acknowledged by {who} at {time}.")
    return words.format(who=group.acknowledged_by, time=at)


def _did(press: Press, already: str, kind: str, otherwise: str) -> str:
    last = last_of(press.group, kind)
    if last is None or not last.actor_name:
        return otherwise
    return already.format(who=last.actor_name, time=_time(press, last.at))


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


def _wider(press: Press, silence: Silence) -> list[str]:
    """That it holds for more than what the message tells of: whoever pressed meant this alert."""
    rows = GroupMember.objects.for_organization(press.row.organization_id)
    own = rows.filter(group=press.group, alert__status=Status.FIRING).count()
    count = alert_counts([silence])[silence.pk]
    if count <= max(own, 1):
        return []
    words = ngettext(
        "It holds for {count} alert that fires now: for all with the same labels.",
        "It holds for {count} alerts that fire now: for all with the same labels.",
        count,
    )
    return [words.format(count=grouped(count))]


def _time(press: Press, moment: datetime) -> str:
    return Times(press.context.zone, press.context.now).show(moment)
