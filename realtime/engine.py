"""What reaches under python-socketio and engine.io, with the reasons; the plain behaviour is the fallback.

* Deferred acknowledgements: a handler's return value is its acknowledgement, so a stroke could only be
  acknowledged by blocking its socket until the tick. `handle` gives handlers the acknowledgement as a function.
  Without it: return the answer after waiting for it; slower, equally right.
* Straight writes: engine.io puts every packet into a queue per client, which a task per client empties; 40 % of a
  process went there. A `Line` on a WebSocket of ours is written to at once, and a message to a table is framed once
  for everybody. Without it (polling, or a socket this driver does not know): the queue, as ever.
* One message to a table of both kinds: engine.io keeps the first encoding of a packet that is sent to many, so
  after a WebSocket had its bytes a polling client got them raw and its connection died; the other way round a
  browser got base64 as text. Binary packets are encoded for each way of travelling.
* Bounds before any of our code runs: fragments of a WebSocket message are only counted once they are all in
  memory, a packet may announce any number of attachments, and the queue of a client that stops reading grows
  for ever as long as it answers pings.
"""

from __future__ import annotations

import base64
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import engineio.exceptions
import engineio.packet
import engineio.socket
import gevent
import gevent.event
import gevent.queue
import gevent.selectors
import socketio
from engineio.async_drivers import gevent as driver
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from gevent.lock import BoundedSemaphore
from socketio import packet

from app import logs, metrics
from config import Settings
from drafts.gate import BULK
from realtime import websocket
from realtime.intake import Intake, has_epoll
from realtime.limits import Turn
from realtime.namespaces import Handler, Namespace, Quick, namespaces
from realtime.packets import Message
from realtime.websocket import MAX_TEXT, MOST_BYTES, WebSocket, frame

logger = logging.getLogger(__name__)
# A bulk update as base64 over polling, with its envelope.
MAX_MESSAGE = BULK.size * 4 // 3 + 64 * 1024
# One answer to a poll carries so much, and what comes after it waits for the next: an answer that nobody reads is
# kept in memory beside what waits.
POLL_BYTES = 1024 * 1024
# Packets in one post. The library takes 16 and loses the whole post with the 17th: eight strokes, of a head and its
# bytes each, while a slow line was busy.
MOST_POSTED = 2000
# Packets that may wait between two polls. Many, for all strokes of a post are acknowledged by one tick, each with a
# packet of its own; that a reader stalls is told by their size, and by the pings. Half as many bytes as on a
# WebSocket: they are copied for base64 and for the answer. A packet that alone is larger is taken all the same.
MOST_QUEUED = 2048
# Under this name the request of a handshake says whose it is (realtime.door).
OWNER = "openlab.owner"
# A client that opens a WebSocket beside its polling says within this time that it changes over, or stays.
PROBE_SECONDS = 30.0


class BoundedPacket(packet.Packet):  # type: ignore[misc]
    """A packet of a client carries one binary at most; a packet announcing 9,999,999,999 was accepted before."""

    def decode(self, encoded_packet: str) -> int:
        count = int(super().decode(encoded_packet) or 0)
        if count > 1:
            raise ValueError("too many attachments")
        return count


