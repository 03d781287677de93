"""Multi-row writes in one round trip: what keeps ingest at a few statements a POST.

Rows are plain dicts of column → value (UUID, datetime, str, int, bool, None; dicts and lists for
JSON columns). On PostgreSQL all writes together are one statement with a constant text, which the
server can keep prepared: the rows travel as JSON and `json_to_recordset` types them. On SQLite,
where a round trip costs nothing, each write is one `executemany`. Columns and types come from the
models, so a schema change needs none here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = Mapping[str, Any]


@dataclass(slots=True)
class Writes:
    """Writes of one transaction, in order; nothing happens before `execute`.

    Each table is written once. PostgreSQL runs all parts on one snapshot: no part sees another's
    rows, which is why foreign keys (checked at commit) may point from one part to another.
    """

    _parts: list[tuple[str, Sequence[Row]]] = field(default_factory=list)

    def insert(self, model: type[models.Model], rows: Sequence[Row], on_conflict: str = "") -> None:
        """Insert rows, all with the same columns. `on_conflict`: what follows ON CONFLICT."""
        if rows:
            names = tuple(rows[0])
            self._parts.append((_insert(model, names, on_conflict, connection.vendor), rows))

    def update(self, model: type[models.Model], rows: Sequence[Row], **expressions: str) -> None:
        """Update rows by their `id`; all set the same columns.

        `expressions`: column → SQL in place of the plain value, where `{old}` and `{new}` stand for
        the stored value and the row's, and `{least}` for the function of the smaller one.
        """
        if rows:
            names = tuple(rows[0])
            key = tuple(sorted(expressions.items()))
            self._parts.append((_update(model, names, key, connection.vendor), rows))

    def execute(self) -> None:
        """Run them, in the caller's transaction."""
        if not self._parts:
            return
        if connection.vendor == "postgresql":
            query(_joined(self._parts), [_as_json(rows) for _, rows in self._parts])
            return
        with connection.cursor() as cursor:
            for sql, rows in self._parts:
                cursor.executemany(sql, [_adapted(row) for row in rows])


def query(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run SQL with `%s` placeholders, in the caller's transaction; rows as the driver gives them.

    Database errors are Django's. On PostgreSQL values travel beside the text, so that the statement
    can stay prepared; Django's own cursors put them into it.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []
    from psycopg import Cursor  # noqa: PLC0415  # an embedded installation does without its memory

    connection.ensure_connection()
    driver: Any = connection.connection
    with connection.wrap_database_errors, Cursor(driver) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def one_of(column: str, values: Iterable[Any]) -> tuple[str, Any]:
    """A condition with one placeholder, and the value for it: `column` is one of these."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", list(values)
    values_of = "(SELECT value FROM json_each(%s))"
    return f"{column} IN {values_of}", json.dumps([_for_sqlite(value) for value in values])


def locking(clause: str) -> str:
    """A row lock such as FOR UPDATE; nothing on SQLite, where a transaction is alone."""
    return f" {clause}" if connection.vendor == "postgresql" else ""


def adapt(value: Any) -> Any:
    """A value as `query` takes it."""
    return value if connection.vendor == "postgresql" else _for_sqlite(value)


def _for_sqlite(value: Any) -> Any:
    """As Django's own fields store it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value


def uuid_of(value: UUID | str) -> UUID:
    """A UUID column of a row from `query`."""
    return value if isinstance(value, UUID) else UUID(value)


def utc(value: datetime) -> datetime:
    """A time column of a row from `query`, made aware."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def time_of(value: datetime | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if value is None else utc(value)


def _joined(parts: list[tuple[str, Sequence[Row]]]) -> str:
    *first, (last, _) = parts
    named = [f"w{number} AS ({sql})" for number, (sql, _) in enumerate(first)]
    return f"WITH {', '.join(named)} {last}" if named else last


def _as_json(rows: Sequence[Row]) -> str:
    return json.dumps(rows, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _adapted(row: Row) -> dict[str, Any]:
    return {name: _for_sqlite(value) for name, value in row.items()}


@lru_cache(maxsize=256)
def _insert(
    model: type[models.Model], names: tuple[str, ...], on_conflict: str, vendor: str
) -> str:
    table = model._meta.db_table
    columns = ", ".join(f'"{name}"' for name in names)
    end = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    if vendor == "postgresql":
        return (
            f'INSERT INTO "{table}" ({columns})'  # noqa: S608  # names come from the models
            f" SELECT {columns} FROM {_recordset(model, names)}{end}"
        )
    marks = ", ".join(f"%({name})s" for name in names)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({marks}){end}'  # noqa: S608  # as above


@lru_cache(maxsize=256)
def _update(
    model: type[models.Model],
    names: tuple[str, ...],
    expressions: tuple[tuple[str, str], ...],
    vendor: str,
) -> str:
    table = model._meta.db_table
    on_postgresql = vendor == "postgresql"
    least = "LEAST" if on_postgresql else "MIN"
    instead = dict(expressions)
    settings = []
    for name in names:
        if name == "id":
            continue
        new = f'new."{name}"' if on_postgresql else f"%({name})s"
        old = f'"{table}"."{name}"'
        value = instead.get(name, "{new}").format(old=old, new=new, least=least)
        settings.append(f'"{name}" = {value}')
    sets = ", ".join(settings)
    if on_postgresql:
        return (
            f'UPDATE "{table}" SET {sets}'  # noqa: S608  # names come from the models
            f' FROM {_recordset(model, names)} WHERE "{table}".id = new.id'
        )
    return f'UPDATE "{table}" SET {sets} WHERE id = %(id)s'  # noqa: S608  # as above


def _recordset(model: type[models.Model], names: Iterable[str]) -> str:
    fields = {field.column: field for field in model._meta.concrete_fields}
    typed = ", ".join(f'"{name}" {fields[name].db_type(connection)}' for name in names)
    return f"json_to_recordset(%s::json) AS new({typed})"
