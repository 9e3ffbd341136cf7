"""One stretch of typing: played, read, and proven complete before any number is believed."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pycrdt

from benchmarks.load import PATIENCE, Client, Crowd, Event
from benchmarks.servers import Server, machine_busy, prepared
from benchmarks.typists import Typist, first_state, moments, text_of
from benchmarks.updates import Run, runs
from config import ROOT

# How many clients' documents are rebuilt from what they were sent, of each run.
SAMPLED = 7


class Failed(Exception):
    """Something typed did not arrive everywhere: there is no number."""


@dataclass(frozen=True)
class Shape:
    """Rooms, seats in each, and how many of them type."""

    rooms: int
    seats: int
    typing: int


class Table:
    """A server that runs, with everybody seated and every typist's hands on the keys."""

    def __init__(
        self, kind: str, shape: Shape, tree: Path = ROOT, seated: int = 0, server: Server | None = None
    ) -> None:
        """`seated`: so many sit down now, the others with `seat_the_rest`; 0 for all. `server`: one that was prepared."""
        self.shape = shape
        state = first_state()
        self.server: Server = server or prepared(kind, shape.rooms, shape.seats, state, tree)
        self.crowd = Crowd()
        self.typists: dict[int, Typist] = {}
        self.sent: dict[int, int] = {}
        try:
            self.server.start()
            self._seat(state, seated or len(self.server.chairs))
        except BaseException:
            self.close()
            raise

    def seat_the_rest(self) -> None:
        self._seat(first_state(), len(self.server.chairs))

    def _seat(self, state: bytes, up_to: int) -> None:
        for number in range(len(self.crowd.clients), up_to):
            chair = self.server.chairs[number]
            client = self.crowd.seat(Client(chair, self.server.dialect, chair.port or self.server.port))
            if number % self.shape.seats == 0 and len(client.state) < len(state) // 2:
                client.write(self.server.dialect.stroke(chair, state, 0))
                self.crowd.until_quiet(PATIENCE)
                client.state = state
        self.crowd.until_quiet(PATIENCE)
        self._until_rested()
        self.crowd.forget()
        for number, client in enumerate(self.crowd.clients):
            room, seat = divmod(number, self.shape.seats)
            if seat < self.shape.typing:
                part = (room * self.shape.typing + seat) / (self.shape.rooms * self.shape.typing)
                self.typists[number] = Typist(client.client_id, state, seat, self.shape.typing, part)
                self.sent[number] = 0
        self.kept: dict[int, list[bytes]] = {number: [] for number in self._sample()}

    def _until_rested(self) -> None:
        """Until the server has nothing to do: less than 5 % of a processor for a second. Starting up is no typing."""
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            before = self.server.cpu()
            self.crowd.until_quiet(PATIENCE)
            time.sleep(1.0)
            if self.server.cpu() - before < 0.05:
                return

    def _sample(self) -> list[int]:
        count = len(self.crowd.clients)
        return sorted({count * part // SAMPLED for part in range(SAMPLED)} | {count - 1})

    def room_of(self, number: int) -> int:
        return number // self.shape.seats

    def close(self) -> None:
        self.crowd.close()
        self.server.remove()


@dataclass
class Window:
    """What a stretch of typing came to. Latencies in seconds, every insertion at every other client."""

    keys: int
    deliveries: int
    seconds: float
    server_cpu: float
    generator_cpu: float
    others_cpu: float
    frames_per_client: float
    latencies: list[float]
    # From the last key written to the last arrival.
    tail: float
    # When each of the other things was written that went on beside the typing.
    also: list[float] = field(default_factory=list)

    def numbers(self) -> dict[str, float]:
        waits = sorted(self.latencies)

        def at(share: float) -> float:
            return round(waits[min(int(len(waits) * share), len(waits) - 1)] * 1000, 2)

        return {
            "us_per_delivered_key": round(self.server_cpu * 1e6 / self.deliveries, 2),
            "cpu_percent": round(100 * self.server_cpu / self.seconds, 2),
            "p50_ms": at(0.5),
            "p95_ms": at(0.95),
            "p99_ms": at(0.99),
            "frames_per_client": round(self.frames_per_client, 1),
            "keys": self.keys,
            "keys_per_second": round(self.keys / self.seconds, 1),
            "generator_percent": round(100 * self.generator_cpu / self.seconds, 1),
            "others_percent": round(100 * self.others_cpu / self.seconds, 1),
        }


def play(table: Table, rate: float, seconds: float, seed: int, also: Sequence[Event] = ()) -> Window:
    """Everybody types `rate` keys a second for so long. Raises Failed when anything is missing anywhere.

    `also`: what other clients of the crowd write meanwhile; whether it arrived is their business.
    """
    typed = _plan(table, rate, seconds, seed)
    beside = {id(event) for event in also}
    planned = sorted([*typed, *((event, (event.client, -1)) for event in also)], key=lambda pair: pair[0].at)
    events, letters = [event for event, _letter in planned], [letter for _event, letter in planned]
    crowd, server = table.crowd, table.server
    crowd.forget()
    began, busy = time.perf_counter(), machine_busy()
    server_cpu, own_cpu = server.cpu(), time.process_time()
    written = crowd.play(events)
    in_time = crowd.until_quiet(PATIENCE)
    ended = time.perf_counter()
    server_cpu, own_cpu = server.cpu() - server_cpu, time.process_time() - own_cpu
    others_cpu = max(0.0, machine_busy() - busy - server_cpu - own_cpu)
    if not in_time:
        raise Failed(f"{server.name} was still sending {PATIENCE:.0f} s after the last key")
    sent = {letter: at for letter, at in zip(letters, written, strict=True) if letter[1] >= 0}
    latencies, frames, last = _read(table, sent)
    return Window(
        keys=len(typed),
        deliveries=len(typed) * (table.shape.seats - 1),
        seconds=ended - began,
        server_cpu=server_cpu,
        generator_cpu=own_cpu,
        others_cpu=others_cpu,
        frames_per_client=frames,
        latencies=latencies,
        tail=last - written[-1],
        also=[at for event, at in zip(events, written, strict=True) if id(event) in beside],
    )


# A server asks every 25 s whether a client is there and waits 20 s for the answer (engine.io); the crowd answers between windows.
STRETCH_SECONDS = 12.0


def play_on(table: Table, rate: float, seconds: float, seed: int) -> Window:
    """`play` for longer than a server waits for an answer: in stretches, as one window."""
    count = max(1, math.ceil(seconds / STRETCH_SECONDS))
    parts = [play(table, rate, seconds / count, seed * 100 + number) for number in range(count)]
    whole = sum(part.seconds for part in parts)
    return Window(
        keys=sum(part.keys for part in parts),
        deliveries=sum(part.deliveries for part in parts),
        seconds=whole,
        server_cpu=sum(part.server_cpu for part in parts),
        generator_cpu=sum(part.generator_cpu for part in parts),
        others_cpu=sum(part.others_cpu for part in parts),
        frames_per_client=sum(part.frames_per_client for part in parts),
        latencies=[wait for part in parts for wait in part.latencies],
        tail=max(part.tail for part in parts),
    )


Letter = tuple[int, int]


def _plan(table: Table, rate: float, seconds: float, seed: int) -> list[tuple[Event, Letter]]:
    """(what is written when, the (client number, clock) that it puts in)."""
    count = max(1, round(rate * seconds))
    planned: list[tuple[Event, Letter]] = []
    for number, typist in table.typists.items():
        chair = table.crowd.clients[number].chair
        for at, key in zip(moments(count, rate, seed * 1000 + number), typist.keys(count), strict=True):
            table.sent[number] += 1
            data = table.server.dialect.stroke(chair, key.update, table.sent[number])
            planned.append((Event(at, number, data), (number, key.clock)))
    return planned


def _read(table: Table, sent: dict[Letter, float]) -> tuple[list[float], float, float]:
    """(latencies, messages per client, the last arrival). Raises Failed when a letter is missing anywhere."""
    number_of = {
        (table.room_of(number), typist.client_id): number for number, typist in table.typists.items()
    }
    by_room: dict[int, set[Letter]] = {room: set() for room in range(table.shape.rooms)}
    for letter in sent:
        by_room[table.room_of(letter[0])].add(letter)
    known: dict[bytes, tuple[Run, ...]] = {}
    latencies: list[float] = []
    messages, last = 0, 0.0
    seated = table.shape.rooms * table.shape.seats
    for client, updates, count in table.crowd.updates():
        if client >= seated:
            continue
        messages += count
        room = table.room_of(client)
        missing = {letter for letter in by_room[room] if letter[0] != client}
        for at, update in updates:
            found = known.get(update)
            if found is None:
                found = known[update] = runs(update)
            for run in found:
                number = number_of.get((room, run.client), -1)
                for clock in range(run.first, run.end):
                    if (number, clock) in missing:
                        missing.remove((number, clock))
                        latencies.append(at - sent[number, clock])
                        last = max(last, at)
        if missing:
            raise Failed(f"{len(missing)} of {len(by_room[room])} letters never reached client {client}")
        if client in table.kept:
            table.kept[client] += [update for _at, update in updates]
    _compare(table)
    return latencies, messages / seated, last


def _compare(table: Table) -> None:
    """What sampled clients were sent, put together, is the text that was typed."""
    for client, updates in table.kept.items():
        doc: pycrdt.Doc = pycrdt.Doc()
        doc.apply_update(table.crowd.clients[client].state)
        for update in updates:
            doc.apply_update(update)
        mine = table.typists.get(client)
        if mine is not None:
            # Nobody but ours and y-websocket tells a writer of their own strokes.
            doc.apply_update(mine.state())
        room = table.room_of(client)
        expected = "".join(
            "".join(typist.region)
            for number, typist in sorted(table.typists.items())
            if table.room_of(number) == room
        )
        if str(text_of(doc)) != expected:
            raise Failed(f"the text of client {client} is not what was typed")
