"""Claimed GroupMessages, read with all that decides what is said, and the plan of what to say.

Rows of one run share few channels, chats, bots, routes and organizations: those are read once each,
instead of once more with every row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from accounts.models import Organization
from accounts.statements import EVERY, Reads, columns, instances, one_of, query
from alerts.escalations.rules import is_climbing
from alerts.group_views import (
    Seen,
    channel_view,
    offer_of,
    policy_of,
    views_of,
)
from alerts.message_templates import cache as template_cache
from alerts.models import AlertGroup, GroupMessage, MessageTemplate, Route, RouteChoice
from alerts.muting.decisions import Muting
from alerts.muting.known import muting_in
from alerts.publish_hold import is_held, is_repeated
from alerts.publish_plan import Plan, Situation, make_plan
from alerts.rendering.muted import mute_note
from alerts.routing import Destinations
from alerts.shown import from_json, knows_of_churn, muted_known, rings_told
from alerts.sound import Heard, Policy
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import outbox
from deliveries.messages import channel_params
from deliveries.models import Attachment, SentMessage, Stream
from languages.speaking import speaking

_GONE = SentMessage.State.FORGOTTEN


@dataclass(slots=True)
class Ready:
    """A claimed GroupMessage with its plan. `template`: the one it is told by, if any; `picture`:
    bytes and media type, when it is new."""

    row: GroupMessage
    seen: Seen
    situation: Situation
    plan: Plan
    template: MessageTemplate | None = None
    picture: tuple[bytes, str] | None = None

    @property
    def wants_picture(self) -> bool:
        """Whether there is one that its channel does not show yet."""
        url = self.seen.image_url
        return bool(url) and (self.situation.is_gone or url != self.situation.shown.image)

    def show(self, picture: tuple[bytes, str]) -> None:
        """Plan anew, with the picture that it wants."""
        self.picture = picture
        self.plan_anew(picture=self.seen.image_url, attachment_id=Attachment().pk)

    def plan_anew(self, **changes: Any) -> None:
        """Plan for a situation that changed so."""
        self.situation = replace(self.situation, **changes)
        self.plan = make_plan(self.situation)


Templates: TypeAlias = Mapping[UUID, MessageTemplate]
"""Of routes and channels that have one, by their IDs."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Claimed rows as they came. `usable`: their channel can be told now; `unusable`: the IDs of
    the others; `held`: those that can, but are told nothing, see alerts/publish_hold.py. `routed`:
    by route its channels as they are now. `mutings`: by group what of it is muted.
    `templates`: by route and by channel."""

    usable: list[GroupMessage]
    unusable: list[UUID]
    routed: Mapping[UUID, Destinations[UUID]]
    held: list[GroupMessage]
    mutings: Mapping[UUID, Muting]
    templates: Templates

    def is_routed(self, row: GroupMessage) -> bool:
        """Whether its channel is told of its group: by the route, or since it escalated."""
        return _is_routed(row, self.routed)


def load(ids: Collection[UUID], now: datetime) -> Loaded:
    """These rows, with all that decides how their channels are told."""
    rows, routed, templates = _load(ids)
    usable = [row for row in rows if _is_usable(row.channel)]
    unusable = [row.pk for row in rows if not _is_usable(row.channel)]
    mutings = muting_in({row.group_id: row.group for row in usable}.values(), now)
    held = [
        row
        for row in usable
        if _is_routed(row, routed) and is_held(row, mutings.get(row.group_id), is_told=is_told(row))
    ]
    kept = {row.pk for row in held}
    told = [row for row in usable if row.pk not in kept]
    return Loaded(told, unusable, routed, held, mutings, templates)


def prepare(usable: Sequence[GroupMessage], loaded: Loaded, now: datetime) -> list[Ready]:
    """What to say of each, in the same order."""
    if not usable:
        return []
    groups = {row.group_id: row.group for row in usable}
    seen = views_of(groups.values(), now, loaded.mutings)
    waiting = unsent_of(usable)
    ready = []
    for row in usable:
        situation = _situation(
            row,
            seen[row.group_id],
            now,
            policy=_policy(row, is_own=_is_own(row, loaded.routed)),
            is_routed=loaded.is_routed(row),
            unsent=waiting.get(row.pk),
            muting=loaded.mutings.get(row.group_id),
        )
        template = loaded.templates.get(row.group.route_id) or loaded.templates.get(row.channel_id)
        if template is not None:
            situation = replace(situation, template=template_cache.usable(template))
        ready.append(Ready(row, seen[row.group_id], situation, make_plan(situation), template))
    return ready


def unsent_of(rows: Iterable[GroupMessage], *, hold: bool = False) -> dict[UUID, bool]:
    """`outbox.unsent` by GroupMessage."""
    expected = {
        row.message_id: row.pk
        for row in rows
        if row.message_id and row.message and row.message.state == SentMessage.State.EXPECTED
    }
    return {expected[pk]: maybe for pk, maybe in outbox.unsent(expected, hold=hold).items()}


def _load(
    ids: Collection[UUID],
) -> tuple[list[GroupMessage], dict[UUID, Destinations[UUID]], Templates]:
    """The rows as they came, so that they leave in that order; the channels of their routes as
    they are now; and the templates that routes and channels have. What is deleted meanwhile takes
    its rows with it."""
    rows = [
        _row(*found) for found in _read(_ROWS, _ROWS_FROM, "entry.id", ids, " ORDER BY entry.id")
    ]
    channels: dict[UUID, NotificationChannel] = {}
    used = {row.channel_id for row in rows}
    templates: dict[UUID, MessageTemplate] = {}
    for channel, organization, chat, bot, template in _read(
        _CHANNELS, _CHANNELS_FROM, "channel.id", used
    ):
        chat.bot, channel.chat, channel.organization = bot, chat, organization
        channels[channel.pk] = channel
        if template is not None:
            templates[channel.pk] = template
    rows = [row for row in rows if row.channel_id in channels]
    for row in rows:
        row.channel = channels[row.channel_id]
        row.group.organization = row.channel.organization
    routes: dict[UUID, Route] = {}
    own: dict[UUID, list[UUID]] = {}
    # A channel of the route a row; without channels, one row that has none.
    of_rows = {row.group.route_id for row in rows}
    for route, to, template in _read(_ROUTES, _ROUTES_FROM, "route.id", of_rows):
        routes[route.pk] = route
        to_ = own.setdefault(route.pk, [])
        if template is not None:
            templates[route.pk] = template
        if to is not None:
            to_.append(to.notificationchannel_id)
    rows = [row for row in rows if row.group.route_id in routes]
    for row in rows:
        row.group.route = routes[row.group.route_id]
    _share_streams(rows)
    return rows, _destinations(routes.values(), own), templates


def _destinations(
    routes: Iterable[Route], own: Mapping[UUID, Sequence[UUID]]
) -> dict[UUID, Destinations[UUID]]:
    """By route. One more query where a label chooses."""
    chosen: dict[UUID, dict[str, UUID]] = {}
    if choosing := [route.pk for route in routes if route.choose_by]:
        choices = RouteChoice.objects.filter(route__in=choosing)
        for route_id, value, channel_id in choices.values_list("route_id", "value", "channel_id"):
            chosen.setdefault(route_id, {})[value] = channel_id
    return {
        route.pk: Destinations(tuple(own[route.pk]), route.choose_by, chosen.get(route.pk, {}))
        for route in routes
    }


_TEMPLATE = "id organization_id parse_mode updated_at"
"""Its body is read when it is new to this process, see alerts/message_templates/cache.py."""
_ROWS: Reads = (
    ("entry", GroupMessage, EVERY),
    ("grp", AlertGroup, EVERY),
    ("stream", Stream, EVERY),
    ("message", SentMessage, EVERY),
    ("document", SentMessage, EVERY),
)
_ROWS_FROM = """alerts_groupmessage entry
 JOIN alerts_alertgroup grp ON grp.id = entry.group_id
 JOIN deliveries_stream stream ON stream.id = entry.stream_id
 LEFT JOIN deliveries_sentmessage message ON message.id = entry.message_id
 LEFT JOIN deliveries_sentmessage document ON document.id = entry.document_id"""
_CHANNELS: Reads = (
    ("channel", NotificationChannel, EVERY),
    ("organization", Organization, EVERY),
    ("chat", Chat, EVERY),
    ("bot", Bot, EVERY),
    ("template", MessageTemplate, _TEMPLATE),
)
_CHANNELS_FROM = """channels_app_notificationchannel channel
 JOIN accounts_organization organization ON organization.id = channel.organization_id
 JOIN channels_app_chat chat ON chat.id = channel.chat_id
 JOIN channels_app_bot bot ON bot.id = chat.bot_id
 LEFT JOIN alerts_channeltemplate choice ON choice.channel_id = channel.id
 LEFT JOIN alerts_messagetemplate template ON template.id = choice.template_id"""
_TO = Route.channels.through
_ROUTES: Reads = (
    ("route", Route, EVERY),
    ("to_", _TO, EVERY),
    ("template", MessageTemplate, _TEMPLATE),
)
_ROUTES_FROM = f"""alerts_route route
 LEFT JOIN {_TO._meta.db_table} to_ ON to_.route_id = route.id
 LEFT JOIN alerts_messagetemplate template ON template.id = route.template_id"""


def _read(
    reads: Reads, tables: str, key: str, ids: Collection[UUID], end: str = ""
) -> list[list[Any]]:
    """Rows of joined tables as instances. Without the ORM, which takes as long to put such a query
    together as the database takes to answer it."""
    if not ids:
        return []
    condition, value = one_of(key, ids)
    sql = f"SELECT {columns(reads)} FROM {tables} WHERE {condition}{end}"  # noqa: S608  # names come from the models
    return [instances(reads, found) for found in query(sql, [value])]


def _row(
    row: GroupMessage,
    group: AlertGroup,
    stream: Stream,
    message: SentMessage | None,
    document: SentMessage | None,
) -> GroupMessage:
    row.group, row.stream, row.message, row.document = group, stream, message, document
    return row


def _share_streams(rows: Sequence[GroupMessage]) -> None:
    """Set the stream of each row's messages, and the chat of each stream. A stream's chat is the
    channel's, and its messages' stream the row's, until a channel is pointed elsewhere."""
    messages = [m for row in rows for m in (row.message, row.document) if m is not None]
    streams = {row.stream_id: row.stream for row in rows}
    streams |= Stream.objects.in_bulk({m.stream_id for m in messages} - streams.keys())
    chats = {row.channel.chat_id: row.channel.chat for row in rows}
    chats |= Chat.objects.in_bulk({stream.chat_id for stream in streams.values()} - chats.keys())
    for stream in streams.values():
        stream.chat = chats[stream.chat_id]
    for message in messages:
        message.stream = streams[message.stream_id]


