"""A group's history as people read it."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.group_state import quiet_words
from alerts.models import AlertGroup, TimelineEvent
from alerts.rendering.headline import severity_word
from alerts.rendering.pages import Entry
from alerts.rendering.times import duration
from alerts.severity import Severity
from languages.speaking import gettext, pgettext

Kind = TimelineEvent.Kind


def told(event: TimelineEvent) -> tuple[list[tuple[str, str, str]], int]:
    """Which alerts a line of the timeline is about, [(ID, name, change of severity), …], and how
    many more. Many of one name are named once, with their number."""
    severities = event.data.get("severities")
    named = []
    for number, (pk, name) in enumerate(event.data.get("alerts", [])):
        before, after = severities[number] if severities else ("", "")
        change = f"{_severity(before)} → {_severity(after)}" if severities else ""
        named.append((pk, name, change))
    count = event.data.get("count", len(named))
    if len(named) > 1 and len({one[1:] for one in named}) == 1 and not severities:
        return [(*named[0][:2], f"× {count}")], 0
    return named, count - len(named)


def _severity(stored: str) -> str:
    return severity_word(Severity(stored) if stored else None) or pgettext("severity", "unknown")


def entries_of(group: AlertGroup, most: int) -> list[Entry]:
    """Its newest lines, newest first."""
    events = TimelineEvent.objects.for_organization(group.organization_id).filter(group=group)
    return [_entry(event) for event in events.order_by("-id")[:most]]


def last_of(group: AlertGroup, *kinds: str) -> TimelineEvent | None:
    """When one of these last happened to it."""
    events = TimelineEvent.objects.for_organization(group.organization_id)
    return events.filter(group=group, kind__in=kinds).order_by("-id").first()


def _entry(event: TimelineEvent) -> Entry:
    alerts, more = told(event)
    what = gettext(event.get_kind_display())
    if event.kind == Kind.ASSIGNED:
        what = gettext("Assigned to {name}")
        what = what.format(name=event.data.get("to") or pgettext("person", "nobody"))
    return Entry(
        at=event.at,
        what=what,
        who=event.actor_name,
        way=gettext(event.get_way_display()) if event.actor_name else "",
        about=[" ".join(filter(None, (name, change))) for _, name, change in alerts],
        more=max(more, 0),
        why=_why(event),
    )


def _why(event: TimelineEvent) -> str:
    """What people wrote as it is, what we did in the language that is spoken."""
    why = str(event.data.get("why", ""))
    if not why or event.kind in (Kind.COMMENT, Kind.SILENCED, Kind.ACTION):
        return why
    if event.kind == Kind.ESCALATED and "minutes" in event.data:
        return escalated(event.data["minutes"], event.data.get("channels", []))
    if event.kind == Kind.FLAPPING and "times" in event.data:
        return quiet_words(event.data["times"])
    return gettext(why)


def escalated(minutes: int, channels: Sequence[str]) -> str:
    """Why it was escalated, and to whom."""
    names = ", ".join(channels) or gettext("nobody: its channels are gone")
    told = gettext("after {length} unacknowledged, to {names}")
    return told.format(length=duration(timedelta(minutes=minutes)), names=names)
