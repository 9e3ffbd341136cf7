"""A seat that may only suggest, over the wire: its suggestions reach everybody, its other strokes nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.policy import Actor
from drafts import document, log, suggestions
from drafts.queries import draft_numbered
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests import makers
from tests.scenes import Scene
from tests.table_client import TableClient, add_paragraph


def suggester(scene: Scene) -> Actor:
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        person = makers.make_agent(lab.administration)
        labs.add_member(scene.facilitator, lab, session().get_one(Person, person.id), Right.SUGGEST)
        return person


def text(content: Any) -> Any:
    return content.children[1].children[0]


def put_in(ident: str, words: str = "donc ", at: int = 0) -> Callable[[Any], None]:
    return lambda content: text(content).insert(at, words, {"insertion": {"id": ident}})


def take_out(ident: str, start: int = 0, end: int = 11) -> Callable[[Any], None]:
    return lambda content: text(content).format(start, end, {"deletion": {"id": ident}})


def ana_writes(content: Any) -> None:
    text(content).insert(0, "plus tôt ", {})


def send(client: TableClient, edit: Callable[[Any], None], **more: Any) -> str:
    answer = client.ask("update", {"draft": client.draft, "update": client.stroke(edit), **more})
    return "" if answer["ok"] else answer["error"]["code"]


def stored(scene: Scene) -> tuple[int, Any]:
    with reading():
        found = log.text(scene.draft_id)
        return found.seq, found.tree


@pytest.fixture
def people(scene: Scene, sit: Callable[..., TableClient]) -> tuple[TableClient, TableClient, Actor]:
    """Who only suggests, who writes, and the first one's person."""
    person = suggester(scene)
    lea, ana = sit(person), sit(scene.ana)
    told = lea.join(scene.draft_id)
    assert told["rights"] == ["read", "remark", "suggest"] and told["can_write"] is False
    ana.join(scene.draft_id)
    return lea, ana, person


def test_suggestions_reach_everybody_and_are_on_the_disk(scene, people) -> None:
    lea, ana, person = people
    mine = f"{lea.client_id}-a"
    assert send(lea, put_in(mine)) == "" and send(lea, take_out(mine, 5, 16)) == ""
    shown = [("donc ", {"insertion": {"id": mine}}), ("Présentez-", {"deletion": {"id": mine}})]
    ana.until(lambda client: text(client.content).diff()[:2] == shown)
    # One's own, from an earlier tab, may be changed from another one.
    lea.ask("leave", {"draft": scene.draft_id})
    again = lea.join(scene.draft_id)["client_id"]
    assert send(lea, lambda content: text(content).__delitem__(slice(0, 5))) == "" and again
    with reading():
        assert log.rows(scene.draft_id, 0)[-1].person_id == person.id


def everything_else(lea: TableClient, theirs: str, mine: str) -> dict[str, Callable[[Any], None]]:
    """Each is a stroke by hand. Mine: « donc » put in at 0; theirs: « vite » put in at 5; mine takes out what follows."""
    return {
        "plain words": lambda content: text(content).insert(30, "zz", {}),
        "plain words in a new block": lambda content: add_paragraph(content, "zz"),
        "ordinary words out": lambda content: text(content).__delitem__(slice(24, 26)),
        "a mark": lambda content: text(content).format(29, 31, {"strong": {}}),
        "an attribute": lambda content: content.children[1].attributes.__setitem__("id", "zz"),
        "another block out": lambda content: content.children.__delitem__(slice(0, 1)),
        "its own put in is accepted": lambda content: text(content).format(0, 5, {"insertion": None}),
        "its own taken out is accepted": lambda content: text(content).__delitem__(slice(10, 20)),
        "another's is taken away": lambda content: text(content).__delitem__(slice(5, 10)),
        "another's is accepted": lambda content: text(content).format(5, 10, {"insertion": None}),
        "another's is made its own": lambda content: text(content).format(5, 10, {"insertion": {"id": mine}}),
        "another's goes on": put_in(theirs, "zz", 7),
        "somebody else's name": put_in("1-zz", "zz", 30),
        "words behind a suggestion": lambda content: (
            put_in(f"{lea.client_id}-b", "oui ")(content),
            text(content).insert(40, "zz", {}),
        ),
    }


