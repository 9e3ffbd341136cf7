"""Fixtures every room shares: a database per test, an application, a client. Builders stand in `makers.py`.

`--database=postgresql` runs the same tests on PostgreSQL (TEST_DATABASE_URL); the default is SQLite.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db as database
from app import schema_versions
from app.factory import create_app
from config import Settings
from tests import compiled, postgresql
from tests.clients import PageClient
from tests.live_server import SECRET

FROM_ONE = (
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) "
    "FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what touches a database runs again; the rest would say the same thing twice."""
    if config.getoption("--database") == "postgresql":
        kept = [item for item in items if "_maker" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"SKIPPED ALOUD: {len(skipped)} tests did not run", sep="!")
        for report in skipped[:20]:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr[2] if report.longrepr else ''}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if (
        os.environ.get("CI") == "true"
        and reporter is not None
        and reporter.stats.get("skipped")
        and exitstatus == 0
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class _Sqlite:
    """A migrated file made once and copied for each test."""

    def __init__(self, folder: Path) -> None:
        self.template = folder / "template.sqlite3"
        schema_versions.upgrade(f"sqlite:///{self.template}")

    def fresh(self, folder: Path) -> str:
        target = folder / "test.sqlite3"
        shutil.copyfile(self.template, target)
        return f"sqlite:///{target}"

    def close(self) -> None:
        pass


class _Postgresql:
    """A migrated database made once for this worker and emptied before each test."""

    def __init__(self) -> None:
        self._own = ExitStack()
        self.url = self._own.enter_context(postgresql.own_database())
        schema_versions.upgrade(self.url)
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)

    def fresh(self, _folder: Path) -> str:
        # TRUNCATE makes a new file of each of a hundred tables; a test writes a few rows in a dozen of them.
        tables = [table.name for table in database.Base.metadata.sorted_tables]
        written = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables
        )
        with self.engine.begin() as connection:
            # No trigger and no reference stands in the way of emptying everything.
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for name in connection.scalars(sa.text(written)).all():
                connection.execute(sa.text(f'DELETE FROM "{name}"'))
            connection.execute(sa.text(FROM_ONE))
        return self.url

    def close(self) -> None:
        self.engine.dispose()
        self._own.close()


@pytest.fixture(scope="session")
def _maker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Sqlite | _Postgresql]:
    maker: _Sqlite | _Postgresql
    if request.config.getoption("--database") == "postgresql":
        postgresql.needed()
        maker = _Postgresql()
    else:
        maker = _Sqlite(tmp_path_factory.mktemp("database"))
    yield maker
    if database._database is not None:
        database._database.engine.dispose()
    maker.close()


@pytest.fixture
def settings(_maker: _Sqlite | _Postgresql, tmp_path: Path) -> Settings:
    return Settings.from_env(
        {}, database_url=_maker.fresh(tmp_path), data_dir=tmp_path, secret_key="0123456789abcdef" * 4
    )


@pytest.fixture(scope="module")
def live_settings(_maker: _Sqlite | _Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a module's live server: a database and a folder of its own."""
    folder = tmp_path_factory.mktemp("live")
    return Settings.from_env({}, database_url=_maker.fresh(folder), data_dir=folder, secret_key=SECRET)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    application = create_app(settings)
    application.testing = True
    compiled.share(application)
    yield application
    database.database().engine.dispose()


@pytest.fixture
def db(app: Flask) -> database.Database:
    """The configured, empty database; open `unit_of_work()` or `reading()` on it."""
    return database.database()


@pytest.fixture
def client(app: Flask) -> PageClient:
    return PageClient(app)
