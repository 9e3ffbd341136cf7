"""A server that is told to stop in mid-typing: every stroke it took is on the disk, and it leaves within ten seconds."""

from __future__ import annotations

import socket

from app.db import database
from app.factory import create_app
from tests.live_server import LiveServer
from tests.realtime import typists as crowd
from tests.scenes import make_scene, token_for
from tests.table_client import TableClient


def test_a_restart_in_mid_typing_loses_nothing_and_is_quick(live_settings):
    create_app(live_settings)
    scene = make_scene()
    server = LiveServer(live_settings.data_dir, live_settings.database_url).start()
    typists = [typist.start() for typist in crowd.four_tabs(scene, server.url)]
    # Somebody who does not read any more must not hold the others up.
    deaf = TableClient(server.url, token_for(scene.facilitator)).connect()
    assert deaf.join(scene.draft_id)["ok"]
    deaf.lock.acquire()  # its reading thread stands still at the next letter
    crowd.until(lambda: all(typist.seated for typist in typists), 20, "not everybody types")
    try:
        for _ in range(2):
            assert server.stop(timeout=10) == 0
            # Nobody new gets in, and what was acknowledged up to the last moment is there.
            with socket.socket() as knock:
                assert knock.connect_ex(("127.0.0.1", server.port)) != 0
            confirmed = set().union(*(typist.confirmed() for typist in typists))
            assert confirmed
            text = crowd.stored_text(live_settings.database_url, scene.draft_id)
            crowd.check_stored(text, typists, at_least=confirmed)
            server.start()
            crowd.until(lambda: all(typist.seated for typist in typists), 20, "not everybody came back")
        crowd.settle(typists)
        crowd.check_all_stored(crowd.stored_text(live_settings.database_url, scene.draft_id), typists)
    finally:
        for typist in typists:
            typist.end()
        deaf.lock.release()
        deaf.close()
        server.stop()
        database().engine.dispose()
