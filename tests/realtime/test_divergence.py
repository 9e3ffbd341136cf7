"""Blocks that cross one another part the table from its log; the server notices and writes the text anew."""

from __future__ import annotations

import pycrdt
import pytest
import sqlalchemy as sa

from app.alerts import Alert
from app.audit import AuditEntry
from app.db import database, is_writing, reading, session, unit_of_work
from app.errors import MovedOn
from drafts import checkpoints, document, faults, healing, log
from drafts.gate import RoomIndex
from drafts.models import Draft
from realtime.comparing import EVERY_ROWS
from tests.drafts.hostile import element, update, words, xml_text
from tests.realtime.test_hostile import in_yjs
from tests.table_client import TableClient


def crossed(client_id: int, start: int) -> list[bytes]:
    """A paragraph « abcdef », and an X that says it stands after the f and before the e: the gate cannot know."""
    at = start + 2
    return [
        update(
            (
                client_id,
                start,
                [
                    element("paragraph", parent="content"),
                    xml_text(parent=(client_id, start)),
                    words("abcdef", parent=(client_id, start + 1)),
                ],
            )
        ),
        update((client_id, at + 6, [words("X", origin=(client_id, at + 5), right=(client_id, at + 4))])),
    ]


def clock_of(client: TableClient) -> int:
    return RoomIndex.of(client.doc.get_update()).end(client.client_id)


def cross(client: TableClient) -> None:
    for data in crossed(client.client_id, clock_of(client)):
        assert client.ask("update", {"draft": client.draft, "update": data})["ok"]


def begin_anew(client: TableClient) -> None:
    """What docs/protocol.md asks for at `reload` with the reason `history`."""
    assert client.wait("reload", timeout=30)["reason"] == "history"
    with client.lock:
        client.doc = pycrdt.Doc()
    answer = client.join(client.draft)
    assert answer["ok"] and answer["can_write"]


def test_a_table_that_differs_from_its_log_is_healed_while_people_write(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    history = ana.join(scene.draft_id)["history"]
    ben.join(scene.draft_id)
    cross(ana)
    assert "abcdXef" in ana.text() or "abcdefX" in ana.text()
    # Somebody who joins now reads another text than the table: that is what nobody could notice.
    late = sit(scene.facilitator)
    late.join(scene.draft_id)
    assert ben.paragraph("y")["ok"]
    for number in range(EVERY_ROWS):
        ben.say("update", {"draft": scene.draft_id, "update": ben.stroke(_letter), "n": number + 1})
    for client in (ana, ben, late):
        told = client.wait("access", timeout=60)
        assert told["can_write"] is False and told["reason"] == "healing" and told["message"]
        assert told["rights"][0] == "read"
    for client in (ana, ben, late):
        begin_anew(client)
    answer = ana.paragraph("après la réparation")
    assert answer["ok"], answer
    for client in (ben, late):
        client.until(lambda one: "après la réparation" in one.text())
    fresh = sit(scene.ana)
    assert fresh.join(scene.draft_id)["history"] != history
    with reading() as current:
        loaded = log.load(scene.draft_id)
        alert = current.scalars(sa.select(Alert).where(Alert.kind == healing.DIVERGENCE)).one()
        assert alert.subject == faults.subject(scene.draft_id)
        act = current.scalars(sa.select(AuditEntry).where(AuditEntry.act == "heal")).one()
        assert act.object_id == str(scene.draft_id) and act.detail["left_out"] == []
    texts = {client.text() for client in (ana, ben, late, fresh)}
    assert len(texts) == 1 and document.plain_text(loaded.tree).count("abcd") == 1
    opened = in_yjs(document.state(loaded.doc), fresh.doc.get_update())
    assert opened[0]["xml"] == opened[1]["xml"] and not any(found["pending"] for found in opened)


def _letter(content) -> None:
    content.children[len(content.children) - 1].children[0].insert(0, "x")


def put(draft_id: int, person: int, rows: list[bytes]) -> None:
    """Rows as the table would have written them."""
    from drafts.appends import Stroke, put

    with unit_of_work() as current:
        draft = log.lock_draft(draft_id)
        put(current.connection(), draft_id, draft.head_seq, [Stroke(person, 7, row, 0) for row in rows])


def test_a_document_that_is_not_what_is_written_of_it_gets_no_checkpoint(scene):
    put(scene.draft_id, scene.ana.id, crossed(900_000_000, 0))
    with reading():
        before = log.load(scene.draft_id)
        try:
            checkpoints.prepare(scene.draft_id)
        except checkpoints.Unstable:
            pass
        else:
            raise AssertionError("a checkpoint was made of a document that does not hold")
    healed = healing.heal(scene.draft_id, None, healing.UNSTABLE)
    with reading():
        after = log.load(scene.draft_id)
        assert after.tree == before.tree and after.runs.shares() == before.runs.shares()
        assert (after.seq, healed.left_out) == (before.seq, ())
        kept = checkpoints.prepare(scene.draft_id)
        assert kept is not None and kept.history == healed.history
        assert session().get_one(Draft, scene.draft_id).history_seq == healed.seq


def test_an_earlier_life_can_still_be_read(scene):
    with reading():
        first = log.load(scene.draft_id)
    put(scene.draft_id, scene.ana.id, crossed(900_000_001, 0))
    healing.heal(scene.draft_id, None, healing.ASKED)
    with reading():
        assert log.load(scene.draft_id, first.seq).tree == first.tree


def test_a_text_in_which_somebody_always_writes_is_healed_all_the_same(scene, monkeypatch):
    """On PostgreSQL another process may write between each reading and the lock: the last time they wait."""
    put(scene.draft_id, scene.ana.id, crossed(900_000_002, 0))
    prepare, clock = healing._prepare, [0]

    def busy(draft):
        found = prepare(draft)
        if not is_writing():
            clock[0] += 1
            put(scene.draft_id, scene.ben.id, crossed(900_000_002 + clock[0], 0)[:1])
        return found

    monkeypatch.setattr(healing, "_prepare", busy)
    if database().is_sqlite:
        # One process, whose room is closed meanwhile: nobody else writes.
        with pytest.raises(MovedOn):
            healing.heal(scene.draft_id, None, healing.DIVERGED)
        return
    healed = healing.heal(scene.draft_id, None, healing.DIVERGED)
    with reading():
        assert log.load(scene.draft_id).seq == healed.seq == 3 + clock[0]
