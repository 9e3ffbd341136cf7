"""One moment of a database, read table by table while others go on writing.

SQLite: one read transaction of the WAL, which no writer waits for. PostgreSQL: REPEATABLE READ, READ ONLY. Either
shows what was committed when it began, whole, and nothing after. A row at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.backup import left_out
from app.backup.cells import Kind, kind_of
from app.db import Database


class NoSchema(Exception):
    """The database has no tables of ours."""


@dataclass(frozen=True)
class Table:
    """A table as a backup sees it: columns in the order of the database, and in which order its rows are read."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...] = field(default=(), compare=False)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind for _name, kind in self.columns)


def tables_of(connection: sa.Connection) -> list[Table]:
    """Every table that the database has, those left out as well, but for that of the migrations."""
    inspector = sa.inspect(connection)
    found = []
    for name in sorted(set(inspector.get_table_names()) - {left_out.VERSION_TABLE}):
        columns = tuple(
            (column["name"], kind_of(f"{name}.{column['name']}", column["type"]))
            for column in inspector.get_columns(name)
        )
        key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
        found.append(Table(name, columns, key))
    return found


class Snapshot:
    """One moment of a database; `begin` opens it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        quote = connection.dialect.identifier_preparer.quote
        self._quote = quote
        if not sa.inspect(connection).has_table(left_out.VERSION_TABLE):
            raise NoSchema
        schema = connection.scalar(sa.text(f"SELECT version_num FROM {left_out.VERSION_TABLE}"))  # nosec B608 # the name of the table is a constant
        if schema is None:
            raise NoSchema
        self.schema = str(schema)
        self.tables = [table for table in tables_of(connection) if table.name not in left_out.TABLES]

    def count(self, table: Table) -> int:
        return int(self._connection.scalar(sa.text(f"SELECT count(*) FROM {self._quote(table.name)}")) or 0)  # nosec B608 # names out of the database itself

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """The rows as the driver gives them, in the order of their key."""
        empty = left_out.COLUMNS.get(table.name, frozenset())
        wanted = ", ".join(
            "NULL" if name in empty else self._read(name, kind) for name, kind in table.columns
        )
        order = ", ".join(self._quote(name) for name in table.key) or "1"
        query = f"SELECT {wanted} FROM {self._quote(table.name)} ORDER BY {order}"  # nosec B608 # names out of the database itself
        raw = self._connection.connection.driver_connection
        assert raw is not None
        if self._is_sqlite:
            yield from raw.execute(query)
            return
        with raw.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
            copy.set_types([_POSTGRESQL[kind] for kind in table.kinds])
            yield from copy.rows()

    def _read(self, name: str, kind: Kind) -> str:
        # The driver would make objects of JSON; a backup wants the text.
        return (
            f"{self._quote(name)}::text" if kind is Kind.JSON and not self._is_sqlite else self._quote(name)
        )


_POSTGRESQL = {
    Kind.BOOL: "bool",
    Kind.INT: "int8",
    Kind.FLOAT: "float8",
    Kind.JSON: "text",
    Kind.INSTANT: "timestamptz",
    Kind.DAY: "date",
    Kind.BYTES: "bytea",
    Kind.TEXT: "text",
}


@contextmanager
def begin(database: Database) -> Iterator[Snapshot]:
    """The database as it is now, for as long as the block lasts. Raises NoSchema."""
    options = (
        {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    with database.engine.connect().execution_options(**options) as connection, connection.begin():
        # The moment is that of the first look, on both databases.
        yield Snapshot(connection)
