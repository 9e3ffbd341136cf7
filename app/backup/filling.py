"""The tables of an empty database are filled from a backup, in one transaction, with every rule of theirs back afterwards.

Rows come table by table, so what looks at other tables (references, triggers) is taken away for that time: the rows kept
these rules where they come from. References are looked at when everything is there. Checks and keys hold all the while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

from app.backup import left_out
from app.backup.archive import Damaged, Member, Reader, Tell
from app.backup.cells import Kind, row_of
from app.backup.snapshot import Table, tables_of
from app.db import Database

# Rows handed to SQLite at a time; a row with a picture has some hundred kilobytes.
_AT_ONCE = 100


class DoesNotFit(Exception):
    """The backup does not go with the schema it names; the message says what."""


def fill(database: Database, archive: Reader, tell: Tell) -> int:
    """Put the rows of the backup in the place of what the migrations put there. Returns how many.

    Raises DoesNotFit, Damaged, or the database's own error for a row that it refuses; then nothing was written.
    """
    members = [member for member in archive.manifest.members if member.name.startswith("tables/")]
    total = sum(member.rows for member in members)
    put = _into_sqlite if database.is_sqlite else _into_postgresql
    with database.engine.connect() as connection:
        tables = {table.name: table for table in tables_of(connection)}
    wanted = {_table_of(member): member for member in members}
    _compare(tables, wanted)
    filled = [(tables[name], member) for name, member in wanted.items()]
    with database.engine.connect() as connection:
        return put(connection, archive, filled, list(tables), lambda done: tell(done, total))


def _table_of(member: Member) -> str:
    return member.name.removeprefix("tables/").removesuffix(".jsonl.gz")


def _compare(tables: dict[str, Table], members: dict[str, Member]) -> None:
    if unknown := sorted(members.keys() - tables.keys()):
        raise DoesNotFit(f"the schema has no table {unknown[0]}")
    if missing := sorted(tables.keys() - members.keys() - left_out.TABLES):
        raise DoesNotFit(f"the backup has no table {missing[0]}")
    for name, member in members.items():
        there = {column: str(kind) for column, kind in tables[name].columns}
        if there != dict(member.columns):
            differing = sorted(set(there.items()) ^ set(member.columns))
            raise DoesNotFit(f"the columns of {name} differ: {differing[0][0]}")


Told = Callable[[int], None]


def _rows(archive: Reader, member: Member, *, for_sqlite: bool) -> Iterator[tuple[Any, ...]]:
    kinds = tuple(Kind(kind) for _column, kind in member.columns)
    count = 0
    for line in archive.lines(member):
        try:
            yield row_of(line, kinds, for_sqlite=for_sqlite)
        except ValueError as error:
            raise Damaged(member.name, f"line {count + 1} cannot be read") from error
        count += 1
    if count != member.rows:
        raise Damaged(member.name, f"holds {count} rows, and {member.rows} were told")


def _into_sqlite(
    connection: sa.Connection,
    archive: Reader,
    wanted: list[tuple[Table, Member]],
    everything: list[str],
    tell: Told,
) -> int:
    raw = connection.connection.driver_connection
    assert raw is not None
    quote = connection.dialect.identifier_preparer.quote
    # Outside a transaction: inside one SQLite does not listen. This file is nobody's yet, and on the disk at the end.
    raw.execute("PRAGMA foreign_keys = OFF")
    raw.execute("PRAGMA synchronous = OFF")
    raw.execute("BEGIN IMMEDIATE")
    triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    done = 0
    try:
        for name, _sql in triggers:
            raw.execute(f"DROP TRIGGER {quote(name)}")
        for name in everything:
            raw.execute(f"DELETE FROM {quote(name)}")  # nosec B608 # names out of the database itself
        for table, member in wanted:
            names = [column for column, _kind in member.columns]
            statement = (
                f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) "  # nosec B608 # names out of the database itself
                f"VALUES ({', '.join('?' for _name in names)})"
            )
            rows = _rows(archive, member, for_sqlite=True)
            while some := list(islice(rows, _AT_ONCE)):
                raw.executemany(statement, some)
                done += len(some)
                tell(done)
        for _name, sql in triggers:
            raw.execute(sql)
        if broken := raw.execute("PRAGMA foreign_key_check").fetchone():
            raise DoesNotFit(f"a row of {broken[0]} leads to a row of {broken[2]} that is not there")
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise
    finally:
        # Its pragmas are its own.
        connection.invalidate()
    return done


_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
_SEQUENCES = """
SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
FROM information_schema.columns
WHERE table_schema = current_schema() AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
"""


def _into_postgresql(
    connection: sa.Connection,
    archive: Reader,
    wanted: list[tuple[Table, Member]],
    everything: list[str],
    tell: Told,
) -> int:
    quote = connection.dialect.identifier_preparer.quote
    done = 0

    def do(statement: str) -> Any:
        return connection.exec_driver_sql(statement)

    with connection.begin():
        keys = do(_FOREIGN_KEYS).all()
        for table_name, name, _words in keys:
            do(f"ALTER TABLE {table_name} DROP CONSTRAINT {name}")
        for name in everything:
            # What only the owner of a table may do; switching everything off at once is for superusers.
            do(f"ALTER TABLE {quote(name)} DISABLE TRIGGER USER")
            do(f"DELETE FROM {quote(name)}")  # nosec B608 # names out of the database itself
        for table, member in wanted:
            names = ", ".join(quote(column) for column, _kind in member.columns)
            raw = connection.connection.driver_connection
            assert raw is not None
            with (
                raw.cursor() as cursor,
                cursor.copy(f"COPY {quote(table.name)} ({names}) FROM STDIN") as copy,
            ):
                for row in _rows(archive, member, for_sqlite=False):
                    copy.write_row(row)
                    done += 1
                    if done % 1000 == 0:
                        tell(done)
        for name in everything:
            do(f"ALTER TABLE {quote(name)} ENABLE TRIGGER USER")
        for table_name, name, words in keys:
            do(f"ALTER TABLE {table_name} ADD CONSTRAINT {name} {words}")
        for table_name, column, sequence in do(_SEQUENCES).all():
            do(
                f"SELECT setval('{sequence}', coalesce(max({quote(column)}), 1), max({quote(column)}) IS NOT NULL) "  # nosec B608 # names out of the database itself
                f"FROM {quote(table_name)}"
            )
    tell(done)
    return done
