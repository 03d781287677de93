"""Console: integrations, routes, groups, alerts, traces, overview."""

from alerts.admin import groups, integrations, overview, routes, traces
from alerts.routes import adopt_first_channel
from deliveries.admin.outbox import stories
from deliveries.admin.pages import channel_added

__all__ = ["groups", "integrations", "overview", "routes", "traces"]

channel_added.append(adopt_first_channel)
stories.append(groups.group_of)
