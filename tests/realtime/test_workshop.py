"""The namespace `/labs` over real sockets: who is let in, what everybody hears, who comes late or back, and a server killed
in the middle of a vote."""

from __future__ import annotations

import contextlib
import json
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import socketio
import sqlalchemy as sa

from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from config import Settings
from labs import fold, room
from labs.models import Lab
from labs.roles import Right
from labs.service import change_right, remove_member
from labs.session_models import SessionCount, SessionEvent, SessionVoter
from tests.labs.workshop_world import World, make_world
from tests.live_server import LiveServer
from tests.scenes import token_for
from tests.table_client import in_order

NAMESPACE = "/labs"
HEARD = ("moved", "people", "turnout", "access")


class RoomClient:
    """A client that knows docs/workshop.md and nothing of the server."""

    def __init__(self, url: str, token: str, transports: tuple[str, ...] = ("websocket",)) -> None:
        self.url, self.token, self.transports = url, token, list(transports)
        self.socket = in_order(socketio.Client(reconnection=False))
        self.state: dict[str, Any] = {}
        self.number = 0
        self.offset = 0.0
        self.people: list[dict[str, Any]] = []
        self.turnout: dict[str, int] = {}
        self.gaps = 0
        self.gone = threading.Event()
        self.heard: dict[str, queue.Queue[dict[str, Any]]] = {name: queue.Queue() for name in HEARD}
        for name in HEARD:
            self.socket.on(name, self._keeper(name), namespace=NAMESPACE)
        self.socket.on("disconnect", lambda *_: self.gone.set(), namespace=NAMESPACE)

    def _keeper(self, name: str) -> Callable[[dict[str, Any]], None]:
        def keep(payload: dict[str, Any]) -> None:
            if name == "moved":
                if payload["number"] - len(payload["patches"]) != self.number:
                    self.gaps += 1
                for patch in payload["patches"]:
                    fold.apply(self.state, patch)
                self.number = payload["number"]
            elif name == "people":
                self.people = payload["people"]
            elif name == "turnout":
                self.turnout = payload["turnout"]
            self.heard[name].put(payload)

        return keep

    def connect(self) -> RoomClient:
        self.socket.connect(
            self.url,
            headers={"Cookie": f"openlab={self.token}"} if self.token else {},
            namespaces=[NAMESPACE],
            transports=self.transports,
            wait_timeout=10,
        )
        return self

    def ask(self, event: str, payload: Any, timeout: float = 15) -> dict[str, Any]:
        answer: dict[str, Any] = self.socket.call(event, payload, namespace=NAMESPACE, timeout=timeout)
        return answer

    def join(self, seance: int) -> dict[str, Any]:
        self.seance = seance
        answer = self.ask("join", {"session": seance})
        if answer["ok"]:
            self.state, self.number = answer["state"], answer["number"]
            self.people, self.turnout = answer["people"], answer["turnout"]
            self.offset = answer["now"] / 1000 - time.time()
        return answer

    def do(self, verb: str, **fields: Any) -> dict[str, Any]:
        return self.ask("do", {"session": self.seance, "verb": verb, **fields})

    def until(self, condition: Callable[[RoomClient], Any], seconds: float = 10) -> None:
        give_up = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < give_up, (
                f"still waiting at {self.number}: {json.dumps(self.state)[:2000]}"
            )
            time.sleep(0.02)

    def close(self) -> None:
        if self.socket.connected:
            self.socket.disconnect()


@pytest.fixture
def world(scene: object) -> World:
    """Another lab beside the scene's, in the database of the live server."""
    return make_world()


@pytest.fixture
def enter(server: LiveServer, world: World) -> Iterator[Callable[..., RoomClient]]:
    """`enter(who)`: a person of the world in its room."""
    opened: list[RoomClient] = []

    def come(who: str, join: bool = True, **more: Any) -> RoomClient:
        client = RoomClient(server.url, token_for(world[who]), **more)
        opened.append(client)
        client.connect()
        if join:
            assert client.join(world.seance)["ok"]
        return client

    yield come
    for client in opened:
        client.close()


def test_everybody_sees_the_same_item_and_the_same_time(
    world: World, enter: Callable[..., RoomClient]
) -> None:
    lead, ana, ben = enter("facilitator"), enter("ana"), enter("ben", transports=("polling",))
    assert lead.do("item", item="next", key="a1")["ok"]
    for client in (lead, ana, ben):
        client.until(lambda one: one.state["item"] is not None)
        assert client.state["item"]["minutes"] == 15 and client.gaps == 0
        # The time that is left, as each reckons it: the same within a second.
        now = time.time() + client.offset
        assert abs(now - client.state["item"]["started_at"] / 1000) < 10
        assert abs(client.offset) < 1
    assert ana.state == ben.state == lead.state
    assert lead.do("extend", minutes=5)["ok"] and lead.do("item", item="next")["ok"]
    late = enter("rose")
    ana.until(lambda one: one.number == late.number)
    assert late.state == ana.state
    assert [one["item"] for one in late.state["times"].values()] == [1, 2]