class Line(engineio.socket.Socket):  # type: ignore[misc]
    """One client of engine.io: straight to its WebSocket when it has one of ours, else through a bounded queue."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self.connected: bool
        self.upgrading: bool
        self.upgraded: bool
        self.ws: WebSocket | None = None
        self._queued_bytes, self._behind = 0, False
        # Requests of its polling so far, and what one of them keeps the others from.
        self._requests: deque[tuple[str, str]] = deque(maxlen=32)
        self._polling = False
        self.facts, self.events = logs.facts(), 0  # for the log: of the handshake, and how many so far
        self._posting = BoundedSemaphore()
        # A binary event whose bytes are still to come.
        self._head: tuple[Namespace, str, dict[str, Any], int | None] | None = None

    def deliver(self, message: Message) -> None:
        """Send a prepared message. Neither blocks nor yields."""
        if self.ws is not None:
            self.ws.push(message.frames)
        elif not self.closed:
            for part in message.packets:
                self.send(part)

    def send(self, pkt: engineio.packet.Packet) -> None:
        """As `deliver`, for one packet. The service task looks after pings: a send must never end in a handler."""
        if self.ws is not None:
            self.ws.push(frame(pkt.encode()))
        elif not self.closed and not self._behind:
            self._queued_bytes += _size(pkt)
            waiting = self.queue.qsize()
            self._behind = waiting > MOST_QUEUED or (self._queued_bytes > MOST_BYTES // 2 and waiting > 1)
            if self._behind:
                gevent.spawn(self._let_go)
            else:
                self.queue.put(pkt)

    def _let_go(self) -> None:
        """It polls and does not fetch what waits for it: it is let go, and comes back for what it missed."""
        logger.warning("a reader that polls is let go: it is too far behind")
        metrics.counts.readers_dropped += 1
        while not self.queue.empty():
            self.queue.get_nowait()
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_ERROR)

    def poll(self) -> list[engineio.packet.Packet]:
        """Wait for packets; an empty list ends the connection."""
        if self._polling:
            raise engineio.exceptions.EngineIOError("two polls at once")
        self._polling = True
        try:
            packets = [self.queue.get(timeout=self.server.ping_interval + self.server.ping_timeout)]
        except gevent.queue.Empty:
            raise engineio.exceptions.QueueEmpty from None
        finally:
            self._polling = False
        size = _size(packets[0])
        while packets[-1] is not None and size < POLL_BYTES and not self.queue.empty():
            packets.append(self.queue.get_nowait())
            size += _size(packets[-1])
        self._queued_bytes -= size
        if packets[-1] is None:
            packets.pop()
            if packets:
                self.queue.put(None)
        return packets

    def handle_get_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        self._once(environ)
        return super().handle_get_request(environ, start_response)

    def _once(self, environ: dict[str, Any]) -> None:
        """Nothing is acknowledged in a poll, so one that somebody repeats takes what its client then never hears.

        The connection ends; its client comes back and asks for what it missed. Clients number their requests.
        """
        number = parse_qs(environ.get("QUERY_STRING", "")).get("t")
        if number is not None:
            request = (environ["REQUEST_METHOD"], number[0])
            if request in self._requests:
                raise engineio.exceptions.EngineIOError("a request came twice")
            self._requests.append(request)

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """The packets of one post, in order. What cannot be read ends the connection, as it does on a WebSocket.

        The library answers "ok" to a post that failed, and its client takes what was in it for sent.
        """
        self._once(environ)
        with self._posting:
            self._take_post(environ)

    def _take_post(self, environ: dict[str, Any]) -> None:
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if length > MAX_MESSAGE:
                raise ValueError("a post is too long")
            body = environ["wsgi.input"].read(length)
            if len(body) < length or body.startswith(b"d=") or body.count(b"\x1e") >= MOST_POSTED:
                raise ValueError("a post that no client of ours makes")
            turn = Turn()
            for part in body.decode().split("\x1e"):
                turn.rest()
                if len(part) > MAX_TEXT and not part.startswith("b"):
                    raise ValueError("a packet is too long")
                self.receive(engineio.packet.Packet(encoded_packet=part))
                if self.closed:
                    return
        except Exception as failure:
            logger.info("a connection that polls is closed: %s", type(failure).__name__)
            raise engineio.exceptions.EngineIOError from None

    def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        # Never waiting: whoever does not poll would hold for ever the one who hangs up on them.
        super().close(wait=False, abort=abort, reason=reason)
        if self.ws is not None:
            self.ws.close()

    def _websocket_handler(self, ws: Any) -> list[Any]:
        if not isinstance(ws, WebSocket):
            plain: list[Any] = super()._websocket_handler(ws)
            return plain
        if self.connected and not self._upgraded_by(ws):
            ws.drop("")
            return []
        self.connected = self.upgraded = True
        self._overtake(ws)
        try:
            while (message := intake.wait(ws, self._quick) if intake else ws.wait()) is not None:
                if not self._straight(message):
                    self.receive(engineio.packet.Packet(encoded_packet=message))
        except Exception as failure:
            # Bytes that are no packet, or one that nobody may send: the connection ends, the process does not.
            logger.info("a connection is closed: %s", type(failure).__name__)
        self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
        ws.drop("")
        return []

    def _quick(self, message: str | bytes) -> bool:
        """`_straight`, unless the bytes of an event have come whose handling may wait: it is the connection's own."""
        if self._head is None or not isinstance(message, bytes):
            return self._straight(message)
        namespace, name, payload, event_id = self._head
        if not namespace.call_quick(self.sid, name, _with_bytes(payload, message), event_id):
            return False
        self._head = None
        return True

    def _straight(self, message: str | bytes) -> bool:
        """Take a binary event for one of our handlers without engine.io's and Socket.IO's detours.

        False when it is anything else: then nothing was done, and the libraries read it as ever.
        """
        if self._head is not None:
            if not isinstance(message, bytes):
                raise ValueError("a text came where the bytes of an event were due")
            (namespace, name, payload, event_id), self._head = self._head, None
            namespace.call(self.sid, name, _with_bytes(payload, message), event_id)
            return True
        if not isinstance(message, str) or not message.startswith("451-/"):
            return False
        begin, comma = message.find("["), message.find(",")
        digits, here = message[comma + 1 : begin], namespaces.get(message[4:comma])
        if here is None or not (digits == "" or (len(digits) < 16 and digits.isdecimal())):
            return False
        data = json.loads(message[begin:])
        if len(data) != 2 or not isinstance(data[0], str) or not isinstance(data[1], dict):
            return False
        if data[0] not in here.handlers:
            return False
        self._head = (here, data[0], data[1], int(digits) if digits else None)
        return True

    def _upgraded_by(self, ws: WebSocket) -> bool:
        """The probe of a client that polled so far: ping, pong, and the word that it changes over."""
        if self.upgrading or self.upgraded:
            return False
        self.upgrading = True
        try:
            with gevent.Timeout(PROBE_SECONDS, OSError):
                if ws.wait() != "2probe":
                    return False
                ws.send("3probe")
                self.queue.put(engineio.packet.Packet(engineio.packet.NOOP))  # ends the poll that is open
                # It may have been closed meanwhile: nobody would look after this WebSocket then.
                return ws.wait() == "5" and not self.closed
        except OSError:
            return False
        finally:
            self.upgrading = False

    def _overtake(self, ws: WebSocket) -> None:
        """What polling had not fetched goes first; nothing yields in between, so nothing is overtaken."""
        while not self.queue.empty():
            waiting = self.queue.get_nowait()
            if waiting is not None:
                ws.push(frame(waiting.encode()))
        self._queued_bytes = 0
        self.ws = ws


