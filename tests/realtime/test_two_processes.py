"""The same draft open on two processes, with PostgreSQL and Redis; and with Redis gone."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis

from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import database, reading, session, unit_of_work
from app.factory import create_app
from config import Settings
from drafts import document, log
from labs import service as labs
from labs.models import Lab
from labs.roles import Right
from tests.labs.workshop_world import make_world
from tests.live_server import SECRET, LiveServer
from tests.realtime.test_workshop import RoomClient
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient, add_paragraph

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


def _redis_answers() -> bool:
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


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


def test_one_room_over_two_processes(scene, pair):
    """Two halves of a room on two processes: the same state, the same counts, everybody in it seen by everybody."""
    world = make_world()
    lead = RoomClient(pair[0].url, token_for(world["facilitator"])).connect()
    others = [
        RoomClient(pair[place % 2].url, token_for(world[who])).connect()
        for place, who in enumerate(("ana", "ben", "chloe", "dan"))
    ]
    try:
        for client in (lead, *others):
            assert client.join(world.seance)["ok"]
        assert lead.do("item", item="next")["ok"]
        poll = lead.do("poll", question="Publier ?", secret=True)["number"]
        for place, client in enumerate(others):
            client.until(lambda one: str(poll) in one.state["polls"])
            assert client.do("hand_up")["ok"] and client.do("vote", poll=poll, choice=place % 2)["ok"]
        lead.until(lambda one: one.turnout == {str(poll): 4})
        assert lead.do("close_poll", poll=poll)["ok"]
        for client in (lead, *others):
            client.until(lambda one: one.state["polls"][str(poll)]["counts"] == [2, 2])
            client.until(lambda one: len(one.people) == 5)
            assert client.gaps == 0 and client.state == lead.state
    finally:
        for client in (lead, *others):
            client.close()