def test_hands_in_order_and_the_floor(world: World, enter: Callable[..., RoomClient]) -> None:
    lead, ana, rose = enter("facilitator"), enter("ana"), enter("rose")
    assert rose.do("hand_up")["ok"] and ana.do("hand_up")["ok"]
    lead.until(lambda one: len(one.state["hands"]) == 2)
    assert [hand["person"] for hand in lead.state["hands"]] == [world["rose"].id, world["ana"].id]
    assert ana.do("floor", person=world["ana"].id)["error"]["code"] == "forbidden"
    assert lead.do("floor", person=world["ana"].id)["ok"]
    ana.until(lambda one: one.state["floor"] and one.state["floor"]["person"] == world["ana"].id)
    news = [ana.heard["moved"].get(timeout=1) for _ in range(ana.heard["moved"].qsize())]
    names = {one["person"]: one["name"] for told in news for one in told["names"]}
    assert names[world["rose"].id] == world["rose"].name


def test_who_is_in_the_room_is_told(world: World, enter: Callable[..., RoomClient]) -> None:
    lead = enter("facilitator")
    ana = enter("ana")
    lead.until(
        lambda one: {person["person"] for person in one.people} == {world["facilitator"].id, world["ana"].id}
    )
    assert {person["administration"] for person in lead.people} == {"Province du Sud"}
    second = enter("ana")
    ana.close()
    time.sleep(0.3)
    assert len(lead.people) == 2, "another tab is still there"
    second.close()
    lead.until(lambda one: len(one.people) == 1)


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_who_is_not_of_the_lab_learns_nothing(
    server: LiveServer, world: World, enter: Callable[..., RoomClient], who: str
) -> None:
    if who == "nobody":
        with pytest.raises(socketio.exceptions.ConnectionError):
            RoomClient(server.url, "").connect()
        return
    client = enter(who, join=False)
    refused = client.join(world.seance)
    assert refused["error"]["code"] == "not_found" == client.join(987_654)["error"]["code"]
    assert refused["error"]["message"] == client.join(987_654)["error"]["message"]
    assert client.do("say", text="Bonjour")["error"]["code"] == "not_found"
    for payload in (None, [], {"session": "x"}, {"session": True}, {"session": -1}, {"session": 10**40}):
        assert client.ask("join", payload)["error"]["code"] == "not_found"
    enter("ana").do("say", text="Entre nous")
    time.sleep(1.3)
    assert client.heard["moved"].empty() and client.state == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": None},
        {"verb": "danse"},
        {"verb": "say"},
        {"verb": "say", "text": ["a"]},
        {"verb": "vote", "poll": {}, "choice": 1},
    ],
)
def test_what_is_not_understood_is_refused_and_harms_nobody(
    world: World, enter: Callable[..., RoomClient], fields: dict[str, Any]
) -> None:
    ana = enter("ana")
    assert ana.ask("do", {"session": world.seance, **fields})["error"]["code"] == "invalid"
    assert ana.do("say", text="Encore là")["ok"]


def test_too_many_acts_have_to_wait(world: World, enter: Callable[..., RoomClient]) -> None:
    ana = enter("ana")
    answers = [ana.do("hand_down") for _ in range(60)]
    codes = {answer["error"]["code"] for answer in answers if not answer["ok"]}
    assert codes == {"rate_limited"}
    assert all(answer["error"]["retry_after"] > 0 for answer in answers if not answer["ok"])


def test_rights_bind_at_once_and_within_two_seconds(world: World, enter: Callable[..., RoomClient]) -> None:
    lead, ana, ben = enter("facilitator"), enter("ana"), enter("ben")
    with unit_of_work():
        lab = session().get_one(Lab, world.lab_id)
        change_right(
            world["facilitator"],
            lab,
            session().get_one(Person, world["ana"].id),
            Right.WRITE,
            facilitator=True,
        )
    assert ana.heard["access"].get(timeout=2.5)["leads"] is True
    assert ana.do("item", item="next")["ok"]
    with unit_of_work():
        lab = session().get_one(Lab, world.lab_id)
        remove_member(world["facilitator"], lab, session().get_one(Person, world["ben"].id))
    assert ben.do("say", text="Encore ?")["error"]["code"] == "not_found"
    assert ben.heard["access"].get(timeout=2.5)["gone"] is True
    assert ben.gone.wait(5)
    ben.heard["moved"].queue.clear()
    assert lead.do("say", text="Sans Ben")["ok"]
    time.sleep(0.3)
    assert ben.heard["moved"].empty()
    with unit_of_work():
        accounts.end_all(world["ana"].id)
    assert ana.do("say", text="Encore ?")["error"]["code"] == "unauthenticated"
    assert ana.gone.wait(6)


