"""How each kind of thing is made, changed and removed: with the verbs that people use, too."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from accounts.audit import Actor
from accounts.models import Organization, OrganizationOwned
from accounts.organizations import OrganizationRefused, change_organization
from alerts import integrations, routes
from alerts.escalations import changes as escalations
from alerts.fallbacks import changes as fallbacks
from alerts.heartbeats import changes as heartbeats
from alerts.message_templates import changes as templates
from alerts.models import (
    EscalationPolicy,
    Fallback,
    Heartbeat,
    InhibitRule,
    Integration,
    MessageTemplate,
    MuteTiming,
    Route,
    Upstream,
)
from alerts.muting import inhibit_rules, mute_timings
from alerts.provisioning.items import (
    BOT,
    CHANNEL,
    DEFAULT_ROUTE,
    ESCALATION,
    FALLBACK,
    HEARTBEAT,
    INHIBIT_RULE,
    INTEGRATION,
    MUTE_TIMING,
    ORGANIZATION,
    ROUTE,
    TEMPLATE,
    UPSTREAM,
    Item,
    Secret,
)
from alerts.upstreams import changes as upstreams
from channels_app import bots, channels
from channels_app.models import Bot, NotificationChannel
from deliveries import probe
from deliveries.models import Probe


class Missing(ValueError):
    """A value is not given, or names nothing that there is. `field`: which one."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


REFUSALS: Final = (
    Missing,
    bots.BotRefused,
    channels.ChannelRefused,
    integrations.IntegrationRefused,
    mute_timings.MuteTimingRefused,
    inhibit_rules.InhibitRuleRefused,
    routes.RouteRefused,
    templates.TemplateRefused,
    escalations.EscalationRefused,
    heartbeats.HeartbeatRefused,
    upstreams.UpstreamRefused,
    fallbacks.FallbackRefused,
    OrganizationRefused,
)
"""All of them know their `field`."""


@dataclass(slots=True)
class Rows:
    """Whose things they are, and what there is by kind and name; `several`: names of more than
    one, which nobody can mean."""

    actor: Actor
    organization: Organization
    known: dict[tuple[str, str], Any] = field(default_factory=dict)
    several: set[tuple[str, str]] = field(default_factory=set)

    def load(self) -> None:
        """Everything that a file may refer to."""
        owner = self.organization
        self._add(BOT, bots.bots_usable_by(owner))
        self._add(CHANNEL, NotificationChannel.objects.for_organization(owner))
        self._add(INTEGRATION, Integration.objects.for_organization(owner))
        self._add(MUTE_TIMING, MuteTiming.objects.for_organization(owner))
        self._add(INHIBIT_RULE, InhibitRule.objects.for_organization(owner))
        self._add(TEMPLATE, MessageTemplate.objects.for_organization(owner))
        self._add(ESCALATION, EscalationPolicy.objects.for_organization(owner))
        self._add(HEARTBEAT, Heartbeat.objects.for_organization(owner))
        for row in Upstream.objects.for_organization(owner).select_related("integration"):
            self.known[UPSTREAM, row.integration.name] = row
        for one in Fallback.objects.for_organization(owner).select_related("channel", "target"):
            self.known[FALLBACK, one.channel.name] = one
        self._add(ROUTE, Route.objects.for_organization(owner).filter(is_default=False))
        self.known[DEFAULT_ROUTE, ""] = routes.default_route(owner)
        self.known[ORGANIZATION, ""] = owner

    def _add(self, kind: str, rows: "Iterable[OrganizationOwned]") -> None:
        for row in rows:
            key = (kind, str(getattr(row, "name", row)))
            if key in self.known:
                self.several.add(key)
            self.known[key] = row

    def one(self, kind: str, name: str, field: str = "name") -> Any:
        """The row, None where there is none. Raises Missing where several have the name."""
        if (kind, name) in self.several:
            raise Missing(field, f"There are several of the kind {kind} with the name {name!r}.")
        return self.known.get((kind, name))

    def all(self, kind: str, names: Iterable[str], field: str) -> list[Any]:
        """The rows. Raises Missing."""
        found = [(name, self.one(kind, name, field)) for name in names]
        for name, row in found:
            if row is None:
                raise Missing(field, f"There is no {kind} with the name {name!r}.")
        return [row for _, row in found]

    def maybe(self, kind: str, name: str, field: str) -> Any:
        """The row; None for no name. Raises Missing."""
        return self.all(kind, [name], field)[0] if name else None


Values: TypeAlias = Mapping[str, Any]


def _clear(values: Values, name: str) -> str | None:
    """A secret in clear, "" where there is to be none; None where nothing is said of it."""
    if name not in values:
        return None
    secret: Secret | None = values[name]
    return secret.clear if secret else ""


