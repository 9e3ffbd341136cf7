"""Nobody writes under another's name: not with a hand-made update, not under an id of the server's, not by joining."""

from __future__ import annotations

import pycrdt
import pytest

from app.db import reading, session, unit_of_work
from drafts import log, service
from drafts.models import DraftClient, DraftUpdate
from drafts.queries import draft_numbered
from tests.makers import LEAD
from tests.table_client import add_paragraph

MORE = {
    "type": "paragraph",
    "attrs": {"id": "b3"},
    "content": [{"type": "text", "text": "Par le serveur, à la demande d’Ana."}],
}


def forged_by(client, under: int) -> bytes:
    """A paragraph written on what the client knows, under an id that is not its own."""
    doc: pycrdt.Doc = pycrdt.Doc(client_id=under)
    content = doc.get("content", type=pycrdt.XmlFragment)
    doc.apply_update(client.doc.get_update())
    before = doc.get_state()
    add_paragraph(content, "Signé d’un autre nom")
    return doc.get_update(before)


def whose(draft_id: int) -> set[tuple[int | None, int]]:
    with reading():
        return {
            (row.person_id, row.client_id)
            for row in session().query(DraftUpdate).filter_by(draft_id=draft_id)
        }


def server_ids(draft_id: int) -> dict[int, int]:
    """The ids that the server wrote under once, and for whom."""
    with reading():
        rows = session().query(DraftClient).filter_by(draft_id=draft_id, one_use=True)
        return {row.client_id: row.person_id for row in rows}


@pytest.mark.parametrize("bulk", [False, True])
def test_an_update_under_a_colleagues_id_is_refused(scene, sit, bulk):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    assert ana.paragraph("Par Ana.")["ok"]
    ben.until(lambda client: "Par Ana." in client.text())
    before = whose(scene.draft_id)
    for under in (ana.client_id, ana.client_id + 1):
        answer = ben.ask(
            "update", {"draft": scene.draft_id, "update": forged_by(ben, under), "bulk": bulk}, timeout=40
        )
        assert answer["error"]["code"] == "forged"
    assert whose(scene.draft_id) == before
    assert ben.paragraph("Par Ben, sous son nom.")["ok"]
    with reading():
        shares = log.load(scene.draft_id).runs.shares()
    assert shares[scene.ben.id] == len("Par Ben, sous son nom.")
    # Also when the colleague has left and their id is free.
    ana.ask("leave", {"draft": scene.draft_id})
    late = ben.ask("update", {"draft": scene.draft_id, "update": forged_by(ben, ana.client_id)})
    assert late["error"]["code"] == "forged"


def test_ids_of_the_server_are_used_once_and_by_nobody_else(scene, sit):
    with unit_of_work():
        service.replace_text(scene.ana, draft_numbered(scene.draft_id), [*LEAD, MORE])
    ids = server_ids(scene.draft_id)
    assert len(ids) == 2 and set(ids.values()) == {scene.ana.id}
    for person in (scene.ana, scene.ben):
        client = sit(person)
        client.join(scene.draft_id)
        before = whose(scene.draft_id)
        for under in ids:
            answer = client.ask("update", {"draft": scene.draft_id, "update": forged_by(client, under)})
            assert answer["error"]["code"] == "forged", "not even by the person it was written for"
        assert whose(scene.draft_id) == before
        client.close()


def test_nobody_sits_down_under_an_id_that_is_not_theirs(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    had = ana.join(scene.draft_id)["client_id"]
    ana.ask("leave", {"draft": scene.draft_id})
    for wanted in (had, *server_ids(scene.draft_id)):
        given = ben.join(scene.draft_id, client_id=wanted)["client_id"]
        assert given != wanted
        assert ben.write(lambda content: add_paragraph(content, "Par Ben."))["ok"]
    assert {person for person, client_id in whose(scene.draft_id) if client_id == had} == set()
    assert ana.join(scene.draft_id, client_id=had)["client_id"] == had


def test_the_row_of_a_stroke_bears_the_name_of_the_seat(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    assert ana.paragraph("Par Ana.")["ok"] and ben.paragraph("Par Ben.")["ok"]
    assert {(scene.ana.id, ana.client_id), (scene.ben.id, ben.client_id)} <= whose(scene.draft_id)
