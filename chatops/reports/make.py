"""A report is made of stored groups and put into the outbox."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from alerts.models import AlertGroup, TimelineEvent
from chatops.context import Context
from chatops.replies import send_document
from chatops.reports.document import Line, as_csv
from chatops.reports.periods import Period, shown
from chatops.reports.summary import summary
from chatops.responding.acting import Done
from chatops.responding.reach import groups_here
from chatops.responding.wanted_groups import filtered

ROWS_MAX = 10_000


def send_report(context: Context, about: str, period: Period) -> Done:
    """The file with its summary, in the update's chat. Raises NotUnderstood."""
    lines, total = context.look("report", lambda: _read(context, about, period))
    words = summary(lines, period, context.zone, about, total)
    if lines:
        first = period.start.astimezone(context.zone)
        name = f"alerts-{first:%Y-%m-%d}.csv"
        content = as_csv(lines, context.zone)
        send_document(context, name, content, "text/csv", shown(period, context.zone))
    return Done(f"reported {total}", words)


def _read(context: Context, about: str, period: Period) -> tuple[list[Line], int]:
    groups = groups_here(context).filter(opened_at__gte=period.start, opened_at__lt=period.end)
    groups = filtered(groups, about, context.user)
    return _lines(groups), groups.count()


def _lines(groups: QuerySet[AlertGroup]) -> list[Line]:
    rows = list(
        groups.order_by("opened_at", "pk")
        .annotate(alert_count=Count("members"))[:ROWS_MAX]
        .values_list("pk", "title", "severity", "alert_count", "opened_at", "closed_at")
    )
    wanted = groups.order_by().values("pk")
    acknowledged = TimelineEvent.objects.filter(
        group__in=wanted, kind=TimelineEvent.Kind.ACKNOWLEDGED
    )
    told: dict[UUID, tuple[datetime, str]] = {}
    for pk, at, name in acknowledged.order_by("id").values_list("group", "at", "actor_name"):
        told.setdefault(pk, (at, name))
    return [
        Line(title, severity, count, opened, closed, *told.get(pk, (None, "")))
        for pk, title, severity, count, opened, closed in rows
    ]
