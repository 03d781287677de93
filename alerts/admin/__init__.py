"""Console: integrations, heartbeats, routes, what mutes and escalates, groups, what came."""

from alerts.admin import (
    alerts,
    escalations,
    fallbacks,
    groups,
    heartbeats,
    inhibit_rules,
    integrations,
    mute_timings,
    overview,
    routes,
    silences,
    storms,
    templates,
    traces,
)
from alerts.routes import adopt_first_channel
from deliveries.admin.outbox import stories
from deliveries.admin.pages import channel_added, channel_links

__all__ = [
    "alerts",
    "escalations",
    "fallbacks",
    "groups",
    "heartbeats",
    "inhibit_rules",
    "integrations",
    "mute_timings",
    "overview",
    "routes",
    "silences",
    "storms",
    "templates",
    "traces",
]

channel_added.append(adopt_first_channel)
channel_links["fallback"] = fallbacks.open_fallback
stories.append(groups.group_of)