class Upgrade:
    """Engine.IO's WebSocket class: our driver where it can have the socket, otherwise simple-websocket, bounded.

    simple-websocket gets its own limit: 100 unfinished fragments of 1 MB grew a server without end.
    """

    def __init__(self, handler: Callable[[Any], list[Any]], _server: Any) -> None:
        self.handler = handler

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        ws = websocket.opened(environ, MAX_MESSAGE, environ.get(OWNER))
        try:
            if ws is not None:
                return self.handler(ws)
            return SimpleWebSocketWSGI(
                self.handler,
                None,
                thread_class=driver.Thread,
                event_class=gevent.event.Event,
                selector_class=gevent.selectors.DefaultSelector,
                max_message_size=MAX_MESSAGE,
            )(environ, start_response)
        finally:
            # The connection ends with its WebSocket. Otherwise pywsgi takes the client's closing frame for the next
            # request, answers 400 to a tab that is gone, and logs an error for each.
            source = environ["wsgi.input"]
            getattr(source, "rfile", source).close()


def options(settings: Settings) -> dict[str, Any]:
    return {
        "async_mode": "gevent",
        # With the default, True, events of one client overtake one another (111 inversions in 300).
        "async_handlers": False,
        # Explicit: the default builds the list from the request, X-Forwarded-Host included.
        "cors_allowed_origins": list(settings.origins),
        "cors_credentials": True,
        "serializer": BoundedPacket,
        "max_http_buffer_size": MAX_MESSAGE,
        # A tab in the background has its timers throttled.
        "ping_interval": 20,
        "ping_timeout": 40,
        "manage_session": False,
        "http_compression": False,
        "cookie": None,
    }


def _with_bytes(payload: dict[str, Any], attachment: bytes) -> dict[str, Any]:
    """The payload of a binary event with its bytes in their place."""
    for key, value in payload.items():
        if isinstance(value, dict) and value.get("_placeholder") is True:
            payload[key] = attachment
            break
    return payload


def _size(pkt: engineio.packet.Packet | None) -> int:
    """What a packet counts in a queue; engine.io ends a queue with None."""
    if pkt is None:
        return 0
    return len(pkt.data) if isinstance(pkt.data, str | bytes) else 64


_encode_once = engineio.packet.Packet.encode


def _encode(self: engineio.packet.Packet, b64: bool = False) -> str | bytes:
    if not self.binary:
        text: str = _encode_once(self, b64)
        return text
    data: bytes = self.data
    return "b" + base64.b64encode(data).decode() if b64 else data


def harden(server: socketio.Server) -> None:
    server.eio._async = {**server.eio._async, "websocket": Upgrade}
    engineio.packet.Packet.encode = _encode
    engineio.socket.Socket = Line


def line_of(server: socketio.Server, sid: str, namespace: str) -> Line | None:
    """The connection behind a socket of a namespace; None once it has ended."""
    eio_sid = server.manager.eio_sid_from_sid(sid, namespace)
    line = server.eio.sockets.get(eio_sid)
    return line if isinstance(line, Line) else None


# What reads the WebSockets, where the system can do that in one place.
intake: Intake | None = None


def read_together(pause: Callable[[], float]) -> None:
    """From now on WebSockets are read in one place, after the pauses that `pause` says."""
    global intake
    if has_epoll():
        intake = Intake(pause)
        gevent.spawn(intake.run)


def handle(
    server: socketio.Server,
    name: str,
    handlers: dict[str, Handler],
    quick: Quick,
) -> None:
    """Call `handlers` of a namespace straight; other events go the usual way."""
    usual = server._handle_event_internal
    namespace = namespaces[name] = Namespace(server, name, handlers, quick)

    def internal(
        its_server: Any, sid: str, eio_sid: str, data: list[Any], at: str, event_id: int | None
    ) -> None:
        if at == name and data and isinstance(data[0], str) and data[0] in handlers:
            namespace.call(eio_sid, data[0], data[1] if len(data) > 1 else None, event_id)
        else:
            usual(its_server, sid, eio_sid, data, at, event_id)

    server._handle_event_internal = internal
