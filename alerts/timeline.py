"""A group's history as people read it."""

from alerts.models import AlertGroup, TimelineEvent
from alerts.rendering.pages import Entry

Kind = TimelineEvent.Kind


def told(event: TimelineEvent) -> tuple[list[tuple[str, str, str]], int]:
    """Which alerts a line of the timeline is about, [(ID, name, change of severity), …], and how
    many more. Many of one name are named once, with their number."""
    severities = event.data.get("severities")
    named = []
    for number, (pk, name) in enumerate(event.data.get("alerts", [])):
        before, after = severities[number] if severities else ("", "")
        change = f"{before or 'unknown'} → {after or 'unknown'}" if severities else ""
        named.append((pk, name, change))
    count = event.data.get("count", len(named))
    if len(named) > 1 and len({one[1:] for one in named}) == 1 and not severities:
        return [(*named[0][:2], f"× {count}")], 0
    return named, count - len(named)


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
    what = event.get_kind_display()
    if event.kind == Kind.ASSIGNED:
        what = f"{what} to {event.data.get('to') or 'nobody'}"
    return Entry(
        at=event.at,
        what=what,
        who=event.actor_name,
        way=event.get_way_display() if event.actor_name else "",
        about=[" ".join(filter(None, (name, change))) for _, name, change in alerts],
        more=max(more, 0),
        why=event.data.get("why", ""),
    )
