"""Stored groups as rendering and sound see them, in a fixed number of queries."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, cast
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone

from accounts.models import Organization
from alerts import own_buttons
from alerts.escalations import rules as escalating
from alerts.flapping import WHOLE, Flapping
from alerts.group_flaps import flapping_in
from alerts.models import AlertGroup, Ended, Episode, GroupMember, Route, Status
from alerts.muting.decisions import Mute, Muting
from alerts.rendering.actions import Menu, Offer
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.rendering.words import isolate, one_line, shorten_end
from alerts.severity import Severity
from alerts.sound import Policy
from alerts.sources.incoming import AlertStatus, Link, LinkKind
from botapi.markup import ParseMode
from channels_app.channel_language import language_of
from channels_app.models import Bot, NotificationChannel
from channels_app.offered import length_of

_FIELDS = (
    "group_id",
    "alert_id",
    "alert__name",
    "alert__status",
    "alert__severity",
    "alert__fingerprint",
    "alert__labels",
    "alert__annotations",
    "alert__starts_at",
    "alert__ends_at",
    "alert__ended_by",
    "alert__ended_name",
    "alert__value_text",
    "alert__summary",
    "alert__description",
    "alert__links",
    "alert__image_url",
    "alert__episode",
    "alert__content_hash",
    "episode",
    "alert__integration__name",
)
_DECIDING = ("alert__status", "alert__severity", "alert__episode", "alert__content_hash")
_ENDED = ("severity", "starts_at", "ends_at")


_PERSON_MAX = 64
_ENDED_BY: Mapping[str, Literal["person", "unknown"]] = {
    Ended.PERSON: "person",
    Ended.UNKNOWN: "unknown",
}
Row: TypeAlias = dict[str, Any]
"""Of a member and its alert: the names of _FIELDS."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A group as it is now. `document`: a digest of all that its document would tell."""

    view: GroupView
    document: str
    image_url: str


def views_of(
    groups: Collection[AlertGroup],
    now: datetime | None = None,
    mutings: Mapping[UUID, Muting] | None = None,
) -> dict[UUID, Seen]:
    """One query for all members of these groups; each has its organization loaded. One more where
    alerts of a closed group fired again in another: there they stand as they ended. What flapped
    until `now` is calm. `mutings`: by group ID what is muted, see alerts/muting/known.py."""
    now = now or timezone.now()
    members: dict[UUID, list[Row]] = {group.pk: [] for group in groups}
    closed = {group.pk for group in groups if not group.is_open and group.status != Status.EVENT}
    rows = GroupMember.objects.filter(group__in=members).order_by("alert_id")
    for values in rows.values_list(*_FIELDS):
        members[values[0]].append(dict(zip(_FIELDS, values, strict=True)))
    _recall([row for group_id in closed for row in members[group_id]])
    muted = mutings or {}
    return {group.pk: _seen(group, members[group.pk], now, muted.get(group.pk)) for group in groups}


def _recall(rows: Sequence[Row]) -> None:
    """Put back what a later episode has overwritten since."""
    since = {(r["alert_id"], r["episode"]): r for r in rows if r["alert__episode"] > r["episode"]}
    if not since:
        return
    episodes = Episode.objects.filter(alert__in={alert_id for alert_id, _ in since})
    for alert_id, number, *ended in episodes.values_list("alert_id", "number", *_ENDED):
        if row := since.get((alert_id, number)):
            row |= {f"alert__{name}": value for name, value in zip(_ENDED, ended, strict=True)}
            row |= {"alert__status": Status.RESOLVED.value, "alert__episode": number}
            row["alert__ended_by"] = ""  # that is the later one's


def _seen(group: AlertGroup, rows: Sequence[Row], now: datetime, muting: Muting | None) -> Seen:
    flaps = flapping_in(group, now)
    mutes = muting.mutes if muting else {}
    alerts = tuple(_alert(row, flaps.get(pk), mutes.get(pk)) for row in rows if (pk := _id(row)))
    names = {row["alert__integration__name"] for row in rows}
    view = GroupView(
        title=group.title,
        status=cast("AlertStatus", group.status),
        alerts=alerts,
        opened_at=group.opened_at,
        closed_at=group.closed_at if group.status == "resolved" else None,
        group_labels=group.labels,
        acknowledged_by=group.acknowledged_by if group.acknowledged_at else "",
        acknowledged_at=group.acknowledged_at,
        assigned_to=group.assigned_name,
        escalated_after=escalating.from_json(None, group.escalation).after,
        integration=names.pop() if len(names) == 1 else "",
        organization=group.organization.name,
        external_url=group.external_url,
        console_url=console_url(group),
        truncated=group.truncated_alerts,
        flapping=flaps.get(WHOLE),
    )
    facts = [[_id(row), *(row[name] for name in _DECIDING)] for row in rows]
    about = [group.title, group.truncated_alerts, str(group.acknowledged_at), facts]
    about += [sorted((pk, mute.how) for pk, mute in mutes.items())] if mutes else []
    if group.assigned_name:
        about.append(group.assigned_name)
    document = hashlib.blake2b(json.dumps(about).encode(), digest_size=16).hexdigest()
    return Seen(view, document, _image_url(alerts))


