"""One call to a provider: short, small, without redirects, and never while a transaction is open.

The sockets are gevent's in the server, so that nobody who types waits for a provider.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.db import is_writing
from config import may_be_called

# Seconds: for the connection and each read, and for the whole. A person waits in front of it.
PATIENCE = 5.0
ALTOGETHER = 10.0
# A discovery document has some 5 KB, a set of keys less; userinfo that carries more is not for a sign-in.
MOST_BYTES = 256 * 1024
AGENT = "OpenLab-identity/1"


class Unreachable(Exception):
    """Nobody answered in time, or not as a web server does. The message is a short code."""


@dataclass(frozen=True)
class Answer:
    status: int
    # Without parameters, in small letters: "application/json".
    kind: str
    body: bytes
    # When it was answered, by the clock of who answered (RFC 9110, 6.6.1); "" where that is not said.
    date: str = ""

    def json(self) -> dict[str, Any]:
        """Raises ValueError for anything but a JSON object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ValueError("not JSON") from error
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
        return found


def call(
    address: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """GET `address`, or POST `form` to it. A redirect is an answer like any other: it is not followed.

    Raises Unreachable.
    """
    if is_writing():
        raise RuntimeError("a provider is not waited for inside a unit of work")
    if not may_be_called(address.split("?", 1)[0]):
        raise Unreachable("address")
    parts = urlsplit(address)
    give_up = time.monotonic() + ALTOGETHER
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    more: dict[str, Any] = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE, **more)
    sent = {"Accept": "application/json, application/jwt", "User-Agent": AGENT, **(headers or {})}
    body = None
    if form is not None:
        body = urlencode(form).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET" if form is None else "POST", path, body=body, headers=sent)
        answer = connection.getresponse()
        found = _read(answer, give_up)
    except TimeoutError:
        raise Unreachable("slow") from None
    except ssl.SSLError:
        raise Unreachable("tls") from None
    except (http.client.HTTPException, OSError, ValueError):
        raise Unreachable("answer") from None
    finally:
        connection.close()
    content_type = answer.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()
    return Answer(answer.status, content_type, found, answer.headers.get("Date", ""))


def _read(answer: http.client.HTTPResponse, give_up: float) -> bytes:
    """The body, by pieces, so that one that drips for ever has an end."""
    found = bytearray()
    while piece := answer.read1(16 * 1024):
        found += piece
        if len(found) > MOST_BYTES:
            raise Unreachable("large")
        if time.monotonic() > give_up:
            raise Unreachable("slow")
    return bytes(found)
