"""Console: how bots' updates come in, and what programs and people in Telegram have to do with each
other."""

from chatops.admin import actions, approvals, bots, endpoints, links, members, updates

__all__ = ["actions", "approvals", "bots", "endpoints", "links", "members", "updates"]
