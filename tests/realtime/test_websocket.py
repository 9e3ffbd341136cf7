"""The WebSocket driver over a pair of sockets, against what RFC 6455 says and what a hostile client sends."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import gevent
import gevent.socket
import pytest

from realtime import limits, websocket
from realtime.intake import Intake, has_epoll
from realtime.websocket import BINARY, CLOSE, PING, PONG, TEXT, Backlogs, Closed, WebSocket
from tests.realtime import bare_sockets as bare

LIMIT = 1_000_000
MORE = 0


# A frame as a browser makes it.
masked = partial(bare.frame, mask=b"\x8e\x01\xff\x40")


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """The frames of a server, which bear no mask and are never in fragments."""
    found = []
    while data:
        assert data[0] & 0xF0 == 0x80 and not data[1] & 0x80
        size, start = data[1], 2
        if size == 126:
            size, start = struct.unpack(">H", data[2:4])[0], 4
        elif size == 127:
            size, start = struct.unpack(">Q", data[2:10])[0], 10
        assert len(data) >= start + size, "a frame is cut"
        found.append((data[0] & 0x0F, data[start : start + size]))
        data = data[start + size :]
    return found


@dataclass
class Pair:
    """The driver at one end; at the other the bare socket of its client."""

    ws: WebSocket
    ours: gevent.socket.socket
    client: gevent.socket.socket
    # Reads the connection beside all others, where the system can; without it the connection reads for itself.
    intake: Intake | None = None

    def wait(self) -> str | bytes | None:
        """The next message, for the connection's own task."""
        return self.intake.wait(self.ws, lambda _message: False) if self.intake else self.ws.wait()

    def read(self, seconds: float = 0.2) -> bytes:
        """What the client hears until nothing comes any more."""
        heard = bytearray()
        self.client.settimeout(seconds)
        try:
            while part := self.client.recv(65536):
                heard += part
        except (TimeoutError, ConnectionResetError):
            pass
        return bytes(heard)

    def status(self) -> int:
        """The status the connection was closed with."""
        assert self.wait() is None and self.ws.closed
        opcode, payload = frames(self.read())[-1]
        assert opcode == CLOSE
        return int(struct.unpack(">H", payload[:2])[0])


WAYS = ["alone", "together"] if has_epoll() else ["alone"]


@pytest.fixture(params=WAYS)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    ours, client = gevent.socket.socketpair()
    before = Backlogs.packets, Backlogs.bytes, limits.unfinished.total
    made = Pair(WebSocket(ours, LIMIT, "ana"), ours, client)
    reading = None
    if request.param == "together":
        made.intake = Intake(lambda: 0.0)
        reading = gevent.spawn(made.intake.run)
    yield made
    if reading is not None:
        reading.kill()
    made.ws.drop("")
    gevent.sleep(0)
    ours.close(), client.close()
    assert (Backlogs.packets, Backlogs.bytes, limits.unfinished.total) == before, (
        "something is counted for ever"
    )
    assert made.ws._flusher is None, "a greenlet outlives its connection"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 65537, 200_001, LIMIT])
def test_messages_of_all_sizes_pass_both_ways(pair, size):
    payload = random.Random(size).randbytes(size)
    sender = gevent.spawn(pair.client.sendall, masked(payload, BINARY))
    assert pair.wait() == payload
    sender.join()
    pair.ws.send(payload)
    reading = gevent.spawn(pair.read)
    assert frames(reading.get()) == [(BINARY, payload)]


def test_a_frame_arrives_byte_by_byte(pair):
    def drip() -> None:
        for byte in masked("à peine".encode(), TEXT) + masked(b"x" * 300, BINARY):
            pair.client.sendall(bytes([byte]))
            gevent.sleep(0)

    gevent.spawn(drip)
    assert pair.wait() == "à peine"
    assert pair.wait() == b"x" * 300


def test_fragments_with_a_ping_and_an_empty_one_inside(pair):
    word = "é".encode()
    pair.client.sendall(
        masked(word[:1], TEXT, fin=False)
        + masked(b"still there", PING)
        + masked(b"", MORE, fin=False)
        + masked(b"nobody asked", PONG)
        + masked(word[1:], MORE)
        + masked(b"next", BINARY, mask=b"\0\0\0\0")
    )
    assert pair.wait() == "é"
    assert pair.wait() == b"next"
    assert frames(pair.read()) == [(PONG, b"still there")]


def test_a_message_of_ten_thousand_fragments_and_many_messages_in_one_packet(pair):
    whole = random.Random(1).randbytes(10_000)
    first, *rest = (whole[place : place + 1] for place in range(len(whole)))
    data = masked(first, BINARY, fin=False) + b"".join(masked(part, MORE, fin=False) for part in rest)
    gevent.spawn(pair.client.sendall, data + masked(b"", MORE))
    assert pair.wait() == whole
    pair.client.sendall(b"".join(masked(str(number).encode(), TEXT) for number in range(300)))
    assert [pair.wait() for _ in range(300)] == [str(number) for number in range(300)]


