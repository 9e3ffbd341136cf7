"""What comes in over the WebSockets of a process is read in one place, and in a busy process right before a tick.

A stroke that is read the moment it comes waits for the tick all the same. Waking a task of its own for each of them
(a turn of the loop, a switch, a read that finds nothing more) was half of what the process did in Python while
many type. So the sockets wait in one set of the kernel's (epoll), and one task reads all that are readable. What
can be done without waiting, a stroke or a cursor, is done right there; anything else is handed to the connection's
own task, and nothing more is read for it until that is done: what one client sends stays in order.

Where the system has no epoll each connection reads for itself (`WebSocket.wait`).
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import gevent
from gevent import monkey
from gevent.event import AsyncResult
from gevent.hub import get_hub

from realtime.limits import Turn
from realtime.websocket import RECEIVE, WebSocket

logger = logging.getLogger(__name__)
# Takes a message and says so, or does nothing and leaves it to the connection's own task. Never waits.
Take = Callable[[str | bytes], bool]
# Sockets looked at in one go; the others are looked at in the next.
MOST = 1024
_READABLE = getattr(select, "EPOLLIN", 1)


@dataclass(eq=False)
class Ear:
    """One connection that is listened to, and its task, which waits for what it has to do itself."""

    ws: WebSocket
    take: Take
    number: int
    handed: AsyncResult = field(default_factory=AsyncResult)


class Intake:
    """The reading side of all WebSockets. `pause` says for how many seconds nothing need be read yet."""

    def __init__(self, pause: Callable[[], float]) -> None:
        self._pause = pause
        self._ears: dict[int, Ear] = {}
        # gevent hides it, since waiting in it would hold the loop; it is only asked here, never waited in.
        self._set = monkey.get_original("select", "epoll")()

    def wait(self, ws: WebSocket, take: Take) -> str | bytes | None:
        """The next message that `take` leaves alone; None once the connection has ended. For the task of `ws`.

        Raises what `take` or reading raised: bytes that are no packet.
        """
        while not ws.closed:
            if ws.has_unread:
                ws.turn.rest()
            message = ws.next()
            if message is None:
                message = self._listen(ws, take)
            if message is not None:
                return message
        return None

    def _listen(self, ws: WebSocket, take: Take) -> str | bytes | None:
        if ws.closed:
            return None
        ear = self._ears[ws.fileno()] = Ear(ws, take, ws.fileno())
        try:
            self._set.register(ear.number, _READABLE)
            message: str | bytes | None = ear.handed.get()
            return message
        finally:
            self._forget(ear)

    def _forget(self, ear: Ear) -> None:
        if self._ears.get(ear.number) is ear:
            del self._ears[ear.number]
            # One that rests is not in the set, and one that was closed has left it by itself.
            with contextlib.suppress(OSError, ValueError):
                self._set.unregister(ear.number)

    def run(self) -> None:
        """The one task that reads."""
        hub = get_hub()
        readable = hub.loop.io(self._set.fileno(), 1)
        while True:
            hub.wait(readable)
            pause = self._pause()
            if pause > 0:
                gevent.sleep(pause)
            try:
                self.read()
            except Exception:
                # Nobody would be heard any more.
                logger.exception("reading failed")

    def read(self) -> None:
        """Read once from each socket that has something, giving way to others when it takes long."""
        began = time.monotonic()
        for number, _events in self._set.poll(0, MOST):
            ear = self._ears.get(number)
            if ear is not None:
                now = self._hear(ear)
                if now - began > Turn.SLICE:
                    gevent.sleep(0)
                    began = time.monotonic()

    def _hear(self, ear: Ear) -> float:
        """Read once from a socket, and have taken what came; when that was done."""
        ws = ear.ws
        try:
            received = os.read(ear.number, RECEIVE)
        except BlockingIOError:
            # Its number was another connection's when it was found readable.
            return time.monotonic()
        except OSError:
            received = b""
        if not received:
            ws.drop("")
        try:
            if not ws.closed:
                ws.feed(received)
                while (message := ws.next()) is not None:
                    if not ear.take(message):
                        self._hand(ear, message)
                        return time.monotonic()
        except Exception as failure:
            self._forget(ear)
            ear.handed.set_exception(failure)
        now = time.monotonic()
        pause = ws.turn.owed(now)
        if ws.closed:
            self._hand(ear, None)
        elif pause and self._ears.get(ear.number) is ear:
            self._set.unregister(ear.number)
            gevent.spawn_later(pause, self._again, ear)
        return now

    def _hand(self, ear: Ear, message: str | bytes | None) -> None:
        self._forget(ear)
        ear.handed.set(message)

    def _again(self, ear: Ear) -> None:
        """Whoever sent much has rested."""
        if self._ears.get(ear.number) is ear:
            ear.ws.turn.begin()
            self._set.register(ear.number, _READABLE)


def has_epoll() -> bool:
    """Whether this system can; only Linux has it."""
    try:
        return bool(monkey.get_original("select", "epoll"))
    except AttributeError:
        return False
