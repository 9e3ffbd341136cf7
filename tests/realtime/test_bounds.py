"""Attacks at the door and behind it, while two people type: threads and memory stay bounded, and their strokes are
acknowledged as ever."""

from __future__ import annotations

import base64
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from app.db import unit_of_work
from realtime import limits
from tests import makers
from tests.live_server import LiveServer
from tests.realtime import bare_sockets as bare
from tests.scenes import Scene, make_scene, token_for
from tests.table_client import TableClient

# The issue names +50 MB; a few threads come and go with the pool that hashes passwords and opens documents.
MORE_MEGABYTES, MORE_THREADS = 50, 4
SECONDS = 1.0


class Pair:
    """Two people who type at one draft, as fast as they are acknowledged but not faster than people."""

    def __init__(self, server: LiveServer) -> None:
        scene = make_scene()
        self.clients = [
            TableClient(server.url, token_for(person)).connect() for person in (scene.ana, scene.ben)
        ]
        self.waits: list[float] = []
        self.failures: list[object] = []
        self.over = threading.Event()
        self.threads = [
            threading.Thread(target=self._type, args=(client, scene), daemon=True) for client in self.clients
        ]
        for thread in self.threads:
            thread.start()

    def _type(self, client: TableClient, scene: Scene) -> None:
        try:
            assert client.join(scene.draft_id)["ok"]
            number = 0
            while not self.over.wait(0.05):
                began = time.monotonic()
                answer = client.paragraph(f"ligne {(number := number + 1)}")
                self.waits.append(time.monotonic() - began)
                if not answer["ok"]:
                    self.failures.append(answer)
        except Exception as failure:  # told by the test
            self.failures.append(repr(failure))

    def close(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        for client in self.clients:
            client.close()


@contextmanager
def undisturbed(server: LiveServer, least: int = 10) -> Iterator[Callable[[], int]]:
    """What happens inside takes no more than its bounds, at any moment `look` is called, from those who type.

    `look` says how many of their strokes were acknowledged so far: an attack that is over too soon tells nothing.
    """
    pair = Pair(server)
    try:
        while len(pair.waits) < 4 and not pair.failures:
            time.sleep(0.01)
        pair.waits.clear()
        before = bare.megabytes(server), bare.threads(server)
        most = [0.0, 0]

        def look() -> int:
            most[0] = max(most[0], bare.megabytes(server) - before[0])
            most[1] = max(most[1], bare.threads(server) - before[1])
            return len(pair.waits)

        yield look
        look()
        give_up = time.monotonic() + 20
        while len(pair.waits) < least and time.monotonic() < give_up and not pair.failures:
            time.sleep(0.02)
        look()
    finally:
        pair.close()
    waits = sorted(pair.waits)
    assert pair.failures == [] and len(waits) >= least
    assert waits[int(len(waits) * 0.95)] < SECONDS, waits[-5:]
    assert most[0] < MORE_MEGABYTES and most[1] <= MORE_THREADS, most


@pytest.fixture
def mallory(scene: Scene) -> str:
    """The token of somebody who may work here, and means harm."""
    bare.many_files()
    with unit_of_work():
        return makers.sign_in(makers.make_agent(makers.make_administration()).id)


def close(ends: list[socket.socket]) -> None:
    for end in ends:
        end.close()


def test_500_anonymous_handshakes_get_nothing(server, mallory):
    sessions = metric(server, "openlab_connections")
    with undisturbed(server) as look:
        ends = []
        for number in range(500):
            path = bare.HANDSHAKE + "polling"
            ends.append(bare.request(server, path) if number % 2 else bare.websocket(server))
        look()
        assert {bare.status(end) for end in ends} == {401}
        # And the connection is not kept either.
        assert all(gone(end) for end in ends)
        close(ends)
    # The two who typed meanwhile have hung up as well; the server notices in its own time.
    give_up = time.monotonic() + 10
    while metric(server, "openlab_connections") != sessions:
        assert time.monotonic() < give_up, "a connection is left"
        time.sleep(0.05)


def gone(end: socket.socket) -> bool:
    """Whether the server has closed a connection, after the rest of its answer."""
    with suppress(ConnectionResetError):
        while end.recv(65536):
            pass
    return True


def metric(server: LiveServer, name: str) -> float:
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_2000_sockets_of_one_person(server, mallory):
    ends: list[socket.socket] = []
    with undisturbed(server) as look:
        for number in range(2000):
            polls = bare.HANDSHAKE + "polling"
            ends.append(
                bare.request(server, polls, mallory) if number % 2 else bare.websocket(server, mallory)
            )
        answers = [bare.status(end) for end in ends]
        look()
    let_in = sum(answer in (101, 200) for answer in answers)
    assert let_in == limits.SOCKETS_OF_ONE and set(answers) <= {101, 200, 429, 503}
    close(ends)
    # Once they are closed the person may come again.
    give_up = time.monotonic() + 20
    while (answer := bare.status(end := bare.websocket(server, mallory))) != 101:
        end.close()
        assert answer in (429, 503) and time.monotonic() < give_up
        time.sleep(0.1)
    end.close()


def test_many_requests_of_one_session(server, mallory):
    """Each poll that waits would be a greenlet, and each WebSocket beside the polling another."""
    sid, _end = session_of(server, mallory)
    with undisturbed(server) as look:
        polls = [bare.request(server, f"{bare.HANDSHAKE}polling&sid={sid}") for _ in range(100)]
        sockets = [bare.websocket(server, sid=sid) for _ in range(100)]
        time.sleep(0.5)
        look()
        refused = 0
        for end in (*polls, *sockets):
            end.settimeout(0.01)
            with suppress(TimeoutError):
                # Two polls at once end the session, and then it is unknown.
                refused += bare.status(end) in (400, 429)
        assert refused >= 190
        close([*polls, *sockets])


def session_of(server: LiveServer, token: str) -> tuple[str, socket.socket]:
    """A session that polls, and the connection it was opened on."""
    end = bare.request(server, bare.HANDSHAKE + "polling", token)
    length = int(bare.head_of(end).split("Content-Length: ")[1].split("\r\n")[0])
    return json.loads(bare.exactly(end, length)[1:])["sid"], end


def test_100_megabytes_of_unfinished_fragments(server, mallory):
    part = bare.frame(bytes(1_000_000), 2, fin=False)
    with undisturbed(server) as look:
        ends = [bare.opened(server, mallory) for _ in range(25)]
        for _ in range(4):
            for end in ends:
                with suppress(OSError):
                    end.sendall(part)
            look()
        time.sleep(0.3)
        look()
        close(ends)


def test_100_megabytes_of_unfinished_posts(server, mallory):
    with undisturbed(server) as look:
        ends = []
        for _ in range(25):
            sid, end = session_of(server, mallory)
            end.sendall(
                f"POST {bare.HANDSHAKE}polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
                "Content-Length: 5000000\r\n\r\n".encode()
            )
            with suppress(OSError):
                end.sendall(bytes(4_000_000))
            ends.append(end)
            look()
        close(ends)


PACKETS = {
    "10^10 attachments": b'59999999999-/drafts,["update",{"_placeholder":true,"num":0}]',
    "10^10 attachments, straight": b'459999999999-/drafts,["update",{"_placeholder":true,"num":0}]',
    "two attachments": b'452-/drafts,["update",{"_placeholder":true,"num":0}]',
    "deep JSON": b"42/drafts," + b"[" * 30_000,
    "deep JSON, straight": b'451-/drafts,["update",' + b"[" * 30_000,
    "deep JSON before a namespace": b"4" + b"[" * 30_000,
    "a large number": b"42/drafts,[" + b"9" * 60_000 + b"]",
    "a large id": b"42/drafts," + b"9" * 60_000 + b"[]",
    "two megabytes of empty lists": b"4[" + b"[]," * 700_000 + b"1]",
    "a kind that is none": b"9",
    "nothing": b"",
    "not UTF-8": b"42\xff",
    "a connection twice": b"40/drafts,",
}


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_packets_that_ask_for_much(server, mallory, transport):
    with undisturbed(server, least=30) as look:
        for packet in PACKETS.values():
            for _ in range(3):
                if transport == "websocket":
                    end = bare.opened(server, mallory)
                    with suppress(OSError):
                        end.sendall(bare.frame(b"40/drafts,") + bare.frame(packet))
                else:
                    sid, end = session_of(server, mallory)
                    for body in (b"40/drafts,", packet):
                        with suppress(OSError):
                            end.sendall(
                                f"POST {bare.HANDSHAKE}polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
                                f"Content-Length: {len(body)}\r\n\r\n".encode()
                                + body
                            )
                            bare.status(end), bare.exactly(end, 2)
                look()
                end.close()
    assert server.process is not None and server.process.poll() is None


def test_posts_of_a_million_packets_or_fields(server, mallory):
    with undisturbed(server) as look:
        for body in (b"\x1e" * 5_000_000, b"d=" + b"&a=1" * 1_000_000):
            sid, end = session_of(server, mallory)
            end.sendall(
                f"POST {bare.HANDSHAKE}polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
            )
            end.sendall(body)
            assert bare.status(end) == 400
            look()
            end.close()


FLOODS = {
    "pongs": bare.frame(b"", 10) * 10_000,
    "pings": bare.frame(b"", 9) * 2000,
    "fragments": bare.frame(b"x", 2, fin=False) + bare.frame(b"x", 0, fin=False) * 10_000,
    "joins": bare.frame(b'42/drafts,["join",{"draft":1}]') * 500,
    "updates": bare.frame(b'42/drafts,["update",{"draft":1}]') * 500,
    "connections": bare.frame(b"41/drafts,") + bare.frame(b"40/drafts,"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_sent_as_fast_as_the_server_reads(server, mallory, flood):
    """The loop is everybody's all the same: the flood goes on until two dozen strokes were acknowledged under it."""
    with undisturbed(server, least=24) as look:
        ends = [bare.opened(server, mallory) for _ in range(3)]
        over = threading.Event()

        def send(end: socket.socket) -> None:
            end.settimeout(1)
            with suppress(OSError):
                end.sendall(bare.frame(b"40/drafts,"))
                while not over.is_set():
                    end.sendall(FLOODS[flood])

        sending = [threading.Thread(target=send, args=(end,), daemon=True) for end in ends]
        for thread in sending:
            thread.start()
        give_up = time.monotonic() + 30
        while look() < 24 and time.monotonic() < give_up:
            time.sleep(0.1)
        over.set()
        for thread in sending:
            thread.join(5)
        close(ends)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_reader_that_stalls_but_answers_pings(server, mallory, transport):
    """Some ten megabytes are written at its table in the meantime: it is let go, and the others are not held up."""
    scene = make_scene()
    writer = TableClient(server.url, token_for(scene.ana)).connect()
    assert writer.join(scene.draft_id)["ok"]
    join = json.dumps(["join", {"draft": scene.draft_id}]).encode()
    over = threading.Event()
    with undisturbed(server) as look:
        if transport == "websocket":
            stalled = bare.opened(server, token_for(scene.ben), receive=8192)
            stalled.sendall(bare.frame(b"40/drafts,") + bare.frame(b"42/drafts,1" + join))
            pong = bare.frame(b"3")
            while "people" not in bare.text_of(stalled):
                pass
        else:
            sid, stalled = session_of(server, token_for(scene.ben))

            def post(body: bytes) -> bytes:
                return (
                    f"POST {bare.HANDSHAKE}polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )

            stalled.sendall(post(b"40/drafts,"))
            assert bare.status(stalled) == 200 and bare.exactly(stalled, 2)
            stalled.sendall(post(b"42/drafts,1" + join))
            assert bare.status(stalled) == 200 and bare.exactly(stalled, 2)
            pong = post(b"3")
        began_dropped = metric(server, "openlab_readers_dropped_total")

        def answer_pings() -> None:
            with suppress(OSError):
                while not over.wait(0.2):
                    stalled.sendall(pong)

        threading.Thread(target=answer_pings, daemon=True).start()
        chance = random.Random(7)
        # Just under ten megabytes; the kernel takes a few for a WebSocket before anything waits here.
        for _ in range(60 if transport == "websocket" else 48):
            words = base64.b64encode(chance.randbytes(150_000)).decode()
            assert writer.paragraph(words)["ok"]
            assert writer.write(lambda content: content.children.__delitem__(len(content.children) - 1))["ok"]
            look()
        over.set()
        assert metric(server, "openlab_readers_dropped_total") == began_dropped + 1
    writer.close(), stalled.close()