@pytest.mark.parametrize(
    "data, status",
    [
        (b"\x81\x05hello", 1002),  # not masked
        (masked(b"x", TEXT, rsv=0x40), 1002),  # compressed, though nothing was agreed on
        (masked(b"x", TEXT, rsv=0x20), 1002),
        (masked(b"x", BINARY, rsv=0x10), 1002),
        (masked(b"x", 3), 1002),
        (masked(b"x", 7), 1002),
        (masked(b"x", 11), 1002),
        (masked(b"x", 15), 1002),
        (masked(b"x", PING, fin=False), 1002),
        (masked(b"x" * 126, PING), 1002),
        (masked(b"x", MORE), 1002),  # goes on with nothing
        (masked(b"x", TEXT, fin=False) + masked(b"y", TEXT), 1002),  # another message inside one
        (masked(b"\xc3", TEXT), 1007),
        (masked(b"\xed\xa0\x80", TEXT), 1007),  # half a surrogate pair
        (masked(b"\xc3", TEXT, fin=False) + masked(b"x", MORE), 1007),
        (b"\x82\xff" + struct.pack(">Q", LIMIT + 1), 1009),
        (b"\x82\xff" + b"\xff" * 8, 1009),
        (b"\x81\xff" + struct.pack(">Q", websocket.MAX_TEXT + 1), 1009),
        (masked(b"x" * 600_000, BINARY, fin=False) + b"\x80\xff" + struct.pack(">Q", 400_001), 1009),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection_with_its_status(pair, data, status):
    gevent.spawn(pair.client.sendall, data + bytes(4))
    assert pair.status() == status


@pytest.mark.parametrize(
    "payload, status",
    [
        (b"", 1000),
        (struct.pack(">H", 1000), 1000),
        (struct.pack(">H", 1001) + b"gone", 1000),
        (struct.pack(">H", 4000), 1000),
        (b"\x03", 1002),
        (struct.pack(">H", 999), 1002),
        (struct.pack(">H", 1005), 1002),
        (struct.pack(">H", 2999), 1002),
        (struct.pack(">H", 5000), 1002),
    ],
)
def test_a_goodbye_is_answered_once_and_nothing_is_read_after_it(pair, payload, status):
    pair.client.sendall(masked(payload, CLOSE) + masked(b"late", TEXT))
    assert pair.status() == status
    with pytest.raises(Closed):
        pair.ws.send("later")
    pair.ws.push(b"nothing")
    assert pair.read() == b""


def test_a_client_that_vanishes_in_the_middle_of_a_message_leaves_nothing(pair):
    pair.client.sendall(masked(b"x" * 100_000, BINARY)[:90_000])
    waiting = gevent.spawn(pair.wait)
    gevent.sleep(0.05)
    assert limits.unfinished.of["ana"] > 80_000
    pair.client.close()
    assert waiting.get(timeout=2) is None
    pair.ws.drop("")
    assert "ana" not in limits.unfinished.of


def test_nothing_is_counted_for_a_connection_that_was_dropped_while_bytes_waited(pair):
    """The kernel still hands out what it had when somebody else ends the connection: counted then, it stays counted."""
    pair.client.sendall(masked(b"x" * 100_000, BINARY)[:80_000])
    pair.ws.drop("")
    pair.ws.closed = False  # as when the drop came while the reader was about to read
    gevent.spawn(setattr, pair.ws, "closed", True)
    assert pair.wait() is None
    assert "ana" not in limits.unfinished.of


def test_one_person_holds_so_much_of_unfinished_messages_over_all_sockets(pair):
    part = masked(bytes(900_000), BINARY, fin=False, mask=b"\0\0\0\0")
    ends = []
    for _number in range(20):
        ours, client = gevent.socket.socketpair()
        ws = WebSocket(ours, LIMIT, "mallory")
        ends.append((ws, ours, client, gevent.spawn(ws.wait), gevent.spawn(_send, client, part)))
        gevent.sleep(0.01)
    gevent.sleep(0.1)
    kept = [ws for ws, *_ in ends if not ws.closed]
    assert 7 <= len(kept) <= 9
    assert limits.unfinished.of["mallory"] <= limits.UNFINISHED_OF_ONE
    # Another's large message passes meanwhile.
    gevent.spawn(pair.client.sendall, masked(bytes(LIMIT), BINARY))
    assert pair.wait() == bytes(LIMIT)
    for ws, ours, client, *_ in ends:
        ws.drop("")
        client.close(), ours.close()
    assert "mallory" not in limits.unfinished.of


def _send(client: gevent.socket.socket, data: bytes) -> None:
    try:
        client.sendall(data)
    except OSError:
        pass  # it was hung up on


def test_a_slow_reader_gets_every_byte_in_order(pair):
    """Far more than the socket's buffer takes, in packets that are cut anywhere."""
    told = [random.Random(number).randbytes(40_000) for number in range(100)]
    for packet in told:
        pair.ws.push(websocket.frame(packet))
    assert Backlogs.packets > 50 and pair.ws.backlog_bytes > 1_000_000
    pair.ws.push(websocket.frame("fin"))
    assert frames(pair.read(0.5)) == [*((BINARY, packet) for packet in told), (TEXT, b"fin")]
    assert pair.ws.backlog_bytes == 0 and not pair.ws.closed


def test_a_reader_too_far_behind_is_let_go(pair):
    pair.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for _ in range(websocket.MOST_PACKETS + 200):
        pair.ws.push(websocket.frame(b"x" * 2000))
    assert pair.ws.closed and pair.ws.backlog_bytes == 0
    assert pair.wait() is None


def test_one_packet_may_be_larger_than_the_bound_but_not_two(pair):
    large = websocket.frame(bytes(websocket.MOST_BYTES + 1_000_000))
    pair.ws.push(large)
    assert not pair.ws.closed
    reading = gevent.spawn(pair.read, 1)
    assert len(reading.get()) == len(large)
    for _ in range(2):
        pair.ws.push(large)
    assert pair.ws.closed


def test_a_reader_that_takes_nothing_is_let_go_though_it_is_little(pair, monkeypatch):
    monkeypatch.setattr(websocket, "STALL_SECONDS", 0.2)
    for _ in range(30):
        pair.ws.push(websocket.frame(b"x" * 20_000))
    assert not pair.ws.closed
    gevent.sleep(0.5)
    assert pair.ws.closed


def test_goodbye_comes_after_what_still_waits(pair):
    for number in range(40):
        pair.ws.push(websocket.frame(bytes([number]) * 20_000))
    assert pair.ws.backlog_bytes
    pair.ws.close()
    heard = frames(pair.read(0.5))
    assert [payload[0] for _opcode, payload in heard[:-1]] == list(range(40)) and heard[-1][0] == CLOSE


def test_who_does_not_read_the_goodbye_is_not_waited_for(pair, monkeypatch):
    monkeypatch.setattr(websocket, "GOODBYE_SECONDS", 0.2)
    for _ in range(40):
        pair.ws.push(websocket.frame(bytes(20_000)))
    pair.ws.close()
    gevent.sleep(0.4)
    assert pair.ws.backlog_bytes == 0 and pair.ws._flusher is None


def test_a_closed_file_number_that_is_another_connections_is_not_written_to(pair):
    """pywsgi closes the socket when its reader returns; the number is given to the next connection at once."""
    while not pair.ws.backlog_bytes:
        pair.ws.push(websocket.frame(b"for ana" * 5000))
    number = pair.ours.fileno()
    gevent.sleep(0)
    flusher = pair.ws._flusher  # waits for the old number
    pair.ws.drop("")
    pair.ours._sock.close()  # as pywsgi does it, past gevent
    ends = gevent.socket.socketpair()
    assert number in [end.fileno() for end in ends]
    pair.ws.push(b"for ana")
    gevent.sleep(0.1)
    assert flusher.dead
    for end in ends:
        end.settimeout(0.1)
        with pytest.raises(TimeoutError):
            end.recv(100)
    for end in ends:
        end.close()


def test_who_floods_does_not_have_the_process_to_themselves(pair):
    """A read that need not wait switches to nobody: tiny frames as fast as they are read once stopped everybody."""
    flood = masked(b"", PONG) * 1000
    turns = 0
    over = False

    def others() -> None:
        nonlocal turns
        while not over:
            turns += 1
            gevent.sleep(0)

    # All of it waits in the kernel before the first read.
    pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * 1024 * 1024)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while sent < 10 * websocket.RECEIVE:
            sent += os.write(pair.client.fileno(), flood)
    assert sent > 3 * websocket.RECEIVE
    gevent.spawn(others)
    gevent.spawn_later(0.3, pair.client.close)
    assert pair.wait() is None
    over = True
    assert turns >= sent // websocket.RECEIVE - 1


def test_the_handshake_and_what_is_no_handshake():
    # The example of RFC 6455, section 1.3; an offer of compression is not taken up.
    asked = {
        "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate; client_max_window_bits",
    }
    answer = websocket.handshake(asked)
    assert answer is not None and b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"xtension" not in answer and answer.endswith(b"\r\n\r\n")
    assert websocket.handshake({**asked, "HTTP_SEC_WEBSOCKET_VERSION": "8"}) is None
    assert websocket.handshake({**asked, "HTTP_SEC_WEBSOCKET_KEY": "short"}) is None
    assert websocket.handshake({}) is None
