"""The database: one engine, one declarative base, and the unit of work that edges open.

Under gevent a SQLite write transaction that yields dead-locks the process with itself. So every unit of work
takes one in-process lock *before* BEGIN IMMEDIATE, waits for other processes only there, and never yields
inside; tests assert the last with a switch tracer.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app import clock, events
from app.errors import Unavailable

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# How long a unit of work waits for another process that holds SQLite's write lock.
PATIENCE_SECONDS = 10.0


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware instant, stored in UTC on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(sa.types.TypeDecorator[StrEnum]):
    """A StrEnum kept as its word; pair it with `one_of` so that the database refuses others."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: sa.Dialect) -> str | None:
        return str(self.kind(value)) if value is not None else None

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> StrEnum | None:
        return self.kind(value) if value is not None else None


def one_of(column: str, kind: type[StrEnum], *, optional: bool = False) -> sa.CheckConstraint:
    words = ", ".join(f"'{word}'" for word in kind)
    rule = f"{column} IN ({words})"
    return sa.CheckConstraint(f"{column} IS NULL OR {rule}" if optional else rule, name=f"{column}_known")


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON(),
        list[str]: sa.JSON(),
        list[Any]: sa.JSON(),
    }


# SQLite gives ids to INTEGER keys only; PostgreSQL wants the width spelled out.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class OutboxRow(Base):
    """News noted in the transaction that made it."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    payload: Mapped[dict[str, Any]]
    noted_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    __table_args__ = (
        sa.Index(
            "ix_outbox_waiting",
            "id",
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        ),
    )


class OutboxDelivery(Base):
    """The idempotency key of a delivery: one row of news, one handler, once."""

    __tablename__ = "outbox_delivery"
    outbox_id: Mapped[int] = mapped_column(sa.ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True)
    handler: Mapped[str] = mapped_column(sa.String(80), primary_key=True)


class Database:
    """An engine with this project's manners."""

    def __init__(self, url: str, pool_size: int = 20) -> None:
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 20, "pool_timeout": 15}
        if not self.is_sqlite:
            options["pool_pre_ping"] = True
        self.engine = sa.create_engine(
            url,
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True),
            **options,
        )
        self.lock = threading.Lock()
        self.writing: object | None = None
        if self.is_sqlite:
            sa_event.listen(self.engine, "connect", _sqlite_connect)
            sa_event.listen(self.engine, "begin", _sqlite_begin)

    def open_session(self, *, write: bool) -> Session:
        connection = self.engine.connect()
        if self.is_sqlite and write:
            connection = connection.execution_options(openlab_write=True)
        return Session(bind=connection, expire_on_commit=False, autoflush=True)


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event says BEGIN itself, see below
    # FULL: a commit is on the disk when it returns (with NORMAL a power cut lost everything since the last
    # checkpoint when it was tried). busy_timeout blocks the whole loop, so it is short and we wait ourselves.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("openlab_write"):
        connection.exec_driver_sql("BEGIN")
        return
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return
        except sa.exc.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)  # cooperative under gevent; nothing has begun yet, so yielding is safe


_database: Database | None = None
_current: ContextVar[Session | None] = ContextVar("openlab_session", default=None)
_news: ContextVar[list[events.Event] | None] = ContextVar("openlab_news", default=None)


def configure(url: str, **options: Any) -> Database:
    """Make `url` the process's database; closes the one before."""
    global _database
    if _database is not None:
        _database.engine.dispose()
    _database = Database(url, **options)
    return _database


def database() -> Database:
    if _database is None:
        raise RuntimeError("no database is configured: call app.db.configure first")
    return _database


def session() -> Session:
    """The session of the unit of work (or reading) this greenlet is in."""
    current = _current.get()
    if current is None:
        raise RuntimeError("open a unit_of_work() or reading() first: edges own the transaction")
    return current


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One write transaction: commits when the block ends well, otherwise leaves no trace.

    Raises Unavailable when the database cannot be had; the caller's input is then unchanged and kept by them.
    """
    if _news.get() is not None:
        raise RuntimeError(
            "a unit of work is already open here: verbs never commit, edges own the transaction"
        )
    base = database()
    if base.is_sqlite:
        base.lock.acquire()
    try:
        with _opened(base, write=True) as current:
            news: list[events.Event] = []
            news_token = _news.set(news)
            base.writing = _here() if base.is_sqlite else None
            try:
                yield current
                current.commit()
            except sa.exc.OperationalError as error:
                current.rollback()
                raise Unavailable(detail=str(error.orig)) from error
            except BaseException:
                current.rollback()
                raise
            finally:
                base.writing = None
                _news.reset(news_token)
    finally:
        if base.is_sqlite:
            base.lock.release()
    for item in news:
        for handler in events.immediate[item.name]:
            try:
                handler(item)
            except Exception:
                log.exception("a shortcut for %s failed; the outbox will still deliver it", item.name)


@contextmanager
def reading() -> Iterator[Session]:
    """A read-only look at one moment; joins the transaction that is open, if any."""
    if (current := _current.get()) is not None:
        yield current
        return
    with _opened(database(), write=False) as current:
        try:
            yield current
        finally:
            current.rollback()


@contextmanager
def _opened(base: Database, *, write: bool) -> Iterator[Session]:
    try:
        current = base.open_session(write=write)
        try:
            current.connection()
        except BaseException:
            _close(current)
            raise
    except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
        raise Unavailable(detail=str(error)) from error
    token = _current.set(current)
    try:
        yield current
    finally:
        _current.reset(token)
        _close(current)


def _close(current: Session) -> None:
    bind = current.get_bind()
    current.close()
    assert isinstance(bind, sa.Connection)
    bind.close()


def _here() -> object:
    import greenlet

    return greenlet.getcurrent()


def note(item: events.Event) -> None:
    """Write news into the outbox of the open unit of work; told in memory after the commit as a shortcut."""
    news = _news.get()
    if news is None:
        raise RuntimeError("news is noted inside a unit of work")
    session().add(OutboxRow(name=item.name, payload=item.payload(), noted_at=clock.now()))
    news.append(item)
