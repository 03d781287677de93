"""Stored groups as people in Telegram see them now, with what is muted of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import cast
from uuid import UUID

from django.db.models import Count

from alerts.group_views import console_url, views_of
from alerts.models import AlertGroup, GroupMember
from alerts.muting.known import muting_in
from alerts.rendering.muted import listed, mute_note
from alerts.rendering.view_model import GroupView
from alerts.sources.incoming import AlertStatus

MEMBERS_MAX = 500
"""Of a group with more alerts only its title and their number are told: a person waits."""


def seen(groups: Sequence[AlertGroup], now: datetime, zone: tzinfo) -> dict[UUID, GroupView]:
    """As their messages tell it; each group has its organization loaded."""
    counts = GroupMember.objects.filter(group__in=groups).order_by().values_list("group")
    sizes = dict(counts.annotate(Count("pk")))
    few = [group for group in groups if sizes.get(group.pk, 0) <= MEMBERS_MAX]
    views = {group.pk: _outside(group, sizes[group.pk]) for group in groups if group not in few}
    mutings = muting_in(few, now)
    for group_id, found in views_of(few, now, mutings).items():
        view = found.view
        if muting := mutings.get(group_id):
            view = replace(view, silenced_note=mute_note(muting, zone, view.opened_at))
        views[group_id] = listed(view)
    return views


def _outside(group: AlertGroup, size: int) -> GroupView:
    return GroupView(
        title=group.title,
        status=cast("AlertStatus", group.status),
        alerts=(),
        opened_at=group.opened_at,
        closed_at=group.closed_at,
        acknowledged_by=group.acknowledged_by if group.acknowledged_at else "",
        acknowledged_at=group.acknowledged_at,
        assigned_to=group.assigned_name,
        organization=group.organization.name,
        console_url=console_url(group),
        truncated=size,
    )
