"""Why a transaction failed: in favour of another one it is worth another try at once."""

from django.db import OperationalError

_SQLSTATES = frozenset(("40001", "40P01"))  # PostgreSQL: serialization failure, deadlock


def is_conflict(error: OperationalError) -> bool:
    """Whether the database gave this transaction up in favour of another one."""
    return getattr(error.__cause__, "sqlstate", None) in _SQLSTATES


def is_unreachable(error: OperationalError) -> bool:
    """Whether PostgreSQL did not answer at all, so that another try would wait for it as long."""
    return getattr(error.__cause__, "sqlstate", "") is None
