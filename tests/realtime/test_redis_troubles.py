"""Two processes on PostgreSQL whose Redis is stopped, started again, replaced, and fed garbage."""

from __future__ import annotations

import base64
import itertools
import json
import os
import random
import time
from collections.abc import Callable, Iterator

import pycrdt
import pytest

from app.accounts import passwords
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import database, reading, session, unit_of_work
from app.factory import create_app
from app.policy import PortalRole
from config import Settings
from drafts import document, log
from labs import service as labs
from labs.models import Lab
from tests import makers
from tests.live_server import SECRET, LiveServer
from tests.realtime.redises import OwnRedis
from tests.realtime.watchers import cursor
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient


@pytest.fixture(scope="module")
def whispering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    own = OwnRedis(tmp_path_factory.mktemp("redis")).start()
    yield own
    own.stop()


@pytest.fixture(scope="module")
def pair(
    whispering: OwnRedis, postgresql: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, LiveServer]]:
    folder = tmp_path_factory.mktemp("pair")
    servers = [LiveServer(folder, postgresql, REDIS_URL=whispering.url).start() for _ in range(2)]
    yield servers[0], servers[1]
    for server in servers:
        server.stop()


@pytest.fixture
def scene(pair: tuple[LiveServer, LiveServer], postgresql: str) -> Iterator[Scene]:
    create_app(Settings.from_env({}, database_url=postgresql, data_dir=pair[0].data_dir, secret_key=SECRET))
    yield make_scene()
    database().engine.dispose()


@pytest.fixture
def two(pair: tuple[LiveServer, LiveServer], scene: Scene) -> Iterator[tuple[TableClient, TableClient]]:
    """Ana on the first process and Ben on the second, at one draft."""
    people = zip(pair, (scene.ana, scene.ben), strict=True)
    clients = [TableClient(server.url, token_for(person)).connect() for server, person in people]
    for client in clients:
        assert client.join(scene.draft_id)["ok"]
    yield clients[0], clients[1]
    for client in clients:
        client.close()


def type_together(two: tuple[TableClient, TableClient], mark: str, count: int = 10) -> None:
    for number in range(count):
        for client, side in zip(two, ("sud", "nord"), strict=True):
            assert client.paragraph(f"<{mark} {side} {number}>")["ok"]


def check_one_text(scene: Scene, two: tuple[TableClient, TableClient], marks: dict[str, int]) -> None:
    for client in two:
        client.until(lambda c: all(c.text().count(f"<{mark} ") == 2 * count for mark, count in marks.items()))
    two[0].until(lambda client: client.text() == two[1].text())
    with reading():
        stored = document.plain_text(log.load(scene.draft_id).tree)
    assert all(stored.count(f"<{mark} ") == 2 * count for mark, count in marks.items())


def test_redis_is_stopped_replaced_and_started_again_in_mid_typing(whispering, scene, two):
    whispering.heard_by(2)
    type_together(two, "avec")
    whispering.stop()
    type_together(two, "sans")
    whispering.replace()
    type_together(two, "autre")
    time.sleep(2)
    type_together(two, "encore autre")
    whispering.restore().heard_by(2)
    type_together(two, "de nouveau")
    check_one_text(scene, two, dict.fromkeys(("avec", "sans", "autre", "encore autre", "de nouveau"), 10))
    # And it whispers as before: a cursor goes from one process to the other.
    ana, ben = two
    ben.until(lambda client: moved(ana, client))


_clocks = itertools.count(1)


def moved(mover: TableClient, watcher: TableClient) -> bool:
    """Whether a movement of one's cursor reaches the other."""
    mover.say("awareness", {"draft": mover.draft, "update": cursor(mover.client_id, next(_clocks))})
    try:
        watcher.wait("awareness", timeout=1)
    except Exception:
        return False
    return True


def in_last(content: pycrdt.XmlFragment, words: str) -> None:
    content.children[len(content.children) - 1].children[0].insert(0, words)


