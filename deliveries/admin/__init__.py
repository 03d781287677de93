"""Console: bots and channels with checks and tests, deliveries."""

from deliveries.admin import outbox, pages

__all__ = ["outbox", "pages"]
