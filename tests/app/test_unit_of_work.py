"""The unit of work under gevent: it never yields, it leaves no trace when it fails, and it nests in nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app import clock, events
from app.db import OutboxRow, note, reading, session, unit_of_work
from app.directory.models import Administration, Kind
from config import ROOT
from labs.service import LabAccessChanged

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
