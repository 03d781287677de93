"""An organization's settings as they are, in a fixed number of queries."""

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import Organization, OrganizationOwned
from alerts.fallbacks.changes import secret_of as fallback_secret_of
from alerts.integrations import signature_secret_of
from alerts.matchers import read_matchers
from alerts.models import (
    ChannelTemplate,
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
from alerts.routes import default_route
from alerts.severity import Severity
from alerts.upstreams.changes import secret_of
from channels_app.bots import proxy_of, token_of
from channels_app.channels import SETTINGS as CHANNEL_SETTINGS
from channels_app.models import Bot, NotificationChannel

_INTEGRATION = (
    "kind",
    "enabled",
    "ignored_labels",
    "ingest_limit",
    "resolve_timeout",
    "signature_header",
    "signature_timestamp_header",
)
_SECONDS = ("group_wait", "group_interval", "repeat_interval")


def current_items(organization: Organization) -> list[Item]:
    """Everything that a file can say, secrets in clear. Lent bots are their owner's."""
    default_route(organization)
    rows = (
        Route.objects.for_organization(organization)
        .select_related("template", "escalation")
        .prefetch_related(
            "channels", "choices__channel", "integrations", "mute_timings", "active_timings"
        )
    )
    integrations = Integration.objects.for_organization(organization)
    own = integrations.exclude(kind=Integration.Kind.HEARTBEAT)  # that one is made by heartbeats
    facts = {name: getattr(organization, name) for name in ("timezone", "language", "severity_map")}
    return [
        Item(ORGANIZATION, "", facts),
        *(_bot(one) for one in Bot.objects.for_organization(organization)),
        *(
            _channel(one)
            for one in NotificationChannel.objects.for_organization(organization).select_related(
                "chat__bot"
            )
        ),
        *(_integration(one) for one in own),
        *(
            Item(MUTE_TIMING, one.name, {"intervals": one.intervals})
            for one in MuteTiming.objects.for_organization(organization)
        ),
        *(_inhibit_rule(one) for one in InhibitRule.objects.for_organization(organization)),
        *_templates(organization),
        *_escalations(organization),
        *(_route(one) for one in rows),
        *(
            _heartbeat(one)
            for one in Heartbeat.objects.for_organization(organization).select_related(
                "integration"
            )
        ),
        *(
            _upstream(one)
            for one in Upstream.objects.for_organization(organization).select_related("integration")
        ),
        *(
            _fallback(one)
            for one in Fallback.objects.for_organization(organization).select_related(
                "channel", "target"
            )
        ),
    ]


def _bot(bot: Bot) -> Item:
    values: dict[str, Any] = {
        "token": Secret(clear=token_of(bot)),
        "api_url": bot.api_url,
        "enabled": bot.enabled,
        "updates": bot.updates,
    }
    if proxy := proxy_of(bot):
        values["proxy"] = Secret(clear=proxy)
    return Item(BOT, bot.name, values)


def _channel(channel: NotificationChannel) -> Item:
    values: dict[str, Any] = {
        "bot": channel.chat.bot.name,
        "chat_id": str(channel.chat.address),
        **{name: getattr(channel, name) for name in CHANNEL_SETTINGS},
    }
    name = channel.chat.username
    return Item(CHANNEL, channel.name, values, also={"chat_id": f"@{name}"} if name else {})


def _integration(integration: Integration) -> Item:
    values = {name: getattr(integration, name) for name in _INTEGRATION}
    if secret := signature_secret_of(integration):
        values["signature_secret"] = Secret(clear=secret)
    if integration.mapping is not None:
        values["mapping"] = integration.mapping
    return Item(INTEGRATION, integration.name, values)


def _inhibit_rule(rule: InhibitRule) -> Item:
    values = {
        "enabled": rule.enabled,
        "source_matchers": _matchers(rule.source_matchers),
        "target_matchers": _matchers(rule.target_matchers),
        "equal": rule.equal,
    }
    return Item(INHIBIT_RULE, rule.name, values)


def _route(route: Route) -> Item:
    values: dict[str, Any] = {
        "channels": _names(route.channels.all()),
        "choose_by": route.choose_by,
        "choices": {choice.value: str(choice.channel) for choice in route.choices.all()},
        "sound": _by_severity(route.sound or {}),
        "group_by": route.group_by,
        **{name: getattr(route, name) for name in _SECONDS},
        "template": route.template.name if route.template else "",
        "escalation": route.escalation.name if route.escalation else "",
        "mute_timings": _names(route.mute_timings.all()),
        "active_timings": _names(route.active_timings.all()),
    }
    if route.is_default:
        return Item(DEFAULT_ROUTE, "", values)
    own = {
        "enabled": route.enabled,
        "matchers": _matchers(route.matchers),
        "integrations": _names(route.integrations.all()),
        "continue": route.continue_matching,
    }
    return Item(ROUTE, route.name, {**own, **values})


def _templates(organization: Organization) -> Iterable[Item]:
    choices: dict[Any, list[str]] = {}
    chosen = ChannelTemplate.objects.for_organization(organization).select_related("channel")
    for one in chosen:
        choices.setdefault(one.template_id, []).append(one.channel.name)
    for row in MessageTemplate.objects.for_organization(organization):
        channels = sorted(choices.get(row.pk, ()))
        values = {"parse_mode": row.parse_mode, "body": row.body, "channels": channels}
        yield Item(TEMPLATE, row.name, values)


def _escalations(organization: Organization) -> Iterable[Item]:
    rows = EscalationPolicy.objects.for_organization(organization)
    for row in rows.prefetch_related("steps__channels"):
        steps = [
            {"after": step.after, "channels": _names(step.channels.all())}
            for step in row.steps.all()
        ]
        plain = ("threshold", "repeat_every", "repeat_times")
        values = {**{name: getattr(row, name) for name in plain}, "steps": steps}
        yield Item(ESCALATION, row.name, values)


def _heartbeat(row: Heartbeat) -> Item:
    plain = ("description", "period", "cron", "timezone", "grace", "severity", "labels", "enabled")
    values = {
        **{name: getattr(row, name) for name in plain},
        "integration": row.integration.name if row.integration else "",
        "matchers": _matchers(row.matchers),
    }
    return Item(HEARTBEAT, row.name, values)


def _upstream(row: Upstream) -> Item:
    values: dict[str, Any] = {
        name: getattr(row, name) for name in ("kind", "url", "username", "enabled")
    }
    if secret := secret_of(row):
        values["secret"] = Secret(clear=secret)
    return Item(UPSTREAM, row.integration.name, values)


def _fallback(row: Fallback) -> Item:
    """What its kind has no use for is empty, and not exported."""
    values: dict[str, Any] = {
        name: getattr(row, name) for name in ("kind", "threshold", "minutes", "enabled")
    }
    empty: dict[str, Any] = {"target": "", "addresses": []}
    if row.kind == Fallback.Kind.CHANNEL:
        values["target"] = row.target.name if row.target else ""
    elif row.kind == Fallback.Kind.EMAIL:
        values["addresses"] = row.addresses
    else:
        values["url"] = Secret(clear=row.url)
        values["secret"] = Secret(clear=fallback_secret_of(row))
    return Item(FALLBACK, row.channel.name, values, also=empty)


def _by_severity(sound: Mapping[str, str]) -> dict[str, str]:
    return {severity.value: sound[severity] for severity in Severity if severity in sound}


def _matchers(stored: Any) -> list[str]:
    return [str(matcher) for matcher in read_matchers(stored)]


def _names(rows: Iterable[OrganizationOwned]) -> list[str]:
    return sorted(str(row) for row in rows)
