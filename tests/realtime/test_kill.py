"""kill -9 at random moments: what was acknowledged is there, once; what was not is sent again, and is there once.

Killing a process does not test the disk: the kernel still writes what it was given (test_power.py cuts the power).
It tests that nothing is acknowledged, or shown to others, before it was given; that a start needs no care; and that
clients come back to a table that has forgotten them.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import database, reading
from app.factory import create_app
from config import Settings
from drafts import document, log
from tests.live_server import LiveServer
from tests.realtime import typists as crowd
from tests.realtime.typists import check_sqlite
from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(live_settings: Settings) -> Iterator[Scene]:
    create_app(live_settings)
    yield make_scene()
    database().engine.dispose()


def _kill(server: LiveServer, *, worker_too: bool) -> None:
    """The worker is killed with the server, or leaves by itself; either way it is gone when this returns."""
    assert server.process is not None
    pid = server.process.pid
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    server.kill()
    for child in children:
        if worker_too:
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(child, signal.SIGKILL)
        crowd.until(
            lambda child=child: not Path(f"/proc/{child}").exists(), 60, "the worker outlives its server"
        )


def _as_left(settings: Settings, folder: Path) -> str:
    """The database as the dead left it. A SQLite file is copied: its recovery is the next server's business."""
    if not settings.is_sqlite:
        return settings.database_url
    source = Path(settings.database_url.removeprefix("sqlite:///"))
    folder.mkdir()
    # By another process: closing a file of SQLite's drops every lock this process holds on it.
    found = [file for suffix in ("", "-wal") if (file := source.with_name(source.name + suffix)).exists()]
    subprocess.run(["cp", *found, folder], check=True)
    return f"sqlite:///{folder / source.name}"


def _rounds(count: int, settings: Settings, scene: Scene, folder: Path, chance: random.Random) -> None:
    server = LiveServer(settings.data_dir, settings.database_url).start()
    typists = [typist.start() for typist in crowd.four_tabs(scene, server.url)]
    try:
        for number in range(count):
            # Some rounds end while people are still coming back; most when everybody sits and types.
            if chance.random() < 0.8:
                crowd.until(lambda: all(typist.seated for typist in typists), 60, "nobody comes back")
            time.sleep(chance.uniform(0.0, 1.0))
            _kill(server, worker_too=chance.random() < 0.5)
            heard = [typist.heard() for typist in typists]
            confirmed = set().union(*(typist.confirmed() for typist in typists))
            text = crowd.stored_text(_as_left(settings, folder / f"left-{number}"), scene.draft_id)
            crowd.check_stored(text, typists, at_least=confirmed)
            unstored = set().union(*heard) - set(crowd.words_in(text))
            assert not unstored, f"shown to others and not stored: {sorted(unstored)[:10]}"
            crowd.check_unharmed(typists)
            server.start()
            if count > 10:
                print(f"round {number + 1}/{count}: {len(confirmed)} words acknowledged", flush=True)
        crowd.settle(typists)
        for typist in typists:
            assert typist.joins >= 2 and len(typist.confirmed()) >= count
        assert crowd.same_text(typists) == crowd.stored_text(settings.database_url, scene.draft_id)
    finally:
        for typist in typists:
            typist.end()
        server.stop()
    crowd.check_all_stored(crowd.stored_text(settings.database_url, scene.draft_id), typists)
    with reading():
        crowd.check_all_stored(document.plain_text(log.load(scene.draft_id).tree), typists)
    if settings.is_sqlite:
        check_sqlite(Path(settings.database_url.removeprefix("sqlite:///")))


def test_killed_in_mid_typing(live_settings, scene, tmp_path):
    _rounds(3, live_settings, scene, tmp_path, random.Random(3))


@pytest.mark.soak
def test_killed_a_hundred_times(live_settings, scene, tmp_path):
    _rounds(100, live_settings, scene, tmp_path, random.Random(100))
