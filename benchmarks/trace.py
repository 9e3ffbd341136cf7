"""Recorded keystrokes as a list of strokes, and the text they must end in.

A stroke is one character put in or taken out by one of two people. Its `seen` says in which text it was made:
all earlier strokes of the same person, and the first `seen` ones of the other. That is what the `parents` of a
recorded transaction come to when each person's transactions follow one another, which is checked at reading.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True, slots=True)
class Stroke:
    """`position` in code points; `inserted` is one character, or "" when the one at `position` is taken out."""

    agent: int
    position: int
    inserted: str
    seen: int


@dataclass(frozen=True)
class Trace:
    """Strokes of two people, each after all that it has seen, and the text at the end."""

    name: str
    strokes: tuple[Stroke, ...]
    end: str

    def of(self, agent: int) -> list[Stroke]:
        return [stroke for stroke in self.strokes if stroke.agent == agent]

    def awaited(self, agent: int) -> frozenset[int]:
        """After how many strokes of `agent` the other one goes on: there the two texts met."""
        seen = {stroke.seen for stroke in self.strokes if stroke.agent != agent}
        return frozenset(seen - {0} | {len(self.of(agent))})


def read(name: str) -> dict[str, Any]:
    """A file of benchmarks/data as it is."""
    with gzip.open(DATA / f"{name}.json.gz", "rt", encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def concurrent(name: str, transactions: int | None = None) -> Trace:
    """The trace of two people, or its first `transactions`. Raises ValueError when it is not of that kind."""
    recorded = read(name)
    if recorded["kind"] != "concurrent" or recorded["numAgents"] != 2:
        raise ValueError(f"{name} is not a trace of two people")
    whole = transactions is None or transactions >= len(recorded["txns"])
    strokes = tuple(_strokes(recorded["txns"][:transactions]))
    return Trace(name, strokes, recorded["endContent"] if whole else merged_text(strokes))


def _strokes(transactions: list[dict[str, Any]]) -> Iterable[Stroke]:
    versions: list[tuple[int, int]] = []
    made = [0, 0]
    for transaction in transactions:
        parents = [versions[number] for number in transaction["parents"]]
        version = [max((parent[agent] for parent in parents), default=0) for agent in (0, 1)]
        agent = transaction["agent"]
        if version[agent] != made[agent]:
            raise ValueError("a person's transactions do not follow one another")
        for position, deleted, inserted in transaction["patches"]:
            for _ in range(deleted):
                yield Stroke(agent, position, "", version[1 - agent])
            for offset, character in enumerate(inserted):
                yield Stroke(agent, position + offset, character, version[1 - agent])
            made[agent] += deleted + len(inserted)
        version[agent] = made[agent]
        versions.append((version[0], version[1]))


def sequential(name: str, strokes: int | None = None) -> list[tuple[int, int, str]]:
    """(position, deleted, inserted) of one person's edits from an empty text, or the first `strokes` of them."""
    recorded = read(name)
    if recorded.get("startContent"):
        raise ValueError(f"{name} does not start from an empty text")
    return [
        (position, deleted, inserted)
        for transaction in recorded["txns"][:strokes]
        for position, deleted, inserted in transaction["patches"]
    ]


class _View:
    """What one person sees of all characters there ever were: a flag for each, in the order of the text."""

    def __init__(self) -> None:
        self.flags = bytearray()

    def place(self, position: int) -> int:
        """Where the visible character number `position` stands."""
        start = 0
        for size in (1024, 32, 1):
            while (here := self.flags.count(1, start, start + size)) <= position:
                if start >= len(self.flags):
                    raise ValueError("a position past the end of the text")
                position -= here
                start += size
        return start


def merged_text(strokes: Iterable[Stroke]) -> str:
    """The text after all strokes, found without any CRDT.

    One list holds every character there ever was, and each person has a mask of it; a new character stands right
    behind the visible one on its left. That is enough for this trace, whose few insertions at one place and one
    moment end in the order of the agents; over the whole of it the result equals `endContent`.
    """
    order: list[int] = []
    letters: list[str] = []
    views = (_View(), _View())
    done: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    applied = [0, 0]

    def catch_up(agent: int, seen: int) -> None:
        at = 0
        for number, flag in done[1 - agent][applied[agent] : seen]:
            # Mostly the next letter of a word, or the one before when it is taken back.
            near = order[max(at - 2, 0) : at + 3]
            at = max(at - 2, 0) + near.index(number) if number in near else order.index(number)
            views[agent].flags[at] = flag
        applied[agent] = max(applied[agent], seen)

    for stroke in strokes:
        agent, mine = stroke.agent, views[stroke.agent]
        catch_up(agent, stroke.seen)
        if stroke.inserted:
            at = mine.place(stroke.position - 1) + 1 if stroke.position else 0
            number = len(letters)
            letters.append(stroke.inserted)
            order.insert(at, number)
            mine.flags.insert(at, 1)
            views[1 - agent].flags.insert(at, 0)
            done[agent].append((number, 1))
        else:
            at = mine.place(stroke.position)
            mine.flags[at] = 0
            done[agent].append((order[at], 0))
    catch_up(0, len(done[1]))
    return "".join(letters[number] for number, flag in zip(order, views[0].flags, strict=True) if flag)
