"""Transactions that the database gave up in favour of another one: worth another try at once."""

from django.db import OperationalError

_SQLSTATES = frozenset(("40001", "40P01"))  # PostgreSQL: serialization failure, deadlock


def is_conflict(error: OperationalError) -> bool:
    """Whether the database gave this transaction up in favour of another one."""
    return getattr(error.__cause__, "sqlstate", None) in _SQLSTATES
