"""Two processes with PostgreSQL and Redis behind a real nginx with the repository's own configuration, over TLS: people
sit at both, by WebSocket and by polling, and one process, the database and Redis are taken from under them."""

from __future__ import annotations

import re
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from app import schema_versions
from app.db import database
from app.factory import MAX_REQUEST, create_app
from config import Settings
from drafts import bringing, import_routes
from realtime.engine import MAX_MESSAGE
from tests.live_server import SECRET, LiveServer, free_port
from tests.nginx import CONFIGURATION, OwnNginx
from tests.realtime import typists as crowd
from tests.realtime.clusters import Cluster
from tests.realtime.redises import OwnRedis
from tests.realtime.typists import Typist
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.timeout(600)
# Promised: who sat at a process that dies sits at another one within this time.
BACK_SECONDS = 10


# A start loads everything, and several at once share the cores of a small machine.
START_SECONDS = 240


def begin(server: LiveServer) -> LiveServer:
    return server.start(START_SECONDS)


class House:
    """Everything an instance in use is made of, each part of the test's own."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.redis = cluster, OwnRedis(folder)
        ports = [free_port(), free_port()]
        self.nginx = OwnNginx(folder, ports)
        told = {
            "REDIS_URL": self.redis.url,
            "PUBLIC_URL": self.nginx.url,
            "TRUSTED_PROXIES": "1",
            "METRICS_TOKEN": "0123456789abcdef",
        }
        self.servers = [LiveServer(folder, cluster.url, port=port, **told) for port in ports]
        create_app(Settings.from_env({}, database_url=cluster.url, data_dir=folder, secret_key=SECRET))

    def open(self) -> None:
        self.redis.start()
        self.nginx.start()
        # At once, as a machine does that comes up.
        with ThreadPoolExecutor() as starters:
            list(starters.map(begin, self.servers))

    def sockets(self, server: LiveServer) -> int:
        said = requests.get(f"{server.url}/metrics", timeout=5).text
        found = re.search(r"^openlab_sockets (\d+)", said, re.M)
        return int(found[1]) if found else 0

    def close(self) -> None:
        self.nginx.stop()
        for server in self.servers:
            server.stop()
        self.redis.stop()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="openlab-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user postgres must be able to reach it
        cluster = Cluster(folder / "cluster").start()
        schema_versions.upgrade(cluster.url)
        made = House(cluster, folder)
        try:
            made.open()
            yield made
        finally:
            made.close()
            database().engine.dispose()
            cluster.stop()


@pytest.fixture
def scene(house: House) -> Scene:
    for server in house.servers:
        if server.process is None or server.process.poll() is not None:
            begin(server)
    return make_scene()


@contextmanager
def typing(house: House, scene: Scene) -> Iterator[list[Typist]]:
    """Four tabs type, two of them by polling; in the end every word stands once and everybody sees it."""
    typists = crowd.four_tabs(scene, house.nginx.url, pause=0.15)
    for place, typist in enumerate(typists):
        typist.ca, typist.transports = house.nginx.ca, ("polling",) if place < 2 else ("websocket",)
        typist.start()
    try:
        try:
            crowd.until(lambda: all(len(typist.confirmed()) > 5 for typist in typists), 90, "nobody types")
        except AssertionError as error:
            said = [(t.name, t.sockets, t.joins, len(t.confirmed()), t.refusals, t.failures) for t in typists]
            raise AssertionError(f"not everybody types: {said}") from error
        yield typists
        crowd.settle(typists)
        crowd.check_all_stored(crowd.stored_text(house.cluster.url, scene.draft_id), typists)
        crowd.same_text(typists)
    finally:
        for typist in typists:
            typist.end()


def test_one_of_two_processes_is_killed_with_people_in_it(house, scene):
    with typing(house, scene) as typists:
        counts = [house.sockets(server) for server in house.servers]
        killed = house.servers[counts.index(max(counts))]
        lines = sum(typist.sockets for typist in typists)
        killed.kill()
        began = time.monotonic()
        before = [typist.confirmed() for typist in typists]
        crowd.until(
            lambda: (
                sum(typist.sockets for typist in typists) > lines
                and all(typist.seated for typist in typists)
                and all(typist.confirmed() > kept for typist, kept in zip(typists, before, strict=True))
            ),
            BACK_SECONDS,
            "not everybody is back on the other process",
        )
        print(f"everybody types again after {time.monotonic() - began:.1f} s; {max(counts)} sockets were cut")
        stored = crowd.stored_text(house.cluster.url, scene.draft_id)
        crowd.check_stored(stored, typists, at_least=set().union(*before))
        # Started again while people sit at the other one: those whose place it is come back to it, and lose nothing.
        begin(killed)
        crowd.until(lambda: all(typist.seated for typist in typists), 20, "not everybody types")


@pytest.mark.parametrize("seconds", [5.0, pytest.param(30.0, marks=pytest.mark.soak)])
def test_the_database_is_restarted_and_redis_is_away(house, scene, seconds):
    with typing(house, scene) as typists:
        house.redis.stop()
        house.cluster.stop()
        began = time.monotonic()
        time.sleep(0.2)  # what was committed before is still being told
        before = [len(typist.confirmed()) for typist in typists]
        crowd.until(lambda: time.monotonic() - began > seconds, seconds + 5, "the clock stands still")
        assert [len(typist.confirmed()) for typist in typists] == before
        house.cluster.start()
        house.redis.start()
        crowd.until(
            lambda: all(len(t.confirmed()) > count for t, count in zip(typists, before, strict=True)),
            40,
            "it does not heal by itself",
        )
        house.redis.heard_by(2, 20)
    assert [server.process.poll() for server in house.servers] == [None, None]


def test_processes_are_restarted_one_after_the_other_while_people_type(house, scene):
    with typing(house, scene) as typists:
        for server in house.servers:
            assert server.stop(timeout=10) == 0
            # Not one request meets a closed door.
            assert [house.nginx.get("/").status_code for _ in range(5)] == [200] * 5
            begin(server)
            _ready(server)
            crowd.until(lambda: all(typist.seated for typist in typists), 20, "not everybody types")


def _ready(server: LiveServer) -> None:
    crowd.until(
        lambda: requests.get(f"{server.url}/readyz", timeout=5).status_code == 200, 20, "it is never ready"
    )


def test_what_the_outside_may_ask(house, scene):
    nginx = house.nginx
    away = nginx.get(f"http://127.0.0.1:{nginx.http}/fiches", headers={"Host": f"localhost:{nginx.http}"})
    assert (away.status_code, away.headers["Location"]) == (301, f"{nginx.url}/fiches")
    front = nginx.get("/", headers={"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"})
    assert front.status_code == 200
    assert front.headers["Strict-Transport-Security"] and "Server" in front.headers
    assert front.headers["Server"] == "nginx"
    # Compressed by the application where it may be, and by nobody else.
    assert front.headers["Content-Encoding"] in ("br", "gzip")
    form = nginx.get("/connexion", headers={"Accept-Encoding": "gzip"})
    assert form.status_code == 200 and "Content-Encoding" not in form.headers
    assert "__Host-openlab_form" in form.headers["Set-Cookie"] and "Secure" in form.headers["Set-Cookie"]
    token = {"Authorization": "Bearer 0123456789abcdef"}
    assert nginx.get("/metrics", headers=token).status_code == 404
    assert nginx.get("/readyz", headers={"X-Forwarded-For": ""}).json() == {"ready": True}
    # By another name nobody answers at all.
    with pytest.raises(requests.ConnectionError):
        nginx.get(f"http://127.0.0.1:{nginx.http}/")
    with pytest.raises(requests.ConnectionError):
        nginx.get(f"https://127.0.0.1:{nginx.https}/", verify=False)


def test_a_form_signs_in_through_the_proxy(house, scene):
    """Host and scheme arrive as the browser sees them: the check of where a form comes from holds."""
    with requests.Session() as browser:
        browser.verify, browser.trust_env = house.nginx.ca, False
        page = browser.get(f"{house.nginx.url}/connexion", timeout=20)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None
        sent = browser.post(
            f"{house.nginx.url}/connexion",
            data={"email": "nobody@example.test", "password": "wrong", "csrf_token": token[1]},
            headers={"Referer": f"{house.nginx.url}/connexion", "Origin": house.nginx.url},
            timeout=20,
        )
    assert sent.status_code < 500 and "nobody@example.test" in sent.text


def test_what_is_written_down_names_nobody(house, scene):
    house.nginx.get("/invitation/a-secret-token")
    crowd.until(lambda: " 404 " in (house.nginx.folder / "openlab.log").read_text(), 5, "nothing is logged")
    said = "".join(path.read_text() for path in house.nginx.folder.glob("*.log") if "server" not in path.name)
    assert "secret-token" not in said and " 127.0.0.1 " not in said


def test_nothing_the_application_takes_is_too_large_for_the_proxy():
    said = re.search(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text())
    assert said is not None
    most = max(MAX_REQUEST, bringing.LONGEST + import_routes._FORM, MAX_MESSAGE)
    assert most <= int(said[1]) * 1024 * 1024 < most + 2 * 1024 * 1024


def test_a_page_of_its_own_while_no_process_answers(tmp_path):
    # Ports that are taken by nobody, and stay so while they are held without listening.
    with socket.socket() as one, socket.socket() as other:
        for held in (one, other):
            held.bind(("127.0.0.1", 0))
        nginx = OwnNginx(tmp_path, [one.getsockname()[1], other.getsockname()[1]]).start()
        try:
            for path in ("/", "/fiches/une-fiche", "/socket.io/?EIO=4&transport=polling"):
                answer = nginx.get(path)
                assert answer.status_code == 503 and answer.headers["Retry-After"] == "10"
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                answer.encoding = "utf-8"
                assert "Service momentanément indisponible" in answer.text
        finally:
            nginx.stop()