def _id(row: Row) -> str:
    return str(row["alert_id"])


def _alert(values: Row, flaps: Flapping | None, mute: Mute | None) -> AlertView:
    severity = values["alert__severity"]
    is_event = values["alert__status"] == "event"
    return AlertView(
        alert_id=str(values["alert_id"]),
        name=values["alert__name"],
        status=values["alert__status"],
        severity=Severity(severity) if severity else None,
        fingerprint="" if is_event else values["alert__fingerprint"],
        labels=values["alert__labels"],
        annotations=values["alert__annotations"],
        starts_at=values["alert__starts_at"],
        ends_at=values["alert__ends_at"],
        ended_by=_ENDED_BY.get(values["alert__ended_by"], ""),
        ended_name=isolate(shorten_end(one_line(values["alert__ended_name"]), _PERSON_MAX)),
        value_text=values["alert__value_text"],
        summary=values["alert__summary"],
        description=values["alert__description"],
        links=tuple(
            Link(LinkKind(kind), url, label) for kind, url, label in values["alert__links"]
        ),
        image_url=values["alert__image_url"],
        episode=values["alert__episode"],
        flapping=flaps,
        muted=mute.how if mute else "",
    )


def _image_url(alerts: Sequence[AlertView]) -> str:
    """Of the worst alert that burns and brought a picture; "" when none did."""
    pictured = [
        alert
        for alert in alerts
        if alert.image_url and alert.status != "resolved" and not alert.muted
    ]
    pictured.sort(
        key=lambda alert: (-(alert.severity.rank if alert.severity else 0), alert.alert_id)
    )
    return pictured[0].image_url if pictured else ""


def channel_view(channel: NotificationChannel) -> ChannelView:
    """The channel's organization is loaded."""
    return ChannelView(
        parse_mode=cast("Any", channel.parse_mode),
        zone=zone_of(channel),
        link_previews=channel.link_previews,
        language=language_of(channel),
    )


def organization_view(organization: Organization, parse_mode: ParseMode) -> ChannelView:
    """As a channel that has no wishes of its own shows it: for previews."""
    return ChannelView(
        parse_mode, first_zone(organization.timezone), language=organization.language
    )


def offer_of(channel: NotificationChannel, menu: str = Menu.MAIN) -> Offer | None:
    """The buttons under its messages, None for none; its bot is loaded. `menu`: the one that is
    open."""
    is_deaf = channel.chat.bot.updates == Bot.Updates.NONE
    if is_deaf or channel.actions == NotificationChannel.Actions.NOBODY:
        return None
    own = own_buttons.in_menu_of(channel) if menu == Menu.MORE else ()
    return Offer(tuple(filter(length_of, channel.silence_durations)), own)


def console_url(group: AlertGroup) -> str:
    """Its page."""
    return f"{settings.SITE_URL}/alerts/alertgroup/{group.pk}/"


def zone_of(channel: NotificationChannel) -> ZoneInfo:
    """The channel's zone, else its organization's, else UTC."""
    return first_zone(channel.timezone, channel.organization.timezone)


def first_zone(*names: str) -> ZoneInfo:
    """The first of these that there is, else UTC."""
    for name in names:
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue  # a name that this machine's tzdata doesn't know, or a folder of it
    return ZoneInfo("UTC")


def policy_of(
    channel: NotificationChannel, route: Route | None = None, *, escalated: bool = False
) -> Policy:
    """Its wishes about sound, and its route's. A route does not silence what escalated there."""
    sound = (route.sound if route is not None else None) or {}
    if escalated:
        sound = {severity: how for severity, how in sound.items() if how == "ring"}
    return Policy(
        silent=cast("Any", channel.silent),
        below=Severity(channel.silent_below),
        renotify_interval=timedelta(seconds=channel.renotify_interval),
        by_severity=sound,
    )
