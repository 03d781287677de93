"""Rows of many organizations are settled one by one: a defect with one is no other's."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.db import OperationalError

from deliveries.conflicts import is_unreachable

log = logging.getLogger(__name__)

T = TypeVar("T")


def each(rows: Iterable[T], settle: Callable[[T], int]) -> int:
    """The sum of what `settle` returns. What fails is logged and left for the next time; only
    a database that does not answer ends it, by OperationalError."""
    done = 0
    for row in rows:
        try:
            done += settle(row)
        except Exception as error:
            if isinstance(error, OperationalError) and is_unreachable(error):
                raise
            log.exception("%r could not be settled", getattr(row, "pk", row))
    return done
