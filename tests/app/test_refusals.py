"""Refusals are counted by act, person and hour; a flood of them makes no more rows than the bound."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, refusals
from app.accounts import service as accounts
from app.db import Database, reading, session, unit_of_work
from app.errors import Unavailable
from app.policy import Act
from app.refusals import Refusal
from realtime import gateway, pulse
from realtime.seats import Connection
from tests import makers
from tests.clients import PageClient


@pytest.fixture(autouse=True)
def _none_waiting() -> Iterator[None]:
    refusals._waiting.clear()
    yield
    refusals._waiting.clear()


def rows() -> dict[tuple[str, int], int]:
    with reading():
        return {(row.act, row.person_id): row.count for row in refusals.kept()}


def test_what_a_page_refuses_is_counted(client: PageClient, db: Database) -> None:
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        writer, stranger = makers.make_agent(south), makers.make_agent(north)
        draft = makers.make_draft(writer, makers.make_lab(writer, south), south)
        path = f"/brouillons/{draft.id}"
    client.get(path, status=302)  # to the sign-in
    client.sign_in(stranger)
    for _ in range(3):
        client.get(path, status=404)
    client.get("/fiches/nulle-part", status=404)
    refusals.write_down()
    assert rows() == {(Act.DRAFT_READ, 0): 1, (Act.DRAFT_READ, stranger.id): 3}
    client.get(path, status=404)
    refusals.write_down()
    assert rows()[Act.DRAFT_READ, stranger.id] == 4
    said = client.app.test_cli_runner().invoke(args=["refused-acts", "--person", str(stranger.id)])
    assert said.exit_code == 0 and f"person {stranger.id} draft.read 4" in said.output


def test_what_the_live_table_refuses_is_counted(db: Database) -> None:
    with unit_of_work():
        south, north = makers.make_administration(), makers.make_administration()
        writer, stranger = makers.make_agent(south), makers.make_agent(north)
        draft = makers.make_draft(writer, makers.make_lab(writer, south), south)
        opened = accounts.sign_in(stranger.id).actor
    answers: list[dict[str, Any]] = []
    pulse.connections["here"] = Connection("here", opened)
    try:
        for socket in ("here", "here", "unknown"):
            gateway._join(socket, {"draft": draft.id}, answers.append)
    finally:
        del pulse.connections["here"]
    assert [answer["error"]["code"] for answer in answers] == ["not_found", "not_found", "unauthenticated"]
    refusals.write_down()
    assert rows() == {(Act.DRAFT_READ, stranger.id): 2, (Act.DRAFT_READ, 0): 1}


def test_a_flood_makes_one_row_an_hour(db: Database) -> None:
    for _ in range(10_000):
        refusals.note("draft.read", 0)
    assert refusals.write_down() == 1 and rows() == {("draft.read", 0): 10_000}
    with clock.shifted(timedelta(hours=1)):
        refusals.note("draft.read", 0)
        refusals.write_down()
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(Refusal)) == 2


def test_a_flood_of_many_people_is_bounded_in_memory_and_on_disk(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in range(1, 2 * refusals.WAITING):
        refusals.note("draft.read", person)
    assert refusals.write_down() == refusals.WAITING + 1
    assert sum(rows().values()) == 2 * refusals.WAITING - 1, "nothing is lost of how many there were"
    monkeypatch.setattr(refusals, "ROWS", 50)
    for hour in range(4):
        with clock.shifted(timedelta(hours=hour + 1)):
            for person in range(20):
                refusals.note("draft.read", person + 1)
            refusals.write_down()
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(Refusal)) <= 50
    with clock.shifted(refusals.KEPT_FOR + timedelta(days=1)), unit_of_work():
        refusals.purge()
    assert rows() == {}


def test_while_the_database_is_away_the_counts_wait(
    app: Flask, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals.note("draft.read", 3)

    def away() -> None:
        raise Unavailable(detail="gone")

    monkeypatch.setattr(refusals, "_drop_oldest", away)
    with pytest.raises(Unavailable):
        refusals.write_down()
    refusals.note("draft.read", 3)
    monkeypatch.undo()
    refusals.write_down()
    assert rows() == {("draft.read", 3): 2}
