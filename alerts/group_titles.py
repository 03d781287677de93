"""What the console calls groups that have no name of their own: by the words of their messages."""

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.db.models import Max

from accounts.models import Organization
from alerts.grouping import SEVERAL
from alerts.models import AlertGroup, GroupMember, Status
from alerts.rendering.digest import digest
from alerts.rendering.headline import names_of
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus

_TOLD = ("group_id", "alert__name", "alert__status", "alert__severity")


def entitle(organization: Organization | UUID, groups: Iterable[AlertGroup]) -> None:
    """Let these groups of the organization, where nothing names them, be titled as their first line
    says: "InstanceDown +2". In memory alone, and by one query for all of them, or none."""
    nameless = {group.pk: group for group in groups if group.title == SEVERAL}
    if not nameless:
        return
    alerts: dict[UUID, list[AlertView]] = {}
    members = GroupMember.objects.for_organization(organization).filter(group__in=nameless)
    rows = members.order_by().values_list(*_TOLD).annotate(Max("alert__starts_at"))
    for pk, name, status, severity, starts_at in rows:
        # An alert of a closed group has ended there, even if it fires in another by now.
        stands = status if nameless[pk].is_open else Status.RESOLVED.value
        view = AlertView(
            alert_id="",
            name=name,
            status=cast("AlertStatus", stands),
            severity=Severity(severity) if severity else None,
            starts_at=starts_at,
        )
        alerts.setdefault(pk, []).append(view)
    for pk, views in alerts.items():
        group = nameless[pk]
        seen = GroupView(
            group.title, cast("AlertStatus", group.status), tuple(views), group.opened_at
        )
        group.title = names_of(digest(seen).leading)
