"""Polls: one vote each, retries counted once; of a secret one nothing links a person to what they said."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa

from app.audit import AuditEntry
from app.db import Base, Database, OutboxRow, reading, session, unit_of_work
from app.errors import Invalid, MovedOn, Refused
from labs import polls
from labs.session_models import SessionCount, SessionPoll, SessionVoter
from tests.labs.workshop_world import World, make_world

VOTERS = ("ana", "ben", "chloe", "dan", "rose")


@pytest.fixture
def world(db: Database) -> World:
    return make_world()


def opened(world: World, **fields: object) -> int:
    number = world.act("facilitator", "poll", question="Publier\u202f?", **fields).number
    assert number is not None
    return number


def test_yes_or_no_with_names(world: World) -> None:
    poll = opened(world)
    for place, who in enumerate(VOTERS):
        assert not world.act(who, "vote", poll=poll, choice=place % 2).again
    assert world.act("ana", "vote", poll=poll, choice=1).again, "it is counted, whatever is said now"
    for choice in (2, 99):
        with pytest.raises(Invalid):
            world.act("facilitator", "vote", poll=poll, choice=choice)
    with pytest.raises(Refused):
        world.act("stranger", "vote", poll=poll, choice=0)
    world.act("facilitator", "close_poll", poll=poll)
    found = world.state()["polls"][str(poll)]
    assert found["choices"] == ["Oui", "Non"] and found["counts"] == [3, 2] and found["voters"] == 5
    assert found["votes"][str(world["ben"].id)] == 1
    with pytest.raises(MovedOn):
        world.act("facilitator", "vote", poll=poll, choice=0)
    # Who voted and did not hear it asks again after the close.
    assert world.act("ana", "vote", poll=poll, choice=1).again
    with pytest.raises(MovedOn):
        world.act("facilitator", "close_poll", poll=poll)


def test_answers_are_different_and_few(world: World) -> None:
    for choices in ("Une seule", "A\nA", "\n".join("ABCDEFGHI"), "x" * 101 + "\nB"):
        with pytest.raises(Invalid):
            opened(world, choices=choices)
    poll = opened(world, choices="Bleu\n\n Vert \nRouge")
    assert world.state()["polls"][str(poll)]["choices"] == ["Bleu", "Vert", "Rouge"]
    with pytest.raises(MovedOn):
        opened(world)  # one at a time
    with pytest.raises(Invalid):
        world.act("facilitator", "close")  # its votes would be lost
    world.act("facilitator", "close_poll", poll=poll)
    assert opened(world)


def test_a_vote_on_a_passage_says_at_which_number_it_was_read(world: World) -> None:
    poll = opened(world, about=f"{world.draft}/b2")
    passage = world.state()["polls"][str(poll)]["passage"]
    assert passage == {
        "draft": world.draft,
        "title": "Changer d’adresse",
        "block": "b2",
        "seq": 1,
        "words": "Présentez-vous à la mairie.",
    }


def test_a_secret_poll_tells_its_results_at_the_close(world: World) -> None:
    poll = opened(world, secret="1")
    for place, who in enumerate(VOTERS):
        done = world.act(who, "vote", poll=poll, choice=int(place > 2))
        assert done.number is None and not done.again
    assert world.act("ana", "vote", poll=poll, choice=1).again
    before = world.state()["polls"][str(poll)]
    assert before["counts"] is None and before["votes"] == {} and before["voters"] is None
    with reading():
        assert polls.turnout([world.seance]) == {world.seance: {poll: 5}}
        assert polls.voted_in(world["ana"], world.seance) == {poll}
        assert polls.voted_in(world["facilitator"], world.seance) == set()
    world.act("facilitator", "close_poll", poll=poll)
    after = world.state()["polls"][str(poll)]
    assert (after["voters"], after["counts"], after["votes"]) == (5, [3, 2], {})


def test_of_fewer_than_four_nothing_is_told_nor_kept(world: World) -> None:
    poll = opened(world, secret="1")
    for who in VOTERS[:3]:
        world.act(who, "vote", poll=poll, choice=0)
    world.act("facilitator", "close_poll", poll=poll)
    found = world.state()["polls"][str(poll)]
    assert found["voters"] == 3 and found["counts"] is None
    with reading():
        assert set(session().scalars(sa.select(SessionCount.count))) == {0}


def test_nothing_anywhere_links_a_person_to_a_secret_vote(
    world: World, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    poll = opened(world, secret="1")
    with reading() as current:
        tables = _all_rows(current)
    for place, who in enumerate(VOTERS):
        world.act(who, "vote", poll=poll, choice=place % 2, key=f"secret-{place}")
    with reading() as current:
        after = _all_rows(current)
    changed = {name for name in after if after[name] != tables[name]}
    # A row that each voted, and counters: no event, no audit entry, no news, nothing else.
    assert changed == {"session_voter", "session_count"}
    assert set(SessionVoter.__table__.c.keys()) == {"session_id", "poll", "person_id"}
    with reading():
        rows = session().execute(sa.select(SessionCount.choice, SessionCount.count)).all()
        assert sorted(rows) == [(0, 3), (1, 2)]
        assert not session().scalar(sa.select(sa.func.count()).where(OutboxRow.name.contains("vote")))
        entries = [json.dumps(entry.detail) for entry in session().scalars(sa.select(AuditEntry))]
    assert not any("choice" in entry for entry in entries)
    assert "secret-" not in caplog.text
    if not db.is_sqlite:
        # Which transaction wrote a row: the counters all bear the mark of the last one, whatever it chose.
        with reading() as current:
            marks = current.execute(sa.text("SELECT DISTINCT xmin::text FROM session_count")).all()
        assert len(marks) == 1


def _all_rows(current: sa.orm.Session) -> dict[str, list[str]]:
    return {
        table.name: sorted(repr(tuple(row)) for row in current.execute(sa.select(table)))
        for table in Base.metadata.sorted_tables
    }


def test_the_database_refuses_a_second_vote_and_one_after_the_close(world: World) -> None:
    poll = opened(world, secret="1")
    world.act("ana", "vote", poll=poll, choice=0)
    row = {"session_id": world.seance, "poll": poll}
    with pytest.raises(sa.exc.IntegrityError), unit_of_work() as current:
        current.execute(sa.insert(SessionVoter).values(person_id=world["ana"].id, **row))
    with pytest.raises(sa.exc.DBAPIError), unit_of_work() as current:
        current.execute(sa.update(SessionVoter).values(person_id=world["ben"].id))
    world.act("facilitator", "close_poll", poll=poll)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work() as current:
        current.execute(sa.insert(SessionVoter).values(person_id=world["ben"].id, **row))
    with reading():
        assert session().get_one(SessionPoll, (world.seance, poll)).closed
