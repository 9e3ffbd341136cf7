"""Remarks at the table: whoever sits there hears of them at once, and the anchor comes as everything else."""

from __future__ import annotations

import pycrdt

from app.accounts.models import Person
from app.db import session, unit_of_work
from drafts import remarks
from drafts.anchors import Passage
from drafts.mark_keys import remark_key
from drafts.models import Draft
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests import makers


def marks(client) -> list[str]:
    """The keys of all marks in the client's own copy of the text."""
    with client.lock:
        texts = [
            child
            for block in client.content.children
            for child in block.children
            if isinstance(child, pycrdt.XmlText)
        ]
        return [key for text in texts for _words, held in text.diff() for key in held or ()]


def remarker(scene):
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        person = makers.make_agent(lab.administration)
        add_member(scene.facilitator, lab, session().get_one(Person, person.id), Right.REMARK)
        return person


def opened(scene, person, *passages: Passage) -> str:
    """By another process than the server's, as on a portal of several."""
    with unit_of_work():
        draft = session().get_one(Draft, scene.draft_id)
        return remarks.open_remark(person, draft, "À vérifier.", passages=passages).public_id


def test_the_table_hears_of_a_remark_and_its_anchor(scene, sit):
    person = remarker(scene)
    ana, reader = sit(scene.ana), sit(person)
    number = ana.join(scene.draft_id)["remarks"]
    assert reader.join(scene.draft_id)["remarks"] == number == 0
    name = opened(scene, person, Passage("b2", 0, "Présentez-vous"))
    for client in (ana, reader):
        while client.wait("remarks")["number"] != 1:
            pass
        client.until(lambda one: remark_key(name) in marks(one))
    # What the server wrote is no reason for anybody's stroke to be refused.
    assert ana.paragraph("Et ensuite.")["ok"]
    with unit_of_work():
        remarks.resolve(scene.ana, session().get_one(Draft, scene.draft_id), name)
    while ana.wait("remarks")["number"] != 2:
        pass
    assert sit(scene.ben).join(scene.draft_id)["remarks"] == 2
    assert remark_key(name) in marks(ana)


def test_a_seat_that_may_only_remark_writes_no_anchor_itself(scene, sit):
    person = remarker(scene)
    client = sit(person)
    client.join(scene.draft_id)

    def mark(content):
        content.children[1].children[0].format(0, 5, {remark_key("faux"): {"id": "faux"}})

    assert client.write(mark)["error"]["code"] == "forbidden"


def test_a_remark_that_touches_no_word_moves_no_text(scene, sit):
    ana = sit(scene.ana)
    joined = ana.join(scene.draft_id)
    opened(scene, remarker(scene))
    assert ana.paragraph("Suite.")["seq"] == joined["seq"] + 1
