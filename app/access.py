"""The outermost layer: gives each request a number, says in the log how it was answered, and counts it.

Only the template of the route is said: an address may hold a token (`/invitation/<token>`), a query may hold what
somebody looks for. No address of a computer and no cookie is written; the privacy page promises it.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from app import logs, metrics

log = logging.getLogger(logs.ACCESS)
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
# What a proxy may give as the number of a request: enough for a UUID, nothing that could break a line.
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Asked every few seconds by machines, or one for every file of a page: said at DEBUG only.
QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})
UNKNOWN = "(none)"
# Where people see the portal over https, browsers come back that way only, for two years (RFC 6797). Of the hosts below
# this one we know nothing.
HSTS = ("Strict-Transport-Security", "max-age=63072000")


class AccessLog:
    """WSGI layer. `sockets` is where Engine.IO lives: a WebSocket there is a request that lasts for hours."""

    def __init__(
        self, application: Application, *, trusted_proxies: int, sockets: str, https: bool = False
    ) -> None:
        self.application = application
        self.always = [HSTS] if https else []
        self.trusted_proxies = trusted_proxies
        self.sockets = sockets

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        number = request_id(environ.get("HTTP_X_REQUEST_ID", "") if self.trusted_proxies else "")
        begun = time.perf_counter()
        status = 500

        def start(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, [*headers, *self.always, ("X-Request-ID", number)], *more)

        path = environ.get("PATH_INFO", "")
        with logs.request_facts(request=number) as facts:
            if path == self.sockets or path.startswith(self.sockets + "/"):
                facts["route"] = self.sockets
            try:
                return self.application(environ, start)
            finally:
                _say(environ, facts, status, time.perf_counter() - begun, self.sockets)


def request_id(given: str) -> str:
    """The number of a request: what a trusted proxy gives, or a new one."""
    return given if given and GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def say(method: str, route: str, status: int, seconds: float, number: str) -> None:
    """Of a request that was answered without this layer, what it says of the others."""
    metrics.answered(route, status, seconds)
    if log.isEnabledFor(logging.INFO):
        logs.answered(log, method, route, status, round(seconds * 1000, 1), number)


def not_understood() -> None:
    log.info("a request was not understood")


def _say(environ: dict[str, Any], facts: dict[str, Any], status: int, seconds: float, sockets: str) -> None:
    route = facts.setdefault("route", UNKNOWN)
    is_socket = route == sockets
    metrics.answered(route, status, None if is_socket else seconds)
    level = logging.DEBUG if is_socket or route in QUIET else logging.INFO
    if log.isEnabledFor(level):
        method = environ.get("REQUEST_METHOD", "")
        shown = method if method.isalpha() and len(method) < 10 else "?"
        log.log(level, "%s %s", shown, route, extra={"status": status, "ms": round(seconds * 1000, 1)})
