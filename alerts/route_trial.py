"""What would become of an alert with these labels: which routes take it and why, and what their
channels would show. Nothing is stored, and nothing is sent.

Routes are read as they are now; ingest goes by a table that is up to CACHED_FOR seconds older.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from accounts.models import Organization
from alerts import matchers
from alerts.group_views import channel_view, offer_of, policy_of
from alerts.grouping import group_key
from alerts.message_templates import cache as template_cache
from alerts.message_templates.changes import template_of
from alerts.message_templates.preview import labels_of
from alerts.models import Alert, Integration, Route, Status
from alerts.muting.decisions import Muting, mute_of
from alerts.muting.known import firing_sources
from alerts.muting.known import load as load_mutes
from alerts.rendering.actions import message_keyboard
from alerts.rendering.muted import mute_note
from alerts.rendering.view_model import AlertView, GroupView
from alerts.route_table import RouteTable, load
from alerts.routing import Destinations, RouteRule
from alerts.routing_reasons import Verdict, explain
from alerts.severity import Severity
from alerts.sound import Heard, decide
from alerts.sources.incoming import IncomingAlert, IncomingBatch, Link, LinkKind, Source
from alerts.templating.message import render_with
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel
from deliveries import clock
from languages.speaking import speaking

UNNAMED = "Test alert"
_NOWHERE = UUID(int=0)
"""No integration: routes that take only some integrations' alerts do not take it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a channel would get as a first message. `hindrance`: why it would get nothing now; ""
    otherwise. `plain_text`: the same without markup; `buttons`: what those below it say, in rows.
    """

    channel: NotificationChannel
    text: str
    parse_mode: ParseMode
    plain_text: str
    is_silent: bool
    hindrance: str
    buttons: list[list[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One route. `why`: a sentence. `group`: what its message would be called, and `group_labels`
    what its alerts have in common; `shown`: all of this is empty where it does not take the alert.
    """

    route: Route
    is_taken: bool
    why: str
    group: str = ""
    group_labels: Mapping[str, str] | None = None
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """All routes in the order in which they are tried."""

    labels: Mapping[str, str]
    severity: Severity | None
    steps: tuple[Step, ...]

    @property
    def is_lost(self) -> bool:
        """Whether no channel would show it."""
        return not any(shown for step in self.steps for shown in step.shown)


def try_labels(
    organization: Organization, labels: Mapping[str, str], integration: Integration | None = None
) -> Trial:
    """For an alert that begins to fire with these labels."""
    table = load(organization)
    name = labels.get("alertname") or UNNAMED
    alert = AlertView(
        alert_id="1",
        name=name,
        status="firing",
        severity=table.severities.severity_of(labels),
        labels=labels,
        starts_at=clock.now(),
        summary=labels.get("summary", ""),
    )
    return _try(organization, table, alert, integration)


def try_alert(alert: Alert) -> Trial:
    """For a stored alert as it stands; one that is over begins to fire now."""
    organization = alert.organization
    table = load(organization)
    view = AlertView(
        alert_id=str(alert.pk),
        name=alert.name,
        status="event" if alert.status == Status.EVENT else "firing",
        severity=table.severities.severity_of(alert.labels),
        fingerprint="" if alert.status == Status.EVENT else alert.fingerprint,
        labels=alert.labels,
        annotations=alert.annotations,
        starts_at=clock.now() if alert.status == Status.RESOLVED else alert.starts_at,
        value_text=alert.value_text,
        summary=alert.summary,
        description=alert.description,
        links=tuple(Link(LinkKind(kind), url, label) for kind, url, label in alert.links),
    )
    return _try(organization, table, view, alert.integration)


def _try(
    organization: Organization,
    table: RouteTable,
    alert: AlertView,
    integration: Integration | None,
) -> Trial:
    owner = integration.pk if integration else _NOWHERE
    verdicts = {one.rule.id: one for one in explain(table.rules, alert.labels, owner)}
    rows = Route.objects.for_organization(organization).prefetch_related(
        "channels__chat__bot",
        "channels__organization",
        "channels__template_choice__template",
        "choices__channel__chat__bot",
        "choices__channel__organization",
        "choices__channel__template_choice__template",
        "integrations",
        "template",
    )
    names = {route.pk: route.name for route in rows}
    quiet = _Quiet(organization, alert, owner, clock.now())
    steps = [
        _step(route, verdicts.get(route.pk), names, alert, integration, quiet) for route in rows
    ]
    return Trial(alert.labels, alert.severity, tuple(steps))


class _Quiet:
    """What would keep channels from being told of the alert."""

    def __init__(
        self, organization: Organization, alert: AlertView, owner: UUID, now: datetime
    ) -> None:
        self._alert, self._now = alert, now
        self._mutes = mutes = load_mutes(organization)
        sources = firing_sources([(mutes.rules, alert.labels)])
        found = mute_of(mutes.silences, mutes.rules, alert.labels, sources, now, owner)
        self._muted = {} if found is None else {alert.alert_id: found}

    def why(self, route: Route, zone: tzinfo) -> str:
        """A sentence; "" where nothing would."""
        is_timed = self._mutes.is_timed(route.pk, self._now)
        muting = Muting(self._muted, frozenset([self._alert.alert_id]), 1, is_timed)
        note = mute_note(muting, zone, self._now)
        return f"{note}." if note else ""


