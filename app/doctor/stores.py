"""The database, what waits in it, the chain of the audit log, and Redis."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import redis
import sqlalchemy as sa

from app import audit, clock, logs
from app.db import OutboxRow, database, reading, session
from app.doctor.findings import Finding, NotThere, note, ok, wrong
from app.jobs import DueRow
from app.mail import Mail
from app.schema_versions import newest
from config import Settings
from drafts import audit_heads, seal

# By then the worker has had ten rounds of due rows, and hundreds of the outbox: docs/metrics.md has the same bounds.
TOO_LONG = timedelta(minutes=10)
MAILS_TOO_LONG = timedelta(minutes=15)
# Put off 1, 2, 4, 8, 16 minutes: half an hour of failing.
FAILED_OFTEN = 5
# A chain that is sealed is noted outside within a minute or two.
NOTED_LATE = timedelta(minutes=10)
TOO_FAR_SECONDS = 2.0
# What a server and its worker may hold open: two pools of 20 and 20 beyond, and their two pens (app.db).
CONNECTIONS = 82
OLDEST_POSTGRESQL = 130000
CHECK_SECONDS = 10.0
SLOW_REDIS_SECONDS = 0.05


def _file(settings: Settings) -> Path:
    return Path(sa.make_url(settings.database_url).database or "")


@contextmanager
def stored(settings: Settings) -> Iterator[None]:
    """A reading of a database that is there and has the schema of this release. Raises NotThere, Unavailable."""
    if settings.is_sqlite and not _file(settings).is_file():
        raise NotThere("there is no database yet")
    with reading():
        if _head() != newest():
            raise NotThere("the schema is another one")
        yield


def _head() -> str:
    connection = session().connection()
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or ""


def database_answers(settings: Settings) -> Iterator[Finding]:
    if settings.is_sqlite and not _file(settings).is_file():
        yield wrong("database", "there is no database yet", "Start the server once: it makes it.")
        return
    began = time.perf_counter()
    try:
        with database().engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
            took = (time.perf_counter() - began) * 1000
            yield ok("database", f"{connection.dialect.name} answers after {took:.0f} ms")
            yield from (_sqlite(connection) if settings.is_sqlite else _postgresql(connection))
    except (sa.exc.SQLAlchemyError, OSError) as error:
        yield wrong(
            "database",
            f"the database does not answer: {logs.describe(error)}",
            "Start it, and look at DATABASE_URL (host, name, user, password).",
        )
        return
    with reading():
        head = _head()
    if head == newest():
        yield ok("database.schema", f"the schema is that of this release, {head}")
    else:
        yield wrong(
            "database.schema",
            f"the schema is {head or 'not made'}, this release wants {newest()}",
            "Start the server: it migrates. If the schema is of a later release, install that one.",
        )


def _sqlite(connection: sa.Connection) -> Iterator[Finding]:
    journal = connection.scalar(sa.text("PRAGMA journal_mode"))
    synchronous = connection.scalar(sa.text("PRAGMA synchronous"))
    if journal == "wal" and synchronous == 2:
        yield ok("database.safety", "write-ahead log, and each commit is on the disk (synchronous=FULL)")
    else:
        yield wrong(
            "database.safety",
            f"journal_mode={journal}, synchronous={synchronous}, not wal and 2",
            "Another program holds the file in another way, or its disk knows no WAL: use a local disk.",
        )


def _postgresql(connection: sa.Connection) -> Iterator[Finding]:
    def shown(name: str) -> str:
        return str(connection.scalar(sa.text("SELECT current_setting(:name)"), {"name": name}))

    version = int(shown("server_version_num"))
    told = f"PostgreSQL {shown('server_version')}, zone {shown('TimeZone')}"
    if version < OLDEST_POSTGRESQL:
        yield wrong("database.version", told, "Use PostgreSQL 13 or later.")
    else:
        yield ok("database.version", told)
    unsafe = [
        f"{name}={shown(name)}"
        for name in ("synchronous_commit", "fsync", "full_page_writes")
        if shown(name) == "off"
    ]
    if unsafe:
        yield wrong(
            "database.safety",
            f"{', '.join(unsafe)}: what is said to be saved is lost when the power goes",
            "Set them to on in postgresql.conf (and look at ALTER ROLE, ALTER DATABASE).",
        )
    else:
        yield ok("database.safety", "each commit is on the disk")
    room = int(shown("max_connections"))
    if room < CONNECTIONS:
        yield note(
            "database.connections",
            f"max_connections is {room}; a busy server and its worker may want {CONNECTIONS}",
            "Raise max_connections, by as many for each further process.",
        )
    if shown("server_encoding") != "UTF8":
        yield wrong(
            "database.encoding", f"the encoding is {shown('server_encoding')}", "Make a database in UTF8."
        )


def clock_of_database(settings: Settings) -> Iterator[Finding]:
    if settings.is_sqlite:
        return
    with reading():
        before = clock.now()
        theirs = session().scalar(sa.text("SELECT clock_timestamp()"))
        after = clock.now()
    assert theirs is not None
    apart = (theirs - (before + (after - before) / 2)).total_seconds()
    yield compared("clock.database", "the database", apart, (after - before).total_seconds())


def compared(check: str, whose: str, apart: float, unsure: float = 0.0) -> Finding:
    """What is said of another clock that is `apart` seconds ahead of ours, known to within `unsure` seconds."""
    told = f"{abs(apart):.1f} s {'behind' if apart > 0 else 'ahead of'} {whose}"
    if abs(apart) - unsure > TOO_FAR_SECONDS:
        return wrong(
            check, f"this machine's clock is {told}", "Set both clocks by NTP (timedatectl, chrony)."
        )
    return ok(check, f"this machine's clock agrees with that of {whose}")


def integrity(settings: Settings) -> Iterator[Finding]:
    """SQLite's own look at its file, broken off after some seconds: a large one has its own time for that."""
    if not settings.is_sqlite:
        return
    path = _file(settings)
    if not path.is_file():
        raise NotThere("there is no database yet")
    give_up = time.monotonic() + CHECK_SECONDS
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
    try:
        connection.set_progress_handler(lambda: time.monotonic() > give_up, 10_000)
        rows = connection.execute("PRAGMA quick_check(5)").fetchall()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            yield note(
                "database.integrity",
                f"not through within {CHECK_SECONDS:g} s: the file is large",
                "At night: sqlite3 FILE 'PRAGMA quick_check'",
            )
            return
        rows = [("malformed",)]
    finally:
        connection.close()
    if rows == [("ok",)]:
        yield ok("database.integrity", "SQLite finds its file whole (quick_check)")
    else:
        yield wrong(
            "database.integrity",
            "SQLite finds faults in its file",
            "Stop the server, keep a copy of the file, and restore the last backup.",
        )


