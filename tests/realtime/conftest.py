"""A live server on the test's own database, and people who sit down at its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app import schema_versions
from app.db import database
from app.factory import create_app
from app.policy import Actor
from config import Settings
from tests import postgresql as databases
from tests.live_server import LiveServer
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A migrated PostgreSQL database of the module's own."""
    databases.needed()
    with databases.own_database() as url:
        schema_versions.upgrade(url)
        yield url


@pytest.fixture(scope="module")
def server(live_settings: Settings) -> Iterator[LiveServer]:
    """One server for the tests of a module; each test brings a scene of its own."""
    live = LiveServer(live_settings.data_dir, live_settings.database_url, traced=True).start()
    yield live
    live.stop()


@pytest.fixture
def scene(server: LiveServer, live_settings: Settings) -> Iterator[Scene]:
    create_app(live_settings)
    yield make_scene()
    database().engine.dispose()


@pytest.fixture
def sit(server: LiveServer) -> Iterator[Callable[..., TableClient]]:
    """`sit(actor)` opens a connected socket for a person; all are closed at the end."""
    opened: list[TableClient] = []

    def sit_down(person: Actor, **more: object) -> TableClient:
        client = TableClient(server.url, token_for(person), **more)  # type: ignore[arg-type]
        opened.append(client)
        return client.connect()

    yield sit_down
    for client in opened:
        client.close()
