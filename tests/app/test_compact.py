"""What was erased leaves its bytes in the file of the database until `compact` writes it anew."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import scrub
from app.accounts.models import Person
from app.db import database, session, unit_of_work
from config import Settings
from tests import makers

NAME = "Éloïse Introuvable"


def files_of_the_database(settings: Settings) -> list[Path]:
    file = settings.database_url.removeprefix("sqlite:///")
    return sorted(Path(file).parent.glob(f"{Path(file).name}*")) if settings.is_sqlite else []


def test_the_file_is_written_anew_and_everything_is_still_there(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrub, "PATIENCE_SECONDS", 0.0)
    with unit_of_work():
        kept = makers.make_person(None, "Ada Reste").id
        gone = [makers.make_person(None, f"{NAME} {number}").id for number in range(50)]
    with unit_of_work():
        session().execute(sa.delete(Person).where(Person.id.in_(gone)))
    files = files_of_the_database(settings)
    with ExitStack() as stack:
        if files:
            # Somebody who reads an older state keeps the journal from being emptied, and that is said.
            reader = stack.enter_context(database().engine.connect())
            reader.execute(sa.text("SELECT count(*) FROM person"))
            with unit_of_work():
                makers.make_person(None, "Bela Reste")
            result = app.test_cli_runner().invoke(args=["compact"])
            assert result.exit_code == 1 and "Stop the server" in result.output
            assert any(NAME.encode() in file.read_bytes() for file in files_of_the_database(settings))
    result = app.test_cli_runner().invoke(args=["compact"])
    assert result.exit_code == 0 and result.output.endswith("Done.\n")
    assert all(NAME.encode() not in file.read_bytes() for file in files_of_the_database(settings))
    with unit_of_work():
        assert session().get_one(Person, kept).name == "Ada Reste"
