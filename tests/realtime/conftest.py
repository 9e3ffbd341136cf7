"""A live server on the test's own database, and people who sit down at its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from app.db import unit_of_work
from app.policy import Actor
from config import Settings
from tests import makers
from tests.live_server import LiveServer
from tests.table_client import TableClient


@dataclass
class Scene:
    """Two administrations, a lab led by `facilitator`, two writers, and one draft."""

    facilitator: Actor
    ana: Actor
    ben: Actor
    lab_id: int
    draft_id: int


@pytest.fixture
def scene(db: object) -> Scene:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        facilitator, ana, ben = (makers.make_agent(place) for place in (south, south, north))
        lab = makers.make_lab(facilitator, south, ana, ben)
        draft = makers.make_draft(ana, lab, south, south, north)
        return Scene(facilitator, ana, ben, lab.id, draft.id)


@pytest.fixture
def server(settings: Settings, scene: Scene) -> Iterator[LiveServer]:
    """Started after the scene, so that it finds it."""
    live = LiveServer(settings.data_dir, settings.database_url).start()
    yield live
    live.stop()


@pytest.fixture
def sit(server: LiveServer) -> Iterator[Callable[..., TableClient]]:
    """`sit(actor)` opens a connected socket for a person; all are closed at the end."""
    opened: list[TableClient] = []

    def sit_down(person: Actor, **more: object) -> TableClient:
        with unit_of_work():
            token = makers.sign_in(person.id)
        client = TableClient(server.url, token, **more)  # type: ignore[arg-type]
        opened.append(client)
        return client.connect()

    yield sit_down
    for client in opened:
        client.close()
