"""A person is erased: no name or address of theirs stands in any column, what they did stays, and it stays so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

import drafts.remarks as remarks
from app import audit, mail
from app.accounts import erasing
from app.accounts import service as accounts
from app.accounts.models import Person, Role, SignIn
from app.db import Database, database, reading, session, unit_of_work
from app.errors import Invalid, Missing, Refused
from app.policy import PortalRole
from drafts import review
from drafts.notice_models import Notice
from labs.models import Membership
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World
from tests.makers import make_agent


@pytest.fixture
def world(db: Database) -> World:
    """One review in which the reviewer of Sud has done all a person can leave a trace of."""
    with unit_of_work():
        world = w.make_world()
        person = session().get_one(Person, world.reviewer.id)
        person.name, person.email = "Hélène d’Artagnan", "helene.d@test.example"
        accounts.sign_in(person.id)
    with unit_of_work():
        helene = accounts.actor_for_person(world.reviewer.id)
        remarks.open_remark(world.writer, world.draft, "Qu’en pensez-vous\u00a0?", mentions=[helene.id])
        mail.write(
            "autre@test.example",
            "Hélène d’Artagnan vous mentionne",
            "De helene.d@test.example (Hélène d’Artagnan).",
        )
    fingerprint = w.submitted(world)
    w.signed(world, helene, world.sud, fingerprint)
    with pytest.raises(Invalid):
        accounts.check_password("helene.d@test.example", "un mauvais mot de passe")
    with unit_of_work():
        review.request_changes(helene, world.draft, "Il manque le délai.")
    return world


def traces(*words: str) -> list[str]:
    """Columns of any table in which one of the words stands: of all that the database has, not of the models alone."""
    found = []
    lowered = [word.casefold() for word in words]
    tables = sa.MetaData()
    tables.reflect(database().engine)
    with reading():
        for table in tables.tables.values():
            for row in session().execute(
                sa.select(*(sa.type_coerce(column, _kind(column)) for column in table.c))
            ):
                for column, value in zip(table.c, row, strict=True):
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    # What JSON wrote with escapes is the name all the same.
                    text = (text + _unescaped(text)).casefold()
                    if any(word in text for word in lowered):
                        found.append(f"{table.name}.{column.name}")
    return found


def _kind(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """As it stands there: a JSON value as its text on SQLite."""
    return sa.types.NullType() if database().engine.dialect.name == "sqlite" else column.type


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def test_nothing_of_the_name_stays_anywhere(world: World) -> None:
    words = ("d’Artagnan", "helene.d@")
    assert {"person.name", "person.email", "mail.subject", "mail.recipient"} <= set(traces(*words))
    with unit_of_work():
        gone = erasing.erase(None, world.reviewer.id)
    assert traces(*words) == []
    assert len(gone) >= 2, "mails to them and about them, whose files have to go"
    with reading():
        person = session().get_one(Person, world.reviewer.id)
        assert person.name == erasing.ERASED and person.password_hash is None
        for table in (SignIn, Role, Notice):
            assert session().scalars(sa.select(table).where(table.person_id == person.id)).all() == []
        assert all(session().scalars(sa.select(Membership.removed_at).filter_by(person_id=person.id)))
        deeds = [act.deed for act in w.acts(world.draft_id) if act.person_id == person.id]
        assert deeds == ["sign_off", "request_changes"], "what they did stays, under their number"
        assert session().scalars(sa.select(mail.Mail.subject).where(mail.Mail.recipient == "autre@test.example")).one() == (
            "Personne effacée vous mentionne"
        )  # fmt: skip
    with unit_of_work():
        audit.seal()
    with reading():
        assert audit.verify() is None


def test_it_cannot_be_undone(world: World) -> None:
    with unit_of_work():
        erasing.erase(None, world.reviewer.id)
    with pytest.raises(Invalid), unit_of_work():
        erasing.erase(None, world.reviewer.id)
    refusal = w.refused_by_database(
        sa.update(Person).where(Person.id == world.reviewer.id).values(name="Retour")
    )
    assert "stays erased" in refusal
    with unit_of_work():
        person = session().get_one(Person, world.writer.id)
        person.name = "Un autre nom"


def test_who_may_erase(world: World) -> None:
    with unit_of_work():
        chief = make_agent(
            session().get_one(Person, world.writer.id).administration, PortalRole.ADMINISTRATOR
        )  # type: ignore[arg-type]
    for actor, whom, error in (
        (world.editor, world.reviewer.id, Refused), (chief, chief.id, Invalid), (chief, 999_999, Missing),
    ):  # fmt: skip
        with pytest.raises(error), unit_of_work():
            erasing.erase(actor, whom)
    with unit_of_work():
        erasing.erase(chief, world.reviewer.id)
    with reading():
        entry = (
            session().scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.act == "erase_person")).one()
        )
        assert (entry.person_id, entry.object_id) == (chief.id, str(world.reviewer.id))


def test_pages_say_that_the_person_is_erased(world: World, client: PageClient) -> None:
    with unit_of_work():
        erasing.erase(None, world.reviewer.id)
    page = client.sign_in(world.writer).get(f"/brouillons/{world.draft_id}/relecture")
    assert "d’Artagnan" not in page.source
    assert "Personne effacée" in client.get(f"/brouillons/{world.draft_id}/relecture").source


def test_the_command_asks_first(world: World, app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    with reading():
        letter = (
            session()
            .scalars(sa.select(mail.Mail.id).where(mail.Mail.recipient == "autre@test.example"))
            .one()
        )
    (tmp_path / "mail").mkdir()
    file = tmp_path / "mail" / f"{letter:08d}.eml"
    file.write_text("De Hélène d’Artagnan")
    asked = run(args=["erase-person", "Helene.D@test.example"], input="n\n")
    assert asked.exit_code == 1 and "cannot be undone" in asked.output and traces("d’Artagnan")
    assert run(args=["erase-person", "personne@nulle.part", "--yes"]).exit_code == 2
    assert run(args=["erase-person", "helene.d@test.example", "--yes"]).exit_code == 0
    assert not traces("d’Artagnan", "helene.d@") and not file.exists()
    assert run(args=["erase-person", str(world.reviewer.id), "--yes"]).exit_code == 2
