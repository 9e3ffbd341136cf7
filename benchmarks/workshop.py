"""The room of a séance beside the writing: a hundred people in it, twenty of them at one text.

What people do there (a word, a hand, a vote) is acknowledged with the number of its event; it has reached somebody with the
first message that says this number or a higher one. Everything has to reach everybody, or there is no number.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks import frames, servers
from benchmarks.dialects import Chair, Line, OpenLab
from benchmarks.load import Client, Event
from benchmarks.measures import KEYS_PER_SECOND, WARM_SECONDS, Numbers, Run
from benchmarks.typists import first_state
from benchmarks.window import Failed, Shape, Table, play

PEOPLE, WRITING = 100, 20
# Words and hands of a lively room, all together; and everybody votes once within the window.
ACTS_PER_SECOND = 4.0


@dataclass
class Room(OpenLab):
    """docs/workshop.md: the namespace `/labs`. Keeps what it was told, for it is no update of a text."""

    session: int
    # (when, the number everything up to which was told) and {id of an act: its answer}.
    moved: list[tuple[float, int]] = field(default_factory=list)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)

    def sit(self, line: Line, chair: Chair) -> tuple[bytes, int]:
        line.await_message(lambda message: message[1][:1] == b"0")
        line.write(frames.frame(frames.TEXT, b"40/labs,"))
        line.await_message(lambda message: message[1].startswith(b"40/labs"))
        line.write(frames.frame(frames.TEXT, self._event(0, "join", {"session": self.session})))
        _opcode, answer = line.await_message(lambda message: message[1].startswith(b"43/labs,0"))
        found = json.loads(answer[answer.index(b"[") :])[0]
        if not found["ok"]:
            raise RuntimeError(f"nobody is let into the room: {found['error']}")
        return b"", 0

    def act(self, number: int, verb: str, **fields: Any) -> bytes:
        payload = {"session": self.session, "verb": verb, "key": f"banc-{number}", **fields}
        return frames.frame(frames.TEXT, self._event(number, "do", payload))

    @staticmethod
    def _event(number: int, name: str, payload: dict[str, Any]) -> bytes:
        return f"42/labs,{number}{json.dumps([name, payload])}".encode()

    def updates(self, messages: Iterable[tuple[float, int, bytes]]) -> Iterator[tuple[float, bytes]]:
        for at, opcode, payload in messages:
            if opcode != frames.TEXT:
                continue
            if payload.startswith(b"43/labs,"):
                begin = payload.index(b"[")
                self.answers[int(payload[8:begin])] = json.loads(payload[begin:])[0]
            elif payload.startswith(b'42/labs,["moved"'):
                self.moved.append((at, json.loads(payload[8:])[1]["number"]))
        return iter(())


@dataclass(frozen=True)
class Act:
    """Something that one person does at a moment of the window."""

    at: float
    person: int
    verb: str
    fields: dict[str, Any]


def beside_writing(run: Run) -> Numbers:
    """p95 of the room's events at everybody in it, and of the letters at everybody who writes."""
    server = servers.ours(run.tree, run.kind)
    try:
        scene = servers.our_scene(server, 1, WRITING, first_state(), PEOPLE, "room")
    except BaseException:
        server.remove()
        raise
    server.chairs = servers.chairs_of(scene, WRITING)
    table = Table(run.kind, Shape(1, WRITING, WRITING), run.tree, server=server)
    try:
        rooms = _enter(table, scene)
        play(table, KEYS_PER_SECOND, WARM_SECONDS, seed=99)
        acts = _acts(run, poll=_open_poll(table, rooms))
        events = [
            Event(act.at, WRITING + act.person, rooms[act.person].act(number, act.verb, **act.fields))
            for number, act in enumerate(acts, start=1000)
        ]
        window = play(table, KEYS_PER_SECOND, run.seconds, seed=run.number, also=events)
        waits = sorted(_waits(rooms, acts, window.also))
    finally:
        table.close()

    def at(share: float) -> float:
        return round(waits[min(int(len(waits) * share), len(waits) - 1)] * 1000, 2)

    return {
        "room_p50_ms": at(0.5),
        "room_p95_ms": at(0.95),
        "room_p99_ms": at(0.99),
        "acts": len(acts),
        **window.numbers(),
    }


def _enter(table: Table, scene: dict[str, Any]) -> list[Room]:
    """Everybody comes in; the last is who leads."""
    rooms = []
    for token in [*scene["people"][: PEOPLE - 1], scene["leader"]]:
        room = Room(scene["session"])
        table.crowd.seat(Client(Chair("room", cookie=f"openlab={token}"), room, table.server.port))
        rooms.append(room)
    table.crowd.until_quiet(30.0)
    return rooms


def _open_poll(table: Table, rooms: list[Room]) -> int:
    """The poll in which everybody votes, by name: each vote is an event."""
    leader = table.crowd.clients[-1]
    leader.socket.sendall(rooms[-1].act(999, "poll", question="Publier ?"))
    table.crowd.until_quiet(30.0)
    table.crowd.read()
    number: int = rooms[-1].answers[999]["number"]
    return number


def _acts(run: Run, poll: int) -> list[Act]:
    chance = random.Random(run.number)  # nosec B311 # dice of the bench, the same at each run
    acts = [
        Act(chance.uniform(0.2, run.seconds - 0.2), person, "vote", {"poll": poll, "choice": person % 2})
        for person in range(PEOPLE - 1)
    ]
    for place in range(round(ACTS_PER_SECOND * run.seconds)):
        person = chance.randrange(PEOPLE - 1)
        verb, fields = chance.choice([("say", {"text": f"Un mot de la place {place}."}), ("hand_up", {})])
        acts.append(Act(place / ACTS_PER_SECOND, person, verb, fields))
    return sorted(acts, key=lambda act: act.at)


def _waits(rooms: list[Room], acts: list[Act], written: list[float]) -> Iterator[float]:
    """From the writing of each event to its arrival at each person. Raises Failed when one is missing."""
    for number, (act, at) in enumerate(zip(acts, written, strict=True), start=1000):
        answer = rooms[act.person].answers.get(number)
        if answer is None or not answer["ok"]:
            raise Failed(f"{act.verb} of {act.person} got {answer}")
        if answer["again"]:
            continue  # a hand that was up already
        for place, room in enumerate(rooms):
            came = next((when for when, told in room.moved if told >= answer["number"]), None)
            if came is None:
                raise Failed(f"event {answer['number']} never reached person {place}")
            yield came - at