Put: TypeAlias = Callable[[Rows, Item, Any, Values], Any]
"""Make or change: (what there is, the item, its row or None, the values that differ) → the row."""


def _organization(rows: Rows, item: Item, row: Organization, values: Values) -> Organization:
    return change_organization(rows.actor, row, **values)


def _bot(rows: Rows, item: Item, row: Bot | None, values: Values) -> Bot:
    token = _clear(item.values, "token") or ""
    proxy = _clear(values, "proxy")
    if row is None:
        if not token:
            raise Missing("token", "Say where the token of this new bot is to be read.")
        row = bots.register_bot(
            rows.actor,
            rows.organization,
            name=item.name,
            token=token,
            api_url=values.get("api_url", ""),
            proxy=proxy or "",
            updates=values.get("updates", Bot.Updates.POLLING),
        )
        if values.get("enabled") is False:
            row = bots.change_bot(rows.actor, row, enabled=False)
    elif row.organization_id != rows.organization.pk:
        raise Missing("name", f"The bot {item.name!r} is lent to you; its owner sets it up.")
    else:
        moves = {"token", "api_url", "proxy"} & values.keys()
        row = bots.change_bot(
            rows.actor,
            row,
            token=token if moves else "",
            api_url=values.get("api_url"),
            proxy=proxy,
            enabled=values.get("enabled"),
            updates=values.get("updates"),
        )
    if row.enabled:
        probe.request_probe(Probe.Kind.BOT, row, None, rows.actor)
    return row


def _channel(
    rows: Rows, item: Item, row: NotificationChannel | None, values: Values
) -> NotificationChannel:
    given = dict(values)
    bot = None
    if "bot" in given:
        (bot,) = rows.all(BOT, [given.pop("bot")], "bot")
    chat_id = given.pop("chat_id", None)
    if row is None:
        if bot is None or chat_id is None:
            raise Missing("chat_id", "A new channel needs a bot and a chat_id.")
        row = channels.create_channel(
            rows.actor, rows.organization, name=item.name, bot=bot, chat_id=chat_id, **given
        )
    else:
        row = channels.change_channel(rows.actor, row, bot=bot, chat_id=chat_id, **given)
    probe.request_probe(Probe.Kind.CHANNEL, row.chat.bot, row, rows.actor)
    return row


def _integration(rows: Rows, item: Item, row: Integration | None, values: Values) -> Integration:
    given = dict(values)
    secret = _clear(values, "signature_secret")
    given.pop("signature_secret", None)
    has_mapping, mapping = "mapping" in given, given.pop("mapping", None)
    if row is None:
        row, _ = integrations.create_integration(rows.actor, rows.organization, item.name, **given)
    elif given:
        row = integrations.change_integration(rows.actor, row, **given)
    if secret is not None:
        integrations.set_signature_secret(rows.actor, row, secret)
    if has_mapping and mapping != row.mapping:
        integrations.set_mapping(rows.actor, row, mapping)
    return row


def _mute_timing(rows: Rows, item: Item, row: MuteTiming | None, values: Values) -> MuteTiming:
    if row is None:
        return mute_timings.create_mute_timing(
            rows.actor, rows.organization, item.name, values.get("intervals", [])
        )
    return mute_timings.change_mute_timing(rows.actor, row, **values)


def _inhibit_rule(rows: Rows, item: Item, row: InhibitRule | None, values: Values) -> InhibitRule:
    if row is None:
        return inhibit_rules.create_inhibit_rule(
            rows.actor, rows.organization, name=item.name, **values
        )
    return inhibit_rules.change_inhibit_rule(rows.actor, row, **values)


def _route(rows: Rows, item: Item, row: Route | None, values: Values) -> Route:
    given = dict(values)
    if "continue" in given:
        given["continue_matching"] = given.pop("continue")
    for name, kind in _REFERENCES.items():
        if name in given:
            given[name] = rows.all(kind, given[name], name)
    for name, kind in (("template", TEMPLATE), ("escalation", ESCALATION)):
        if name in given:
            given[name] = rows.maybe(kind, given[name], name)
    if "choices" in given:
        chosen = rows.all(CHANNEL, given["choices"].values(), "choices")
        given["choices"] = dict(zip(given["choices"], chosen, strict=True))
    if row is None:
        return routes.create_route(rows.actor, rows.organization, item.name, **given)
    return routes.change_route(rows.actor, row, **given)