def _is_routed(row: GroupMessage, routed: Mapping[UUID, Destinations[UUID]]) -> bool:
    return bool(row.escalation) or _is_own(row, routed)


def _is_own(row: GroupMessage, routed: Mapping[UUID, Destinations[UUID]]) -> bool:
    """Whether the route itself names the channel."""
    return row.channel_id in routed[row.group.route_id].of(row.group.labels)


def _policy(row: GroupMessage, *, is_own: bool) -> Policy:
    """Where the group's clock began anew, those of an escalation are shown what becomes of it, and
    rung once their step comes again."""
    group = row.group
    awaits = group.is_open and group.acknowledged_at is None and not is_climbing(group.escalation)
    if row.escalation and awaits and not is_own:
        return replace(policy_of(row.channel), silent="always")
    return policy_of(row.channel, group.route, escalated=bool(row.escalation))


def _is_usable(channel: NotificationChannel) -> bool:
    return channel.enabled and channel.chat.bot.enabled


def _situation(
    row: GroupMessage,
    seen: Seen,
    now: datetime,
    *,
    policy: Policy,
    is_routed: bool,
    unsent: bool | None,
    muting: Muting | None,
) -> Situation:
    shown, told = from_json(row.shown)
    channel = channel_view(row.channel)
    view = seen.view
    if muting is not None:
        with speaking(channel.language):
            note = mute_note(muting, channel.zone, view.opened_at)
        view = replace(view, silenced_note=note)
    return Situation(
        group_message_id=row.pk,
        group=view,
        document=seen.document,
        channel=channel,
        policy=policy,
        params=channel_params(row.channel),
        shown=shown,
        heard=Heard(
            None if is_only_in_digest(row) else told,
            row.sounded_at,
            churning=knows_of_churn(row.shown),
            muted=muted_known(row.shown),
        ),
        now=now,
        unsent=unsent,
        is_gone=row.message is None or row.message.state == _GONE or is_moved(row),
        is_document_gone=row.document is None or row.document.state == _GONE or is_moved(row),
        is_repeat=row.group.is_open and is_repeated(row, muting, now),
        is_routed=is_routed,
        was_routed=row.routed,
        rings=row.escalation,
        rang=rings_told(row.shown),
        offer=offer_of(row.channel, row.menu),
        menu=row.menu,
        muting=muting,
    )


def is_told(row: GroupMessage) -> bool:
    """Whether its channel shows something of the group, or is about to."""
    is_gone = row.message is None or row.message.state == _GONE or is_moved(row)
    return not is_gone or is_only_in_digest(row)


def is_only_in_digest(row: GroupMessage) -> bool:
    """Whether a storm's digest told of it, so that a message of its own is its first one."""
    return row.storm_id is not None and row.message_id is None


def is_moved(row: GroupMessage) -> bool:
    """Whether the channel was pointed to another chat since the group's messages were begun."""
    return row.stream.chat_id != row.channel.chat_id
