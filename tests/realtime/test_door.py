"""The door in front of Engine.IO: no sign-in or no known origin, no session."""

from __future__ import annotations

import json
import threading
import time

import pytest
import requests
import socketio

from app.db import session, unit_of_work
from labs.models import Lab
from realtime.limits import SEATS_OF_SOCKET
from tests import makers
from tests.realtime import bare_sockets as bare
from tests.scenes import token_for
from tests.table_client import TableClient

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


FOREIGN = [
    "http://evil.example",
    "null",
    "",
    "http://sous.127.0.0.1",
    "http://127.0.0.1.evil.example",
    "https://127.0.0.1",
    "http://127.0.0.1:1",
    "http://127.0.0.1",
]


def forged(server, origin: str) -> list[dict[str, str]]:
    """The ways to say that a foreign page were ours; none of them is asked."""
    host = origin.removeprefix("http://") or "evil.example"
    return [
        {"Origin": origin},
        {"Origin": origin, "X-Forwarded-Host": host, "X-Forwarded-Proto": "http"},
        {"Origin": origin, "Host": host, "X-Forwarded-For": "127.0.0.1"},
        {"Origin": origin, "Forwarded": f"host={host};proto=http", "Referer": server.url},
    ]


def sessions(server) -> float:
    lines = requests.get(f"{server.url}/metrics", timeout=10).text.splitlines()
    return float(next(line for line in lines if line.startswith("openlab_connections ")).split()[1])


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_gets_no_handshake(scene, server, origin):
    token = token_for(scene.ana)
    before, threads = sessions(server), bare.threads(server)
    for headers in forged(server, origin):
        assert handshake(server, token, **headers).status_code == 403
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name != "Host")
        end = bare.websocket(server, token, headers=lines)
        assert bare.status(end) == 403
        end.close()
    assert sessions(server) == before
    # The server's own pool may be growing meanwhile, by a thread that has nothing to do with who calls. Had the eight
    # refused callers a thread each, they would all be here.
    assert bare.threads(server) <= threads + 1
    assert handshake(server, token, Origin=server.url).status_code == 200
    assert sessions(server) == before + 1


def test_a_forged_host_lets_nobody_in_nor_keeps_our_page_out(scene, server):
    token = token_for(scene.ana)
    assert handshake(server, "", Host="127.0.0.1").status_code == 401
    assert handshake(server, token, Host="evil.example", Origin="http://evil.example").status_code == 403
    assert handshake(server, token, Host="evil.example", Origin=server.url).status_code == 200


@pytest.mark.parametrize("origin", FOREIGN)
def test_an_open_session_takes_nothing_from_another_origin(scene, server, origin):
    """A page that learnt a session's number still cannot post to it, read from it or change over to a WebSocket."""
    token = token_for(scene.ana)
    sid = json.loads(handshake(server, token).text[1:])["sid"]
    later = f"{server.url}{HANDSHAKE}&sid={sid}"
    headers = {"Origin": origin, "Cookie": f"openlab={token}"}
    assert requests.post(later, data="40/drafts,", headers=headers, timeout=10).status_code == 403
    assert requests.get(later, headers=headers, timeout=10).status_code == 403
    assert requests.options(later, headers=headers, timeout=10).status_code == 403
    end = bare.websocket(server, token, sid=sid, headers=f"Origin: {origin}\r\n")
    assert bare.status(end) == 403
    end.close()
    # It is as it was for who opened it.
    assert requests.post(later, data="40/drafts,", headers={"Origin": server.url}, timeout=10).text == "OK"
    assert "40/drafts," in requests.get(later, timeout=10).text


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


def test_an_upgrade_in_the_midst_of_typing_keeps_every_stroke_in_order(scene, server, sit):
    """From polling to WebSocket: what the poll had not fetched comes first, and no packet twice."""
    ben = sit(scene.ben)
    ben.join(scene.draft_id)
    ana = TableClient(server.url, token_for(scene.ana), transports=("polling", "websocket"))
    for number in range(30):
        assert ben.paragraph(f"avant {number}")["ok"]
    typing = threading.Thread(
        target=lambda: [ben.paragraph(f"pendant {number}") for number in range(60)], daemon=True
    )
    typing.start()
    ana.connect()
    assert ana.socket.transport() == "websocket"
    assert ana.join(scene.draft_id)["ok"]
    typing.join()
    ana.until(lambda client: client.text() == ben.text())
    told = [payload["seq"] for name, payload in ana.seen if name == "update"]
    assert told == sorted(set(told))
    ana.close()


def test_a_second_websocket_for_one_session_is_refused(scene, server):
    sid = json.loads(handshake(server, token_for(scene.ana)).text[1:])["sid"]
    first, second = (bare.websocket(server, sid=sid) for _ in range(2))
    for end in (first, second):
        assert bare.status(end) == 101
    first.sendall(bare.frame(b"2probe"))
    assert bare.text_of(first) == "3probe"
    with pytest.raises(ConnectionError):
        second.sendall(bare.frame(b"2probe"))
        bare.text_of(second)
    first.sendall(bare.frame(b"5") + bare.frame(b"40/drafts,"))
    while not (told := bare.text_of(first)).startswith("40/drafts,"):
        assert told == "6"
    first.close(), second.close()


def test_one_socket_sits_at_a_bounded_number_of_tables(scene, server, sit):
    ana = sit(scene.ana)
    with unit_of_work():
        lab = session().get_one(Lab, scene.lab_id)
        drafts = [
            makers.make_draft(scene.ana, lab, lab.administration).id for _ in range(SEATS_OF_SOCKET + 1)
        ]
    answers = [ana.ask("join", {"draft": draft, "state_vector": b"\x00"}) for draft in drafts]
    assert [answer["ok"] for answer in answers] == [*[True] * SEATS_OF_SOCKET, False]
    assert answers[-1]["error"]["code"] == "rate_limited"
    assert ana.ask("join", {"draft": drafts[0], "state_vector": b"\x00"})["ok"]
    assert ana.ask("leave", {"draft": drafts[0]})["ok"]
    assert ana.ask("join", {"draft": drafts[-1], "state_vector": b"\x00"})["ok"]


def test_a_socket_that_connects_twice_leaves_nothing_behind(scene, server):
    """Neither a second socket that nobody ends, nor a place taken from the fifty its person has."""

    def sockets() -> float:
        lines = requests.get(f"{server.url}/metrics", timeout=10).text.splitlines()
        return float(next(line for line in lines if line.startswith("openlab_sockets ")).split()[1])

    before = sockets()
    for _ in range(3):
        end = bare.opened(server, token_for(scene.ana))
        for _ in range(5):
            end.sendall(bare.frame(b"40/drafts,"))
        assert bare.text_of(end).startswith("40/drafts,")
        end.close()
    give_up = time.monotonic() + 10
    while sockets() != before:
        assert time.monotonic() < give_up, (before, sockets())
        time.sleep(0.05)
