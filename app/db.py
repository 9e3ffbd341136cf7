"""The database: one engine, one declarative base, and the unit of work that edges open.

Under gevent a SQLite write transaction that yields dead-locks the process with itself. So every unit of work
takes one in-process lock *before* BEGIN IMMEDIATE, waits for other processes only there, and never yields
inside; tests assert the last with a switch tracer.

Whatever the database does not do (it is gone, locked, full, its disk broken) reaches the edges as Unavailable.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from app import clock, events
from app.errors import MovedOn, Unavailable
from app.extensions import gettext as _

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
# How long a unit of work waits for what others hold: all of SQLite, or a row or table of PostgreSQL. A person who
# sent a form waits that long at most; who has something better to do than wait asks for less.
PATIENCE_SECONDS = 10.0
# What libpq would wait for without end: a host that does not answer, and one that fell silent.
_POSTGRESQL_TIMEOUTS = {"connect_timeout": 5, "tcp_user_timeout": 10_000}


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


def insert(table: Any) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say what happens on a conflict, which each of the two databases spells in its dialect."""
    return (sqlite if database().is_sqlite else postgresql).insert(table)


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
            given = sa.make_url(url).query
            options["connect_args"] = {
                name: value for name, value in _POSTGRESQL_TIMEOUTS.items() if name not in given
            }
        self.engine = sa.create_engine(
            url,
            hide_parameters=True,  # an error names the statement, never the bytes or words that were its values
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True),
            **options,
        )
        self.lock = threading.Lock()
        self.writing: object | None = None
        self.pen: Any = None
        self.pen_lock = self.lock if self.is_sqlite else threading.Lock()
        if self.is_sqlite:
            sa_event.listen(self.engine, "connect", _sqlite_connect)
            sa_event.listen(self.engine, "begin", _sqlite_begin)
        else:
            sa_event.listen(self.engine, "connect", _postgresql_connect)

    def lay_down_pen(self) -> None:
        """End the log's own connection (app.pen), and whatever is left of its transaction."""
        broken, self.pen = self.pen, None
        if broken is not None:
            with suppress(Exception):
                broken.invalidate()

    def open_session(self, *, give_up: float | None) -> Session:
        """A session on a connection of its own; `give_up` (monotonic seconds) makes it one that writes."""
        connection = self.engine.connect()
        if self.is_sqlite and give_up is not None:
            connection = connection.execution_options(openlab_give_up=give_up)
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
        # A busy table writes the same few pages again and again: the longer the log of SQLite's, the fewer of them are
        # copied into the file. 16 MB are read again after a crash in some hundredths of a second.
        "wal_autocheckpoint=4000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: sa.Connection) -> None:
    give_up = connection.get_execution_options().get("openlab_give_up")
    if give_up is None:
        connection.exec_driver_sql("BEGIN")
        return
    begin_immediate(connection.exec_driver_sql, sa.exc.OperationalError, give_up)


def begin_immediate(execute: Callable[[str], object], locked: type[Exception], give_up: float) -> None:
    while True:
        try:
            execute("BEGIN IMMEDIATE")
            return
        except locked as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)  # cooperative under gevent; nothing has begun yet, so yielding is safe


