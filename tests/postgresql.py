"""PostgreSQL databases of a test's own, made in this one place, and dropped when nobody needs them any more.

Whoever makes one keeps a connection to it for as long as it is needed. The server ends that connection with its process,
however it died; so a database of this name that nobody is connected to was left behind, and the next run drops it.
Making and looking happen under one lock, so that nobody looks between the making and the connection.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

URL = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
PREFIX, HELD = "openlab_test_", "_held"
# Any number will do that all runs on a server agree on.
_LOCK = 20_261_129
# Nobody holds the databases of runs from before there was this file: those are left for a day.
UNHELD = timedelta(days=1)
# Who may not ask for the age of a database (PostgreSQL lets superusers) leaves those that nobody holds.
_LEFT = sa.text(
    """
    SELECT d.datname FROM pg_database d
    WHERE starts_with(d.datname, :prefix)
      AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)
      AND CASE
        WHEN right(d.datname, length(:held)) = :held THEN true
        WHEN has_function_privilege('pg_stat_file(text, boolean)', 'execute')
          THEN (pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification <= now() - CAST(:unheld AS interval)
        ELSE false
      END
    ORDER BY d.datname
    """
)
_looked_at: set[str] = set()


def answers() -> bool:
    try:
        with sa.create_engine(URL, poolclass=sa.NullPool).connect():
            return True
    except sa.exc.OperationalError:
        return False


def needed() -> None:
    """For what cannot be tried without a server: skipped aloud, which fails the run where CI=true."""
    if not answers():
        pytest.skip("no PostgreSQL answers at TEST_DATABASE_URL")


@contextmanager
def own_database(server_url: str = URL) -> Iterator[str]:
    """The address of an empty database, which is gone at the end. Raises OperationalError where no server answers."""
    server = sa.create_engine(server_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}{HELD}"
    url = sa.make_url(server_url).set(database=name)
    own = sa.create_engine(url, poolclass=sa.NullPool)
    with _alone(server) as connection:
        if server_url not in _looked_at:
            _looked_at.add(server_url)
            drop_left_behind(connection)
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
        holding = own.connect()
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        holding.close()
        with server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def _alone(server: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to the server while nobody else makes or drops such databases; the lock ends with it."""
    with server.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        yield connection


def left_behind(connection: sa.Connection, unheld: timedelta = UNHELD) -> list[str]:
    """Databases of runs that are over. `unheld`: how old those have to be that nobody was meant to hold."""
    values = {"prefix": PREFIX, "held": HELD, "unheld": unheld}
    return list(connection.scalars(_LEFT, values))


def drop_left_behind(connection: sa.Connection) -> None:
    for name in left_behind(connection):
        try:
            # Without force: the server refuses when somebody came back to it.
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}"'))
        except sa.exc.DBAPIError:
            continue