def _template(
    rows: Rows, item: Item, row: MessageTemplate | None, values: Values
) -> MessageTemplate:
    given = dict(values)
    channels = given.pop("channels", None)
    if row is None:
        row = templates.create_template(rows.actor, rows.organization, name=item.name, **given)
    elif given:
        row = templates.change_template(rows.actor, row, **given)
    if channels is not None:
        templates.set_channels(rows.actor, row, rows.all(CHANNEL, channels, "channels"))
    return row


def _escalation(
    rows: Rows, item: Item, row: EscalationPolicy | None, values: Values
) -> EscalationPolicy:
    given = dict(values)
    steps = [
        escalations.Step(one["after"], rows.all(CHANNEL, one["channels"], "steps"))
        for one in given.pop("steps", ())
    ]
    if row is None:
        return escalations.create_policy(
            rows.actor, rows.organization, item.name, steps=steps, **given
        )
    changed = steps if "steps" in values else None
    return escalations.change_policy(rows.actor, row, steps=changed, **given)


def _heartbeat(rows: Rows, item: Item, row: Heartbeat | None, values: Values) -> Heartbeat:
    given = dict(values)
    enabled = given.pop("enabled", None)
    if "integration" in given:
        given["integration"] = rows.maybe(INTEGRATION, given["integration"], "integration")
    if row is None:
        row = heartbeats.create_heartbeat(rows.actor, rows.organization, item.name, **given)
    else:
        row = heartbeats.change_heartbeat(rows.actor, row, **given)
    if enabled is not None and enabled != row.enabled:
        row = (heartbeats.resume if enabled else heartbeats.pause)(rows.actor, row)
    return row


def _upstream(rows: Rows, item: Item, row: Upstream | None, values: Values) -> Upstream:
    """Named after its integration. A change of where it is sends the file's secret along."""
    (integration,) = rows.all(INTEGRATION, [item.name], "name")
    given = {name: value for name, value in values.items() if name != "secret"}
    secret = _clear(item.values, "secret")
    return upstreams.set_upstream(rows.actor, integration, secret=secret, **given)


_OF_KIND: Final = {
    "target": Fallback.Kind.CHANNEL,
    "addresses": Fallback.Kind.EMAIL,
    "url": Fallback.Kind.WEBHOOK,
    "secret": Fallback.Kind.WEBHOOK,
}


def _fallback(rows: Rows, item: Item, row: Fallback | None, values: Values) -> Fallback:
    """Named after its channel. A webhook's secret is the file's, for one that is made here would
    be known to nobody."""
    (channel,) = rows.all(CHANNEL, [item.name], "name")
    kind = item.values.get("kind", row.kind if row else Fallback.Kind.EMAIL)
    for name, only in _OF_KIND.items():
        if item.values.get(name) and kind != only:
            raise Missing(name, f"Only a fallback of the kind {only} has this.")
    given = {name: value for name, value in values.items() if name != "secret"}
    if "target" in given:
        given["target"] = rows.maybe(CHANNEL, given["target"], "target")
    if "url" in given:
        given["url"] = given["url"].clear
    secret = _clear(item.values, "secret") or ""
    if kind == Fallback.Kind.WEBHOOK and not (secret or (row and row.secret_encrypted)):
        raise Missing("secret", "Say where the secret is to be read that POSTs are signed with.")
    return fallbacks.set_fallback(rows.actor, channel, sign_with=secret, **given).fallback


_REFERENCES: Final = {
    "channels": CHANNEL,
    "integrations": INTEGRATION,
    "mute_timings": MUTE_TIMING,
    "active_timings": MUTE_TIMING,
}
PUT: Final[Mapping[str, Put]] = {
    ORGANIZATION: _organization,
    BOT: _bot,
    CHANNEL: _channel,
    INTEGRATION: _integration,
    MUTE_TIMING: _mute_timing,
    INHIBIT_RULE: _inhibit_rule,
    ROUTE: _route,
    DEFAULT_ROUTE: _route,
    TEMPLATE: _template,
    ESCALATION: _escalation,
    HEARTBEAT: _heartbeat,
    UPSTREAM: _upstream,
    FALLBACK: _fallback,
}
DELETE: Final[Mapping[str, Callable[[Actor, Any], None]]] = {
    BOT: bots.delete_bot,
    CHANNEL: channels.delete_channel,
    INTEGRATION: integrations.delete_integration,
    MUTE_TIMING: mute_timings.delete_mute_timing,
    INHIBIT_RULE: inhibit_rules.delete_inhibit_rule,
    ROUTE: routes.delete_route,
    TEMPLATE: templates.delete_template,
    ESCALATION: escalations.delete_policy,
    HEARTBEAT: heartbeats.delete_heartbeat,
    UPSTREAM: upstreams.remove_upstream,
    FALLBACK: fallbacks.remove_fallback,
}
