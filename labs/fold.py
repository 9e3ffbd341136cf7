"""What a room's events add up to: one state that everybody is shown, and the patch that each event makes of it.

The state is sections of plain JSON. A patch holds the sections that change: a section of entries (polls, messages …) takes
the entries that the patch names, `None` takes one away; every other section is given whole. Who joins late or comes back is
given the state; who is there applies patches; docs/workshop.md promises that both have the same.
Instants are whole milliseconds since 1970, people are their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labs.session_models import EventKind

State = dict[str, Any]
Patch = dict[str, Any]
# Sections of entries, by the number of the event that made them.
ENTRIES = ("chat", "polls", "decisions", "actions", "times")
# What the room shows of its chat; the minutes and the page of all messages have the rest.
CHAT_SHOWN = 200


@dataclass(frozen=True)
class Happened:
    """One event, as it is folded. `at`: milliseconds."""

    number: int
    kind: EventKind
    at: int
    person: int | None
    payload: Mapping[str, Any] = field(default_factory=dict)


def empty() -> State:
    """The state before anything has happened."""
    return {
        "phase": {"status": "planned", "opened_at": None, "closed_at": None},
        "agenda": [],
        "item": None,
        "hands": [],
        "floor": None,
        "shown": None,
        "chat": {},
        "polls": {},
        "decisions": {},
        "actions": {},
        "times": {},
    }


def apply(state: State, patch: Patch) -> None:
    """Take a patch into a state, in place. The browser's half is `apply` of workshop_state.ts."""
    for section, value in patch.items():
        if section not in ENTRIES:
            state[section] = value
            continue
        entries = state[section]
        for name, entry in value.items():
            if entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry


def take_in(state: State, event: Happened) -> Patch:
    """Fold one event into the state, in place: the patch that did it."""
    patch = _FOLDS[event.kind](state, event)
    apply(state, patch)
    return patch


def people_in(state: State) -> set[int]:
    """Everybody whom the state names: the page needs their names."""
    found: set[int | None] = {hand["person"] for hand in state["hands"]}
    if state["floor"]:
        found.add(state["floor"]["person"])
    for section in ("chat", "decisions", "actions"):
        for entry in state[section].values():
            found |= {entry["person"], *entry.get("mentions", ())}
    for poll in state["polls"].values():
        found |= {int(person) for person in poll["votes"]}
    return {person for person in found if person}


def named_in(event: Happened) -> set[int]:
    """Everybody whom one event names."""
    found = {event.person, event.payload.get("person"), *event.payload.get("mentions", ())}
    return {person for person in found if person}


def _ended(state: State, at: int) -> Patch:
    """The item that is under way ends."""
    item = state["item"]
    if item is None:
        return {}
    entry = state["times"][str(item["number"])]
    return {str(item["number"]): {**entry, "ended_at": at}}


def _opened(_state: State, event: Happened) -> Patch:
    return {
        "phase": {"status": "open", "opened_at": event.at, "closed_at": None},
        "agenda": event.payload["agenda"],
    }


def _closed(state: State, event: Happened) -> Patch:
    return {
        "phase": {**state["phase"], "status": "closed", "closed_at": event.at},
        "item": None,
        "hands": [],
        "floor": None,
        "shown": None,
        "times": _ended(state, event.at),
    }


def _agenda(_state: State, event: Happened) -> Patch:
    return {"agenda": event.payload["agenda"]}


def _item(state: State, event: Happened) -> Patch:
    item = event.payload["item"]
    times = _ended(state, event.at)
    if item is None:
        return {"item": None, "times": times}
    minutes = event.payload["minutes"]
    times[str(event.number)] = {
        "item": item,
        "title": event.payload["title"],
        "minutes": minutes,
        "started_at": event.at,
        "ended_at": None,
    }
    return {
        "item": {"id": item, "number": event.number, "started_at": event.at, "minutes": minutes, "added": 0},
        "times": times,
    }


