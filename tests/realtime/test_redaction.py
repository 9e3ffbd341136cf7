"""Words go out of a text at which people sit: they are told, build it again without them, and go on."""

from __future__ import annotations

from app import scrub
from app.db import reading
from drafts import document, log, redacting
from drafts.passages import REMOVED, Passage
from tests.realtime.test_divergence import begin_anew
from tests.realtime.test_hostile import in_yjs

SECRET = "Mme Hervé l’Exilée"


def test_those_at_the_table_build_it_again_without_the_words_and_go_on(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    before = ana.join(scene.draft_id)["history"]
    ben.join(scene.draft_id)
    # Half of it by each, the second inside the first.
    assert ana.paragraph("Demandez Mme l’Exilée ici")["ok"]
    ben.until(lambda one: "Mme l’Exilée" in one.text())
    assert ben.write(lambda content: _last(content).insert(len("Demandez Mme "), "Hervé "))["ok"]
    ana.until(lambda one: SECRET in one.text())
    redacting.redact(None, scene.draft_id, SECRET, reason="Une personne nommée.", reference="demande 7")
    # As the command does it, while the server runs.
    assert scrub.write_anew()
    for client in (ana, ben):
        begin_anew(client)
        assert SECRET not in client.text() and f"Demandez {REMOVED} ici" in client.text()
        assert not Passage(SECRET).stands_in_bytes(client.doc.get_update())
    assert ana.paragraph("Et après.")["ok"] and ben.paragraph("Encore après.")["ok"]
    for client in (ana, ben):
        client.until(lambda one: "Et après." in one.text() and "Encore après." in one.text())
    late = sit(scene.facilitator)
    answer = late.join(scene.draft_id)
    assert answer["history"] != before and not Passage(SECRET).stands_in_bytes(answer["update"])
    with reading():
        loaded = log.load(scene.draft_id)
        opened = in_yjs(document.state(loaded.doc), late.doc.get_update())
    assert opened[0]["xml"] == opened[1]["xml"] and not any(found["pending"] for found in opened)
    assert REMOVED in opened[0]["xml"]


def _last(content):
    return content.children[len(content.children) - 1].children[0]