def _postgresql_connect(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{round(PATIENCE_SECONDS * 1000)}ms'")
    connection.commit()


_database: Database | None = None
_current: ContextVar[Session | None] = ContextVar("openlab_session", default=None)
_news: ContextVar[list[events.Event] | None] = ContextVar("openlab_news", default=None)


def configure(url: str, **options: Any) -> Database:
    """Make `url` the process's database; closes the one before."""
    global _database
    if _database is not None:
        _database.lay_down_pen()
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
def unit_of_work(*, patience: float = PATIENCE_SECONDS) -> Iterator[Session]:
    """One write transaction: commits when the block ends well, otherwise leaves no trace.

    Raises Unavailable when the database cannot be had within `patience` seconds, or did not say that it committed;
    the caller's input is then unchanged and kept by them. (A commit whose answer got lost may stand all the same.)
    """
    if _news.get() is not None:
        raise RuntimeError(
            "a unit of work is already open here: verbs never commit, edges own the transaction"
        )
    base = database()
    give_up = time.monotonic() + patience
    if base.is_sqlite and not base.lock.acquire(timeout=patience):
        raise unavailable("others of this process are still writing")
    try:
        with _opened(base, give_up) as current:
            news: list[events.Event] = []
            news_token = _news.set(news)
            base.writing = here() if base.is_sqlite else None
            try:
                if not base.is_sqlite and patience != PATIENCE_SECONDS:
                    current.execute(sa.text(f"SET LOCAL lock_timeout = '{round(patience * 1000)}ms'"))
                yield current
                current.flush()
                refuse_a_broken_one(current.connection().connection.driver_connection)
                current.commit()
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
def unless_somebody_was_first(sentence: str) -> Iterator[None]:
    """What is written in here another may be writing at this very moment, where the database takes one: raises MovedOn
    with `sentence` for the second."""
    try:
        with session().begin_nested():
            yield
            session().flush()
    except sa.exc.IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505" and "UNIQUE" not in str(error.orig):
            raise  # a rule that is not about who came first
        raise MovedOn(sentence) from error


def is_writing() -> bool:
    """Whether a unit of work is open here: then nothing may be waited for."""
    return _news.get() is not None


@contextmanager
def reading() -> Iterator[Session]:
    """A read-only look at one moment; joins the transaction that is open, if any."""
    if (current := _current.get()) is not None:
        yield current
        return
    with _opened(database(), None) as current:
        yield current


@contextmanager
def _opened(base: Database, give_up: float | None) -> Iterator[Session]:
    """A session with its transaction begun; what was not committed in the block is rolled back after it."""
    current: Session | None = None
    token = None
    try:
        current = base.open_session(give_up=give_up)
        current.connection()
        token = _current.set(current)
        yield current
    except Exception as error:
        if _is_outage(error):
            raise unavailable(str(getattr(error, "orig", error))) from error
        raise
    finally:
        if token is not None:
            _current.reset(token)
        if current is not None:
            _close(current)


def _is_outage(error: Exception) -> bool:
    """Whether it is the database that failed, and not what was asked of it."""
    if isinstance(error, sa.exc.DBAPIError):
        # Gone, locked, full, its disk broken; or a standby that took over and does not write.
        return (
            isinstance(error, sa.exc.OperationalError)
            or error.connection_invalidated
            or getattr(error.orig, "sqlstate", None) == "25006"
        )
    return isinstance(error, (sa.exc.TimeoutError, sa.exc.PendingRollbackError))


def unavailable(detail: str) -> Unavailable:
    return Unavailable(
        _("Le service ne peut rien lire ni enregistrer pour le moment. Réessayez dans un instant."),
        retry_after=2.0,
        detail=detail,
    )


def refuse_a_broken_one(raw: Any) -> None:
    """SQLite rolls back by itself when its disk is full or fails, and PostgreSQL makes a rollback of the commit of a
    transaction in which something failed. Neither says so at the commit: whoever caught the error would acknowledge
    what is not there."""
    whole = (
        raw.in_transaction
        if isinstance(raw, sqlite3.Connection)
        else raw.info.transaction_status.name not in ("INERROR", "UNKNOWN")
    )
    if not whole:
        raise unavailable("the transaction had been rolled back before its commit")


def _close(current: Session) -> None:
    bind = current.get_bind()
    assert isinstance(bind, sa.Connection)
    try:
        current.close()
    except sa.exc.DBAPIError:
        # Even the rollback failed: nobody shall be given this connection again.
        bind.invalidate()
    bind.close()


def here() -> object:
    import greenlet

    return greenlet.getcurrent()


def note(item: events.Event) -> None:
    """Write news into the outbox of the open unit of work; told in memory after the commit as a shortcut."""
    news = _news.get()
    if news is None:
        raise RuntimeError("news is noted inside a unit of work")
    session().add(OutboxRow(name=item.name, payload=item.payload(), noted_at=clock.now()))
    news.append(item)
