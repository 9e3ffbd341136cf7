"""What reaches under python-socketio and engine.io, with the reasons; the plain behaviour is the fallback.

* Deferred acknowledgements: a handler's return value is its acknowledgement, so a stroke could only be
  acknowledged by blocking its socket until the tick. `handle` gives handlers the acknowledgement as a function.
  Without it: return the answer after waiting for it; slower, equally right.
* One message to a table of both kinds: engine.io keeps the first encoding of a packet that is sent to many, so
  after a WebSocket had its bytes a polling client got them raw and its connection died; the other way round a
  browser got base64 as text. Binary packets are encoded for each way of travelling.
* Bounds before any of our code runs: fragments of a WebSocket message are only counted once they are all in
  memory, and a packet may announce any number of attachments.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from typing import Any

import engineio.packet
import gevent.event
import gevent.selectors
import socketio
from engineio.async_drivers import gevent as driver
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from socketio import packet

from config import Settings
from drafts.gate import BULK

logger = logging.getLogger(__name__)
# A bulk update as base64 over polling, with its envelope.
MAX_MESSAGE = BULK.size * 4 // 3 + 64 * 1024
Handler = Callable[[str, object, Callable[[dict[str, Any]], None] | None], None]


class BoundedPacket(packet.Packet):  # type: ignore[misc]
    """A packet of a client carries one binary at most; a packet announcing 9,999,999,999 was accepted before."""

    def decode(self, encoded_packet: str) -> int:
        count = int(super().decode(encoded_packet) or 0)
        if count > 1:
            raise ValueError("too many attachments")
        return count


class BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]
    """simple-websocket with its own limit set: 100 unfinished fragments of 1 MB grew a server without end."""

    def __init__(self, handler: Any, _server: Any) -> None:
        super().__init__(
            handler,
            None,
            thread_class=driver.Thread,
            event_class=gevent.event.Event,
            selector_class=gevent.selectors.DefaultSelector,
            max_message_size=MAX_MESSAGE,
        )

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        try:
            return super().__call__(environ, start_response)
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


_encode_once = engineio.packet.Packet.encode


def _encode(self: engineio.packet.Packet, b64: bool = False) -> str | bytes:
    if not self.binary:
        text: str = _encode_once(self, b64)
        return text
    data: bytes = self.data
    return "b" + base64.b64encode(data).decode() if b64 else data


def harden(server: socketio.Server) -> None:
    server.eio._async = {**server.eio._async, "websocket": BoundedWebSocket}
    engineio.packet.Packet.encode = _encode


def handle(server: socketio.Server, namespace: str, handlers: dict[str, Handler]) -> None:
    """Call `handlers` of a namespace with (sid, payload, acknowledge or None); other events go the usual way."""
    usual = server._handle_event_internal

    def internal(
        its_server: Any, sid: str, eio_sid: str, data: list[Any], at: str, event_id: int | None
    ) -> None:
        handler = handlers.get(data[0]) if at == namespace and data and isinstance(data[0], str) else None
        if handler is None:
            usual(its_server, sid, eio_sid, data, at, event_id)
            return

        def acknowledge(answer: dict[str, Any]) -> None:
            its_server._send_packet(
                eio_sid, its_server.packet_class(packet.ACK, namespace=namespace, id=event_id, data=[answer])
            )

        try:
            handler(sid, data[1] if len(data) > 1 else None, None if event_id is None else acknowledge)
        except Exception:
            # One bad event must not close the socket of somebody who writes.
            logger.exception("the event %s failed", data[0])

    server._handle_event_internal = internal
