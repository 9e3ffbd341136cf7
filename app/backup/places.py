"""Where a restored database is made, and how it takes the place of the one before: at once, or not at all.

It is made beside the one that is there: on SQLite a file in the same folder, on PostgreSQL a schema in the same
database. A restore that is broken off leaves the former one as it was; the next one begins anew.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from app import clock
from app.backup import left_out
from app.backup.archive import put_in_place
from app.db import Database, UtcDateTime

# One name, so that what a restore left behind when it was broken off is found by the next one.
BESIDE = "openlab_restoring"
_WORKER = "worker"


class InUse(Exception):
    """A server works on this database; the message says how one knows."""


class Place(Protocol):
    """`url` is the database that is being made; `prepare` empties it, `take_over` puts it where the former one is."""

    url: str

    def prepare(self) -> None: ...

    def take_over(self) -> None: ...

    def give_up(self) -> None: ...


def place_of(url: str) -> Place:
    return _SqliteFile(url) if url.startswith("sqlite") else _PostgresqlSchema(url)


def is_there(database: Database) -> bool:
    """Whether there is anything to connect to: looking into a file that is not there would make one."""
    name = database.engine.url.database
    return not database.is_sqlite or (name is not None and Path(name).exists())


def is_filled(database: Database) -> bool:
    """Whether there is a row in it that a backup would hold."""
    if not is_there(database):
        return False
    with database.engine.connect() as connection:
        names = set(sa.inspect(connection).get_table_names()) - left_out.TABLES - {left_out.VERSION_TABLE}
        quote = connection.dialect.identifier_preparer.quote
        return any(
            connection.execute(sa.text(f"SELECT 1 FROM {quote(name)} LIMIT 1")).first()  # nosec B608 # names out of the database itself
            for name in sorted(names)
        )


def refuse_in_use(database: Database) -> None:
    """Raises InUse while a worker holds its lease: it renews it every 15 seconds and lets it lapse within 30."""
    if not is_there(database):
        return
    lease = sa.table("lease", sa.column("name"), sa.column("until", UtcDateTime()))
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("lease"):
            return
        until = connection.scalar(sa.select(lease.c.until).where(lease.c.name == _WORKER))
    if until is not None and until > clock.now():
        seconds = round((until - clock.now()).total_seconds()) + 1
        raise InUse(
            "A server works on this database (its worker’s lease is good). Stop it; "
            f"if it was stopped or killed just now, try again in {seconds} seconds."
        )


class _SqliteFile:
    def __init__(self, url: str) -> None:
        name = sa.make_url(url).database
        if not name or name == ":memory:":
            raise InUse("A database in memory cannot be restored.")
        self._file = Path(name)
        self._beside = self._file.with_name(f"{self._file.name}.{BESIDE}")
        self.url = sa.make_url(url).set(database=str(self._beside)).render_as_string(hide_password=False)

    def prepare(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self.give_up()
        os.close(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def give_up(self) -> None:
        for ending in ("", "-wal", "-shm", "-journal"):
            self._beside.with_name(self._beside.name + ending).unlink(missing_ok=True)

    def take_over(self) -> None:
        _fold(self._beside)
        if self._file.exists():
            # What stands in its write-ahead log would otherwise be read into the new file.
            _fold(self._file)
        with self._beside.open("rb") as file:
            os.fsync(file.fileno())
        put_in_place(self._beside, self._file)


def _fold(file: Path) -> None:
    """Make one file of a database and its logs. SQLite refuses while anybody else has it open: raises InUse."""
    import sqlite3

    with closing(sqlite3.connect(file, timeout=1)) as connection:
        try:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise InUse(f"{file} is open elsewhere ({error}). Stop the server.") from error
        if mode != "delete":
            raise InUse(f"{file} is open elsewhere. Stop the server.")


class _PostgresqlSchema:
    def __init__(self, url: str) -> None:
        self._own = url
        given = sa.make_url(url)
        options = f"{given.query.get('options', '')} -csearch_path={BESIDE}".strip()
        self.url = given.update_query_dict({"options": options}).render_as_string(hide_password=False)

    def prepare(self) -> None:
        self._do([f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE", f"CREATE SCHEMA {BESIDE}"])

    def give_up(self) -> None:
        self._do([f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE"])

    def _do(self, statements: list[str]) -> None:
        engine = sa.create_engine(self._own, poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def take_over(self) -> None:
        """Tables and functions move into the place of those of the same names, in one transaction."""
        engine = sa.create_engine(self._own, poolclass=sa.NullPool)
        with engine.begin() as connection:
            # Who still reads the former tables is not waited for without end.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            own = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
            tables = connection.scalars(_TABLES, {"beside": BESIDE}).all()
            functions = connection.scalars(_FUNCTIONS, {"beside": BESIDE}).all()
            for name in tables:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {own}.{name} CASCADE")
            for name in functions:
                connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {own}.{name} CASCADE")
            for name in tables:
                connection.exec_driver_sql(f"ALTER TABLE {BESIDE}.{name} SET SCHEMA {own}")
            for name in functions:
                connection.exec_driver_sql(f"ALTER FUNCTION {BESIDE}.{name} SET SCHEMA {own}")
            connection.exec_driver_sql(f"DROP SCHEMA {BESIDE}")


_TABLES = sa.text(
    "SELECT quote_ident(relname) FROM pg_class WHERE relkind IN ('r', 'p') "
    "AND relnamespace = CAST(:beside AS regnamespace) ORDER BY relname"
)
_FUNCTIONS = sa.text(
    "SELECT quote_ident(proname) || '(' || pg_get_function_identity_arguments(oid) || ')' FROM pg_proc "
    "WHERE pronamespace = CAST(:beside AS regnamespace) ORDER BY proname"
)
