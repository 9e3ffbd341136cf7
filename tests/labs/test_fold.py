"""Folding any sequence of events gives the state that a plain model gives; and who applies patches has the same, wherever
they joined."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from config import ROOT
from labs import fold
from labs.fold import Happened
from labs.session_models import EventKind

PEOPLE = st.integers(1, 4)
AGENDA = [{"id": number, "title": f"Point {number}", "minutes": number * 5} for number in (1, 2, 3)]


@dataclass
class Model:
    """The room told as one would on paper: lists of what was said, in order."""

    hands: list[int] = field(default_factory=list)
    floor: int | None = None
    item: int | None = None
    minutes: int = 0
    spans: list[tuple[int, int, int | None]] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    polls: dict[int, dict[str, Any]] = field(default_factory=dict)
    notes: dict[int, list[Any]] = field(default_factory=dict)
    shown: int | None = None
    is_closed: bool = False

    def end_item(self, at: int) -> None:
        if self.spans and self.spans[-1][2] is None:
            self.spans[-1] = (*self.spans[-1][:2], at)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Happened], Model]:
    """Events as the verbs let them happen, and the model of what they add up to."""
    model = Model()
    events = [Happened(1, EventKind.OPENED, 1000, 9, {"agenda": AGENDA, "heads": {}})]
    for moment in range(draw(st.integers(1, 60))):
        kind = draw(
            st.sampled_from([kind for kind in EventKind if kind not in (EventKind.OPENED, EventKind.CLOSED)])
        )
        event = _one(draw, model, kind, len(events) + 1, 2000 + 1000 * moment)
        if event is not None:
            events.append(Happened(len(events) + 1, *event))
    if draw(st.booleans()):
        at = 10**6
        model.end_item(at)
        model.hands, model.floor, model.item, model.shown, model.is_closed = [], None, None, None, True
        events.append(Happened(len(events) + 1, EventKind.CLOSED, at, 9, {"heads": {}}))
    return events, model


def _one(draw: st.DrawFn, model: Model, kind: EventKind, number: int, at: int) -> Any:
    """(kind, at, person, payload) of an event that can happen now, told to the model too; None where it cannot."""
    person = draw(PEOPLE)
    payload: dict[str, Any]
    match kind:
        case EventKind.ITEM:
            item = draw(st.sampled_from([1, 2, 3, None]))
            model.end_item(at)
            model.item, model.minutes = item, item * 5 if item else 0
            if item:
                model.spans.append((item, at, None))
            payload = {"item": item, "title": f"Point {item}", "minutes": item * 5 if item else None}
        case EventKind.EXTENDED:
            if model.item is None:
                return None
            model.minutes += 5
            payload = {"minutes": 5}
        case EventKind.HAND_UP:
            if person in model.hands:
                return None
            model.hands.append(person)
            payload = {}
        case EventKind.HAND_DOWN:
            if person not in model.hands:
                return None
            model.hands.remove(person)
            payload = {"person": person}
        case EventKind.FLOOR:
            given_to = draw(st.sampled_from([person, None]))
            model.floor = given_to
            if given_to in model.hands:
                model.hands.remove(given_to)
            payload = {"person": given_to}
        case EventKind.SHOWN:
            model.shown = draw(st.sampled_from([5, None]))
            payload = {"draft": model.shown, "title": "Texte", "block": None}
        case EventKind.SAID:
            text = draw(st.text(max_size=8))
            model.said.append((person, text))
            payload = {"text": text, "mentions": []}
        case EventKind.POLL_OPENED:
            secret = draw(st.booleans())
            model.polls[number] = {"votes": {}, "counts": None, "secret": secret, "closed": False}
            payload = {"question": "?", "choices": ["a", "b"], "secret": secret, "passage": None}
        case EventKind.VOTED | EventKind.POLL_CLOSED:
            ballots = [name for name, poll in model.polls.items() if not poll["closed"]]
            if not ballots:
                return None
            name = ballots[0]
            poll = model.polls[name]
            if kind is EventKind.POLL_CLOSED:
                poll["closed"], poll["counts"] = True, [1, 2]
                payload = {"poll": name, "voters": 3, "counts": [1, 2]}
            elif poll["secret"] or person in poll["votes"]:
                return None
            else:
                poll["votes"][person] = 1
                payload = {"poll": name, "choice": 1}
        case EventKind.DECIDED:
            model.notes[number] = ["Décidé", False]
            payload = {
                "text": "Décidé",
                "draft": None,
                "title": "",
                "block": None,
                "seq": None,
                "fingerprint": None,
            }
        case EventKind.ACTION:
            model.notes[number] = ["À faire", False]
            payload = {"text": "À faire", "person": person, "due": None}
        case EventKind.STRUCK:
            kept = [name for name, note in model.notes.items() if not note[1]]
            if not kept:
                return None
            model.notes[kept[-1]][1] = True
            payload = {"number": kept[-1]}
        case EventKind.AGENDA:
            payload = {"agenda": AGENDA}
    return kind, at, person, payload


def folded(events: list[Happened]) -> fold.State:
    state = fold.empty()
    for event in events:
        fold.take_in(state, event)
    return state


@settings(max_examples=300, deadline=None)
@given(histories())
def test_the_fold_is_what_a_plain_model_says(history: tuple[list[Happened], Model]) -> None:
    events, model = history
    state = folded(events)
    assert [hand["person"] for hand in state["hands"]] == model.hands
    assert (state["floor"]["person"] if state["floor"] else None) == model.floor
    assert (state["item"]["id"] if state["item"] else None) == model.item
    if state["item"]:
        assert state["item"]["minutes"] + state["item"]["added"] == model.minutes
    spans = [(one["item"], one["started_at"], one["ended_at"]) for one in state["times"].values()]
    assert spans == model.spans
    assert [(one["person"], one["text"]) for one in state["chat"].values()] == model.said[-fold.CHAT_SHOWN :]
    assert (state["shown"]["draft"] if state["shown"] else None) == model.shown
    polls = {
        int(name): {
            "votes": {int(person): choice for person, choice in poll["votes"].items()},
            "counts": poll["counts"],
            "secret": poll["secret"],
            "closed": poll["closed_at"] is not None,
        }
        for name, poll in state["polls"].items()
    }
    assert polls == model.polls
    notes = {
        int(name): [note["text"], note["struck"]]
        for section in ("decisions", "actions")
        for name, note in state[section].items()
    }
    assert notes == model.notes
    assert (state["phase"]["status"] == "closed") == model.is_closed


@settings(max_examples=300, deadline=None)
@given(histories(), st.data())
def test_who_comes_back_has_the_state_of_who_stayed(
    history: tuple[list[Happened], Model], data: st.DataObject
) -> None:
    events, _model = history
    joined = data.draw(st.integers(0, len(events)), label="joined after")
    cut = data.draw(st.integers(joined, len(events)), label="lost the line after")
    server = folded(events[:joined])
    stayed, came_back = json.loads(json.dumps(server)), json.loads(json.dumps(server))
    for place, event in enumerate(events[joined:], start=joined):
        patch = json.loads(json.dumps(fold.take_in(server, event)))
        fold.apply(stayed, patch)
        if place < cut:
            fold.apply(came_back, patch)
    came_back = json.loads(json.dumps(copy.deepcopy(server)))  # the answer to a new join
    assert stayed == came_back == json.loads(json.dumps(folded(events)))


def test_every_kind_of_event_is_folded() -> None:
    assert set(fold._FOLDS) == set(EventKind)


def test_the_chat_forgets_its_oldest_lines_everywhere() -> None:
    state, page = fold.empty(), fold.empty()
    for number in itertools.count(1):
        event = Happened(number, EventKind.SAID, number, 1, {"text": str(number), "mentions": []})
        fold.apply(page, json.loads(json.dumps(fold.take_in(state, event))))
        if number == fold.CHAT_SHOWN + 25:
            break
    assert state == page and len(page["chat"]) == fold.CHAT_SHOWN
    assert next(iter(page["chat"].values()))["text"] == "26"


def test_the_vectors_that_the_browser_reads_too() -> None:
    told = json.loads((ROOT / "tests" / "vectors" / "room.json").read_text(encoding="utf-8"))
    state = fold.empty()
    assert state == told["start"]
    for event, patch in zip(told["events"], told["patches"], strict=True):
        happened = Happened(**{**event, "kind": EventKind(event["kind"])})
        assert json.loads(json.dumps(fold.take_in(state, happened))) == patch
    assert {EventKind(event["kind"]) for event in told["events"]} == set(EventKind)
    assert json.loads(json.dumps(state)) == told["state"]