def garbage(scene: Scene, ana: TableClient, hidden: int) -> list[bytes]:
    """What a stranger in Redis might say."""
    chance = random.Random(5)
    forged = [
        cursor(ana.client_id, 10**6 * 7),  # would silence her for ever
        cursor(ana.client_id, 2)[:-1] + b',"user":{"name":"Le Maire"}}',
        cursor(123456, 1),
        b"\xff" * 40,
        os.urandom(200),
    ]
    said: list[object] = [
        None, 3, "x", [], {}, {"draft": scene.draft_id}, {"from": "x"}, {"draft": None, "from": "x"},
        {"draft": True, "from": "x"}, {"draft": 10**30, "from": "x"}, {"draft": [scene.draft_id], "from": []},
        {"draft": {}, "from": {}}, {"draft": scene.draft_id, "from": "x"}, {"draft": hidden, "from": "x"},
        {"draft": scene.draft_id, "from": "x", "cursor": None}, {"draft": scene.draft_id, "from": "x", "cursor": 3},
        {"draft": scene.draft_id, "from": "x", "cursor": "é"}, {"draft": scene.draft_id, "from": "x", "cursor": "====="},
        *({"draft": draft, "from": "x", "cursor": base64.b64encode(state).decode()}
          for draft in (scene.draft_id, hidden) for state in forged),
    ]  # fmt: skip
    return [
        *(json.dumps(message).encode() for message in said),
        *(chance.randbytes(chance.randrange(400)) for _ in range(200)),
        b"[" * 10_000,
        b"{" * 16_000,
        b"9" * 10_000,
        bytes(8_000_000),
        json.dumps({"draft": scene.draft_id, "from": "x", "cursor": "A" * 8_000_000}).encode(),
    ]


def test_garbage_on_the_channel_moves_nothing(whispering, pair, scene, two):
    ana, ben = two
    with unit_of_work():
        place = makers.make_administration()
        owner = makers.make_agent(place)
        hidden = makers.make_draft(owner, makers.make_lab(owner, place), place).id
    keeper = TableClient(pair[1].url, token_for(owner)).connect()
    assert keeper.join(hidden)["ok"]
    whispering.heard_by(2)
    before = len(ben.seen)
    messages = garbage(scene, ana, hidden)
    for number, message in enumerate(messages):
        # Too large a message makes Redis hang up on its listeners: they come back.
        whispering.publish(message)
        if number % 40 == 0:
            type_together(two, f"pendant{number}", 2)
    whispering.heard_by(2)
    marks = {f"pendant{number}": 2 for number in range(0, len(messages), 40)}
    check_one_text(scene, two, marks)
    # Of all the forged cursors one was hers in form; it came without the name it claimed.
    told = [payload for name, payload in ben.seen[before:] if name == "awareness"]
    assert len(told) <= 1 and not any(b"Maire" in payload["update"] for payload in told)
    assert not [payload for name, payload in keeper.seen if name in ("awareness", "update")]
    assert not [payload for _name, payload in [*ana.seen, *ben.seen] if payload.get("draft") == hidden]
    # Rights bind all the same.
    late = ben.ask("join", {"draft": hidden, "state_vector": b"\x00"})
    assert late["error"]["code"] == "not_found"
    keeper.close()
    _revoked(scene, two, _removed)


def _removed(scene: Scene) -> None:
    lab, person = session().get_one(Lab, scene.lab_id), session().get_one(Person, scene.ben.id)
    labs.remove_member(scene.facilitator, lab, person)


def _suspended(scene: Scene) -> None:
    administrator = makers.make_agent(makers.make_administration(), PortalRole.ADMINISTRATOR)
    accounts.suspend(administrator, session().get_one(Person, scene.ben.id))


def _signed_out(scene: Scene) -> None:
    accounts.end_all(scene.ben.id)


def _password_changed(scene: Scene) -> None:
    # The digest of a password; which one does not matter here.
    accounts.change_password(scene.ben, session().get_one(Person, scene.ben.id), passwords.DECOY)


