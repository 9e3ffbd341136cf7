"""The register of personal data is complete, and what it says has an end comes to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, jobs, mail, privacy, purging, refusals
from app.accounts import own
from app.accounts.models import SignIn, SignInFailure
from app.db import Base, Database, Word, reading, session, unit_of_work
from config import Settings
from drafts import bin as bin_
from drafts import notices, refused
from drafts.models import Draft, RefusedUpdate
from drafts.notice_models import Notice
from publish.search_models import SearchMiss
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.makers import make_administration, make_person, sign_in

# What is of nobody, table by table: why no person is in it.
OF_NOBODY = {
    "an administration, its counters and services, and other places: what they say of themselves in public": {
        "administration", "counter", "online_service", "connected_space",
    },
    "names by which things are found, made by people for things": {
        "address", "article", "lab", "cycle", "call", "reading_test",
    },
    "the machinery: numbers, codes, names of acts": {
        "alert", "lease", "outbox", "outbox_delivery", "due_row", "draft_fault", "revision_scope",
        "proposed_scope", "edition_image", "audit_check", "searched_article", "checked_link", "old_address", "import_mapping", "call_opening",
        "redacted_digest", "reading_remark",
    },
    "made of what is public already, and made again with it": {
        "stored_page", "touched_page", "search_term", "search_word", "search_gram", "search_synonym", "pack", "edition_file",
    },
}  # fmt: skip


def test_every_column_that_may_hold_personal_data_is_in_the_register(app: Flask) -> None:
    named = {column for entry in privacy.entries() for column in entry.columns}
    nobody = {table for tables in OF_NOBODY.values() for table in tables}
    missing = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.String | sa.JSON | sa.LargeBinary) and not isinstance(column.type, Word)
        if not named & {f"{table.name}.*", f"{table.name}.{column.name}"} and table.name not in nobody
    ]
    assert not missing, f"Say in the room's kept_data.py what is kept, why, and for how long: {missing}"


def test_every_table_that_names_a_person_is_in_the_register(app: Flask) -> None:
    tables = {column.split(".")[0] for entry in privacy.entries() for column in entry.columns}
    known = set(Base.metadata.tables)
    assert tables <= known, f"no such table: {tables - known}"
    # A row that only says who is responsible for a thing is part of the thing.
    things = {table for group in OF_NOBODY.values() for table in group}
    links = {"comments_closed", "read_afterwards", "draft_wish", "cycle_lab"}
    missing = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name == "person" for key in table.foreign_keys)
    } - tables - things - links  # fmt: skip
    assert not missing, f"Say in the room's kept_data.py what is kept of people there: {sorted(missing)}"


def test_what_has_an_end_names_the_chore_that_brings_it(app: Flask) -> None:
    for entry in privacy.entries():
        assert (entry.days is None) == (entry.chore is None), entry.what
        if entry.days is not None and entry.days < 365:
            said = entry.kept.casefold()
            assert str(entry.days) in said or (entry.days, "un jour") == (1, said[:7]), entry.kept
    assert len(purging.chores()) == len(set(purging.chores())) >= 12


def test_the_purge_brings_each_end_by_the_clock(
    app: Flask, settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row of each kind, and beside it one that still serves; the clock goes on, the purge runs."""
    with unit_of_work():
        world = w.make_world()
        person = make_person(make_administration(), "Élise Une")
        sign_in(person.id)
        session().add(SignInFailure(account_digest="e" * 64, count=3, not_before=clock.now()))
        mail.write("elise@test.example", "Bonjour", "Élise, bonjour.")
        session().add(
            RefusedUpdate(
                draft_id=world.draft_id,
                person_id=person.id,
                code="malformed",
                size=2,
                update=b"ab",
                at=clock.now(),
            )
        )
        session().add(SearchMiss(day=clock.local(clock.now()).date(), words="elise une", times=1))
        session().add(refusals.Refusal(person_id=person.id, act="draft.write", hour=clock.now(), count=1))
    with unit_of_work():
        session().execute(sa.update(mail.Mail).values(sent_at=clock.now()))
    (settings.data_dir / "mail").mkdir(exist_ok=True)
    with reading():
        number = session().scalars(sa.select(mail.Mail.id)).one()
    file = mail.file_of(number, settings.data_dir / "mail")
    file.write_bytes(b"mail")
    kinds: list[Any] = [SignIn, SignInFailure, mail.Mail, RefusedUpdate, SearchMiss, refusals.Refusal]
    assert _left(kinds) == dict.fromkeys((kind.__tablename__ for kind in kinds), 1)
    purging.purge(settings.data_dir)
    assert _left(kinds) == dict.fromkeys((kind.__tablename__ for kind in kinds), 1) and file.exists()
    began, ends = clock.now(), {}
    for days in range(1, 140):
        monkeypatch.setattr(clock, "now", lambda days=days: began + timedelta(days=days, minutes=1))
        purging.purge(settings.data_dir)
        for name, count in _left(kinds).items():
            if not count:
                ends.setdefault(name, days)
        if len(ends) == len(kinds):
            break
    assert ends.pop("sign_in") >= own.ENDED_KEPT.days
    assert ends == {"sign_in_failure": 1, "mail": 30, "refused_update": 30, "search_miss": 90, "refusal": 90}
    assert not file.exists()


def _left(kinds: list[Any]) -> dict[str, int]:
    with reading():
        return {
            kind.__tablename__: session().scalar(sa.select(sa.func.count()).select_from(kind)) or 0
            for kind in kinds
        }


def test_a_draft_in_the_bin_and_notices_have_an_end_too(
    app: Flask, settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work():
        world = w.make_world()
        bin_.put_away(world.facilitator, world.draft)
        session().add_all(
            Notice(person_id=world.writer.id, draft_id=world.draft_id, kind="mention", at=clock.now(), **read)
            for read in ({"read_at": clock.now()}, {"read_at": None})
        )
    began = clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + bin_.KEPT_FOR + timedelta(minutes=1))
    purging.purge(settings.data_dir)
    with reading():
        draft = session().get_one(Draft, world.draft_id)
        assert draft.purged_at is not None and draft.title == ""


def test_the_page_shows_the_register(app: Flask, client: PageClient) -> None:
    text = client.get("/donnees-personnelles").text
    for entry in privacy.entries():
        assert " ".join(entry.kept.split()) in " ".join(text.split())
    assert app.test_cli_runner().invoke(args=["purge"]).exit_code == 0
    assert (
        jobs.sweep in purging.chores()
        and notices.forget_old in purging.chores()
        and refused.purge in purging.chores()
    )
