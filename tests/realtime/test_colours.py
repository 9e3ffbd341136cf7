"""Colours of the people at a table: told apart while there are enough, the same for everybody, and they stay."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db import Database, session, unit_of_work
from app.policy import Actor
from config import ROOT
from drafts.models import DraftClient
from realtime import seats
from tests import makers

_names = itertools.count()


@pytest.fixture
def crowd(db: Database) -> tuple[int, list[Actor]]:
    with unit_of_work():
        place = makers.make_administration()
        people = [makers.make_agent(place) for _ in range(12)]
        lab = makers.make_lab(people[0], place, *people[1:])
        return makers.make_draft(people[0], lab, place).id, people


class Table:
    """Who sits where, as the leases say it."""

    def __init__(self, draft_id: int) -> None:
        self.draft_id = draft_id
        self.held: dict[str, tuple[int, int]] = {}

    def sit(self, person: Actor, wanted: int | None = None) -> str:
        name = f"seat-{next(_names)}"
        with unit_of_work():
            client_id = seats.take_client_id(name, self.draft_id, person, wanted)
        self.held[name] = (client_id, person.id)
        return name

    def leave(self, name: str) -> int:
        with unit_of_work():
            seats.release([name])
        return self.held.pop(name)[0]

    @property
    def shown(self) -> dict[int, int]:
        with unit_of_work():
            there = seats.guests([self.draft_id])[self.draft_id]
        assert {guest.client_id for guest in there} == {client_id for client_id, _ in self.held.values()}
        return seats.colours((guest.client_id, guest.person) for guest in there)


def test_eight_people_have_eight_colours_and_a_ninth_shares_one(crowd: tuple[int, list[Actor]]) -> None:
    draft_id, people = crowd
    table = Table(draft_id)
    for person in people[:8]:
        table.sit(person)
    assert sorted(table.shown.values()) == list(range(8))
    table.sit(people[8])
    assert len(table.shown) == 9 and sorted(set(table.shown.values())) == list(range(8))


def test_two_tabs_have_one_colour_and_keep_it_when_one_is_closed(crowd: tuple[int, list[Actor]]) -> None:
    draft_id, people = crowd
    table = Table(draft_id)
    first = table.sit(people[0])
    table.sit(people[1])
    table.sit(people[0])
    before = table.shown
    assert len(before) == 2
    table.leave(first)
    assert table.shown == before


def test_who_comes_back_is_known_by_the_same_colour_and_disturbs_nobody(
    crowd: tuple[int, list[Actor]],
) -> None:
    draft_id, people = crowd
    table = Table(draft_id)
    gone = table.sit(people[0])
    for person in people[1:4]:
        table.sit(person)
    before = table.shown
    had = table.leave(gone)
    table.sit(people[0], had)
    assert table.shown == before, "the same id, the same colour"
    # Away for long: seven others came, one of them has the colour now.
    again = next(name for name, (client_id, _) in table.held.items() if client_id == had)
    table.leave(again)
    for person in people[4:9]:
        table.sit(person)
    for name, (_, person) in list(table.held.items()):
        if person == people[1].id:
            table.leave(name)
    others = table.shown
    assert had % 8 in others.values()
    table.sit(people[0], had)
    now = table.shown
    assert {person: now[person] for person in others} == others
    assert len(set(now.values())) == 8


@settings(derandomize=True, max_examples=40, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40))
def test_colours_stay_whoever_comes_and_goes(steps: list[tuple[int, bool]]) -> None:
    """A model without a database: ids as `take_client_id` gives them, people who come, go, come back."""
    seated: dict[int, int] = {}
    had: dict[int, int] = {}
    highest = 100
    for person, comes_back in steps:
        before = seats.colours((client_id, who) for who, client_id in seated.items())
        if person in seated:
            had[person] = seated.pop(person)
        else:
            known = had.get(person) if comes_back else None
            free = {colour for colour in range(8) if colour not in before.values()}
            if known is None or known % 8 not in free:
                place = next(c % 8 for c in range(highest + 1, highest + 9) if c % 8 in free)
                known = highest + 1 + (place - highest - 1) % 8
                highest = known
            seated[person] = known
        after = seats.colours((client_id, who) for who, client_id in seated.items())
        assert len(set(after.values())) == len(after)
        assert all(after[who] == before[who] for who in after.keys() & before.keys())


def test_a_known_id_of_somebody_else_or_of_the_server_is_not_given(crowd: tuple[int, list[Actor]]) -> None:
    draft_id, people = crowd
    with unit_of_work():
        one_use = session().query(DraftClient).filter_by(draft_id=draft_id, one_use=True).one().client_id
    table = Table(draft_id)
    had = table.leave(table.sit(people[0]))
    assert table.held[table.sit(people[1], had)][0] != had
    assert table.held[table.sit(people[0], one_use)][0] != one_use


def test_white_words_can_be_read_on_each_colour() -> None:
    sheet = (ROOT / "app" / "static" / "editor.css").read_text(encoding="utf-8")
    found = dict(re.findall(r"\.colour-(\d) \{ --person: #([0-9a-f]{6}); \}", sheet))
    assert sorted(found) == [str(number) for number in range(seats.COLOURS)]
    assert len(set(found.values())) == seats.COLOURS
    for colour in found.values():
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
