"""A person gets everything that is kept of them, nobody else does, and after an erasure nothing names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import mail
from app.accounts import erasing, exporting
from app.accounts.models import Person
from app.db import Database, reading, session, unit_of_work
from app.errors import Missing
from drafts import remarks
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World
from tests.drafts.test_erasing import traces


@pytest.fixture
def world(db: Database) -> World:
    with unit_of_work():
        world = w.make_world()
        person = session().get_one(Person, world.writer.id)
        person.name, person.email = "Hélène d’Artagnan", "helene.d@test.example"
        mail.write("helene.d@test.example", "Bonjour", "Un message pour elle.")
        mail.write("autre@test.example", "Autre", "Un message pour un autre.")
        remarks.open_remark(world.writer, world.draft, "Faut-il un justificatif\u00a0?")
        w.rewrite(world.writer, world.draft, w.adds)
    return world


def rows(told: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {table: found for entry in told["register"] for table, found in entry["rows"].items()}


def test_the_export_has_every_row_that_names_the_person_and_no_secret(app: Flask, world: World) -> None:
    with reading():
        told = exporting.export(world.writer.id)
    found = rows(told)
    assert told["person"]["email"] == "helene.d@test.example"
    assert [one["subject"] for one in found["mail"]] == ["Bonjour"]
    assert [one["text"] for one in found["remark_message"]] == ["Faut-il un justificatif\u00a0?"]
    assert found["draft_update"][0]["strokes"] >= 1 and found["membership"] and found["draft_client"]
    written = json.dumps(told, ensure_ascii=False)
    assert "password_hash" not in written and "token_digest" not in written
    assert "autre@test.example" not in written


def test_the_page_and_the_file_are_ones_own(app: Flask, world: World, client: PageClient) -> None:
    client.get("/espace/compte/mes-donnees.json", 302)
    client.sign_in(world.writer)
    page = client.get("/espace/compte/mes-donnees")
    assert page.heading == "Mes données" and "/espace/compte/mes-donnees.json" in page.links()
    response = client.get("/espace/compte/mes-donnees.json")
    assert response.json["person"]["id"] == world.writer.id
    client.sign_out()
    client.sign_in(world.reviewer)
    assert client.get("/espace/compte/mes-donnees.json").json["person"]["id"] == world.reviewer.id


def test_the_command_writes_a_file_for_ones_eyes_alone(app: Flask, world: World, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    file = tmp_path / "personne.json"
    assert runner.invoke(args=["export-person", "helene.d@test.example", str(file)]).exit_code == 0
    assert json.loads(file.read_text())["person"]["name"] == "Hélène d’Artagnan"
    assert file.stat().st_mode & 0o077 == 0
    assert runner.invoke(args=["export-person", "personne@test.example", str(file)]).exit_code == 2


def test_after_an_erasure_no_table_names_the_person(app: Flask, world: World) -> None:
    assert traces("Artagnan", "helene.d@test.example")
    with unit_of_work():
        erasing.erase(None, world.writer.id)
    assert not traces("Artagnan", "helene.d@test.example")
    with reading(), pytest.raises(Missing):
        exporting.export(world.writer.id)
