"""The numbered migrations make exactly the tables that the models describe, on both databases."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import schema_versions
from app.db import Base
from tests import postgresql
from tests.house.tree import ROOT

SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'house.sqlite3'}"
        return
    postgresql.needed()
    with postgresql.own_database() as url:
        yield url


@pytest.fixture
def migrated(empty: str) -> Iterator[sa.Engine]:
    """An engine on an empty database that has been brought to the head."""
    schema_versions.upgrade(empty)
    engine = sa.create_engine(empty, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


def test_migrations_match_the_models(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, Base.metadata)
    assert not difference, f"Write a migration, or correct the last unreleased one: {difference}"


def test_two_processes_that_start_at_once_migrate_one_after_the_other() -> None:
    postgresql.needed()
    with postgresql.own_database() as url:
        program = "import sys; from app import schema_versions; schema_versions.upgrade(sys.argv[1])"
        both = [
            subprocess.Popen(
                [sys.executable, "-c", program, url], cwd=ROOT, stderr=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=120)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], said


def test_checks_of_the_models_are_in_the_database(migrated: sa.Engine) -> None:
    """Alembic compares no check constraints, and they are half of what the database refuses."""
    inspector = sa.inspect(migrated)
    missing = []
    for table in Base.metadata.sorted_tables:
        there = {check["name"] for check in inspector.get_check_constraints(table.name)}
        meant = {str(check.name) for check in table.constraints if isinstance(check, sa.CheckConstraint)}
        missing += [f"{table.name}: {name}" for name in sorted(meant - there)]
    assert not missing, f"Add these to a migration: {missing}"


def test_partial_indexes_keep_their_condition(migrated: sa.Engine) -> None:
    """A partial unique index that lost its condition forbids too much; alembic does not compare conditions."""
    inspector = sa.inspect(migrated)
    dialect = migrated.dialect.name
    wrong = []
    for table in Base.metadata.sorted_tables:
        there = {index["name"]: index for index in inspector.get_indexes(table.name)}
        for index in table.indexes:
            meant = index.dialect_options[dialect]["where"] is not None
            found = bool(
                there[str(index.name)].get("dialect_options", {}).get(f"{dialect}_where") is not None
            )
            if meant != found:
                wrong.append(f"{table.name}: {index.name}")
    assert not wrong, f"The condition is in the model or in the database, not in both: {wrong}"


# What a migration takes away on purpose: by the migration, the names.
TAKEN_AWAY: dict[str, set[str]] = {
    # The same name with other words: who was passed over does not have to answer any more.
    "0005_overruling": {"review_outcome: review_outcome_all_answered"},
    # An edition is made of what was approved, or published urgently: a trigger asks for the outcome now.
    "0010_fates": {"edition: fk_edition_outcome"},
    "0012_scopes": {
        # The same names with other words: parts, withdrawals and minor corrections count.
        "review_outcome: review_outcome_all_answered",
        "review_outcome: review_outcome_from_outside",
        "sign_off: sign_off_carried_as_it_was",
        # An outcome falls with a signature that is taken back: "review_outcome_falls" says when.
        "review_outcome: review_outcome_no_delete",
        "review_outcome: review_outcome_append_only",
        # An administration answers once, and again after each withdrawal: the key has its turn in it.
        "sign_off: uq_sign_off_revision_id_administration_id",
        # A reference of SQLite that had no name has one.
        "sign_off: None",
    },
    # The same names with other words: the name of who is erased goes out, and nothing else changes.
    "0015_names_go_out": {
        *(
            f"{table}: {table}_{refusal}"
            for table in ("draft_act", "sign_off", "withdrawn_sign_off", "substitute", "passed_over")
            for refusal in ("no_update", "append_only")
        ),
        "session_event: session_event_no_update",
        "expert_opinion: expert_opinion_while_open_update",
        "expert_invitation: expert_invitation_stays_erased",
    },
    # The same names with other words: while a redaction is open the words change, and nothing else does.
    "0027_redaction": {
        *(
            f"{table}: {table}_no_update"
            for table in ("article_act", "edition", "edition_evidence", "revision", "urgent_publication")
        ),
        *(
            f"{table}: {table}_names_go"
            for table in ("draft_act", "passed_over", "sign_off", "substitute", "withdrawn_sign_off")
        ),
        *(
            f"{table}: {table}_append_only"
            for table in (
                "article_act",
                "draft_act",
                "edition",
                "edition_evidence",
                "passed_over",
                "revision",
                "sign_off",
                "substitute",
                "urgent_publication",
                "withdrawn_sign_off",
            )
        ),
        "expert_invitation: expert_invitation_stays_erased",
        "expert_opinion: expert_opinion_while_open_update",
    },
}


def refusals(engine: sa.Engine) -> dict[str, str]:
    """Everything a database refuses by: (table: name) of triggers with their words, keys, checks and unique indexes."""
    triggers = (
        "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
        if engine.dialect.name == "sqlite"
        else "SELECT relname, tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal"
    )
    with engine.connect() as connection:
        found = {
            f"{table}: {name}": str(words) for table, name, words in connection.execute(sa.text(triggers))
        }
    inspector = sa.inspect(engine)
    # All tables at once: asked table by table, the history of the schema takes minutes.
    for kind in (
        inspector.get_multi_check_constraints(),
        inspector.get_multi_foreign_keys(),
        inspector.get_multi_unique_constraints(),
        inspector.get_multi_indexes(),
    ):
        found |= {f"{table}: {one['name']}": "" for (_schema, table), ones in kind.items() for one in ones}
    return found


@pytest.mark.timeout(600)  # it builds the whole history of the schema, table by table
def test_no_migration_loses_what_the_database_refuses(empty: str) -> None:
    """SQLite makes a table anew to change it, and forgets its triggers unless somebody remembers."""
    engine = sa.create_engine(empty, poolclass=sa.NullPool)
    before: dict[str, str] = {}
    lost = []
    for script in reversed(list(SCRIPTS.walk_revisions())):
        schema_versions.upgrade(empty, script.revision)
        after = refusals(engine)
        gone = {name for name in before if after.get(name) != before[name]}
        lost += [f"{script.revision}: {name}" for name in gone - TAKEN_AWAY.get(script.revision, set())]
        before = after
    engine.dispose()
    assert not lost, f"Make these again, or say why not in TAKEN_AWAY: {sorted(lost)}"


def filled(connection: sa.Connection, table: str, **values: object) -> None:
    """A row with what is given, and something of the right kind in every other column that may not be empty."""
    something = {
        "INTEGER": 1,
        "BIGINT": 1,
        "BOOLEAN": 0,
        "BLOB": b"x",
        "DATETIME": "2026-01-01 00:00:00.000000",
        "JSON": "[]",
    }
    row = {
        column["name"]: values.get(column["name"], something.get(str(column["type"]), "x"))
        for column in sa.inspect(connection).get_columns(table)
        if column["name"] in values or (not column["nullable"] and column["default"] is None)
    }
    names = ", ".join(row)
    connection.execute(
        sa.text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
    )


def test_what_was_written_before_is_there_afterwards(tmp_path: Path) -> None:
    """Editions with their evidence, and notices, stand in tables that are made anew on SQLite."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    schema_versions.upgrade(url, "0009_evidence")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    sixty_four = "0" * 64
    with engine.begin() as connection:
        # The rows could have been made by people; here they need not be.
        triggers = connection.execute(
            sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        ).all()
        for name, _words in triggers:
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        filled(connection, "administration", id=1, kind="province")
        filled(connection, "person", id=1, email="a@b.example", status="active")
        filled(connection, "lab", id=1, kind="permanent", administration_id=1)
        filled(connection, "article", id=1, lead_administration_id=1, state="live")
        filled(connection, "draft", id=1, lab_id=1, article_id=1, stage="published", created_by=1)
        filled(connection, "revision", id=1, draft_id=1, article_id=1, created_by=1, fingerprint=sixty_four)
        filled(connection, "revision_scope", revision_id=1, fingerprint=sixty_four)
        filled(
            connection,
            "revision_part",
            revision_id=1,
            person_id=1,
            part="second_eyes",
            inserted=0,
            deleted=0,
            attributes=0,
            fields=0,
        )
        filled(
            connection,
            "review_outcome",
            revision_id=1,
            fingerprint=sixty_four,
            second_eyes_person_id=1,
            second_eyes="second_eyes",
        )
        filled(
            connection,
            "edition",
            id=1,
            article_id=1,
            revision_id=1,
            fingerprint=sixty_four,
            number=1,
            published_by=1,
        )
        filled(connection, "edition_evidence", edition_id=1, number=1, digest=sixty_four, content=b"sealed")
        filled(connection, "notice", id=1, person_id=1, draft_id=1, kind="mention", mail_state="none")
        filled(connection, "notice_silence", person_id=1, kind="mention", channel="mail")
        for _name, words in triggers:
            connection.execute(sa.text(words))
    schema_versions.upgrade(url)
    with engine.connect() as connection:
        for table in ("edition", "edition_evidence", "notice", "notice_silence"):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 1, table
        act = connection.execute(sa.text("SELECT deed, state, edition_id FROM article_act")).one()
        assert tuple(act) == ("publish", "live", 1)
        for statement in (
            "UPDATE edition SET title = 'Autre'",
            "DELETE FROM edition",
            "DELETE FROM edition_evidence",
            "UPDATE notice SET kind = 'rien'",
        ):
            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(sa.text(statement))
            connection.rollback()
    engine.dispose()


def test_upgrading_twice_changes_nothing(migrated: sa.Engine) -> None:
    before = sa.inspect(migrated).get_table_names()
    schema_versions.upgrade(migrated.url.render_as_string(hide_password=False))
    assert sa.inspect(migrated).get_table_names() == before


def test_the_head_is_the_one_that_is_written_down() -> None:
    written = (ROOT / "migrations" / "CURRENT_HEAD").read_text(encoding="utf-8").strip()
    heads = SCRIPTS.get_heads()
    assert heads == [written], f"migrations/CURRENT_HEAD says {written}, the scripts say {heads}"


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = sorted(
        int(match.group(1))
        for path in (ROOT / "migrations" / "versions").glob("*.py")
        if (match := re.match(r"(\d{4})_[a-z0-9_]+\.py$", path.name))
    )
    assert numbers == list(range(1, len(numbers) + 1)), f"Two branches met, or a number is missing: {numbers}"