def _step(
    route: Route,
    verdict: Verdict | None,
    names: Mapping[UUID, str],
    alert: AlertView,
    integration: Integration | None,
    quiet: _Quiet,
) -> Step:
    if verdict is None:
        why = "It cannot be read." if route.enabled else "It is switched off."
        return Step(route, is_taken=False, why=why)
    why = _why(route, verdict, names, alert.labels)
    if not verdict.is_taken:
        return Step(route, is_taken=False, why=why)
    title, labels = _group(verdict.rule, alert, integration)
    now = clock.now()
    shown = [
        _shown(route, channel, alert, title, labels, integration, now, quiet)
        for channel in _destinations(route).of(labels)
    ]
    return Step(route, True, why + _choice(route, labels), title, labels, tuple(shown))


def _destinations(route: Route) -> Destinations[NotificationChannel]:
    own = sorted(route.channels.all(), key=lambda channel: (channel.name, channel.pk))
    chosen = {choice.value: choice.channel for choice in route.choices.all()}
    return Destinations(tuple(own), route.choose_by, chosen)


def _choice(route: Route, labels: Mapping[str, str]) -> str:
    """A further sentence; "" for a route that does not choose."""
    if not route.choose_by:
        return ""
    value = labels.get(route.choose_by, "")
    if not value:
        return f" Without the label {route.choose_by} the route's own channels are told."
    if value in _destinations(route).chosen:
        return f" {route.choose_by} “{value}” chooses the channel."
    return f" {route.choose_by} “{value}” chooses no channel: the route's own are told."


def _why(
    route: Route, verdict: Verdict, names: Mapping[UUID, str], labels: Mapping[str, str]
) -> str:
    match verdict.reason:
        case "integration":
            theirs = ", ".join(sorted(str(one) for one in route.integrations.all()))
            return f"It takes alerts of {theirs} alone."
        case "matcher":
            assert verdict.failed is not None  # that is the reason
            return _unmet(verdict.failed, labels)
        case "ended":
            assert verdict.ended_by is not None  # that is the reason
            return f"Not tried: “{names[verdict.ended_by]}” takes the alert and ends the search."
        case "default":
            return "No route above takes it."
        case "not_needed":
            return "Not needed: a route above takes it."
        case "taken":
            met = "Every matcher holds" if route.matchers else "It takes every alert"
            then = "; the routes below are tried too." if route.continue_matching else "."
            return met + then


def _unmet(matcher: matchers.Matcher, labels: Mapping[str, str]) -> str:
    if matcher.name not in labels:
        return f"{matcher} does not hold: the alert has no label {matcher.name}."
    return f"{matcher} does not hold: {matcher.name} is “{labels[matcher.name]}”."


def _group(
    rule: RouteRule, alert: AlertView, integration: Integration | None
) -> tuple[str, Mapping[str, str]]:
    """What a group of this alert alone would be called. The sender's own grouping is not known
    here: without `group_by` it is as if there were none."""
    incoming = IncomingAlert(alert.status, alert.fingerprint or "1", alert.name, alert.labels)
    batch = IncomingBatch(Source.ALERTMANAGER, (incoming,))
    key = group_key(
        rule,
        batch,
        incoming,
        integration_id=integration.pk if integration else _NOWHERE,
        event_id="",
        ignored_labels=frozenset(integration.ignored_labels) if integration else frozenset(),
    )
    return key.title, key.labels


def _shown(
    route: Route,
    channel: NotificationChannel,
    alert: AlertView,
    title: str,
    labels: Mapping[str, str],
    integration: Integration | None,
    now: datetime,
    quiet: _Quiet,
) -> Shown:
    group = GroupView(
        title=title,
        status=alert.status,
        alerts=(alert,),
        opened_at=now,
        group_labels=labels,
        integration=str(integration) if integration else "",
        organization=channel.organization.name,
    )
    view = channel_view(channel)
    template = template_of(route, channel)
    program = template_cache.usable(template) if template else None
    with speaking(view.language):
        rendered, _ = render_with(program, group, view)
        keyboard = message_keyboard(group, group, _NOWHERE, offer_of(channel))
    sound = decide(group, Heard(), policy_of(channel, route), now, view.zone)
    return Shown(
        channel,
        rendered.text,
        rendered.parse_mode,
        rendered.plain_text,
        sound.disable_notification,
        _hindrance(channel) or quiet.why(route, view.zone),
        labels_of(keyboard),
    )


def _hindrance(channel: NotificationChannel) -> str:
    if not channel.enabled:
        return f"The channel is off. {channel.disabled_reason}".strip()
    bot = channel.chat.bot
    return "" if bot.enabled else f"The bot {bot} is off. {bot.disabled_reason}".strip()