@pytest.mark.parametrize("name", list(everything_else(TableClient("", ""), "", "")))
def test_a_stroke_made_by_hand_is_forbidden_and_nothing_changes(scene, sit, people, name: str) -> None:
    lea, ana, _person = people
    ben = sit(suggester(scene))
    ben.join(scene.draft_id)
    mine, theirs = f"{lea.client_id}-a", f"{ben.client_id}-a"
    assert send(lea, put_in(mine)) == ""
    ben.until(lambda client: "donc" in client.text())
    assert send(ben, put_in(theirs, "vite ", 5)) == ""
    lea.until(lambda client: "vite" in client.text())
    assert send(lea, take_out(mine, 10, 20)) == ""
    ana.until(lambda client: len(text(client.content).diff()) == 4)
    edit = everything_else(lea, theirs, mine)[name]
    before, heard = stored(scene), len(ana.seen)
    for more in ({}, {"bulk": True}):
        # A document of its own for each: what was refused has used up clocks.
        fresh = sit(people[2])
        fresh.join(scene.draft_id)
        assert send(fresh, edit, **more) == "forbidden"
        fresh.close()
    assert stored(scene) == before
    # The table goes on, for who only suggests too, and nobody was told anything of it.
    assert send(lea, put_in(mine, "et ", 5)) == ""
    ana.until(lambda client: "donc et vite" in client.text())
    assert [name for name, _told in ana.seen[heard:] if name == "update"] == ["update"]
    assert "zz" not in str(stored(scene)[1])


def test_strokes_of_one_tick_are_judged_in_their_order(scene, people) -> None:
    """A colleague writes where a suggestion is under way: both stand."""
    lea, ana, _person = people
    first, second = lea.stroke(put_in(f"{lea.client_id}-a")), ana.stroke(ana_writes)
    third = lea.stroke(take_out(f"{lea.client_id}-a", 5, 10))
    for number, (client, update) in enumerate([(ana, second), (lea, first), (lea, third)], start=1):
        client.say("update", {"draft": scene.draft_id, "update": update, "n": number})
    ana.until(lambda client: "donc" in client.text() and "plus tôt" in client.text())
    lea.until(lambda client: "plus tôt" in client.text())
    assert lea.events["refused"].empty() and ana.text() == lea.text()


def test_words_that_go_on_in_an_accepted_suggestion_are_asked_for_again(scene, people) -> None:
    lea, ana, _person = people
    mine = f"{lea.client_id}-a"
    assert send(lea, put_in(mine)) == ""
    with unit_of_work():
        suggestions.accept(scene.ana, draft_numbered(scene.draft_id), [mine])
    ana.until(lambda client: text(client.content).diff()[0][1] is None)
    # Typed before the answer was heard of: behind the words that were a suggestion then, without a mark of its own.
    stale = document.new_document(lea.client_id)
    document.apply(stale, document.state(lea.doc))
    lea.until(lambda client: text(client.content).diff()[0][1] is None)
    update = lea.stroke(lambda content: text(content).insert(5, "bien ", {}))
    before = stored(scene)
    answer = lea.ask("update", {"draft": scene.draft_id, "update": update})
    assert answer["error"]["code"] == "resync" and answer["state_vector"] and stored(scene) == before
    vector = pycrdt_state(answer)
    with lea.lock:
        text(lea.content).format(5, 10, {"insertion": {"id": f"{lea.client_id}-b"}})
        whole = lea.doc.get_update(vector)
    assert lea.ask("update", {"draft": scene.draft_id, "update": whole})["ok"]
    ana.until(lambda client: "donc bien Présentez" in client.text())


def pycrdt_state(answer: dict[str, Any]) -> bytes:
    vector = answer["state_vector"]
    assert isinstance(vector, bytes)
    return vector


def test_a_writer_who_may_only_suggest_from_now_on_is_held_to_it(scene, sit, people) -> None:
    _lea, ana, _person = people
    assert send(ana, ana_writes) == ""
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        labs.change_right(scene.facilitator, lab, session().get_one(Person, scene.ana.id), Right.SUGGEST)
    told = ana.wait("access")
    assert told["can_write"] is False and "suggest" in told["rights"]
    assert send(ana, put_in(f"{ana.client_id}-a")) == ""
    assert send(ana, lambda content: text(content).insert(0, "zz", {})) == "forbidden"


def test_who_is_refused_again_and_again_waits(scene, sit, people) -> None:
    """Each refusal costs a copy of the document."""
    lea, _ana, person = people
    codes = []
    for _ in range(8):
        fresh = sit(person)
        fresh.join(scene.draft_id)
        fresh.close()
    refused = lea.stroke(lambda content: text(content).insert(20, "zz", {}))
    for _ in range(12):
        answer = lea.ask("update", {"draft": scene.draft_id, "update": refused})
        codes.append(answer["error"]["code"])
    assert codes[0] == "forbidden" and codes[-1] == "rate_limited"
