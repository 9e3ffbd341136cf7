"""Real keystrokes of two real people, typed again through two sockets (the whole: python -m benchmarks.replay)."""

from __future__ import annotations

import pytest

from app.accounts.models import Person
from app.db import session, unit_of_work
from benchmarks.house import BLOCK, Place, empty_draft
from benchmarks.replay import replay
from benchmarks.trace import Stroke, Trace, concurrent, merged_text
from benchmarks.writer import Stopped
from labs import service as labs
from labs.models import Lab
from tests.scenes import token_for

# The first of the recording's 26,078 transactions, one stroke each.
PART = 1_500


@pytest.fixture
def place(server, scene) -> Place:
    with unit_of_work():
        draft_id = empty_draft(scene.ana, session().get_one(Lab, scene.lab_id)).id
    cookies = (f"openlab={token_for(scene.ana)}", f"openlab={token_for(scene.ben)}")
    return Place(server.url, cookies, draft_id, BLOCK, has_log=True, journal=server.log)


def test_two_people_who_typed_at_once_leave_the_recorded_text_everywhere(place):
    trace = concurrent("friendsforever", PART)
    assert len(trace.strokes) == PART
    assert _made_unseen(trace) == 925
    outcome = replay(place, trace)
    assert outcome.differences == []
    assert outcome.refused == {} and outcome.sent_again == 0
    assert outcome.complaints == []
    # Both replicas, a joining one, the program's door, and three fresh replays of the log.
    assert len(outcome.texts) == 7


def test_letters_outside_ascii_and_the_replay_notices_a_difference(place):
    words = "Été 🎉 à Nouméa"
    strokes = [Stroke(0, number, letter, 0) for number, letter in enumerate(words)]
    strokes += [Stroke(1, 4, "", len(words)), Stroke(1, 0, "É", len(words)), Stroke(0, 0, "", 1)]
    expected = "Été  à Nouméa"
    assert merged_text(strokes) == expected
    outcome = replay(place, Trace("letters", tuple(strokes), expected + "!"))
    assert set(outcome.texts.values()) == {expected}
    assert outcome.differences == list(outcome.texts)


def test_the_replay_stops_when_one_of_the_two_may_no_longer_write(place, scene):
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        labs.remove_member(scene.facilitator, lab, session().get_one(Person, scene.ben.id))
    with pytest.raises(Stopped, match="not_found"):
        replay(place, concurrent("friendsforever", 50))


def test_the_recorded_end_is_found_without_any_crdt():
    whole = concurrent("friendsforever")
    assert len(whole.strokes) == 26_078
    assert merged_text(whole.strokes) == whole.end


def _made_unseen(trace: Trace) -> int:
    """How many strokes were made while something of the other one was still on its way."""
    made, count = [0, 0], 0
    for stroke in trace.strokes:
        count += stroke.seen < made[1 - stroke.agent]
        made[stroke.agent] += 1
    return count
