"""The same draft open on two processes, with PostgreSQL and Redis; and with Redis gone."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
import redis
import sqlalchemy as sa

from app import schema_versions
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import database, reading, session, unit_of_work
from app.factory import create_app
from config import Settings
from drafts import document, log
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests.conftest import POSTGRESQL, _postgresql_answers
from tests.live_server import SECRET, LiveServer
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient, add_paragraph

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A migrated PostgreSQL database of the module's own."""
    if not _postgresql_answers():
        pytest.skip("no PostgreSQL answers at TEST_DATABASE_URL")
    name = f"openlab_two_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    url = sa.make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    schema_versions.upgrade(url)
    yield url
    with server.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


@pytest.fixture(scope="module", params=["redis", "no redis"])
def pair(
    request: pytest.FixtureRequest, postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two processes on one database; without Redis the poll alone joins them."""
    environ = {}
    if request.param == "redis":
        if not _redis_answers():
            pytest.skip("no Redis answers at TEST_REDIS_URL")
        environ["REDIS_URL"] = REDIS
    folder = tmp_path_factory.mktemp("pair")
    servers = [LiveServer(folder, postgresql, **environ).start() for _ in range(2)]
    yield servers[0], servers[1]
    for server in servers:
        server.stop()


@pytest.fixture
def scene(pair: tuple[LiveServer, LiveServer], postgresql: str) -> Iterator[Scene]:
    folder = pair[0].data_dir
    create_app(Settings.from_env({}, database_url=postgresql, data_dir=folder, secret_key=SECRET))
    yield make_scene()
    database().engine.dispose()


@pytest.fixture
def two(pair: tuple[LiveServer, LiveServer], scene: Scene) -> Iterator[tuple[TableClient, TableClient]]:
    """Ana on the first process and Ben on the second, at one draft."""
    clients = (
        TableClient(pair[0].url, token_for(scene.ana)).connect(),
        TableClient(pair[1].url, token_for(scene.ben)).connect(),
    )
    for client in clients:
        assert client.join(scene.draft_id)["ok"]
    yield clients
    for client in clients:
        client.close()


def test_one_text_over_two_processes(scene, two):
    ana, ben = two
    for number in range(15):
        assert ana.paragraph(f"au sud {number}")["ok"]
        assert ben.paragraph(f"au nord {number}")["ok"]
    for client in two:
        client.until(lambda c: c.text().count("au sud") == 15 and c.text().count("au nord") == 15)
    ana.until(lambda client: client.text() == ben.text())
    with reading():
        assert document.plain_text(log.load(scene.draft_id).tree).count("au nord") == 15


def test_everybody_sees_who_sits_at_the_other_process(scene, two):
    ana, _ben = two
    ana.until(
        lambda client: any(
            {person["name"] for person in told["people"]} == {scene.ana.name, scene.ben.name}
            for name, told in client.seen
            if name == "people"
        )
    )


def test_a_right_taken_away_binds_on_the_other_process(scene, two):
    ana, ben = two
    with unit_of_work():
        lab, person = session().get_one(Lab, scene.lab_id), session().get_one(Person, scene.ben.id)
        labs.change_right(scene.facilitator, lab, person, Right.READ)
    late = ben.ask(
        "update", {"draft": scene.draft_id, "update": ben.stroke(lambda c: add_paragraph(c, "non"))}
    )
    assert late["error"]["code"] == "forbidden"
    with unit_of_work():
        accounts.end_all(scene.ben.id)
    assert ben.gone.wait(5)
    assert ana.paragraph("la suite")["ok"] and "non" not in ana.text().split("\n")
