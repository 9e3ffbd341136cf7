"""A restoration while three people type: nobody's new words are lost, and all read the same in the end."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from drafts import log, moments, reopening
from drafts.grammar import plain_text
from drafts.history_models import DraftRestoration
from drafts.moments import ref_of
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.realtime.visitors import Visitor
from tests.table_client import TableClient, add_paragraph


class Typist(threading.Thread):
    """Types numbered words, by turns into a paragraph of the version and into paragraphs of their own."""

    def __init__(self, client: TableClient, name: str) -> None:
        super().__init__(daemon=True)
        self.client, self.word = client, name
        self.saved: dict[str, int] = {}
        self.over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            word = f"<{self.word}{number}>"
            answer = self.client.write(lambda content, word=word, n=number: self.type(content, word, n))
            assert answer["ok"], answer
            self.saved[word] = answer["seq"]
            number += 1
            time.sleep(0.005)

    def type(self, content: Any, word: str, number: int) -> None:
        blocks = list(content.children)
        if number % 3 == 0 or not blocks:
            add_paragraph(content, word)
        else:
            # In the version, or in what was written since, whoever wrote it.
            block = blocks[number % len(blocks)]
            if len(block.children):
                block.children[0].insert(0, word)
            else:
                add_paragraph(content, word)


@pytest.fixture
def third(scene: Any) -> Any:
    with unit_of_work():
        actor = makers.make_agent(makers.make_administration())
        lab = session().get_one(Lab, scene.lab_id)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, actor.id), Right.WRITE)
        return actor


def test_restoring_while_three_others_type_loses_nobodys_new_words(
    scene: Any, third: Any, server: Any, sit: Any
) -> None:
    typists = []
    for name, person in (("ana", scene.ana), ("ben", scene.ben), ("cleo", third)):
        client = sit(person)
        client.join(scene.draft_id)
        typists.append(Typist(client, name))
    visitor = Visitor(server, scene.facilitator)
    for one in typists:
        one.start()
    for _round in range(3):
        time.sleep(0.7)
        status, body, where = visitor.restore(scene.draft_id, "1")
        assert status == 303 and "restauration=" in where, body
    time.sleep(0.7)
    for one in typists:
        one.over.set()
        one.join(20)
    with reading():
        done = list(session().scalars(sa.select(DraftRestoration).order_by(DraftRestoration.first_seq)))
    assert len(done) == 3
    last = done[-1]

    def settled(_client: TableClient) -> bool:
        with reading():
            session().expire_all()
            head = log.draft_row(scene.draft_id).head_seq
            looked = session().scalar(sa.select(sa.func.min(DraftRestoration.looked_seq)))
        rescued = head - max(seq for one in typists for seq in one.saved.values())
        return (looked or 0) >= head - max(rescued, 0)

    typists[0].client.until(settled, 30)
    with reading():
        text = plain_text(log.text(scene.draft_id).tree)
        before = plain_text(moments.moment(log.draft_row(scene.draft_id), ref_of(str(last.base_seq))).tree)
    reopening.close()
    moments.close()
    for one in typists:
        new = [word for word, seq in one.saved.items() if seq > last.base_seq]
        assert new, "nobody typed during the restoration"
        assert [word for word in new if text.count(word) != 1] == []
        # What stood there when it was worked out is undone: that is what going back means.
        old = [word for word, seq in one.saved.items() if seq <= last.base_seq and word in before]
        assert old and not [word for word in old if word in text]
    for one in typists:
        one.client.until(lambda client: client.text() == text, 20)
