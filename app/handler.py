"""How requests are read from a connection, and the quickest of answers: a public page, without WSGI.

Of what a stored page costs under gevent's pywsgi, two thirds are spent before and after it: the standard library reads the headers with
its parser for mail, an environment is made that nobody asks, each header of the answer is looked at anew, and head and body leave in
two sends. So headers are read here, strictly (RFC 9112), for every request; and a GET or HEAD of a page that lies in memory is answered
with bytes that were put together once. Everything else goes the way through WSGI, where `publish.pages.StoredPages` says the same.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from gevent.pywsgi import WSGIHandler

from app import access
from publish import pages

# As the standard library has them (http.client): the longest line, and how many.
LONGEST_LINE, MOST_LINES = 65_536, 100
# token ":" OWS field-value OWS (RFC 9110, 5.1 and 5.5): no space before the colon, no control character but the tabulator. Read once
# from left to right, whatever stands there.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)\r?\n")
_ALWAYS = "{}: {}\r\n".format(*access.HSTS).encode()
# Said twice, two readers of one request may each believe another one of them.
_ONCE = frozenset({"content-length", "transfer-encoding", "host"})


class Fields:
    """The header of a request, as pywsgi asks for it."""

    __slots__ = ("_values", "headers", "status")

    def __init__(self) -> None:
        # What is wrong with it, in English, for nobody but pywsgi, which answers 400.
        self.status = ""
        # The lines, as `WSGIHandler._headers` reads them.
        self.headers: list[str] = []
        self._values: dict[str, str] = {}

    def get(self, name: str, default: Any = None) -> Any:
        """The first value under a name, in any case of letters."""
        return self._values.get(name.lower(), default)

    getheader = get

    @property
    def typeheader(self) -> str | None:
        return self._values.get("content-type")

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]
        self.headers = [line for line in self.headers if line.partition(":")[0].lower() != name.lower()]

    def add(self, line: bytes) -> str:
        """Take a line in; or say what is wrong with it."""
        found = _FIELD.fullmatch(line)
        if found is None:
            return "a line that is no field"
        name, value = found[1].decode("ascii"), found[2].strip(b" \t").decode("latin-1")
        known = name.lower()
        if known in self._values:
            if known in _ONCE:
                return "a field that stands there twice"
        else:
            self._values[known] = value
        self.headers.append(f"{name}: {value}\r\n")
        return ""


def _lines(file: Any) -> Iterator[bytes]:
    while True:
        line = file.readline(LONGEST_LINE + 1)
        if line in (b"\r\n", b"\n", b""):
            return
        yield line


def fields(file: Any, *_seekable: object) -> Fields:
    """Read a header from a connection, up to the empty line."""
    found = Fields()
    for number, line in enumerate(_lines(file)):
        found.status = "a line that is too long" if len(line) > LONGEST_LINE else found.add(line)
        if number >= MOST_LINES:
            found.status = "too many lines"
        if found.status:
            break
    return found


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\nX-Request-ID: ".encode()


class Handler(WSGIHandler):  # type: ignore[misc]
    """pywsgi quotes a request it does not understand, and the address it came from; this one says that it came."""

    MessageClass = staticmethod(fields)
    # What nobody reads within the door's time is given up like a line that was cut.
    ignored_socket_errors = (*WSGIHandler.ignored_socket_errors, "timed out")
    _ready: pages.Ready | None = None

    def get_environ(self) -> dict[str, Any]:
        self._begun = time.perf_counter()
        self._ready = self._at_once()
        found: dict[str, Any] = {} if self._ready is not None else super().get_environ()
        return found

    def _at_once(self) -> pages.Ready | None:
        if self.command not in ("GET", "HEAD") or self.request_version != "HTTP/1.1":
            return None
        asked = self.headers.get
        if self.content_length or asked("transfer-encoding") or asked("upgrade") or asked("expect"):
            return None
        return pages.at_once(self.server.application, self.command, self.path, asked)

    def handle_one_response(self) -> None:
        ready = self._ready
        if ready is None:
            super().handle_one_response()
            return
        settings = self.server.application.config["SETTINGS"]
        number = access.request_id(self.headers.get("x-request-id", "") if settings.trusted_proxies else "")
        always = _ALWAYS if settings.is_https else b""
        head = b"".join((ready.head, always, _date(int(time.time())), number.encode(), b"\r\n\r\n"))
        try:
            self.socket.sendall(head if self.command == "HEAD" else head + ready.body)
        except OSError:
            # Whoever asked has gone.
            self.close_connection = True
        access.say(self.command, ready.route, ready.status, time.perf_counter() - self._begun, number)

    def log_error(self, _message: str, *_quoted: object) -> None:
        access.not_understood()
