"""A tab that is closed is no incident."""

from __future__ import annotations

import time


def test_a_closed_socket_is_let_go_at_once_and_the_journal_stays_quiet(server, scene, sit):
    ana = sit(scene.ana)
    assert ana.join(scene.draft_id)["ok"]
    before = len(server.log.read_text())
    began = time.monotonic()
    ana.socket.disconnect()
    # websocket-client waits three seconds for the end of the connection before it gives up on a polite one.
    assert time.monotonic() - began < 2.5
    assert "ERROR" not in server.log.read_text()[before:]
