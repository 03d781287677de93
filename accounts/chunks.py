"""Old rows are deleted a little at a time: what is new must not wait for it.

What takes turns with everything else is the database, its disk and the interpreter, so a chunk is
as large as can be deleted in `AIM` seconds, and a rest follows that is several times as long. A
worker that was just started, or a table that nobody has purged for long, makes no difference.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models, transaction

from accounts.statements import one_of, query

AIM = {"postgresql": 0.05, "sqlite": 0.01}
"""Seconds that a chunk is to take. On SQLite whoever writes waits for it."""
REST = 4.0
"""A rest is so many times as long as the deletion before it."""
REST_MAX = 5.0
FIRST = 100
MOST = 1000
"""Rows of a run's first chunk of each kind, and of the largest. Of fewer than the first it is the
round trips that take the time."""
RUN = 50.0
"""Seconds after which a run leaves the rest to the next one, see config/celery.py."""

Delete = Callable[[int], int]
"""Deletes at most so many rows and says how many; fewer than that: there are no more."""

_SETTINGS = "set_config('synchronous_commit', 'off', true), set_config('jit', 'off', true)"

_stopped = threading.Event()


def in_chunks(kinds: Mapping[str, Delete], first: int = FIRST, run: float = RUN) -> dict[str, int]:
    """Delete a chunk of each kind in turn until nothing is left, at most for `run` seconds; says
    how many of each. `first`: see FIRST."""
    deleted = dict.fromkeys(kinds, 0)
    turns = deque((kind, first) for kind in kinds)
    ends = time.monotonic() + run
    while turns and time.monotonic() < ends:
        kind, size = turns.popleft()
        started = time.monotonic()
        count = kinds[kind](size)
        took = time.monotonic() - started
        deleted[kind] += count
        if count >= size:
            turns.append((kind, next_size(size, took, AIM[connection.vendor])))
        if _stopped.wait(min(REST_MAX, REST * took)):
            break
    return deleted


def next_size(size: int, took: float, aim: float) -> int:
    """How many rows the next chunk has, when so many took so long: twice as many at most."""
    fitting = int(size * aim / took) if took else MOST
    return min(2 * size, max(FIRST, min(MOST, fitting)))


def stop() -> None:
    """The process ends: whoever rests or deletes is over soon."""
    _stopped.set()


# --- one chunk ------------------------------------------------------------------------------------


@contextmanager
def chunk() -> Iterator[None]:
    """A transaction that does not wait for the disk: what a crash undoes is deleted again. Nor are
    its queries compiled, whose costs PostgreSQL reckons without their LIMIT: that took a second."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            query(f"SELECT {_SETTINGS}", ())
        yield


def every(rows: models.QuerySet[Any]) -> Delete:
    """Deletes the rows of a query, the first ones first."""

    def delete_first(size: int) -> int:
        with chunk():
            ids = list(rows.values_list("pk", flat=True)[:size])
            delete(rows.model, ids)
        return len(ids)

    return delete_first


def delete(model: type[models.Model], ids: Sequence[Any], key: str = "") -> None:
    """Delete the rows with these IDs (or with these in the column `key`) and what belongs to them
    by foreign keys, in the caller's transaction.

    Django's own deletion loads each row and all that belongs to it before. What may not be deleted
    or has lost what it needs the database refuses at commit (IntegrityError).
    """
    if not ids:
        return
    table = model._meta.db_table
    condition, value = one_of(f'"{key or model._meta.pk.column}"', ids)
    relations = _relations(model)
    if key and relations:
        sql = f'SELECT "{model._meta.pk.column}" FROM "{table}" WHERE {condition}'  # noqa: S608  # names come from the models
        delete(model, [pk for (pk,) in query(sql, (value,))])
        return
    for held, column, is_cascade in relations:
        if is_cascade:
            delete(held, ids, column)
            continue
        where, them = one_of(f'"{column}"', ids)
        sql = f'UPDATE "{held._meta.db_table}" SET "{column}" = NULL WHERE {where}'  # noqa: S608  # as above
        query(sql, (them,), returns_rows=False)
    query(f'DELETE FROM "{table}" WHERE {condition}', (value,), returns_rows=False)  # noqa: S608  # as above


def _relations(model: type[models.Model]) -> list[tuple[type[models.Model], str, bool]]:
    """(model, column, whether it goes too or is emptied) of the foreign keys to the model; those
    that go come first."""
    found = [
        (one.related_model, one.field.column, one.on_delete is models.CASCADE)
        for one in model._meta.get_fields(include_hidden=True)
        if isinstance(one, models.ManyToOneRel)
        and one.on_delete in (models.CASCADE, models.SET_NULL)
    ]
    return sorted(found, key=lambda one: not one[2])
