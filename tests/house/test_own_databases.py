"""What killed runs leave on the PostgreSQL server is dropped by the next one, and what is in use never is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import postgresql
from tests.house.tree import ROOT

CHILD = """
import sys
from tests import postgresql
with postgresql.own_database() as url:
    print(url.rpartition("/")[2], flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server() -> Iterator[sa.Connection]:
    postgresql.needed()
    engine = sa.create_engine(postgresql.URL, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection


def exists(server: sa.Connection, name: str) -> bool:
    found = server.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
    return found is not None


def a_new_run() -> None:
    """Another process makes a database and ends well."""
    subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, input="", text=True, check=True, capture_output=True
    )


def test_a_killed_run_leaves_nothing_for_long(server: sa.Connection) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", CHILD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    name = run.stdout.readline().strip()
    assert name.startswith("openlab_test_")
    a_new_run()
    assert exists(server, name), "it is in use, though nobody has asked it anything"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    # The server hears of the end of a connection within a moment.
    give_up = time.monotonic() + 20
    while name not in postgresql.left_behind(server) and time.monotonic() < give_up:
        time.sleep(0.1)
    a_new_run()
    assert not exists(server, name)


def test_a_run_that_ends_well_takes_its_database_along(server: sa.Connection) -> None:
    with postgresql.own_database() as url:
        name = url.rpartition("/")[2]
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT current_database()")) == name
        assert exists(server, name), "an open pool does not keep it"
    engine.dispose()
    assert not exists(server, name)


def test_one_that_nobody_holds_is_left_for_a_day(server: sa.Connection) -> None:
    """Of a run of an older version, which may be at work."""
    name = f"openlab_test_{os.urandom(6).hex()}"
    server.execute(sa.text(f'CREATE DATABASE "{name}"'))
    try:
        assert name not in postgresql.left_behind(server)
        assert name in postgresql.left_behind(server, unheld=timedelta(0))
        a_new_run()
        assert exists(server, name)
    finally:
        server.execute(sa.text(f'DROP DATABASE "{name}"'))
