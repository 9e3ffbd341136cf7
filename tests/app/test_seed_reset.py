"""`flask seed --reset`: a demonstration as on its first day, in one commit; and nothing else is ever emptied."""

from __future__ import annotations

import dataclasses
import time

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from app import audit, db, seed, seed_reset
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.doctor import command
from app.doctor.findings import examine
from config import Settings
from drafts import audit_heads, seal
from drafts.models import Draft
from publish import queries, store
from tests import makers
from tests.clients import PageClient
from tests.live_server import LiveServer
from tests.table_client import TableClient


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demonstration of one page that was written, signed and published, and of a text in a lab."""

    def fill(_progress: object) -> None:
        (entry, *_more) = seed.entries("articles")
        with unit_of_work():
            for place in seed.entries("administrations"):
                seed.add_administration(place)
            for person in seed.entries("people"):
                if person["email"] in (seed.EDITOR, seed.ADMINISTRATOR):
                    seed.add_person(person)
        seed.publish_article({name: value for name, value in entry.items() if name != "afterwards"})
        with unit_of_work():
            place = session().scalars(sa.select(Administration).limit(1)).one()
            writer = makers.make_agent(place)
            makers.make_draft(writer, makers.make_lab(writer, place), place)
            session().execute(sa.update(Person).values(is_demo=True))

    monkeypatch.setattr(seed, "fill", fill)


def everything() -> dict[str, list[tuple[object, ...]]]:
    with reading() as current:
        return {
            table.name: [tuple(row) for row in current.execute(sa.select(table).order_by(*table.primary_key))]
            for table in db.Base.metadata.sorted_tables
        }


def triggers() -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if db.database().is_sqlite
        else "SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
    )
    with reading() as current:
        return set(current.scalars(sa.text(query)))


@pytest.mark.usefixtures("small")
def test_a_demonstration_is_as_on_its_first_day(app: Flask, settings: Settings, client: PageClient) -> None:
    assert seed.when_empty(app)
    before, key, guards = everything(), seal.current_id(), triggers()
    with unit_of_work():
        place = makers.make_administration("De trop")
        person = makers.make_agent(place)
        draft = makers.make_draft(person, makers.make_lab(person, place), place)
        audit.seal(everything=True)
        audit_heads.note(audit_heads.folder(settings.data_dir), audit.head())
        pages, touches = store.epoch(), store.touches()
    (settings.data_dir / "mail").mkdir(exist_ok=True)
    (settings.data_dir / "mail" / "00000001.eml").write_text("x")
    told = app.test_cli_runner().invoke(args=["seed", "--reset", "--yes"])
    assert told.exit_code == 0, told.output
    after = everything()
    for name in before:
        assert len(after[name]) == len(before[name]) or name in ("touched_page", "stored_page"), name
    with reading() as current:
        assert (
            current.scalar(sa.select(Person.id).where(Person.id == person.id, Person.name == person.name))
            is None
        )
        assert current.scalar(sa.select(sa.func.max(Draft.id))) < draft.id
        # Who kept pages in memory sees that they are to be made again.
        assert store.epoch() > pages and store.touches() > touches
    # What guards the tables is there again, the key is the same, and what it sealed holds.
    assert triggers() == guards and seal.current_id() == key
    assert not list((settings.data_dir / "mail").iterdir()) and not list(settings.data_dir.glob("reset-*"))
    assert len(list(settings.data_dir.glob("audit-before-*/heads-*.jsonl"))) == 1
    assert app.test_cli_runner().invoke(args=["audit-verify"]).exit_code == 0
    found = {each.check: each for each in examine(settings, {"audit": command.CHECKS["audit"]})}
    assert found["audit.noted"].state == "ok", found
    with reading():
        slug = queries.live_cards()[0].slug
    assert client.http.get(f"/fiches/{slug}").status_code == 200
    # New rows get numbers of their own.
    with unit_of_work():
        makers.make_agent(makers.make_administration("Une nouvelle"))


@pytest.mark.usefixtures("small")
def test_a_reset_that_fails_leaves_everything_as_it_was(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert seed.when_empty(app)
    before, guards = everything(), triggers()
    put, done = seed_reset._put, []

    def put_some(table: sa.Table, rows: list[dict[str, object]]) -> None:
        if len(done) == 5:
            raise OSError("the power went")
        done.append(table.name)
        put(table, rows)

    monkeypatch.setattr(seed_reset, "_put", put_some)
    with pytest.raises(OSError, match="the power went"):
        seed_reset.reset(app, settings)
    assert everything() == before and triggers() == guards and len(done) == 5
    assert not list(settings.data_dir.glob("reset-*")) and seed.is_demonstration()


def test_only_a_demonstration_is_emptied(app: Flask, settings: Settings) -> None:
    with unit_of_work():
        makers.make_agent(makers.make_administration())
    told = app.test_cli_runner().invoke(args=["seed", "--reset", "--yes"])
    assert told.exit_code == 1 and "no demonstration accounts" in told.output
    with unit_of_work():
        session().execute(sa.update(Person).values(is_demo=True))
    exposed = dataclasses.replace(settings, public_url="https://portail.example")
    app.config["SETTINGS"] = exposed
    told = app.test_cli_runner().invoke(args=["seed", "--reset", "--yes"])
    assert told.exit_code == 1 and "DEMO is not 1" in told.output
    assert seed_reset.refuse_anything_else(dataclasses.replace(exposed, demo=True)) == (1, 0)


def test_it_asks_first(app: Flask) -> None:
    with unit_of_work():
        makers.make_agent(makers.make_administration())
        session().execute(sa.update(Person).values(is_demo=True))
    runner = app.test_cli_runner()
    told = runner.invoke(args=["seed", "--reset"])
    assert told.exit_code == 2 and "--yes" in told.output
    assert runner.invoke(args=["seed"]).exit_code == 2
    assert runner.invoke(args=["seed", "--demo", "--reset"]).exit_code == 2
    with reading() as current:
        assert current.scalar(sa.select(sa.func.count()).select_from(Person)) == 1


@pytest.mark.usefixtures("small")
def test_people_at_a_running_server_are_sent_to_the_new_one(
    app: Flask, settings: Settings, client: PageClient
) -> None:
    """Nobody goes on writing into what is no more, and pages kept in memory are made again."""
    assert seed.when_empty(app)
    with unit_of_work():
        place = makers.make_administration("De trop")
        person = makers.make_agent(place)
        draft = makers.make_draft(person, makers.make_lab(person, place), place)
        token = makers.sign_in(person.id)
    server = LiveServer(settings.data_dir, settings.database_url).start(timeout=120)
    try:
        table = TableClient(server.url, token).connect()
        table.join(draft.id)
        assert table.paragraph("une phrase")["ok"]
        assert "De trop" in requests.get(f"{server.url}/administrations", timeout=10).text
        seed_reset.reset(app, settings)
        assert table.wait("access", timeout=30)["rights"] == []
        table.until(lambda there: there.gone.is_set(), timeout=30)
        give_up = time.monotonic() + 20
        while "De trop" in requests.get(f"{server.url}/administrations", timeout=10).text:
            assert time.monotonic() < give_up, "the old page is still told"
            time.sleep(0.2)
    finally:
        server.stop()