def work(settings: Settings) -> Iterator[Finding]:
    now = clock.now()
    undone = DueRow.done_at.is_(None)
    asked = {
        "work.news": (
            sa.select(sa.func.count()).where(
                OutboxRow.delivered_at.is_(None), OutboxRow.noted_at < now - TOO_LONG
            ),
            "news wait for more than 10 minutes",
        ),
        "work.overdue": (
            sa.select(sa.func.count()).where(undone, DueRow.due_at < now - TOO_LONG),
            "deadlines, publications or reminders are more than 10 minutes late",
        ),
        "work.failing": (
            sa.select(sa.func.count()).where(undone, DueRow.attempts >= FAILED_OFTEN),
            "rows fail again and again",
        ),
        "work.mails": (
            sa.select(sa.func.count()).where(Mail.sent_at.is_(None), Mail.noted_at < now - MAILS_TOO_LONG),
            "mails wait for more than 15 minutes",
        ),
    }
    remedies = {
        "work.failing": "Look at /admin/taches, which names the errors.",
        "work.mails": "Look at the findings on mail, and at the log of the worker.",
    }
    with stored(settings):
        counted = {name: session().scalar(query) or 0 for name, (query, _words) in asked.items()}
    for name, (_query, words) in asked.items():
        if counted[name]:
            remedy = remedies.get(name, "See that the server runs, and with it the worker (/admin/taches).")
            yield wrong(name, f"{counted[name]} {words}", remedy)
    if not any(counted.values()):
        yield ok("work", "nothing waits that should be done")


def chain(settings: Settings) -> Iterator[Finding]:
    """The audit log is chained within seconds, and the end of the chain is noted outside the database."""
    with stored(settings):
        oldest = audit.oldest_waiting()
        end = audit.head()
        sealed_at = session().scalar(
            sa.select(audit.AuditEntry.at)
            .join(audit.AuditSeal, audit.AuditSeal.entry_id == audit.AuditEntry.id)
            .where(audit.AuditSeal.number == end.number)
        )
    if oldest is not None and oldest < clock.now() - audit.GRACE:
        yield wrong("audit.sealed", "entries of the audit log are not chained", "See that the worker runs.")
    else:
        yield ok("audit.sealed", f"the audit log is chained, {end.number} entries")
    try:
        noted = audit_heads.last(audit_heads.folder(settings.data_dir), seal.public_keys())
    except audit_heads.HeadBroken as error:
        yield wrong("audit.noted", str(error), "Run: flask --app wsgi audit-verify")
        return
    if noted is not None and noted.number > end.number:
        yield wrong(
            "audit.noted",
            "the noted end of the chain is not in the database: it was cut",
            "Run: flask --app wsgi audit-verify",
        )
    elif (
        sealed_at is not None
        and (noted is None or noted.number < end.number)
        and sealed_at < clock.now() - NOTED_LATE
    ):
        yield wrong(
            "audit.noted",
            "the end of the chain is not noted in DATA_DIR/audit",
            "See that the worker may write there.",
        )
    else:
        yield ok("audit.noted", "the end of the chain is noted outside the database")


def redis_answers(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        yield ok("redis", "REDIS_URL is not set: one process")
        return
    client = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=5, socket_timeout=5)
    try:
        client.ping()
        began = time.perf_counter()
        client.ping()
        took = time.perf_counter() - began
        version = dict(client.info("server")).get("redis_version", "?")
    except (redis.RedisError, OSError, ValueError) as error:
        yield wrong(
            "redis",
            f"Redis does not answer: {type(error).__name__}",
            "Start it, and look at REDIS_URL. Until then letters of other processes come late.",
        )
        return
    finally:
        client.close()
    told = f"Redis {version} answers after {took * 1000:.1f} ms"
    if took > SLOW_REDIS_SECONDS:
        yield note("redis", told, "It should stand beside the processes: letters wait for it.")
    else:
        yield ok("redis", told)
    if settings.is_sqlite:
        yield wrong(
            "redis.database",
            "REDIS_URL is set, and SQLite serves one process",
            "Use PostgreSQL, or take REDIS_URL away.",
        )
