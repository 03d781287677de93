"""Multi-row writes in one round trip: what keeps ingest at a few statements a POST.

Rows are plain dicts of column → value (UUID, datetime, str, int, bool, None; dicts and lists for
JSON columns). On PostgreSQL all writes together are one statement with a constant text, which the
server can keep prepared: the rows travel as JSON and `json_to_recordset` types them. On SQLite,
where a round trip costs nothing, each write is one `executemany`. Columns and types come from the
models, so a schema change needs none here.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

Row = Mapping[str, Any]


class _Kind(NamedTuple):
    """Which rows are written by the same SQL. `expressions` None: they are inserted."""

    model: type[models.Model]
    names: tuple[str, ...]
    on_conflict: str = ""
    expressions: tuple[tuple[str, str], ...] | None = None

    def sql(self, vendor: str, *, is_one: bool) -> str:
        if self.expressions is None:
            return _insert(self.model, self.names, self.on_conflict, vendor)
        return _update(self.model, self.names, self.expressions, vendor, is_one)


@dataclass(slots=True)
class Writes:
    """Writes of one transaction, in order; nothing happens before `execute`.

    Each table is written once: rows of a kind that came before join those. PostgreSQL runs all
    parts on one snapshot: no part sees another's rows, which is why foreign keys (checked at
    commit) may point from one part to another.
    """

    _rows: dict[_Kind, list[Row]] = field(default_factory=dict)

    def insert(self, model: type[models.Model], rows: Sequence[Row], on_conflict: str = "") -> None:
        """Insert rows, all with the same columns. `on_conflict`: what follows ON CONFLICT."""
        if rows:
            self._rows.setdefault(_Kind(model, tuple(rows[0]), on_conflict), []).extend(rows)

    def insert_instances(self, made: Sequence[models.Model]) -> None:
        """Insert new instances of one model, which count as saved from now on."""
        if not made:
            return
        fields = [(one, str(one.column)) for one in made[0]._meta.concrete_fields]
        self.insert(
            type(made[0]),
            [{name: one.pre_save(row, add=True) for one, name in fields} for row in made],
        )
        for row in made:
            row._state.adding = False

    def update(self, model: type[models.Model], rows: Sequence[Row], **expressions: str) -> None:
        """Update rows by their `id`; all set the same columns.

        `expressions`: column → SQL in place of the plain value, where `{old}` and `{new}` stand for
        the stored value and the row's, and `{least}` for the function of the smaller one.
        """
        if rows:
            kind = _Kind(model, tuple(rows[0]), expressions=tuple(sorted(expressions.items())))
            self._rows.setdefault(kind, []).extend(rows)

    def execute(self) -> None:
        """Run them, in the caller's transaction."""
        if not self._rows:
            return
        vendor = connection.vendor
        parts = [
            (kind.sql(vendor, is_one=len(rows) == 1), rows) for kind, rows in self._rows.items()
        ]
        if vendor == "postgresql":
            parameters = [_as_json(rows) for _, rows in parts]
            query(_joined([sql for sql, _ in parts]), parameters, returns_rows=False)
            return
        with connection.cursor() as cursor:
            for sql, rows in parts:
                cursor.executemany(sql, [_adapted(row) for row in rows])


def query(
    sql: str, parameters: Sequence[Any] | Mapping[str, Any], *, returns_rows: bool = True
) -> list[tuple[Any, ...]]:
    """Run SQL with `%s` or `%(name)s` placeholders, in the caller's transaction; rows as the driver
    gives them.

    Database errors are Django's. On PostgreSQL values travel beside the text, so that the statement
    can stay prepared; Django's own cursors put them into it.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if returns_rows else []
    from psycopg import Cursor  # noqa: PLC0415  # an embedded installation does without its memory

    connection.ensure_connection()
    driver: Any = connection.connection
    with connection.wrap_database_errors, Cursor(driver) as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if returns_rows else []


Reads = tuple[tuple[str, type[models.Model], str], ...]
"""(alias, model, its columns with spaces between, or EVERY), for rows of joined tables."""
EVERY = "*"


@lru_cache(maxsize=16)
def columns(reads: Reads) -> str:
    """What to SELECT so that `instances` can read the rows."""
    return ", ".join(
        f'{alias}."{one.column}"' for alias, model, names in reads for one in _chosen(model, names)
    )


def instances(reads: Reads, row: Sequence[Any]) -> list[models.Model | None]:
    """One instance for each table, None where an outer join found nothing.

    What was not read is deferred: it is read from the database when it is asked for.
    """
    found: list[models.Model | None] = []
    start = 0
    for model, names, readers in _readers(reads, connection.vendor):
        values = row[start : start + len(readers)]
        start += len(readers)
        if values[0] is None:
            found.append(None)
            continue
        read = [
            value if reader is None or value is None else reader(value)
            for reader, value in zip(readers, values, strict=True)
        ]
        found.append(model.from_db(connection.alias, names, read))
    return found


Reader = Callable[[Any], Any] | None


@lru_cache(maxsize=16)
def _readers(
    reads: Reads, vendor: str
) -> list[tuple[type[models.Model], tuple[str, ...], list[Reader]]]:
    return [
        (
            model,
            tuple(one.attname for one in _chosen(model, names)),
            [_reader(one, vendor) for one in _chosen(model, names)],
        )
        for _, model, names in reads
    ]


def _chosen(model: type[models.Model], names: str) -> list[models.Field[Any, Any]]:
    """In the order in which a model takes its values; the key comes first."""
    wanted = set(names.split())
    fields = model._meta.concrete_fields
    return [one for one in fields if names == EVERY or one.column in wanted]


def _reader(field: models.Field[Any, Any], vendor: str) -> Reader:
    """What makes the driver's value one of the model's; None where it is one."""
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.JSONField):
        return json.loads
    if vendor == "postgresql":
        return None
    if isinstance(field, models.DateTimeField):
        return utc
    if isinstance(field, models.BooleanField):
        return bool
    return UUID if isinstance(field, models.UUIDField) else None


def one_of(column: str, values: Iterable[Any]) -> tuple[str, Any]:
    """A condition with one placeholder, and the value for it: `column` is one of these."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", list(values)
    values_of = "(SELECT value FROM json_each(%s))"
    return f"{column} IN {values_of}", json.dumps([_for_sqlite(value) for value in values])


