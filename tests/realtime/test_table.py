"""The table, through real sockets: join, write, be told, be refused."""

from __future__ import annotations

from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from drafts import document, log
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.table_client import add_paragraph


def test_two_people_write_and_read_the_same(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    joined = ana.join(scene.draft_id)
    assert joined["ok"] and joined["can_write"]
    assert joined["rights"] == ["read", "remark", "suggest", "write"]
    assert ben.join(scene.draft_id)["client_id"] != joined["client_id"]
    first = ana.paragraph("Déclarez votre adresse 🎉.")
    assert first == {"ok": True, "seq": joined["seq"] + 1}
    ben.until(lambda client: "🎉" in client.text())
    ben.paragraph("Puis à la mairie.")
    ana.until(lambda client: "mairie." in client.text() and client.text() == ben.text())
    with reading():
        loaded = log.load(scene.draft_id)
        assert document.plain_text(loaded.tree).count("🎉") == 1
        assert loaded.seq == ana.seq


def test_saved_comes_with_the_stroke_for_who_numbers_and_asks_no_acknowledgement(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    for n in (1, 2, 3):
        ana.say("update", {"draft": scene.draft_id, "update": ana.stroke(_words(f"ligne {n}")), "n": n})
    saved = 0
    while saved < 3:
        saved = ana.wait("update")["saved"][str(ana.client_id)]
    with reading():
        assert "ligne 3" in document.plain_text(log.load(scene.draft_id).tree)


def test_a_refusal_reaches_who_asked_no_acknowledgement(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    ana.say("update", {"draft": scene.draft_id, "update": b"\x01\x02\x03", "n": 7})
    refused = ana.wait("refused")
    assert refused["n"] == 7 and refused["error"]["code"] == "malformed"


def test_a_gap_is_answered_with_what_the_server_has(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    ana.stroke(_words("perdue en route"))
    answer = ana.write(_words("arrivée"))
    assert answer["error"]["code"] == "resync" and "retry_after" in answer["error"]
    whole = ana.doc.get_update(answer["state_vector"])
    assert ana.ask("update", {"draft": scene.draft_id, "update": whole})["ok"]


def test_a_tab_gets_its_own_client_id_again_and_two_tabs_never_share_one(scene, sit):
    first, second = sit(scene.ana), sit(scene.ana)
    one = first.join(scene.draft_id)["client_id"]
    assert second.join(scene.draft_id, client_id=one)["client_id"] != one
    first.ask("leave", {"draft": scene.draft_id})
    assert first.join(scene.draft_id, client_id=one)["client_id"] == one
    assert sit(scene.ben).join(scene.draft_id, client_id=one)["client_id"] != one


def test_of_two_insertions_at_one_place_the_first_to_sit_down_stands_first(scene, sit):
    """Yjs puts the lower client id first, so ids are given in the order of coming: no draw of lots."""
    clients = [sit(person) for person in (scene.ana, scene.ben, scene.facilitator)]
    ids = [client.join(scene.draft_id)["client_id"] for client in clients]
    assert ids == sorted(ids) and len(set(ids)) == 3
    strokes = [
        client.stroke(lambda content, words=words: content.children[1].children[0].insert(0, words))
        for client, words in zip(clients, ("un ", "deux ", "trois "), strict=True)
    ]
    for client, stroke in reversed(list(zip(clients, strokes, strict=True))):
        assert client.ask("update", {"draft": scene.draft_id, "update": stroke})["ok"]
    for client in clients:
        client.until(lambda c: "un deux trois " in c.text())


def test_people_at_the_table_come_from_the_server(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id)
    people = ben.join(scene.draft_id)["people"]
    assert {person["name"] for person in people} == {scene.ana.name, scene.ben.name}
    assert {person["administration"] for person in people} == {"Province Sud", "Province Nord"}
    assert len(ana.wait("people")["people"]) >= 1
    ben.close()
    ana.until(
        lambda client: any(len(told["people"]) == 1 for name, told in client.seen[-3:] if name == "people")
    )


def _words(words):
    return lambda content: add_paragraph(content, words)


def _member(scene, right: Right):
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        person = makers.make_agent(lab.administration)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, person.id), right)
        return person


def test_who_may_not_write_is_refused_and_nothing_is_told(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    good = ana.stroke(_words("jamais"))
    with unit_of_work():
        stranger = makers.make_agent(makers.make_administration())
    for person, join_code, code in (
        (_member(scene, Right.READ), None, "forbidden"),
        (_member(scene, Right.REMARK), None, "forbidden"),
        (stranger, "not_found", "not_found"),
    ):
        other = sit(person)
        unseated = other.ask("update", {"draft": scene.draft_id, "update": good})
        assert unseated["error"]["code"] == code
        joined = other.join(scene.draft_id)
        assert joined.get("error", {}).get("code") == join_code
        assert not joined.get("can_write", False)
        assert other.ask("update", {"draft": scene.draft_id, "update": good})["error"]["code"] == code
    assert ana.events["update"].empty()
    with reading():
        assert "jamais" not in document.plain_text(log.load(scene.draft_id).tree)


def test_authorised_for_one_draft_does_not_open_another(scene, sit):
    with unit_of_work():
        place = makers.make_administration()
        owner = makers.make_agent(place)
        hidden = makers.make_draft(owner, makers.make_lab(owner, place), place)
        hidden_id = hidden.id
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    stroke = ana.stroke(_words("ailleurs"))
    for name in ("update", "leave"):
        assert ana.ask(name, {"draft": hidden_id, "update": stroke})["error"]["code"] == "not_found"


def test_a_removed_member_hears_nothing_more_and_is_hung_up(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    ana.paragraph("avant")
    ben.until(lambda client: "avant" in client.text())
    with unit_of_work():
        labs.remove_member(
            scene.facilitator, session().get_one(Lab, scene.lab_id), session().get_one(Person, scene.ben.id)
        )
    late = ben.ask("update", {"draft": scene.draft_id, "update": ben.stroke(_words("après coup"))})
    assert late["error"]["code"] in ("not_found", "forbidden")
    access = ben.wait("access")
    assert access["can_write"] is False and access["rights"] == []
    before = len([name for name, _ in ben.seen if name == "update"])
    ana.paragraph("sans lui")
    assert ben.gone.wait(5)
    assert len([name for name, _ in ben.seen if name == "update"]) == before
    assert "après coup" not in ana.text()


def test_a_signed_out_socket_is_refused_and_closed(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    with unit_of_work():
        accounts.end_all(scene.ben.id)
    late = ben.ask("update", {"draft": scene.draft_id, "update": ben.stroke(_words("trop tard"))})
    assert late["error"]["code"] == "unauthenticated"
    assert ben.gone.wait(5)
    assert "trop tard" not in ana.text()


def test_inviting_somebody_disturbs_nobody(scene, sit):
    ana = sit(scene.ana)
    ana.join(scene.draft_id)
    _member(scene, Right.WRITE)
    for number in range(20):
        assert ana.paragraph(f"ligne {number}")["ok"]
    assert ana.events["access"].empty() and ana.events["refused"].empty() and ana.events["reload"].empty()


def test_a_demoted_writer_is_told_and_reads_on(scene, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    with unit_of_work():
        labs.change_right(
            scene.facilitator,
            session().get_one(Lab, scene.lab_id),
            session().get_one(Person, scene.ben.id),
            Right.READ,
        )
    refused = ben.ask("update", {"draft": scene.draft_id, "update": ben.stroke(_words("non"))})
    assert refused["error"]["code"] == "forbidden"
    assert ben.wait("access")["rights"] == ["read"]
    ana.paragraph("encore lisible")
    ben.until(lambda client: "encore lisible" in client.text())


def test_an_old_bundle_gets_reload_and_no_text(scene, sit):
    ana = sit(scene.ana)
    answer = ana.join(scene.draft_id, schema=0)
    assert answer["error"]["code"] == "schema" and "update" not in answer
    assert ana.wait("reload")["reason"] == "schema"


def test_a_cursor_is_relayed_without_the_identity_it_claims(scene, sit):
    import json

    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    state = {
        "user": {"name": "Le Maire", "color": "red;}*{"},
        "cursor": {"anchor": {"tname": "content"}, "head": {"tname": "content"}},
    }
    ben.say("awareness", {"draft": scene.draft_id, "update": _awareness(ana.client_id, 9, state)})
    ben.say("awareness", {"draft": scene.draft_id, "update": _awareness(ben.client_id, 1, state)})
    told = ana.wait("awareness")["update"]
    assert b"Maire" not in told and json.dumps(state["cursor"], separators=(",", ":")).encode() in told
    assert ana.events["awareness"].empty()


def _awareness(client_id, clock, state):
    import json

    def varint(value):
        out = bytearray()
        while value > 127:
            out.append(128 | value & 127)
            value >>= 7
        return bytes([*out, value])

    text = json.dumps(state).encode()
    return b"\x01" + varint(client_id) + varint(clock) + varint(len(text)) + text
