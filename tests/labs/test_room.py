"""The verbs of a room: who may do what, what each leaves, and what two at one moment hear."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import Database, reading, session, unit_of_work
from app.errors import DomainError, Invalid, Missing, MovedOn, Refused
from labs import attendance, room
from labs.fold import CHAT_SHOWN
from labs.models import Lab, LabSession
from labs.service import remove_member
from labs.session_models import SessionEvent
from tests.labs.workshop_world import World, make_world


@pytest.fixture
def world(db: Database) -> World:
    return make_world()


def titles(world: World) -> str | None:
    item = world.state()["item"]
    return world.state()["times"][str(item["number"])]["title"] if item else None


def test_the_item_goes_forward_and_back_and_has_its_time(world: World) -> None:
    world.act("facilitator", "item", item="next")
    assert titles(world) == "Tour de table"
    world.act("facilitator", "extend", minutes=5)
    item = world.state()["item"]
    assert (item["minutes"], item["added"]) == (15, 5)
    world.act("facilitator", "item", item="next", seen=item["number"])
    assert titles(world) == "Écrire"
    # Of two who press "next" at one moment the second hears that it has moved, and nothing is skipped.
    with pytest.raises(MovedOn):
        world.act("facilitator", "item", item="next", seen=item["number"])
    assert titles(world) == "Écrire"
    world.act("facilitator", "item", item="back")
    assert titles(world) == "Tour de table"
    with pytest.raises(Invalid):
        world.act("facilitator", "item", item="back")
    world.act("facilitator", "item", item=3)
    assert titles(world) == "Et après\u202f?" and world.state()["item"]["minutes"] is None
    world.act("facilitator", "item", item="end")
    assert titles(world) is None
    with pytest.raises(MovedOn):
        world.act("facilitator", "extend", minutes=5)
    times = list(world.state()["times"].values())
    assert len(times) == 4 and all(entry["ended_at"] for entry in times)


LEADS = [
    ("item", {"item": "next"}),
    ("extend", {"minutes": 5}),
    ("floor", {"person": 1}),
    ("show", {}),
    ("poll", {"question": "Oui\u202f?"}),
    ("close_poll", {"poll": 1}),
    ("decide", {"text": "Oui."}),
    ("action", {"text": "Relire."}),
    ("strike", {"number": 1}),
    ("close", {}),
    ("open", {}),
]


@pytest.mark.parametrize(("verb", "fields"), LEADS)
def test_only_the_facilitator_leads(world: World, verb: str, fields: dict[str, object]) -> None:
    before = world.row().head_number
    for who in ("ana", "rose"):
        with pytest.raises(Refused):
            world.act(who, verb, **fields)
    # Who is not of the lab sees of an open lab that it is there, and nothing of its séance.
    with pytest.raises((Missing, Refused)):
        world.act("stranger", verb, **fields)
    assert world.row().head_number == before


def test_everybody_of_the_lab_speaks_and_asks_to_speak(world: World) -> None:
    for who in ("ana", "rose", "ben"):
        assert world.act(who, "hand_up").number
    assert world.act("ana", "hand_up").again, "a hand that is up keeps its place"
    people = [hand["person"] for hand in world.state()["hands"]]
    assert people == [world[who].id for who in ("ana", "rose", "ben")]
    world.act("facilitator", "floor", person=world["rose"].id)
    state = world.state()
    assert state["floor"]["person"] == world["rose"].id
    assert [hand["person"] for hand in state["hands"]] == [world["ana"].id, world["ben"].id]
    with pytest.raises(Refused):
        world.act("ana", "floor")
    world.act("rose", "floor")
    assert world.state()["floor"] is None
    with pytest.raises(Refused):
        world.act("ana", "hand_down", person=world["ben"].id)
    world.act("facilitator", "hand_down", person=world["ben"].id)
    world.act("ana", "hand_down")
    assert world.state()["hands"] == []
    with pytest.raises(Invalid):
        world.act("facilitator", "floor", person=world["stranger"].id)


def test_messages_are_bounded_and_mention_members_only(world: World) -> None:
    world.act("ana", "say", text="  Bonjour\n à tous ", mentions=[world["ben"].id, world["stranger"].id])
    (said,) = world.state()["chat"].values()
    assert said["text"] == "Bonjour à tous" and said["mentions"] == [world["ben"].id]
    for text in ("", "   ", "x" * 501):
        with pytest.raises(Invalid):
            world.act("ana", "say", text=text)
    for number in range(CHAT_SHOWN):
        world.act("ana", "say", text=f"n° {number}")
    chat = world.state()["chat"]
    assert len(chat) == CHAT_SHOWN and "Bonjour à tous" not in [one["text"] for one in chat.values()]


def test_what_is_sent_again_is_there_once(world: World) -> None:
    first = world.act("ana", "say", text="Une fois.", key="abc")
    again = world.act("ana", "say", text="Une fois.", key="abc")
    assert again.again and again.number == first.number and len(world.state()["chat"]) == 1
    # Another person's key is another's.
    assert not world.act("ben", "say", text="Une fois.", key="abc").again
    world.act("facilitator", "item", item="next", key="suivant")
    assert world.act("facilitator", "item", item="next", key="suivant").again
    assert titles(world) == "Tour de table"
    with pytest.raises(Invalid):
        world.act("ana", "say", text="Non.", key="x" * 41)


def test_a_passage_of_this_lab_is_shown(world: World) -> None:
    world.act("facilitator", "show", draft=world.draft, block="b2")
    assert world.state()["shown"] == {
        "draft": world.draft,
        "title": "Changer d’adresse",
        "block": "b2",
        "at": world.state()["shown"]["at"],
    }
    for draft, block in ((999_999, None), (world.draft, "<script>")):
        with pytest.raises(Invalid):
            world.act("facilitator", "show", draft=draft, block=block or "")
    world.act("facilitator", "show")
    assert world.state()["shown"] is None


def test_a_decision_keeps_the_version_it_was_taken_on(world: World) -> None:
    done = world.act("facilitator", "decide", text="La page est bonne.", about=f"{world.draft}/b2")
    world.act("facilitator", "decide", text="On se revoit.")
    on, free = world.state()["decisions"].values()
    assert (
        on["draft"] == world.draft and on["block"] == "b2" and on["seq"] == 1 and len(on["fingerprint"]) == 64
    )
    assert free["draft"] is None and free["seq"] is None
    world.act("facilitator", "strike", number=done.number)
    assert world.state()["decisions"][str(done.number)]["struck"]
    assert world.act("facilitator", "strike", number=done.number).again
    with pytest.raises(Invalid):
        world.act("facilitator", "decide", text="Ailleurs.", draft=999_999)


def test_an_action_has_a_person_of_the_lab_and_a_day(world: World) -> None:
    world.act("facilitator", "action", text="Relire.", person=world["ben"].id, due="2026-12-31")
    (action,) = world.state()["actions"].values()
    assert (action["person"], action["due"]) == (world["ben"].id, "2026-12-31")
    for fields in ({"person": world["stranger"].id}, {"due": "demain"}):
        with pytest.raises(Invalid):
            world.act("facilitator", "action", text="Relire.", **fields)


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("nothing", {}),
        ("vote", {"poll": "x", "choice": 0}),
        ("vote", {"poll": -1, "choice": 0}),
        ("item", {"item": [1]}),
        ("item", {"item": True}),
        ("extend", {"minutes": 10**30}),
        ("say", {"text": 5}),
        ("say", {"text": "a\x00b"}),
        ("say", {"text": "a", "mentions": {"a": 1}}),
        ("say", {"text": "a", "mentions": [[1]]}),
        ("poll", {"question": "?", "choices": 5}),
        ("say", {"text": "a", "key": 5}),
    ],
)
def test_what_nobody_would_send_is_refused_and_leaves_nothing(
    world: World, verb: str, fields: dict[str, object]
) -> None:
    before = world.row().head_number
    with pytest.raises(DomainError):
        world.act("facilitator", verb, **fields)
    assert world.row().head_number == before


def test_a_room_that_is_not_open_takes_nothing(db: Database) -> None:
    world = make_world(is_open=False)
    with pytest.raises(Invalid):
        world.act("ana", "say", text="Déjà\u202f?")
    with pytest.raises(Invalid):
        world.act("facilitator", "close")
    world.act("facilitator", "open")
    with pytest.raises(MovedOn):
        world.act("facilitator", "open")
    world.act("facilitator", "item", item="next")
    world.act("ana", "hand_up")
    world.act("facilitator", "close")
    state = world.state()
    assert state["phase"]["status"] == "closed" and state["item"] is None and state["hands"] == []
    with pytest.raises(Invalid):
        world.act("ana", "say", text="Encore\u202f?")
    with pytest.raises(Invalid):
        world.act("facilitator", "open")


def test_who_left_the_lab_does_nothing_more(world: World) -> None:
    world.act("ana", "say", text="Au revoir.")
    with unit_of_work():
        lab = session().get_one(Lab, world.lab_id)
        remove_member(world["facilitator"], lab, session().get_one(Person, world["ana"].id))
    with pytest.raises((Missing, Refused)):
        world.act("ana", "say", text="Encore moi.")


def test_the_database_keeps_the_list_as_it_is(world: World) -> None:
    world.act("ana", "say", text="Pour toujours.")
    row = {"session_id": world.seance, "kind": "said", "at": clock.now(), "payload": {}}
    for number in (1, 7):  # one that is there, and one that leaves a gap
        with pytest.raises(sa.exc.DBAPIError), unit_of_work() as current:
            current.execute(sa.insert(SessionEvent).values(number=number, **row))
    for change in (
        sa.update(SessionEvent).values(payload={"text": "autre"}),
        sa.delete(SessionEvent),
    ):
        with pytest.raises(sa.exc.DBAPIError), unit_of_work() as current:
            current.execute(change.where(SessionEvent.session_id == world.seance))
    assert [one["text"] for one in world.state()["chat"].values()] == ["Pour toujours."]


def test_a_state_that_was_rolled_back_is_not_kept(world: World) -> None:
    with pytest.raises(RuntimeError), unit_of_work():
        room.say(world["ana"], world.seance, "Jamais dit.")
        raise RuntimeError
    assert world.state()["chat"] == {}
    world.act("ben", "say", text="Dit.")
    assert [one["text"] for one in world.state()["chat"].values()] == ["Dit."]


def test_who_was_there_is_known_to_the_minute_and_by_administration(world: World) -> None:
    with unit_of_work():
        stay = attendance.come(world["ana"], world.seance)
    with clock.shifted(timedelta(minutes=30)):
        with unit_of_work():
            attendance.renew([stay])
            attendance.come(world["ben"], world.seance)
        with reading():
            here = attendance.present([world.seance])[world.seance]
        assert [one.person for one in here] == sorted([world["ana"].id, world["ben"].id])
    with clock.shifted(timedelta(minutes=31)), unit_of_work():
        # A cut of the line is no absence.
        assert attendance.come(world["ana"], world.seance) == stay
        attendance.leave(stay)
    with clock.shifted(timedelta(minutes=50)):
        with unit_of_work():
            attendance.come(world["ana"], world.seance)
        world.act("facilitator", "close")
        with reading():
            found = attendance.stays(session().get_one(LabSession, world.seance))
    assert [place for place, _stays in found] == ["Province du Nord", "Province du Sud"]
    (ben,), (ana,) = (stays for _place, stays in found)
    assert round((ana.left_at - ana.came_at) / timedelta(minutes=1)) == 50
    assert ben.person == world["ben"].id and ben.left_at - ben.came_at < timedelta(minutes=1)
