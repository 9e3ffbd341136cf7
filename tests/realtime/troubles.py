"""A server with a database of its own, and what can befall that database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa

from app.db import database
from app.factory import create_app
from config import Settings
from tests.live_server import SECRET, LiveServer
from tests.scenes import Scene, make_scene


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[LiveServer, Scene]]:
    create_app(Settings.from_env({}, database_url=url, data_dir=folder, secret_key=SECRET))
    server = LiveServer(folder, url).start()
    try:
        yield server, make_scene()
    finally:
        server.stop()
        database().engine.dispose()


@contextmanager
def sqlite_locked(url: str) -> Iterator[None]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def postgresql_locked(url: str, statement: str) -> Iterator[None]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as other:
        other.execute(sa.text(statement))
        yield
        other.rollback()
