"""The door in front of Engine.IO: nobody without a sign-in gets a session, a queue or a thread of it.

500 anonymous handshakes made 503 threads before there was one, and one person could open as many sockets as they
liked. Origins are explicit: a sibling subdomain, `null` or a forged X-Forwarded-Host is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import gevent
import socketio
from gevent.lock import BoundedSemaphore

from app import metrics
from app.accounts import cookie
from app.errors import Unavailable
from app.policy import ANONYMOUS, PORTAL, Act, Actor, acts_for
from config import Settings
from realtime.engine import OWNER
from realtime.limits import REQUESTS_OF_SOCKET, SOCKETS, SOCKETS_OF_ONE, Held, unfinished
from realtime.protocol import Code

PATH = "/socket.io"
# An answer that its reader takes so slowly, or a post that comes so slowly, is given up: 1 MB at 50 kbit/s is 160 s.
SLOWEST_SECONDS = 300.0
# Handshakes that wait for their turn: whoever restarts sees everybody come back, over some seconds.
MOST_WAITING = 200
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class SocketDoor:
    """WSGI layer: requests for sockets need a known origin, and a sign-in that is good now and holds few others."""

    def __init__(self, application: Application, settings: Settings, server: socketio.Server) -> None:
        self.application = application
        self.settings = settings
        self.origins = frozenset(settings.origins)
        self.server = server
        # Requests in flight. One that became a WebSocket is in flight as long as that is open.
        self.of_people = Held(2 * SOCKETS, 2 * SOCKETS_OF_ONE)
        self.of_sessions = Held(2 * SOCKETS, REQUESTS_OF_SOCKET)
        self.turn = BoundedSemaphore()
        self.waiting = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PATH and not path.startswith(PATH + "/"):
            return self.application(environ, start_response)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in self.origins:
            return _answer(start_response, "403 Forbidden", b"origin")
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "sid" in query:
            # Later requests of a session name it: a secret that only its opener was told. The pulse ends those whose
            # sign-in has ended. Clients other than browsers send no cookie here.
            session = query["sid"][0]
            opened = self.server.environ.get(session)
            if opened is None:
                return _answer(start_response, "400 Bad Request", b"unknown sid")
            return self._let_in(environ, start_response, opened[OWNER], session)
        if self.waiting >= MOST_WAITING:
            return _answer(start_response, "503 Service Unavailable", b"busy")
        try:
            actor = self._who(environ.get("HTTP_COOKIE", ""))
        except Unavailable:
            return _answer(start_response, "503 Service Unavailable", b"unavailable")
        if Act.PORTAL_SIT not in acts_for(actor, PORTAL):
            return _answer(start_response, "401 Unauthorized", b"unauthenticated")
        owners = [other.get(OWNER) for other in self.server.environ.values()]
        if len(owners) >= SOCKETS:
            return _answer(start_response, "503 Service Unavailable", b"full")
        if owners.count(actor.id) >= SOCKETS_OF_ONE:
            metrics.counts.refused(Code.RATE_LIMITED)
            return _answer(start_response, "429 Too Many Requests", b"sockets")
        environ[OWNER] = actor.id
        return self._let_in(environ, start_response, actor.id, None)

    def _who(self, cookies: str) -> Actor:
        """Who asks. One handshake asks the database in each turn of the loop: the others are for those who type."""
        if not cookies:
            return ANONYMOUS
        self.waiting += 1
        try:
            with self.turn:
                gevent.sleep(0)
                return cookie.actor_behind(cookies, self.settings)
        finally:
            self.waiting -= 1

    def _let_in(
        self, environ: dict[str, Any], start_response: Any, owner: object, session: str | None
    ) -> Iterable[bytes]:
        """Count the request, and the post it brings, until its answer is read."""
        size = int(environ.get("CONTENT_LENGTH") or 0) if environ["REQUEST_METHOD"] == "POST" else 0

        def leave() -> None:
            self.of_people.take(owner, -1)
            unfinished.take(owner, -size)
            if session is not None:
                self.of_sessions.take(session, -1)

        fits = [self.of_people.take(owner, 1), unfinished.take(owner, size)]
        if session is not None:
            fits.append(self.of_sessions.take(session, 1))
        if not all(fits):
            leave()
            return _answer(start_response, "429 Too Many Requests", b"requests")
        connection = _connection(environ)
        if connection is not None:
            connection.settimeout(SLOWEST_SECONDS)
        try:
            return _UntilRead(self.application(environ, start_response), leave)
        except BaseException:
            leave()
            raise


class _UntilRead(list[bytes]):
    """An answer that tells when its reader has it, or is gone. A list, so that its length is known."""

    def __init__(self, answer: Iterable[bytes], over: Callable[[], None]) -> None:
        super().__init__(answer)
        getattr(answer, "close", bool)()
        self.close = over


def _connection(environ: dict[str, Any]) -> Any:
    """The socket behind a request; None behind another server than pywsgi."""
    source = environ.get("wsgi.input")
    return getattr(getattr(getattr(source, "rfile", source), "raw", None), "_sock", None)


def _answer(start_response: Any, status: str, body: bytes) -> Iterable[bytes]:
    # The connection ends with it: thousands kept open after their refusal would be a burden of their own.
    headers = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, [*headers, ("Connection", "close")])
    return [body]
