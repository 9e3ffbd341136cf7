"""The power goes at the moment of an acknowledgement: what was acknowledged is on the disk, not only on its way.

The database lies on a disk of the test's own (`disks.Disk`). In the callback of an acknowledgement the service is
stopped and the file behind the disk copied: the copy has what was handed to the device, and lacks what the system
still kept in memory. That is what `kill -9` cannot show. It does not show that a real device keeps its own promise
to have flushed. The first test holds the instrument to account: with `synchronous=NORMAL` it must see a loss.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app import schema_versions
from app.db import database
from app.factory import create_app
from config import Settings
from tests.live_server import SECRET, LiveServer
from tests.realtime import disks
from tests.realtime import typists as crowd
from tests.realtime.clusters import Cluster
from tests.realtime.disks import Disk
from tests.realtime.typists import Typist, check_sqlite
from tests.scenes import Scene, make_scene


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that the user postgres can reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="openlab-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        disks.needed(folder)
        yield folder


@contextmanager
def mounted(image: Path, folder: Path, **how: int) -> Iterator[Disk]:
    disk = Disk(image, folder, **how)
    try:
        yield disk
    finally:
        disk.unmount()


@dataclass
class Cut:
    """One power cut: the copy of the disk, and what had been acknowledged when it was taken."""

    image: Path
    acknowledged: set[str]


@dataclass
class Scissors:
    """Cuts in the callback of every so many acknowledgements, until `count` cuts are made."""

    disk: Disk
    server: LiveServer
    typists: list[Typist]
    folder: Path
    count: int
    every: int = 60
    heard: int = 0
    cuts: list[Cut] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, _word: str) -> None:
        with self.lock:
            self.heard += 1
            if self.heard % self.every or len(self.cuts) >= self.count:
                return
            known = set().union(*(typist.confirmed() for typist in self.typists))
            assert self.server.process is not None
            os.kill(self.server.process.pid, signal.SIGSTOP)
            try:
                self.cuts.append(Cut(self.disk.cut(self.folder / f"cut-{len(self.cuts)}.img"), known))
            finally:
                os.kill(self.server.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_the_instrument_sees_a_loss(room, synchronous):
    with mounted(room / "disk.img", room / "disk", megabytes=32) as disk:
        connection = sqlite3.connect(disk.folder / "x.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE word (id INTEGER PRIMARY KEY)")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        for _ in range(20):
            connection.execute("INSERT INTO word DEFAULT VALUES")
        copy = disk.cut(room / "cut.img")
        connection.close()
    with mounted(copy, room / "after") as after:
        connection = sqlite3.connect(after.folder / "x.sqlite3")
        count = connection.execute("SELECT count(*) FROM word").fetchone()[0]
        connection.close()
    assert count == 20 if synchronous == "FULL" else count < 20


def _type_and_cut(disk: Disk, settings: Settings, room: Path, count: int) -> tuple[Scene, list[Cut]]:
    """Four people type while the power goes `count` times; then everything is well and stored."""
    create_app(settings)
    scene = make_scene()
    server = LiveServer(room, settings.database_url, DATA_DIR=str(settings.data_dir)).start()
    typists = crowd.four_tabs(scene, server.url)
    database().engine.dispose()
    scissors = Scissors(disk, server, typists, room, count)
    try:
        for typist in typists:
            typist.on_acknowledgement = scissors.acknowledged
            typist.start()
        crowd.until(lambda: len(scissors.cuts) == count, 60 + 10 * count, "the power was not cut")
        crowd.settle(typists)
        crowd.check_all_stored(crowd.stored_text(settings.database_url, scene.draft_id), typists)
    finally:
        for typist in typists:
            typist.end()
        server.stop()
    return scene, scissors.cuts


def _check(cut: Cut, text: str) -> None:
    assert len(cut.acknowledged) >= 60
    crowd.check_stored(text, [], at_least=cut.acknowledged)


def _on_sqlite(room: Path, count: int) -> None:
    with mounted(room / "disk.img", room / "disk", megabytes=64) as disk:
        settings = Settings.from_env(
            {},
            database_url=f"sqlite:///{disk.folder}/openlab.sqlite3",
            data_dir=disk.folder,
            secret_key=SECRET,
        )
        schema_versions.upgrade(settings.database_url)
        scene, cuts = _type_and_cut(disk, settings, room, count)
    for cut in cuts:
        with mounted(cut.image, room / "after") as after:
            file = after.folder / "openlab.sqlite3"
            check_sqlite(file)
            _check(cut, crowd.stored_text(f"sqlite:///{file}", scene.draft_id))


def _on_postgresql(room: Path, count: int) -> None:
    with mounted(room / "disk.img", room / "disk", megabytes=192) as disk:
        cluster = Cluster(disk.folder / "cluster").start()
        try:
            schema_versions.upgrade(cluster.url)
            settings = Settings.from_env({}, database_url=cluster.url, data_dir=room, secret_key=SECRET)
            scene, cuts = _type_and_cut(disk, settings, room, count)
        finally:
            cluster.stop()
    for cut in cuts:
        with mounted(cut.image, room / "after") as after:
            # The copy names a server process, which is not there any more.
            (after.folder / "cluster" / "postmaster.pid").unlink()
            again = Cluster(after.folder / "cluster").start()
            try:
                again.read_everything()
                _check(cut, crowd.stored_text(again.url, scene.draft_id))
            finally:
                again.stop()


BOTH = pytest.mark.parametrize("kind", [_on_sqlite, _on_postgresql], ids=["sqlite", "postgresql"])


@BOTH
def test_a_power_cut(room: Path, kind: Callable[[Path, int], None]) -> None:
    kind(room, 1)


@BOTH
@pytest.mark.soak
def test_twenty_power_cuts(room: Path, kind: Callable[[Path, int], None]) -> None:
    kind(room, 20)
