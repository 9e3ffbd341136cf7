"""The door in front of Engine.IO: no sign-in or no known origin, no session."""

from __future__ import annotations

import pytest
import requests
import socketio

from tests.scenes import token_for

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


def handshake(server, token: str = "", **headers: str) -> requests.Response:
    if token:
        headers["Cookie"] = f"openlab={token}"
    return requests.get(server.url + HANDSHAKE, headers=headers, timeout=10)


def test_without_a_sign_in_there_is_no_handshake(scene, server):
    assert handshake(server).status_code == 401
    assert handshake(server, "a-token-nobody-has").status_code == 401
    with pytest.raises(socketio.exceptions.ConnectionError):
        socketio.Client(reconnection=False).connect(server.url, namespaces=["/drafts"], wait_timeout=5)
    assert handshake(server, token_for(scene.ana)).status_code == 200
    invented = requests.get(f"{server.url}{HANDSHAKE}&sid=AAAAAAAAAAAAAAAAAAAA", timeout=10)
    assert invented.status_code == 400


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://sous.127.0.0.1", "https://127.0.0.1", "http://127.0.0.1:1"],
)
def test_a_page_of_another_origin_gets_no_handshake(scene, server, origin):
    token = token_for(scene.ana)
    forged = {"Origin": origin, "X-Forwarded-Host": origin.removeprefix("http://")}
    assert handshake(server, token, **forged).status_code == 403
    assert handshake(server, token, Origin=server.url).status_code == 200


def test_a_handshake_alone_sits_at_no_table_and_another_namespace_is_refused(scene, server):
    client = socketio.Client(reconnection=False)
    headers = {"Cookie": f"openlab={token_for(scene.ana)}"}
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, headers=headers, namespaces=["/other"], wait_timeout=5)


def test_one_polls_the_other_does_not_and_both_write_at_one_table(scene, sit):
    ana, ben = sit(scene.ana, transports=("polling",)), sit(scene.ben)
    assert ana.join(scene.draft_id)["ok"] and ben.join(scene.draft_id)["ok"]
    for number in range(5):
        assert ana.paragraph(f"par le chemin long {number}")["ok"]
        assert ben.paragraph(f"par le court {number}")["ok"]
    for client in (ana, ben):
        client.until(lambda c: "long 4" in c.text() and "court 4" in c.text())
        assert client.socket.connected and client.text() == ana.text()


def test_a_packet_with_many_attachments_or_a_broken_event_does_not_close_the_others(scene, server, sit):
    ana, ben = sit(scene.ana), sit(scene.ben)
    ana.join(scene.draft_id), ben.join(scene.draft_id)
    for payload in (
        None,
        3,
        [],
        {"draft": None},
        {"draft": scene.draft_id},
        {"draft": "1" * 30, "update": b"x"},
    ):
        assert ana.ask("update", payload)["error"]["code"] == "malformed"
    ana.socket.eio.send('59999999999-/drafts,["update",{"_placeholder":true,"num":0}]')
    assert ben.paragraph("toujours là")["ok"]
