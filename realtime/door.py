"""The door in front of Engine.IO: nobody without a sign-in gets a session, a queue or a thread of it.

500 anonymous handshakes made 503 threads before there was one. Origins are explicit: a sibling subdomain, `null`
or a forged X-Forwarded-Host is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from app.accounts import cookie
from app.errors import Unavailable
from app.policy import PORTAL, Act, acts_for
from config import Settings

PATH = "/socket.io"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class SocketDoor:
    """WSGI layer: requests for sockets need a known origin and a sign-in that is good now."""

    def __init__(self, application: Application, settings: Settings) -> None:
        self.application = application
        self.settings = settings
        self.origins = frozenset(settings.origins)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path != PATH and not path.startswith(PATH + "/"):
            return self.application(environ, start_response)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin not in self.origins:
            return _answer(start_response, "403 Forbidden", b"origin")
        if "sid" in parse_qs(environ.get("QUERY_STRING", "")):
            # Later requests of a session name it: a secret that only its opener was told. Engine.IO answers 400
            # to one it does not know, and the pulse ends those whose sign-in has ended. Clients other than
            # browsers send no cookie here.
            return self.application(environ, start_response)
        try:
            actor = cookie.actor_behind(environ.get("HTTP_COOKIE", ""), self.settings)
        except Unavailable:
            return _answer(start_response, "503 Service Unavailable", b"unavailable")
        if Act.PORTAL_WORK not in acts_for(actor, PORTAL):
            return _answer(start_response, "401 Unauthorized", b"unauthenticated")
        return self.application(environ, start_response)


def _answer(start_response: Any, status: str, body: bytes) -> Iterable[bytes]:
    start_response(
        status,
        [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")],
    )
    return [body]
