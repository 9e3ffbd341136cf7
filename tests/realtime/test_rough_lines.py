"""Eight tabs on two processes over bad lines, with a Redis that repeats, reorders and loses: one text in the end."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import redis

from app.db import database, reading, session
from app.factory import create_app
from config import ROOT, Settings
from drafts import document, log, queries
from drafts.models import Draft
from tests.live_server import SECRET, LiveServer
from tests.realtime import typists as crowd
from tests.realtime.redises import CHANNEL, OwnRedis
from tests.realtime.typists import Typist
from tests.rough_proxy import RoughProxy
from tests.scenes import Scene, make_scene, token_for


class Echoes:
    """Repeats whispers late and out of order, so that what was said last comes first, and again."""

    def __init__(self, own: OwnRedis, chance: random.Random) -> None:
        self.own, self.chance, self.over = own, chance, threading.Event()
        self.repeated = 0
        self.said: set[bytes] = set()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.over.is_set():
            with suppress(redis.RedisError), self.own.client() as client, client.pubsub() as channel:
                channel.subscribe(CHANNEL)
                late: list[bytes] = []
                while not self.over.is_set():
                    item = channel.get_message(timeout=0.2)
                    if item is not None and item["type"] == "message" and self.chance.random() < 0.5:
                        late.append(item["data"])
                    if len(late) > 5:
                        self.chance.shuffle(late)
                        # Each twice at most: an echo would be repeated for ever.
                        fresh = [
                            message
                            for message in late
                            if message not in self.said or self.chance.random() < 0.1
                        ]
                        self.said.update(fresh)
                        for message in fresh:
                            client.publish(CHANNEL, message)
                            self.repeated += 1
                        late.clear()
            time.sleep(0.1)

    def close(self) -> None:
        self.over.set()
        self.thread.join(10)


@contextmanager
def rough(ports: list[int], chance: random.Random) -> Iterator[tuple[RoughProxy, RoughProxy, RoughProxy]]:
    """A line to either process, and a sticky one to each for those who poll."""
    lines = RoughProxy(ports, chance), RoughProxy(ports[:1], chance), RoughProxy(ports[1:], chance)
    yield lines
    for line in lines:
        line.close()


def eight_tabs(scene: Scene, lines: tuple[RoughProxy, RoughProxy, RoughProxy]) -> list[Typist]:
    people = (scene.ana, scene.ben, scene.facilitator)
    tabs = []
    for place, name in enumerate("abcdefgh"):
        line = lines[place - 5] if place >= 6 else lines[0]
        tab = Typist(
            name, line.url, token_for(people[place % 3]), scene.draft_id, numbered=place % 2 == 1, pause=0.08
        )
        if place >= 6:
            tab.transports = ("polling",)
        tabs.append(tab)
    return tabs


# Eight tabs that all joined once, and more than half as many that came back.
ENOUGH_JOINS = 12


def trouble(
    lines: tuple[RoughProxy, RoughProxy, RoughProxy], own: OwnRedis, seconds: float, chance: random.Random
) -> None:
    """Every moment another line is bad in another way; now and then there is no Redis."""
    give_up = time.monotonic() + seconds
    absent = 0
    while time.monotonic() < give_up:
        line = chance.choice(lines)
        line.delay = chance.choice([0.0, 0.0, 0.02, 0.2])
        # 50 kbit/s, as on the worst lines of the territory.
        line.rate = chance.choice([None, None, 6250.0])
        line.repeat = chance.choice([0.0, 0.05])
        if chance.random() < 0.4:
            line.cut_some(chance.choice([0.2, 1.0]))
        if absent:
            absent -= 1
            if not absent:
                own.start()
        elif chance.random() < 0.08:
            own.stop()
            absent = 3
        time.sleep(chance.uniform(0.2, 0.6))
    if absent:
        own.start()
    for line in lines:
        line.delay, line.rate, line.repeat = 0.0, None, 0.0


def fingerprint(server: LiveServer, token: str, draft: int) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{server.url}/api/v1/drafts/{draft}", headers={"Cookie": f"openlab={token}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found = json.load(answer)
    return found["seq"], found["fingerprint"]


def in_yjs(states: list[bytes]) -> set[str]:
    """What the documents say in the library of the browsers."""
    done = subprocess.run(
        ["node", "tests/realtime/open_in_yjs.mjs"],
        cwd=ROOT,
        input="".join(base64.b64encode(state).decode() + "\n" for state in states),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(states) and not any(document["pending"] for document in found)
    return {document["xml"] for document in found}


def hold(seconds: float, url: str, own: OwnRedis, folder, seed: int) -> None:
    chance = random.Random(seed)
    servers = [LiveServer(folder, url, REDIS_URL=own.url) for _ in range(2)]
    create_app(Settings.from_env({}, database_url=url, data_dir=folder, secret_key=SECRET))
    scene = make_scene()
    echoes = Echoes(own, chance)
    try:
        with rough([server.port for server in servers], chance) as lines:
            for server in servers:
                server.environ["ALLOWED_ORIGINS"] = ",".join(line.url for line in lines)
                server.start()
            tabs = [tab.start() for tab in eight_tabs(scene, lines)]
            try:
                trouble(lines, own, seconds, chance)
                # How often a line is cut is chance; until some had to come back nothing was tried.
                for _more in range(5):
                    if sum(tab.joins for tab in tabs) > ENOUGH_JOINS:
                        break
                    trouble(lines, own, seconds, chance)
                crowd.settle(tabs, 60)
                text = crowd.same_text(tabs)
                states = [tab._line.doc.get_update() for tab in tabs]
            finally:
                for tab in tabs:
                    tab.end()
            assert sum(line.cuts for line in lines) > 5 and echoes.repeated > 5
        seen = {fingerprint(server, token_for(scene.ana), scene.draft_id) for server in servers}
        crowd.check_all_stored(crowd.stored_text(url, scene.draft_id), tabs)
        assert crowd.stored_text(url, scene.draft_id) == text
        with reading():
            replayed = log.load(scene.draft_id)
            draft = session().get_one(Draft, scene.draft_id)
            assert seen == {(replayed.seq, queries.draft_data(draft).fingerprint)}
        assert len(in_yjs([*states, document.state(replayed.doc)])) == 1
        assert sum(tab.joins for tab in tabs) > ENOUGH_JOINS, "nobody had to come back"
    finally:
        echoes.close()
        for server in servers:
            server.stop()
        database().engine.dispose()


@pytest.fixture
def own(tmp_path) -> Iterator[OwnRedis]:
    made = OwnRedis(tmp_path).start()
    yield made
    made.stop()


def test_eight_tabs_on_bad_lines_and_two_processes_end_with_one_text(postgresql, own, tmp_path):
    hold(8, postgresql, own, tmp_path, 1)


@pytest.mark.soak
def test_minutes_of_bad_lines(postgresql, own, tmp_path):
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        hold(120, postgresql, own, folder, 100 + seed)
        print(f"bad lines, round {seed + 1} of 3: one text", flush=True)