def _revoked(scene: Scene, two: tuple[TableClient, TableClient], how: Callable[[Scene], None]) -> None:
    """Two seconds after the commit nothing reaches who may not read any more; after five the socket is closed."""
    ana, ben = two
    with unit_of_work():
        how(scene)
    began = time.monotonic()
    time.sleep(2.0)
    assert ana.paragraph("<entre nous>")["ok"]
    ana.say("awareness", {"draft": scene.draft_id, "update": cursor(ana.client_id, 900)})
    assert ben.gone.wait(max(0.1, began + 5 - time.monotonic())), "still connected after 5 s"
    assert "<entre nous>" not in ben.text()
    silent = [name for name, _payload in ben.seen]
    time.sleep(0.3)
    assert [name for name, _payload in ben.seen] == silent
    told = [payload for name, payload in ben.seen if name == "access"]
    assert told and told[0]["rights"] == [], ben.seen[-3:]


@pytest.mark.parametrize("how", [_removed, _suspended, _signed_out, _password_changed])
def test_with_redis_stopped_a_revoked_reader_hears_nothing_after_two_seconds(whispering, scene, two, how):
    whispering.stop()
    try:
        type_together(two, "avant", 2)
        check_one_text(scene, two, {"avant": 2})
        _revoked(scene, two, how)
    finally:
        whispering.start()


def test_a_websocket_comes_back_to_the_other_process_under_its_id(pair, scene, two):
    """No sticky session: the other process seats the tab under its id as soon as the first has let go of it."""
    ana, ben = two
    known = ana.client_id
    assert ana.paragraph("<ici>")["ok"]
    waiting = ana.stroke(lambda content: in_last(content, "<en route>"))
    ana.close()
    there = TableClient(pair[1].url, token_for(scene.ana)).connect()
    there.doc = ana.doc
    answer = there.join(scene.draft_id, client_id=known)
    give_up = time.monotonic() + 5
    while answer["client_id"] != known and time.monotonic() < give_up:
        # The goodbye had not arrived: a fresh id at once, the old one a moment later.
        assert answer["ok"]
        time.sleep(0.2)
        answer = there.join(scene.draft_id, client_id=known)
    assert answer["client_id"] == known
    # The other process hears of the last row within a second: until then it says `resync`, which passes.
    while not (sent := there.ask("update", {"draft": scene.draft_id, "update": waiting}))["ok"]:
        assert sent["error"]["code"] == "resync" and time.monotonic() < give_up
        time.sleep(sent["error"]["retry_after"])
    ben.until(lambda client: "<en route><ici>" in client.text())
    there.close()


def test_while_the_old_seat_is_leased_elsewhere_a_tab_gets_a_fresh_id_at_once(pair, scene, two):
    ana, ben = two
    waiting = ana.stroke(lambda content: in_last(content, "<sous l’ancien> "))
    there = TableClient(pair[1].url, token_for(scene.ana)).connect()
    there.doc = ana.doc
    answer = there.join(scene.draft_id, client_id=ana.client_id)
    assert answer["ok"] and answer["client_id"] != ana.client_id
    # What was typed under the old id is still this person's, through either process.
    give_up = time.monotonic() + 5
    while not (sent := there.ask("update", {"draft": scene.draft_id, "update": waiting}))["ok"]:
        assert sent["error"]["code"] == "resync" and time.monotonic() < give_up
        time.sleep(sent["error"]["retry_after"])
    assert there.paragraph("<sous le nouveau>")["ok"]
    ana.until(lambda client: "<sous le nouveau>" in client.text())
    assert ana.paragraph("<toujours là>")["ok"]
    for client in (there, ana, ben):
        client.until(
            lambda c: all(w in c.text() for w in ("<sous l’ancien>", "<sous le nouveau>", "<toujours là>"))
        )
    assert there.text() == ben.text()
    there.close()
