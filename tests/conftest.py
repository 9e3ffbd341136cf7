"""Fixtures every room shares: a database per test, an application, a client. Builders stand in `makers.py`.

`--database=postgresql` runs the same tests on PostgreSQL (TEST_DATABASE_URL); the default is SQLite.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import db as database
from app import schema_versions
from app.factory import create_app
from config import Settings
from tests.clients import PageClient
from tests.live_server import SECRET

POSTGRESQL = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")


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
        self.server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
        self.name = f"openlab_test_{uuid.uuid4().hex[:12]}"
        with self.server.connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{self.name}"'))
        self.url = sa.make_url(POSTGRESQL).set(database=self.name).render_as_string(hide_password=False)
        schema_versions.upgrade(self.url)
        self.engine = sa.create_engine(self.url, poolclass=sa.NullPool)

    def fresh(self, _folder: Path) -> str:
        tables = ", ".join(f'"{table.name}"' for table in database.Base.metadata.sorted_tables)
        with self.engine.begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        return self.url

    def close(self) -> None:
        self.engine.dispose()
        with self.server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)'))
        self.server.dispose()


def _postgresql_answers() -> bool:
    try:
        with sa.create_engine(POSTGRESQL, poolclass=sa.NullPool).connect():
            return True
    except sa.exc.OperationalError:
        return False


@pytest.fixture(scope="session")
def _maker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Sqlite | _Postgresql]:
    maker: _Sqlite | _Postgresql
    if request.config.getoption("--database") == "postgresql":
        if not _postgresql_answers():
            pytest.skip("no PostgreSQL answers at TEST_DATABASE_URL")
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
    yield application
    database.database().engine.dispose()


@pytest.fixture
def db(app: Flask) -> database.Database:
    """The configured, empty database; open `unit_of_work()` or `reading()` on it."""
    return database.database()


@pytest.fixture
def client(app: Flask) -> PageClient:
    return PageClient(app)
