"""The unit of work under gevent: it never yields, it leaves no trace when it fails, and it nests in nothing."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
import sqlalchemy as sa

from app import clock, events
from app.db import OutboxRow, note, reading, session, unit_of_work
from app.directory.models import Administration, Kind
from app.errors import Unavailable
from app.pen import pen
from config import ROOT
from labs.access import LabAccessChanged

# Ten greenlets write at once; one of them yields inside, as a mistake would.
PROGRAM = """
from gevent import monkey
monkey.patch_all()
import sys, gevent, greenlet, sqlalchemy as sa
from app import db, schema_versions
url = "sqlite:///" + sys.argv[1]
schema_versions.upgrade(url)
base = db.configure(url)
seen = []
greenlet.settrace(lambda event, pair: base.writing is pair[0] and seen.append(event))
from app.audit import AuditEntry, record
def write(number):
    for _ in range(20):
        with db.unit_of_work():
            record(None, "test", "thing", number)
            if sys.argv[2] == "yields" and number == 3:
                gevent.sleep(0)
        gevent.sleep(0)
gevent.joinall([gevent.spawn(write, number) for number in range(10)], raise_error=True)
with db.reading() as current:
    count = current.scalar(sa.select(sa.func.count()).select_from(AuditEntry))
print(count, len(seen))
"""


@pytest.mark.parametrize(("how", "switches"), [("keeps", 0), ("yields", 20)])
def test_the_tracer_sees_a_yield_inside_a_write_and_ours_have_none(tmp_path, how, switches):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "x.sqlite3"), how], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=True,
    )  # fmt: skip
    count, seen = (int(part) for part in done.stdout.split()[-2:])
    assert count == 200
    assert (seen == 0) if switches == 0 else (seen >= switches)


def _administration(slug: str) -> Administration:
    return Administration(slug=slug, name="Une mairie", kind=Kind.COMMUNE, territory="", link_domains=[])


def test_what_fails_leaves_no_trace_and_tells_nobody(db):
    told: list[events.Event] = []
    events.at_once(LabAccessChanged)(told.append)
    try:
        with pytest.raises(ZeroDivisionError), unit_of_work():
            session().add(_administration("jamais"))
            note(LabAccessChanged(lab_id=1))
            _ = 1 / 0
        assert told == []
        with unit_of_work():
            session().add(_administration("bien"))
            note(LabAccessChanged(lab_id=2))
        assert told == [LabAccessChanged(lab_id=2)]
    finally:
        events.immediate[LabAccessChanged.name].remove(told.append)
    with reading() as current:
        assert [row.slug for row in current.query(Administration)] == ["bien"]
        assert [row.payload for row in current.query(OutboxRow)] == [{"lab_id": 2}]


def test_a_unit_of_work_is_opened_by_edges_only(db):
    with unit_of_work(), pytest.raises(RuntimeError, match="already open"), unit_of_work():
        pass
    with pytest.raises(RuntimeError, match="edges own"):
        session()


def test_instants_come_back_as_they_went(db):
    from app.audit import AuditEntry

    at = clock.now()
    with unit_of_work():
        session().add(AuditEntry(at=at, person_id=None, act="a", object_kind="b", object_id="c", detail={}))
    with reading() as current:
        assert current.query(AuditEntry).one().at == at


def test_a_transaction_the_database_gave_up_is_never_taken_for_committed(db):
    """SQLite rolls back by itself when its disk is full, PostgreSQL after any error: a caught error must not hide it."""
    told: list[events.Event] = []
    events.at_once(LabAccessChanged)(told.append)
    try:
        with pytest.raises(Unavailable), unit_of_work() as current:
            session().add(_administration("jamais"))
            current.flush()
            note(LabAccessChanged(lab_id=1))
            with contextlib.suppress(sa.exc.DBAPIError):
                current.execute(sa.text("ROLLBACK" if db.is_sqlite else "SELECT 1 / 0"))
    finally:
        events.immediate[LabAccessChanged.name].remove(told.append)
    assert told == []
    with reading() as current:
        assert current.query(Administration).all() == []


def test_who_waits_behind_others_of_the_process_waits_no_longer_than_their_patience(db):
    with db.lock:
        # PostgreSQL sorts writers out by itself, row by row.
        with (
            pytest.raises(Unavailable) if db.is_sqlite else contextlib.nullcontext(),
            unit_of_work(patience=0.05),
        ):
            pass
    with unit_of_work():
        pass


def test_who_waits_for_a_row_waits_no_longer_than_their_patience(db):
    with unit_of_work():
        session().add(_administration("tenue"))
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    with engine.connect() as other:
        other.execute(sa.text("UPDATE administration SET name = 'x'"))
        with pytest.raises(Unavailable), unit_of_work(patience=0.05) as current:
            current.execute(sa.text("UPDATE administration SET name = 'y'"))
        other.rollback()
    with unit_of_work() as current:
        current.execute(sa.text("UPDATE administration SET name = 'y'"))


def test_what_the_database_does_not_do_is_unavailable_for_readers_too(db):
    for failure in (
        sa.exc.OperationalError("SELECT", {}, Exception("the server went away")),
        sa.exc.DBAPIError("SELECT", {}, Exception("the connection is closed"), connection_invalidated=True),
        sa.exc.TimeoutError("no connection was free"),
    ):
        with pytest.raises(Unavailable) as refused, reading():
            raise failure
        assert refused.value.status == 503 and refused.value.message and refused.value.retry_after
    with pytest.raises(sa.exc.IntegrityError), reading():
        raise sa.exc.IntegrityError("SELECT", {}, Exception("a double"))


INSERT = "INSERT INTO outbox (name, payload, noted_at) VALUES ('x', '{}', '2026-01-01 00:00:00')"


def _noted() -> int:
    with reading() as current:
        return current.query(OutboxRow).count()


def test_the_pen_commits_or_leaves_no_trace(db):
    with pen() as cursor:
        cursor.execute(INSERT)
    assert _noted() == 1
    with pytest.raises(ZeroDivisionError), pen() as cursor:
        cursor.execute(INSERT)
        _ = 1 / 0
    assert _noted() == 1
    with pytest.raises(Unavailable), pen() as cursor:
        cursor.execute(INSERT)
        with contextlib.suppress(db.engine.dialect.loaded_dbapi.Error):
            cursor.execute("ROLLBACK" if db.is_sqlite else "SELECT 1 / 0")
    assert _noted() == 1
    with pen() as cursor:
        cursor.execute(INSERT)
    assert _noted() == 2


def test_the_pen_waits_no_longer_than_its_patience(db):
    other = sa.create_engine(db.engine.url, poolclass=sa.NullPool).connect()
    other.exec_driver_sql("BEGIN IMMEDIATE" if db.is_sqlite else "LOCK TABLE outbox IN EXCLUSIVE MODE")
    with pytest.raises(Unavailable), pen(0.1) as cursor:
        cursor.execute(INSERT)
    other.rollback()
    other.close()
    with pen(0.1) as cursor:
        cursor.execute(INSERT)
    assert _noted() == 1
