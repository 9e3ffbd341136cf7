"""The numbered migrations make exactly the tables that the models describe, on both databases."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app import schema_versions
from app.db import Base
from tests.house.tree import ROOT

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
SCRIPTS = ScriptDirectory(str(ROOT / "migrations"))


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine on an empty database that has been brought to the head."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'house.sqlite3'}"
        schema_versions.upgrade(url)
        engine = sa.create_engine(url)
        yield engine
        engine.dispose()
        return
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"openlab_house_{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL answers at TEST_DATABASE_URL")
    url = sa.make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    try:
        schema_versions.upgrade(url)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        yield engine
        engine.dispose()
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def test_migrations_match_the_models(migrated: sa.Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        difference = compare_metadata(context, Base.metadata)
    assert not difference, f"Write a migration, or correct the last unreleased one: {difference}"


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
