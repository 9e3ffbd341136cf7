"""The database is away for some seconds: the screen says that nothing is saved, and the words stay and are saved after."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app import schema_versions
from tests.journeys.conftest import open_draft
from tests.journeys.hands import STATE, caret_at_end, saved, text_of
from tests.realtime import disks, troubles
from tests.realtime import typists as crowd
from tests.realtime.clusters import Cluster
from tests.realtime.disks import Disk

pytestmark = pytest.mark.alone

Trouble = tuple[str, Callable[[], AbstractContextManager[None]]]
# Longer than a stroke waits before its writer is told, and than the writer waits before trying again.
SECONDS = 7.0
NOT_YET = "Pas encore enregistré"


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that the user postgres can reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="openlab-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def locked(tmp_path: Path) -> Trouble:
    url = f"sqlite:///{tmp_path}/openlab.sqlite3"
    return url, lambda: troubles.sqlite_locked(url)


@pytest.fixture
def full(room: Path) -> Iterator[Trouble]:
    disks.needed(room)
    disk = Disk(room / "disk.img", room / "disk", megabytes=24)

    @contextmanager
    def filled() -> Iterator[None]:
        ballast = disk.fill()
        yield
        ballast.unlink()

    yield f"sqlite:///{disk.folder}/openlab.sqlite3", filled
    disk.unmount()


@pytest.fixture
def stopped(room: Path) -> Iterator[Trouble]:
    cluster = Cluster(room / "cluster").start()

    @contextmanager
    def away() -> Iterator[None]:
        cluster.stop()
        yield
        cluster.start()

    yield cluster.url, away
    cluster.stop()


@pytest.mark.parametrize("which", ["locked", "full", "stopped"])
def test_what_is_typed_while_the_database_is_away(request, tmp_path, profile, which):
    url, trouble = request.getfixturevalue(which)
    schema_versions.upgrade(url)
    with troubles.served(url, tmp_path) as (server, scene):
        context = profile(scene.ana, server.url)
        ana = open_draft(context, server.url, scene.draft_id)
        caret_at_end(ana, "p")
        ana.keyboard.type(" avant")
        saved(ana)
        with trouble():
            _until_unsaved(ana)
            ana.keyboard.type(" [pendant1]", delay=10)
            expect(ana.locator(STATE)).to_contain_text(NOT_YET, timeout=20_000)
            _never_saved(ana, SECONDS)
            assert "[pendant1]" in text_of(ana)
            assert "[pendant1]" not in ("" if which == "stopped" else crowd.stored_text(url, scene.draft_id))
        saved(ana)
        ana.keyboard.type(" [apres1]")
        saved(ana)
        stored = crowd.stored_text(url, scene.draft_id)
        assert crowd.words_in(stored) == ["[pendant1]", "[apres1]"] and " avant" in stored
        ana.reload()
        ana.wait_for_selector("html[data-synced]")
        assert text_of(ana).strip() == stored.strip()
        context.close()


def _until_unsaved(page: Page) -> None:
    """A full disk still has the room it had given to the log."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        page.keyboard.type(" mot", delay=5)
        page.wait_for_timeout(1500)
        if page.get_attribute(STATE, "data-save-state") != "saved":
            return
    raise AssertionError("everything is still saved")


def _never_saved(page: Page, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        assert page.get_attribute(STATE, "data-save-state") in ("saving", "offline")
        page.wait_for_timeout(100)