def _extended(state: State, event: Happened) -> Patch:
    item = state["item"]
    return {"item": {**item, "added": item["added"] + event.payload["minutes"]}} if item else {}


def _hand_up(state: State, event: Happened) -> Patch:
    return {"hands": [*_without(state, event.person), {"person": event.person, "at": event.at}]}


def _hand_down(state: State, event: Happened) -> Patch:
    return {"hands": _without(state, event.payload["person"])}


def _floor(state: State, event: Happened) -> Patch:
    person = event.payload["person"]
    return {
        "floor": {"person": person, "at": event.at} if person else None,
        "hands": _without(state, person),
    }


def _without(state: State, person: int | None) -> list[Any]:
    return [hand for hand in state["hands"] if hand["person"] != person]


def _shown(_state: State, event: Happened) -> Patch:
    draft = event.payload["draft"]
    shown = {"draft": draft, "title": event.payload["title"], "block": event.payload["block"], "at": event.at}
    return {"shown": shown if draft else None}


def _said(state: State, event: Happened) -> Patch:
    said: dict[str, Any] = {
        str(event.number): {
            "person": event.person,
            "at": event.at,
            "text": event.payload["text"],
            "mentions": list(event.payload["mentions"]),
        }
    }
    too_many = len(state["chat"]) + 1 - CHAT_SHOWN
    said |= dict.fromkeys(sorted(state["chat"], key=int)[: max(0, too_many)])
    return {"chat": said}


def _poll_opened(_state: State, event: Happened) -> Patch:
    poll = {
        **{name: event.payload[name] for name in ("question", "choices", "secret", "passage")},
        "opened_at": event.at,
        "closed_at": None,
        "voters": None,
        "counts": None,
        "votes": {},
    }
    return {"polls": {str(event.number): poll}}


def _voted(state: State, event: Happened) -> Patch:
    name = str(event.payload["poll"])
    poll = state["polls"][name]
    return {"polls": {name: {**poll, "votes": {**poll["votes"], str(event.person): event.payload["choice"]}}}}


def _poll_closed(state: State, event: Happened) -> Patch:
    name = str(event.payload["poll"])
    told = {
        "closed_at": event.at,
        "voters": event.payload["voters"],
        "counts": event.payload["counts"],
    }
    return {"polls": {name: {**state["polls"][name], **told}}}


def _decided(_state: State, event: Happened) -> Patch:
    names = ("text", "draft", "title", "block", "seq", "fingerprint")
    decision = {
        "person": event.person,
        "at": event.at,
        "struck": False,
        **{name: event.payload[name] for name in names},
    }
    return {"decisions": {str(event.number): decision}}


def _action(_state: State, event: Happened) -> Patch:
    action = {
        "by": event.person,
        "at": event.at,
        "struck": False,
        **{name: event.payload[name] for name in ("text", "person", "due")},
    }
    return {"actions": {str(event.number): action}}


def _struck(state: State, event: Happened) -> Patch:
    name = str(event.payload["number"])
    section = "decisions" if name in state["decisions"] else "actions"
    return {section: {name: {**state[section][name], "struck": True}}}


_FOLDS: dict[EventKind, Callable[[State, Happened], Patch]] = {
    EventKind.OPENED: _opened,
    EventKind.CLOSED: _closed,
    EventKind.AGENDA: _agenda,
    EventKind.ITEM: _item,
    EventKind.EXTENDED: _extended,
    EventKind.HAND_UP: _hand_up,
    EventKind.HAND_DOWN: _hand_down,
    EventKind.FLOOR: _floor,
    EventKind.SHOWN: _shown,
    EventKind.SAID: _said,
    EventKind.POLL_OPENED: _poll_opened,
    EventKind.VOTED: _voted,
    EventKind.POLL_CLOSED: _poll_closed,
    EventKind.DECIDED: _decided,
    EventKind.ACTION: _action,
    EventKind.STRUCK: _struck,
}
