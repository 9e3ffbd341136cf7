"""The database is locked by somebody else, or PostgreSQL is stopped and started: nothing is acknowledged meanwhile,
everybody is told, the loop goes on, and it heals by itself: the same process, the same sockets, nothing lost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from app import schema_versions
from tests.live_server import LiveServer
from tests.realtime import troubles, watchers
from tests.realtime import typists as crowd
from tests.realtime.clusters import Cluster
from tests.realtime.typists import Typist
from tests.realtime.watchers import Readers
from tests.scenes import Scene, token_for


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="openlab-") as name:
        Path(name).chmod(0o755)  # the user postgres must be able to reach it
        made = Cluster(Path(name) / "cluster").start()
        schema_versions.upgrade(made.url)
        yield made
        made.stop()


@contextmanager
def typing(server: LiveServer, scene: Scene, url: str) -> Iterator[tuple[list[Typist], Readers]]:
    """Four people type and two look on; in the end everything typed is stored once and everybody sees it."""
    readers = Readers(server, scene)
    typists = [typist.start() for typist in crowd.four_tabs(scene, server.url)]
    try:
        crowd.until(lambda: all(len(typist.confirmed()) > 10 for typist in typists), 20, "nobody types")
        yield typists, readers
        crowd.settle(typists)
        watchers.stayed(server, typists)
        crowd.check_all_stored(crowd.stored_text(url, scene.draft_id), typists)
        assert crowd.same_text(typists) == readers.watcher.text()
    finally:
        for typist in typists:
            typist.end()
        readers.close()


def _locked(url: str, folder: Path, lock: Callable[[], AbstractContextManager[None]], seconds: float) -> None:
    with troubles.served(url, folder) as (server, scene), typing(server, scene, url) as (typists, readers):
        token = token_for(scene.ana)
        with watchers.Pulse(server) as pulse:
            with lock():
                time.sleep(0.2)  # what was committed before is still being told
                began = time.monotonic()
                watchers.silence(typists, 1.0)
                watchers.told(typists, 9.0)
                assert watchers.get(f"{server.url}/brouillons/{scene.draft_id}", token)[0] == 200
                assert watchers.get(f"{server.url}/")[0] == 200
                assert readers.move() < watchers.HELD_UP_SECONDS
                watchers.silence(typists, max(0.0, began + seconds - time.monotonic()))
                assert readers.move() < watchers.HELD_UP_SECONDS
            crowd.settle(typists)
        watchers.check_never_held_up(pulse)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/openlab.sqlite3"
    schema_versions.upgrade(url)
    return url


LENGTHS = [3.0, pytest.param(10.0, marks=pytest.mark.soak)]
LOCKS = {
    "the draft's row": "SELECT id FROM draft FOR UPDATE",
    "the log": "LOCK TABLE draft_update IN EXCLUSIVE MODE",
}


@pytest.mark.parametrize("seconds", LENGTHS)
def test_sqlite_locked_by_another_process(sqlite_url, tmp_path, seconds):
    _locked(sqlite_url, tmp_path, lambda: troubles.sqlite_locked(sqlite_url), seconds)


@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.parametrize("what", LOCKS)
def test_postgresql_locked_by_another_process(cluster, tmp_path, what, seconds):
    _locked(cluster.url, tmp_path, lambda: troubles.postgresql_locked(cluster.url, LOCKS[what]), seconds)


def _stopped(cluster: Cluster, folder: Path, mode: str, seconds: float) -> None:
    with (
        troubles.served(cluster.url, folder) as (server, scene),
        typing(server, scene, cluster.url) as (typists, readers),
    ):
        token = token_for(scene.ana)
        with watchers.Pulse(server) as pulse:
            cluster.stop(mode)
            try:
                time.sleep(0.2)  # what was committed before is still being told
                began = time.monotonic()
                watchers.silence(typists, 1.0)
                watchers.told(typists, 9.0)
                for address in (f"/brouillons/{scene.draft_id}", "/espace"):
                    status, page = watchers.get(f"{server.url}{address}", token)
                    assert status == 503 and "Service momentanément indisponible" in page
                assert readers.move() < watchers.HELD_UP_SECONDS
                watchers.silence(typists, max(0.0, began + seconds - time.monotonic()))
            finally:
                cluster.start()
            crowd.settle(typists)
            assert readers.move() < watchers.HELD_UP_SECONDS
            assert watchers.get(f"{server.url}/brouillons/{scene.draft_id}", token)[0] == 200
        watchers.check_never_held_up(pulse)


def test_postgresql_stopped_and_started(cluster, tmp_path):
    _stopped(cluster, tmp_path, "fast", 3.0)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_away_for_half_a_minute(cluster, tmp_path, mode):
    _stopped(cluster, tmp_path, mode, 30.0)
