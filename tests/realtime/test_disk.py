"""The disk is full: nothing is acknowledged, everybody is told, reading goes on; with room again it heals by itself."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import schema_versions
from app.db import database
from app.factory import create_app
from config import Settings
from tests.live_server import SECRET, LiveServer
from tests.realtime import disks, watchers
from tests.realtime import typists as crowd
from tests.realtime.disks import Disk
from tests.realtime.typists import Typist, check_sqlite
from tests.scenes import make_scene, token_for


@pytest.fixture
def disk() -> Iterator[Disk]:
    with tempfile.TemporaryDirectory(prefix="openlab-") as name:
        disks.needed(Path(name))
        made = Disk(Path(name) / "disk.img", Path(name) / "disk", megabytes=24)
        yield made
        made.unmount()


def _quiet(typists: list[Typist]) -> None:
    """Until nothing is acknowledged any more: the write-ahead log first uses up the room it has already."""
    give_up = time.monotonic() + 60
    known = -1
    while (now := sum(len(typist.confirmed()) for typist in typists)) != known:
        assert time.monotonic() < give_up, "the disk is full and strokes are still acknowledged"
        known = now
        time.sleep(3.0)  # longer than a refused stroke waits before it is sent again


def _fill_and_free(disk: Disk, folder: Path, times: int, seconds: float) -> None:
    settings = Settings.from_env(
        {}, database_url=f"sqlite:///{disk.folder}/openlab.sqlite3", data_dir=disk.folder, secret_key=SECRET
    )
    schema_versions.upgrade(settings.database_url)
    create_app(settings)
    scene = make_scene()
    # What the server says goes elsewhere: it shall still be able to say it.
    server = LiveServer(folder, settings.database_url, DATA_DIR=str(disk.folder)).start()
    readers, token = watchers.Readers(server, scene), token_for(scene.ana)
    typists = crowd.four_tabs(scene, server.url)
    database().engine.dispose()
    for typist in typists:
        typist.start()
    try:
        for _ in range(times):
            before = [len(typist.confirmed()) for typist in typists]
            crowd.until(
                lambda before=before: all(
                    len(typist.confirmed()) > known + 5 for typist, known in zip(typists, before, strict=True)
                ),
                30,
                "nobody types",
            )
            with watchers.Pulse(server) as pulse:
                ballast = disk.fill()
                watchers.told(typists, 60)
                _quiet(typists)
                watchers.told(typists, 15)
                status, page = watchers.get(f"{server.url}/brouillons/{scene.draft_id}", token)
                assert status == 200 and crowd.words_in(page)
                assert watchers.get(f"{server.url}/")[0] == 200
                assert readers.move() < watchers.HELD_UP_SECONDS
                watchers.silence(typists, seconds)
                ballast.unlink()
                crowd.settle(typists)
            watchers.check_never_held_up(pulse)
            watchers.stayed(server, typists)
            crowd.check_all_stored(crowd.stored_text(settings.database_url, scene.draft_id), typists)
            for typist in typists:
                typist.typing.set()
        crowd.settle(typists)
    finally:
        for typist in typists:
            typist.end()
        readers.close()
        server.stop()
    crowd.check_all_stored(crowd.stored_text(settings.database_url, scene.draft_id), typists)
    check_sqlite(disk.folder / "openlab.sqlite3")


def test_a_full_disk(disk, tmp_path):
    _fill_and_free(disk, tmp_path, times=1, seconds=1.0)


@pytest.mark.soak
def test_a_disk_that_is_full_again_and_again(disk, tmp_path):
    _fill_and_free(disk, tmp_path, times=5, seconds=10.0)