def one_of_pairs(
    columns: tuple[str, str], types: tuple[str, str], pairs: Collection[tuple[Any, Any]]
) -> tuple[str, list[Any]]:
    """The same for two columns, and the values for its placeholders. `types`: PostgreSQL's.

    Where all have the first one in common, which is the rule, it costs PostgreSQL no planning.
    """
    first, second = columns
    firsts = {pair[0] for pair in pairs}
    if len(firsts) == 1:
        condition, value = one_of(second, [pair[1] for pair in pairs])
        return f"{first} = %s AND {condition}", [adapt(firsts.pop()), value]
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{one}[]" for one in types)
        sets = [list(values) for values in zip(*pairs, strict=True)]
        return f"({first}, {second}) IN (SELECT * FROM unnest({arrays}))", sets  # noqa: S608  # constants
    both = "json_extract(value, '$[0]'), json_extract(value, '$[1]')"
    asked = json.dumps([[_for_sqlite(value) for value in pair] for pair in pairs])
    return f"({first}, {second}) IN (SELECT {both} FROM json_each(%s))", [asked]  # noqa: S608  # constants


def locking(clause: str) -> str:
    """A row lock such as FOR UPDATE; nothing on SQLite, where a transaction is alone."""
    return f" {clause}" if connection.vendor == "postgresql" else ""


def unhurried() -> str:
    """A condition that always holds, at the end of a WHERE: the commit of this transaction does not
    wait for the disk. For what a crash of the database may undo, such as claims and leases: what
    proves them are rows as well. Nothing later is kept without it."""
    if connection.vendor != "postgresql":
        return ""
    return " AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL"


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


def json_of(value: Any) -> Any:
    """A JSON column of a row from `query`."""
    return json.loads(value) if isinstance(value, str) else value


def utc(value: datetime | str) -> datetime:
    """A time column of a row from `query`, made aware; text where SQLite worked it out."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def time_of(value: datetime | str | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if value is None else utc(value)


def _joined(parts: Sequence[str]) -> str:
    *first, last = parts
    named = [f"w{number} AS ({sql})" for number, sql in enumerate(first)]
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
            f" SELECT * FROM {_recordset(model, names)}{end}"
        )
    marks = ", ".join(f"%({name})s" for name in names)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({marks}){end}'  # noqa: S608  # as above


@lru_cache(maxsize=256)
def _update(
    model: type[models.Model],
    names: tuple[str, ...],
    expressions: tuple[tuple[str, str], ...],
    vendor: str,
    is_one: bool,
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
            f' FROM {_recordset(model, names, is_one)} WHERE "{table}".id = new.id'
        )
    return f'UPDATE "{table}" SET {sets} WHERE id = %(id)s'  # noqa: S608  # as above


def _recordset(model: type[models.Model], names: Iterable[str], is_one: bool = False) -> str:
    """Of a recordset PostgreSQL expects a hundred rows, and reads a whole table of a few thousand
    rather than so many by index; hence a single row is no set."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    typed = ", ".join(f'"{name}" {_type(fields[name])}' for name in names)
    if is_one:
        return f"json_to_record((%s::json) -> 0) AS new({typed})"
    return f"json_to_recordset(%s::json) AS new({typed})"


def _type(column: models.Field[Any, Any]) -> str:
    """Short: psycopg keeps what it made of a text only up to 4,096 characters."""
    return (column.db_type(connection) or "").replace("timestamp with time zone", "timestamptz")
