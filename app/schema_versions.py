"""The numbered migrations, from code: what `make run` does before it listens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from config import ROOT

# Any number will do that every process of an instance agrees on; it is the day this house was begun.
_LOCK = 20_261_122


def alembic_config(database_url: str) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(ROOT / "migrations"))
    configuration.attributes["database_url"] = database_url
    return configuration


def upgrade(database_url: str, to: str = "head") -> None:
    """Bring the schema to CURRENT_HEAD, or as far as `to`; does nothing when it is there.

    Two processes that are started at once do it one after the other: the second finds it done.
    """
    # What it says at each start would push the one screen of `make run` away.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with _alone(database_url):
        command.upgrade(alembic_config(database_url), to)


@contextmanager
def _alone(database_url: str) -> Iterator[None]:
    """While no other process changes the schema. A SQLite file has one process, and locks itself."""
    if not database_url.startswith("postgresql"):
        yield
        return
    engine = sa.create_engine(database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    # The server lets go of the lock with the connection, however the process ends.
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        yield


def newest() -> str:
    """The schema of this release."""
    return (ROOT / "migrations" / "CURRENT_HEAD").read_text(encoding="utf-8").strip()
