"""What fails keeps nothing behind it back."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import OperationalError

from chatops.one_by_one import each

Settle = Callable[[], int]


def failing(error: Exception) -> Settle:
    def fail() -> int:
        raise error

    return fail


def giving(number: int, seen: list[str] | None = None) -> Settle:
    def give() -> int:
        if seen is not None:
            seen.append("asked")
        return number

    return give


def _call(settle: Settle) -> int:
    return settle()


def away() -> OperationalError:
    """As Django raises it where PostgreSQL does not answer."""
    error = OperationalError("connection refused")
    error.__cause__ = psycopg.OperationalError("connection refused")
    return error


@pytest.mark.parametrize("error", [ZeroDivisionError(), OperationalError("statement timeout")])
def test_the_others_have_their_turn(error: Exception) -> None:
    assert each([giving(1), failing(error), giving(2)], _call) == 3


def test_a_database_that_does_not_answer_is_not_asked_for_each() -> None:
    seen: list[str] = []
    with pytest.raises(OperationalError):
        each([failing(away()), giving(1, seen)], _call)
    assert not seen
