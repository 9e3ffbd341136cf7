"""What was deleted is not sent: not at a join, not after a cut, not by a page, an interface or a checkpoint."""

from __future__ import annotations

import http.client
import re

import pytest

from app.db import reading, session, unit_of_work
from drafts import checkpoints, log, moments, reopening
from drafts.grammar import plain_text
from drafts.models import DraftUpdate
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.realtime.visitors import Visitor
from tests.scenes import token_for
from tests.table_client import TableClient, add_paragraph

SECRET = "un nom qui ne devait pas s’y trouver"


@pytest.fixture
def reader(scene):
    """Somebody who may read the text, and nothing more."""
    from app.accounts.models import Person

    with unit_of_work():
        actor = makers.make_agent(makers.make_administration())
        lab = session().get_one(Lab, scene.lab_id)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, actor.id), Right.READ)
        return actor


def written_and_deleted(client: TableClient) -> None:
    """By three ways: a word inside a paragraph, a paragraph, and both in one update."""

    def word(content) -> None:
        content.children[0].children[0].insert(0, SECRET)

    def no_word(content) -> None:
        del content.children[0].children[0][0 : len(SECRET.encode())]

    def at_once(content) -> None:
        with content.doc.transaction():
            add_paragraph(content, SECRET)
            del content.children[len(content.children) - 1]

    assert client.paragraph("reste")["ok"]
    for edit in (
        word,
        no_word,
        lambda content: add_paragraph(content, SECRET),
        lambda content: content.children.__delitem__(len(content.children) - 1),
        at_once,
    ):
        assert client.write(edit)["ok"]
    assert SECRET not in client.text()


def test_a_reader_who_comes_later_gets_no_deleted_words(scene, reader, server, sit):
    early = sit(reader)
    assert early.join(scene.draft_id)["rights"] == ["read"]
    vector = early.doc.get_state()
    early.close()
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    written_and_deleted(ana)
    with reading() as current:
        rows = current.query(DraftUpdate.update).filter(DraftUpdate.draft_id == scene.draft_id).all()
        assert sum(SECRET.encode() in row[0] for row in rows) >= 2
    client = TableClient(server.url, token_for(reader)).connect()
    try:
        # From nothing, from what they had before, and with numbers of their own making.
        for more in ({}, {"seq": 0}, {"seq": 1, "state_vector": vector}, {"state_vector": vector}):
            answer = client.ask("join", {"draft": scene.draft_id, "state_vector": b"\x00", **more})
            assert answer["ok"] and SECRET.encode() not in answer["update"]
        refused = client.ask(
            "update", {"draft": scene.draft_id, "update": client.stroke(lambda c: add_paragraph(c, "x"))}
        )
        assert refused["error"]["code"] == "forbidden"
    finally:
        client.close()
    assert not any(SECRET.encode() in told.get("update", b"") for _name, told in client.seen)
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for path in (f"/brouillons/{scene.draft_id}", f"/api/v1/drafts/{scene.draft_id}"):
        line.request("GET", path, headers={"Cookie": f"openlab={token_for(reader)}"})
        answer = line.getresponse()
        body = answer.read().decode()
        assert answer.status == 200 and "reste" in body and SECRET not in body


def test_a_checkpoint_holds_no_deleted_words(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    written_and_deleted(ana)
    with reading():
        checkpoint = checkpoints.prepare(scene.draft_id)
        made = checkpoints.made_of(log.load(scene.draft_id))
    reopening.close()
    assert checkpoint is not None and made is not None
    for kept in (checkpoint, made):
        for part in (kept.state, kept.authorship, kept.room_index):
            assert part is not None and SECRET.encode() not in part


def test_a_reader_gets_no_deleted_words_by_a_restoration(scene, reader, server, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    written_and_deleted(ana)
    assert ana.write(lambda content: add_paragraph(content, "après la coupe"))["ok"]
    with reading():
        head = log.draft_row(scene.draft_id).head_seq
        secret = next(
            seq
            for seq in range(head, 0, -1)
            if SECRET
            in plain_text(moments.moment(log.draft_row(scene.draft_id), moments.ref_of(str(seq))).tree)
        )
    moments.close()
    watching = TableClient(server.url, token_for(reader)).connect()
    try:
        watching.join(scene.draft_id)
        visitor = Visitor(server, scene.ben)
        assert visitor.restore(scene.draft_id, "1")[0] == 303
        watching.until(lambda client: "après la coupe" not in client.text())
        for payload in ({}, {"seq": 0}):
            answer = watching.ask("join", {"draft": scene.draft_id, "state_vector": b"\x00", **payload})
            assert SECRET.encode() not in answer["update"]
        assert not any(SECRET.encode() in told.get("update", b"") for _name, told in watching.seen)
        # The pages of the past are not there for a reader, whatever they are asked.
        nosy = Visitor(server, reader)
        _status, form, _where = nosy.ask("GET", "/espace")
        token = re.search(r'name="csrf_token" value="([^"]+)"', form)
        assert token is not None
        past = f"/brouillons/{scene.draft_id}/historique"
        for path in (
            f"{past}/{secret}", f"{past}/maintenant", f"{past}/0", f"{past}/comparer?de=1&a={secret}",
            f"{past}/comparer?de={secret}&a=maintenant", f"{past}/{secret}/restaurer", f"{past}/v1",
        ):  # fmt: skip
            status, body, _where = nosy.ask("GET", path)
            assert status == 404 and SECRET not in body, path
        for path in (
            f"{past}/{secret}/restaurer",
            f"{past}/nommer",
            f"{past}/v1/nom",
            f"{past}/v1/supprimer",
        ):
            assert nosy.ask("POST", path, csrf_token=token[1], nom="x")[0] == 404, path
        status, body, _where = nosy.ask("GET", past)
        assert status == 200 and SECRET not in body and "La vie du texte" not in body
        # Who brings the words back shows them to everybody: then they stand in the text.
        assert visitor.restore(scene.draft_id, str(secret))[0] == 303
        watching.until(lambda client: SECRET in client.text())
    finally:
        watching.close()
