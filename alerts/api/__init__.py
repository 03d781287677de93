"""REST: integrations, routes, alerts, groups, traces, the organization."""
