"""A room that was thrown away and opened again tells its table the rows that came in between."""

from __future__ import annotations

from datetime import UTC, datetime

import pycrdt
import pytest
import sqlalchemy as sa

from config import Settings
from drafts.models import Draft, DraftUpdate
from tests.realtime.typists import stored_text
from tests.table_client import add_paragraph


def _by_another_process(connection: sa.Connection, draft_id: int, person_id: int, words: str) -> None:
    """One more row of the log, as another process writes it, in a transaction that is still open."""
    doc: pycrdt.Doc = pycrdt.Doc(client_id=4_000_000_000)
    content = doc.get("content", type=pycrdt.XmlFragment)
    rows = sa.select(DraftUpdate.update).where(DraftUpdate.draft_id == draft_id).order_by(DraftUpdate.seq)
    for update in connection.scalars(rows):
        doc.apply_update(update)
    before = doc.get_state()
    add_paragraph(content, words)
    seq = connection.scalar(sa.select(Draft.head_seq).where(Draft.id == draft_id)) + 1
    connection.execute(
        sa.insert(DraftUpdate).values(
            draft_id=draft_id, seq=seq, person_id=person_id, client_id=4_000_000_000,
            update=doc.get_update(before), at=datetime.now(UTC),
        )
    )  # fmt: skip
    connection.execute(sa.update(Draft).where(Draft.id == draft_id).values(head_seq=seq))


@pytest.mark.parametrize("and_then", ["somebody writes", "nobody writes"])
def test_rows_written_while_the_room_was_thrown_away_are_told(
    scene, sit, live_settings: Settings, and_then: str
) -> None:
    ana, ben = sit(scene.ana), sit(scene.ben)
    assert ana.join(scene.draft_id)["ok"] and ben.join(scene.draft_id)["ok"]
    engine = sa.create_engine(live_settings.database_url, poolclass=sa.NullPool)
    with engine.connect() as other:
        if live_settings.is_sqlite:
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.execute(sa.select(Draft.id).where(Draft.id == scene.draft_id).with_for_update())
        stroke = ana.stroke(lambda content: add_paragraph(content, "d’Ana"))
        # Tried until the patience is at its end: the room is gone now, and nothing opens it again by itself.
        refused = ana.ask("update", {"draft": scene.draft_id, "update": stroke})
        assert refused["error"]["code"] == "unavailable"
        _by_another_process(other, scene.draft_id, scene.ben.id, "d’un autre processus")
        other.commit()
    if and_then == "somebody writes":
        assert ana.ask("update", {"draft": scene.draft_id, "update": stroke})["ok"]
        ben.until(lambda client: "d’Ana" in client.text())
    ben.until(lambda client: "d’un autre processus" in client.text())
    if and_then == "somebody writes":
        ana.until(lambda client: client.text() == ben.text())
        assert ben.text() == stored_text(live_settings.database_url, scene.draft_id)