def test_what_a_page_sends_is_heard_at_once(
    server: LiveServer, world: World, enter: Callable[..., RoomClient]
) -> None:
    import re

    import requests

    ana = enter("ana")
    browser = requests.Session()
    browser.cookies.set("openlab", token_for(world["ben"]))
    address = server.url + world.address
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(address).text)
    assert token
    form = {"csrf_token": token[1], "faire": "say", "text": "Par la page"}
    assert browser.post(address + "/salle", data=form, allow_redirects=False).status_code == 303
    ana.until(lambda one: [said["text"] for said in one.state["chat"].values()] == ["Par la page"], 3)
    ana.until(lambda one: world["ben"].id in {person["person"] for person in one.people}, 3)


def test_a_secret_poll_over_the_wire(world: World, enter: Callable[..., RoomClient]) -> None:
    voters = [enter(who) for who in ("ana", "ben", "chloe", "dan")]
    lead = enter("facilitator")
    poll = lead.do("poll", question="Publier ?", secret=True)["number"]
    for place, client in enumerate(voters):
        answer = client.do("vote", poll=poll, choice=place % 2, key="vote")
        assert answer == {"ok": True, "number": None, "again": False}
        assert client.do("vote", poll=poll, choice=0, key="vote")["again"]
    lead.until(lambda one: one.turnout == {str(poll): 4})
    assert lead.state["polls"][str(poll)]["counts"] is None
    assert lead.do("close_poll", poll=poll)["ok"]
    for client in (lead, *voters):
        client.until(lambda one: one.state["polls"][str(poll)]["counts"] == [2, 2])
        told = [client.heard["moved"].get(timeout=1) for _ in range(client.heard["moved"].qsize())]
        assert not any("votes" in poll_told and poll_told["votes"] for one in told for patch in one["patches"]
                       for poll_told in patch.get("polls", {}).values())  # fmt: skip
    assert enter("ana").join(world.seance)["voted"] == [poll]


def test_who_lost_the_line_has_what_the_others_have(world: World, enter: Callable[..., RoomClient]) -> None:
    lead, ana, ben = enter("facilitator"), enter("ana"), enter("ben")
    lead.do("item", item="next")
    ben.close()
    chance = random.Random(7)
    poll = lead.do("poll", question="Encore ?")["number"]
    for number in range(12):
        who = chance.choice((lead, ana))
        assert who.do("say", text=f"message {number}")["ok"]
    ana.do("vote", poll=poll, choice=1)
    lead.do("close_poll", poll=poll)
    lead.do("item", item="next")
    back = enter("ben")
    for client in (lead, ana):
        client.until(lambda one: one.number == back.number)
        assert client.state == back.state and client.gaps == 0
    assert ben.gaps == 0


@pytest.mark.timeout(420)
def test_killed_in_the_middle_of_a_vote(live_settings: Settings, tmp_path: object) -> None:
    """kill -9 while people vote and send again what was not answered: no vote lost, none doubled."""
    from app.factory import create_app

    create_app(live_settings)
    world = make_world()
    names = ("ana", "ben", "chloe", "dan", "rose", "facilitator")
    secret = world.act("facilitator", "poll", question="Secret ?", secret="1").number
    tokens = {who: token_for(world[who]) for who in names}
    live = LiveServer(live_settings.data_dir, live_settings.database_url).start(timeout=90)
    answered: dict[str, dict[str, Any]] = {}
    begun = threading.Event()

    def vote(place: int, who: str) -> None:
        """As the room's script does: the same key again until there is an answer."""
        time.sleep(0.05 * place)
        while who not in answered:
            client = RoomClient(live.url, tokens[who])
            with contextlib.suppress(socketio.exceptions.SocketIOError, OSError, ConnectionError):
                client.connect()
                if client.join(world.seance)["ok"]:
                    begun.set()
                    answer = client.do("vote", poll=secret, choice=place % 2, key="mon-vote")
                    if answer["ok"]:
                        answered[who] = answer
            client.close()
            time.sleep(0.1)

    threads = [threading.Thread(target=vote, args=entry, daemon=True) for entry in enumerate(names)]
    for thread in threads:
        thread.start()
    try:
        for _round in range(2):
            assert begun.wait(60)
            begun.clear()
            time.sleep(0.03)
            live.kill()
            live.start(timeout=90)
            if len(answered) == len(names):
                break
        for thread in threads:
            thread.join(60)
        assert len(answered) == len(names)
    finally:
        live.stop()
    with reading():
        here = SessionVoter.session_id == world.seance
        assert session().scalar(sa.select(sa.func.count()).select_from(SessionVoter).where(here)) == 6
        mine = SessionCount.session_id == world.seance
        counts = session().execute(sa.select(SessionCount.choice, SessionCount.count).where(mine)).all()
        assert sorted(counts) == [(0, 3), (1, 3)]
        kinds = list(
            session().scalars(sa.select(SessionEvent.kind).where(SessionEvent.session_id == world.seance))
        )
        assert "voted" not in kinds
        state = room.state_of(world.seance)
    world.act("facilitator", "close_poll", poll=secret)
    assert (
        world.state()["polls"][str(secret)]["counts"] == [3, 3]
        and state["polls"][str(secret)]["counts"] is None
    )
