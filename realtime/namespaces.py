"""The events that are handled straight, without the detours of Flask-SocketIO, by namespace."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import socketio
from socketio import packet

from app import logs
from realtime.packets import Message, encoded

logger = logging.getLogger(__name__)
# (socket, payload, the acknowledgement when one was asked for)
Handler = Callable[[str, object, Callable[[dict[str, Any]], None] | None], None]
# (socket, event, payload): whether it is handled without waiting for anything.
Quick = Callable[[str, str, dict[str, Any]], bool]


@dataclass(frozen=True)
class Namespace:
    """The events of one namespace that are handled straight: (sid, payload, acknowledge or None)."""

    server: socketio.Server
    name: str
    handlers: dict[str, Handler]
    # Whether an event of a socket, with its payload, is handled without waiting for anything.
    quick: Quick

    def call_quick(self, eio_sid: str, event: str, payload: dict[str, Any], event_id: int | None) -> bool:
        """Handle an event if that needs no waiting: whose seat says so is connected. False when nothing was done."""
        sid = self.server.manager.sid_from_eio_sid(eio_sid, self.name)
        if sid is None or not self.quick(sid, event, payload):
            return False
        self._handle(sid, eio_sid, event, payload, event_id)
        return True

    def call(self, eio_sid: str, event: str, payload: object, event_id: int | None) -> None:
        sid = self.server.manager.sid_from_eio_sid(eio_sid, self.name)
        if sid is not None and self.server.manager.is_connected(sid, self.name):
            self._handle(sid, eio_sid, event, payload, event_id)

    def _handle(self, sid: str, eio_sid: str, event: str, payload: object, event_id: int | None) -> None:
        def acknowledge(answer: dict[str, Any]) -> None:
            line = self.server.eio.sockets.get(eio_sid)
            if line is not None:
                line.deliver(Message(encoded(self.name, packet.ACK, [answer], event_id)))

        with self._facts(eio_sid, event):
            try:
                self.handlers[event](sid, payload, None if event_id is None else acknowledge)
            except Exception:
                # One bad event must not close the socket of somebody who writes.
                logger.exception("the event %s failed", event)

    def _facts(self, eio_sid: str, event: str) -> logs.request_facts:
        """Events of one connection are told apart by their number. They may be handled by a task that serves many."""
        line = self.server.eio.sockets.get(eio_sid)
        if line is None:
            return logs.request_facts(event=event)
        line.events += 1
        return logs.request_facts(**{**line.facts, "event": f"{event}.{line.events}"})


namespaces: dict[str, Namespace] = {}
