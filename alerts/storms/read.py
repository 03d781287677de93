"""What a storm absorbed, read for its digest, its document, and for those who decide.

Each read is one query over all of the storm, whose cost grows with what is listed or counted, and
makes no objects.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from alerts.flapping import WHOLE
from alerts.group_flaps import flapping_in
from alerts.group_views import channel_view
from alerts.models import AlertGroup, Episode, GroupMember, GroupMessage, Status, Storm
from alerts.models.base import worst_first
from alerts.muting.decisions import Muting
from alerts.rendering import storm as rendering
from alerts.rendering.storm_document import Row
from alerts.rendering.view_model import AlertView
from alerts.severity import Severity
from alerts.sound import Facts, Told
from alerts.sources.incoming import AlertStatus
from alerts.storms.news import News, news_of
from alerts.storms.state import shown_from_json
from deliveries.models import SentMessage

__all__ = ["channel_view", "document_rows", "standings_of", "view_of"]

_MOST_NAMES = 5
_OVERTAKEN = Q(alert__status=Status.FIRING, group__is_open=False, alert__episode__gt=F("episode"))
"""Its alert fires again, but in another group: here it is over."""
_STATUS = Case(When(_OVERTAKEN, then=Value(Status.RESOLVED.value)), default=F("alert__status"))
_ACKNOWLEDGED = ExpressionWrapper(
    Q(group__acknowledged_at__isnull=False), output_field=BooleanField()
)
_STATUS_ORDER = Case(
    When(_OVERTAKEN, then=Value(2)),
    When(alert__status=Status.FIRING, then=Value(0)),
    When(alert__status=Status.EVENT, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def _members(storm: Storm) -> QuerySet[GroupMember]:
    return GroupMember.objects.for_organization(storm.organization_id).filter(
        group__messages__storm=storm
    )


def view_of(storm: Storm, *, closed_at: Any) -> rendering.StormView:
    """The storm as it is now, for its digest."""
    members = _members(storm)
    counts: dict[tuple[str, str], int] = {}
    acknowledged = 0
    rows = members.annotate(now=_STATUS, seen=_ACKNOWLEDGED).values_list(
        "alert__severity", "now", "seen"
    )
    for severity, status, is_seen, number in rows.annotate(number=Count("pk")).order_by():
        counts[severity, status] = counts.get((severity, status), 0) + number
        acknowledged += number if status == Status.FIRING and is_seen else 0
    firing = Count("pk", filter=Q(alert__status=Status.FIRING))
    names = members.values_list("alert__name").annotate(firing=firing, number=Count("pk"))
    most = names.order_by("-firing", "-number", "alert__name")[:_MOST_NAMES]
    truncated = AlertGroup.objects.for_organization(storm.organization_id).filter(
        messages__storm=storm, truncated_alerts__gt=0
    )
    return rendering.StormView(
        reason=cast("Any", storm.reason),
        opened_at=storm.opened_at,
        closed_at=closed_at,
        counts=[
            rendering.Count(
                Severity(severity) if severity else None, cast("AlertStatus", s), number
            )
            for (severity, s), number in counts.items()
        ],
        acknowledged=acknowledged,
        names=[(name, number) for name, _, number in most],
        names_in_all=members.aggregate(found=Count("alert__name", distinct=True))["found"],
        worst=[_alert(row) for row in _worst(members)],
        truncated=sum(truncated.values_list("truncated_alerts", flat=True)),
        parted=storm.parted,
        elsewhere=_elsewhere(storm),
    )


def _elsewhere(storm: Storm) -> int:
    """Alerts that fire in groups whose messages left with the digest, or wait as it did."""
    if storm.reason != Storm.Reason.OUTAGE:
        return 0
    if storm.closed_at is not None:
        return shown_from_json(storm.shown).left
    is_late = Q(group__messages__message__state=SentMessage.State.EXPECTED) | Q(
        group__messages__message__sent_at__gte=storm.opened_at
    )
    return (
        GroupMember.objects.for_organization(storm.organization_id)
        .filter(
            is_late,
            group__is_open=True,
            group__opened_at__lt=storm.opened_at,
            group__messages__channel=storm.channel_id,
            alert__status=Status.FIRING,
        )
        .count()
    )


_LISTED = (
    "alert_id",
    "alert__name",
    "now",
    "alert__severity",
    "alert__labels",
    "alert__starts_at",
    "alert__ends_at",
    "alert__episode",
    "episode",
)


def _worst(members: QuerySet[GroupMember]) -> list[dict[str, Any]]:
    rows = members.annotate(now=_STATUS, first=_STATUS_ORDER, then=worst_first("alert__severity"))
    rows = rows.order_by("first", "then", "-alert__starts_at", "alert__name", "alert_id")
    found = [
        dict(zip(_LISTED, values, strict=True))
        for values in rows.values_list(*_LISTED)[: rendering.LISTED_MAX]
    ]
    _recall(found)
    return found


def _recall(rows: Collection[dict[str, Any]]) -> None:
    """Put back the times of an episode that a later one has overwritten since."""
    since = {
        (row["alert_id"], row["episode"]): row
        for row in rows
        if row["now"] == Status.RESOLVED and row["alert__episode"] > row["episode"]
    }
    if not since:
        return
    episodes = Episode.objects.filter(alert__in={alert_id for alert_id, _ in since})
    for alert_id, number, starts_at, ends_at in episodes.values_list(
        "alert_id", "number", "starts_at", "ends_at"
    ):
        if row := since.get((alert_id, number)):
            row |= {"alert__starts_at": starts_at, "alert__ends_at": ends_at}


def _alert(row: dict[str, Any]) -> AlertView:
    severity = row["alert__severity"]
    return AlertView(
        alert_id=str(row["alert_id"]),
        name=row["alert__name"],
        status=row["now"],
        severity=Severity(severity) if severity else None,
        labels=row["alert__labels"],
        starts_at=row["alert__starts_at"],
        ends_at=row["alert__ends_at"],
    )


_TOLD = (*_LISTED, "alert__summary", "alert__description", "group__acknowledged_at")


def document_rows(storm: Storm) -> Iterator[Row]:
    """Every alert of every absorbed group, in any order."""
    rows = [
        dict(zip(_TOLD, values, strict=True))
        for values in _members(storm).annotate(now=_STATUS).values_list(*_TOLD)
    ]
    _recall(rows)
    for row in rows:
        yield Row(
            severity=row["alert__severity"],
            status=row["now"],
            name=row["alert__name"],
            labels=row["alert__labels"],
            starts_at=row["alert__starts_at"],
            ends_at=row["alert__ends_at"],
            summary=row["alert__summary"] or row["alert__description"],
            acknowledged=row["group__acknowledged_at"] is not None,
        )


# --- how groups stand ----------------------------------------------------------------------------


@dataclass(slots=True)
class Stands:
    """A group as its channel would be told: what is known of each alert by its ID, and names.
    `flapping`: IDs of alerts, and WHOLE. `muting`: what of it is muted, which is not told."""

    flapping: Collection[str]
    muting: Muting | None = None
    facts: dict[str, Told] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def churns(self) -> bool:
        """Whether it flaps though none of its alerts does."""
        return set(self.flapping) == {WHOLE}

    def news(self, told: Facts | None, *, churning: bool) -> News:
        """What is news to a channel that was told so much. `churning`: it knows that it flaps as a
        whole."""
        news = news_of(told, self.facts, churning=churning and self.churns)
        still_burns = self.muting is not None and bool(self.muting.burning)
        return news._replace(is_over=False) if still_burns else news


def standings_of(
    groups: Collection[AlertGroup], now: datetime, mutings: Mapping[UUID, Muting]
) -> dict[UUID, Stands]:
    """Of these groups, in one query. `mutings`: by group ID."""
    found = {
        group.pk: Stands(flapping_in(group, now).keys(), mutings.get(group.pk)) for group in groups
    }
    if not found:
        return found
    rows = GroupMember.objects.filter(group__in=found).annotate(now=_STATUS)
    for group_id, alert_id, status, severity, current, episode, name in rows.values_list(
        "group_id",
        "alert_id",
        "now",
        "alert__severity",
        "alert__episode",
        "episode",
        "alert__name",
    ):
        stands = found[group_id]
        if stands.muting is not None and stands.muting.keeps_quiet(str(alert_id)):
            continue
        is_overtaken = status == Status.RESOLVED and current > episode
        flaps = str(alert_id) in stands.flapping
        told = Told(status, severity, episode if is_overtaken else current, flapping=flaps)
        stands.facts[str(alert_id)] = told
        stands.names[str(alert_id)] = name
    return found


def absorbed_messages(storm: Storm) -> QuerySet[GroupMessage]:
    """The groups that the storm tells of."""
    return GroupMessage.objects.for_organization(storm.organization_id).filter(storm=storm)
