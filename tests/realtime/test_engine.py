"""A connection that polls, as the server keeps it: bounds, order, and requests that come twice."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import engineio.exceptions
import gevent
import pytest
import socketio
from engineio.packet import MESSAGE, Packet

from config import Settings
from realtime import engine
from realtime.engine import Line
from realtime.packets import Message


@pytest.fixture
def line(tmp_path) -> Line:
    settings = Settings.from_env({}, data_dir=tmp_path, secret_key="0123456789abcdef" * 4)
    server = socketio.Server(**engine.options(settings)).eio
    made = Line(server, "sid")
    server.sockets["sid"] = made
    made.connected = True
    return made


def post(body: bytes, number: str = "1", length: int | None = None) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "QUERY_STRING": f"t={number}",
        "CONTENT_LENGTH": str(len(body) if length is None else length),
        "wsgi.input": BytesIO(body),
    }


def get(number: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": "GET", "QUERY_STRING": f"t={number}"}


def test_a_post_of_many_strokes_is_taken_whole_and_in_order(line, monkeypatch):
    """The library lost a post of more than sixteen packets, and answered "ok"."""
    taken: list[object] = []
    monkeypatch.setattr(line, "receive", lambda packet: taken.append(packet.data))
    line.handle_post_request(post("\x1e".join(f"4stroke {n}" for n in range(1500)).encode()))
    assert taken == [f"stroke {n}" for n in range(1500)]


def test_posts_at_once_are_handled_one_after_the_other(line, monkeypatch):
    taken: list[object] = []

    def slowly(packet: Packet) -> None:
        gevent.sleep(0.001)
        taken.append(packet.data)

    monkeypatch.setattr(line, "receive", slowly)
    posts = [post("\x1e".join(f"4{name}{n}" for n in range(9)).encode(), name) for name in "ab"]
    gevent.joinall([gevent.spawn(line.handle_post_request, environ) for environ in posts])
    assert taken == [f"{name}{n}" for name in "ab" for n in range(9)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1e",
        b"4a\x1e",
        b"9",
        b"\xff",
        b"d=4a",
        b"4a\x1e" * 2000 + b"4a",
        b"4" + b"x" * 70_000,
        b"4" + b"[" * 60_000,
    ],
)
def test_a_post_that_cannot_be_read_ends_the_connection(line, body):
    with pytest.raises(engineio.exceptions.EngineIOError):
        line.handle_post_request(post(body))


def test_a_post_that_stops_in_the_middle_or_is_too_long_is_not_taken(line, monkeypatch):
    monkeypatch.setattr(line, "receive", lambda packet: pytest.fail("taken"))
    for environ in (post(b"4abc", length=9), post(b"4abc", "2", length=engine.MAX_MESSAGE + 1)):
        with pytest.raises(engineio.exceptions.EngineIOError):
            line.handle_post_request(environ)


def test_a_request_that_comes_twice_takes_nothing(line, monkeypatch):
    taken: list[object] = []
    monkeypatch.setattr(line, "receive", lambda packet: taken.append(packet.data))
    line.handle_post_request(post(b"4once"))
    with pytest.raises(engineio.exceptions.EngineIOError):
        line.handle_post_request(post(b"4once"))
    assert taken == ["once"]
    line.send(Packet(MESSAGE, "one"))
    assert [packet.data for packet in line.handle_get_request(get("1"), None)] == ["one"]
    line.send(Packet(MESSAGE, "two"))
    with pytest.raises(engineio.exceptions.EngineIOError):
        line.handle_get_request(get("1"), None)
    assert [packet.data for packet in line.handle_get_request(get("2"), None)] == ["two"]


def test_of_two_polls_at_once_the_second_is_refused(line):
    first = gevent.spawn(line.poll)
    gevent.sleep(0)
    with pytest.raises(engineio.exceptions.EngineIOError):
        line.poll()
    line.send(Packet(MESSAGE, "for the first"))
    assert [packet.data for packet in first.get(timeout=1)] == ["for the first"]


def test_an_answer_to_a_poll_is_bounded_and_the_rest_waits(line):
    for number in range(5):
        line.deliver(Message([f"{number}", bytes(engine.POLL_BYTES // 2)]))
    heard = [line.poll() for _ in range(3)]
    assert all(sum(len(packet.data) for packet in packets) < 2 * engine.POLL_BYTES for packets in heard)
    texts = [packet.data for packets in heard for packet in packets if isinstance(packet.data, str)]
    assert texts == ["0", "1", "2", "3", "4"] and line._queued_bytes == 0


@pytest.mark.parametrize("size, count", [(1, engine.MOST_QUEUED + 2), (1_000_000, 10)])
def test_who_does_not_poll_is_let_go_and_nobody_waits_for_them(line, size, count):
    for _ in range(count):
        line.send(Packet(MESSAGE, "x" * size))
    with gevent.Timeout(2):
        while not line.closed:
            gevent.sleep(0.01)
    assert line.queue.qsize() <= 1


def test_hanging_up_does_not_wait_for_a_poll_that_never_comes(line):
    """Whoever hung up on a stalled poller waited for ever, and the others were not told goodbye at the end."""
    for _ in range(3):
        line.send(Packet(MESSAGE, "nobody fetches this"))
    with gevent.Timeout(2):
        line.server.disconnect("sid")
    assert line.closed


@pytest.mark.parametrize("saved", [{}, {7: 1}, {7: 12, 4_000_000_000: 3}])
def test_the_message_of_a_tick_says_what_the_encoder_would_say(saved):
    payload = {"draft": 3, "update": b"\x00\x00", "seq": 41}
    if saved:
        payload["saved"] = {str(client): n for client, n in saved.items()}
    written = Message.stroke("/drafts", 3, b"\x00\x00", 41, saved)
    assert written.parts == Message.event("/drafts", "update", payload).parts
