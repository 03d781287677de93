"""What a template is told: `GroupContext`, with a comment on each name. The guide lists the same.

Plain data: text, numbers, lists and mappings, times (aware) and durations. No clock: the same group
gives the same message.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast

from alerts.rendering.digest import Digest, digest
from alerts.rendering.headline import colour, name_of, names_of
from alerts.rendering.keyboard import kind_label, shared_links
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import one_line, shorten_end
from alerts.severity import Severity
from alerts.sources.incoming import Link, LinkKind


class LinkContext(TypedDict):
    """A link."""

    kind: str  # source, dashboard, panel, runbook, silence or other
    label: str  # such as "Runbook"
    url: str


class AlertContext(TypedDict):
    """One alert."""

    name: str  # on one line, never empty
    status: str  # firing, resolved or event
    emoji: str  # the colour of its severity, ✅ when resolved
    severity: str  # critical, high, warning or info; empty: not known
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    summary: str
    description: str
    value: str  # what was measured, as the sender wrote it
    where: str  # the label that says best where it is, such as its instance
    starts_at: datetime | None
    ends_at: datetime | None  # empty while it fires
    duration: timedelta | None  # from start to end; empty while it fires
    links: Sequence[LinkContext]
    source_url: str  # empty when there is none, as the next two
    dashboard_url: str
    runbook_url: str
    image_url: str
    fingerprint: str
    episode: int  # 1 for the first time that it fires
    is_flapping: bool


class CountsContext(TypedDict):
    """How many alerts."""

    total: int
    firing: int
    resolved: int
    events: int
    critical: int  # of those that fire, as the next four
    high: int
    warning: int
    info: int
    unknown: int
    hidden: int  # not in `alerts`, because there are too many for one message


class GroupContext(TypedDict):
    """A group: what a template begins with."""

    title: str  # as the group is called in the console
    status: str  # firing, resolved or event
    state: str  # FIRING or RESOLVED; empty for an event
    emoji: str  # the colour of the worst severity, ✅ when resolved
    severity: str  # the worst one of what fires: critical, high, warning or info; empty: not known
    name: str  # of the worst alert, with how many other names: InstanceDown +2
    where: str  # places of the leading alerts: web-1, web-2 +3
    alerts: Sequence[AlertContext]  # worst first
    firing: Sequence[AlertContext]  # those of `alerts` that fire, as the next two
    resolved: Sequence[AlertContext]
    events: Sequence[AlertContext]
    counts: CountsContext
    group_labels: Mapping[str, str]  # by which the route grouped
    common_labels: Mapping[str, str]  # with one value in all alerts
    common_annotations: Mapping[str, str]
    opened_at: datetime
    closed_at: datetime | None  # empty while it is open
    duration: timedelta | None  # from opened to closed; empty while it is open
    acknowledged_by: str  # empty: nobody has
    acknowledged_at: datetime | None
    silenced_note: str  # such as "Silenced until 14:00 by anna"; empty when it is not
    is_flapping: bool  # opens and closes too often
    truncated: int  # alerts that the sender left out and only counted
    links: Sequence[LinkContext]  # that hold for the whole group
    external_url: str  # the sender's own page
    console_url: str  # the group's page in Tocsin
    integration: str  # where the alerts came from
    organization: str


@dataclasses.dataclass(frozen=True, slots=True)
class Portion:
    """How much of a group a template is told: alerts, and characters of each of their texts."""

    alerts: int
    text: int


ALL = Portion(alerts=200, text=4_096)


class Record(dict[str, Any]):
    """A mapping whose names are known: another name is a mistake. `what` it is, for messages."""

    __slots__ = ("what",)

    def __init__(self, what: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.what = what


NAMES = frozenset(GroupContext.__annotations__)
_STATES = {"firing": "FIRING", "resolved": "RESOLVED", "event": ""}
_PLACES_MAX = 3


def context_of(group: GroupView, portion: Portion = ALL) -> GroupContext:
    """The group, its worst alerts first and no more of it than the portion says."""
    found = digest(group)
    told = found.alerts[: portion.alerts]
    alerts = [_alert(alert, found.where, portion) for alert in told]
    leading = found.leading
    severity = leading[0].severity if leading else None
    labels, annotations = (
        _shared([getattr(alert, name) for alert in found.alerts]) for name in _MAPPINGS
    )
    closed = group.closed_at
    return GroupContext(
        title=one_line(group.title),
        status=found.status,
        state=_STATES[found.status],
        emoji=colour(found.status, severity),
        severity=severity or "",
        name=names_of(leading) if leading else one_line(group.title),
        where=_places(leading, found.where),
        alerts=alerts,
        firing=[alert for alert in alerts if alert["status"] == "firing"],
        resolved=[alert for alert in alerts if alert["status"] == "resolved"],
        events=[alert for alert in alerts if alert["status"] == "event"],
        counts=_counts(found, len(alerts)),
        group_labels=_texts(group.group_labels, portion),
        common_labels=_texts(labels, portion),
        common_annotations=_texts(annotations, portion),
        opened_at=group.opened_at,
        closed_at=closed,
        duration=closed - group.opened_at if closed else None,
        acknowledged_by=group.acknowledged_by,
        acknowledged_at=group.acknowledged_at,
        silenced_note=group.silenced_note,
        is_flapping=group.flapping is not None,
        truncated=group.truncated,
        links=_links(shared_links(group)),
        external_url=group.external_url,
        console_url=group.console_url,
        integration=group.integration,
        organization=group.organization,
    )


_MAPPINGS = ("labels", "annotations")


def _alert(alert: AlertView, where: str, portion: Portion) -> AlertContext:
    ended = alert.ends_at if alert.status == "resolved" else None
    lasted = ended - alert.starts_at if ended and alert.starts_at else None
    urls = {link.kind: link.url for link in reversed(alert.links)}
    told = AlertContext(
        name=name_of(alert),
        status=alert.status,
        emoji=colour(alert.status, alert.severity),
        severity=alert.severity or "",
        labels=_texts(alert.labels, portion),
        annotations=_texts(alert.annotations, portion),
        summary=_text(alert.summary, portion),
        description=_text(alert.description, portion),
        value=_text(alert.value_text, portion),
        where=alert.labels.get(where, ""),
        starts_at=alert.starts_at,
        ends_at=ended,
        duration=lasted,
        links=_links(alert.links),
        source_url=urls.get(LinkKind.SOURCE, ""),
        dashboard_url=urls.get(LinkKind.DASHBOARD, ""),
        runbook_url=urls.get(LinkKind.RUNBOOK, ""),
        image_url=alert.image_url,
        fingerprint=alert.fingerprint,
        episode=alert.episode,
        is_flapping=alert.flapping is not None,
    )
    return cast("AlertContext", Record("an alert", told))


def _counts(found: Digest, told: int) -> CountsContext:
    statuses = Counter([alert.status for alert in found.alerts])
    firing = Counter([alert.severity for alert in found.alerts if alert.status == "firing"])
    counts = CountsContext(
        total=len(found.alerts),
        firing=statuses["firing"],
        resolved=statuses["resolved"],
        events=statuses["event"],
        critical=firing[Severity.CRITICAL],
        high=firing[Severity.HIGH],
        warning=firing[Severity.WARNING],
        info=firing[Severity.INFO],
        unknown=firing[None],
        hidden=len(found.alerts) - told,
    )
    return cast("CountsContext", Record("counts", counts))


def _links(links: Iterable[Link]) -> list[LinkContext]:
    return [
        cast("LinkContext", Record("a link", _link(link))) for link in links if link.url.strip()
    ]


def _link(link: Link) -> LinkContext:
    return LinkContext(kind=link.kind.value, label=kind_label(link), url=link.url)


def _places(alerts: Sequence[AlertView], where: str) -> str:
    places = list(
        dict.fromkeys([one_line(place) for alert in alerts if (place := alert.labels.get(where))])
    )
    more = len(places) - _PLACES_MAX
    told = ", ".join(places[:_PLACES_MAX])
    return f"{told} +{more}" if more > 0 else told


def _shared(mappings: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not mappings:
        return {}
    first, *others = mappings
    shared = set(first.items())
    for other in others:
        shared &= other.items()
        if not shared:
            break
    return {name: value for name, value in first.items() if (name, value) in shared}


def _texts(texts: Mapping[str, str], portion: Portion) -> dict[str, str]:
    return {name: _text(value, portion) for name, value in texts.items()}


def _text(text: str, portion: Portion) -> str:
    return text if len(text) <= portion.text else shorten_end(text, portion.text)
