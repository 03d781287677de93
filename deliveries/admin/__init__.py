"""Console: bots and channels with checks and tests, deliveries, troubles."""

from deliveries.admin import outbox, pages, troubles

__all__ = ["outbox", "pages", "troubles"]
