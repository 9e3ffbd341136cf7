"""What the server says of itself: one JSON object a line, or plain lines on a terminal.

A log is read by people who may not read the drafts, and is kept elsewhere for longer. So a record holds numbers
and templates, never what somebody wrote: the message of an exception stays out unless its kind is known to quote
nothing (a ValueError quotes its input, a PostgreSQL error the row that failed). Its type and its stack go in.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"
# What a record may carry beside its message; anything else in `extra` is passed over.
FACTS = ("request", "event", "job", "route", "status", "ms", "person", "draft", "stack")
# The logger of answered requests; on a terminal it is silent, so that `make run` stays one readable screen.
ACCESS = "app.access"
# LOG_LEVEL is for what we say. Libraries are heard from WARNING on: SQLAlchemy's DEBUG prints the rows it read.
_OURS = ("app", "labs", "drafts", "realtime", "publish")
# Whose sentences are written in this repository: `__main__` is the worker, `gevent` the hub's dead greenlets.
_SPEAKERS = frozenset({*_OURS, "__main__", "gevent"})
# They bring a handler of their own, beside ours, unless their level is set already.
_TALKATIVE = ("engineio.server", "socketio.server")
# Exceptions whose text is made of names in the code, numbers or the system's own sentences.
_QUOTE_NOTHING: tuple[type[BaseException], ...] = (
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
)
# Database errors whose first line names tables and constraints; the lines below it quote the row. A DataError
# ("invalid input syntax", "value too long") quotes at once.
_NAMES_FIRST = ("OperationalError", "IntegrityError", "ProgrammingError", "InternalError")

# Also one that is cut short, or has lost its end.
_TOKEN = re.compile(r"olp_[0-9A-Za-z]{6,}", re.ASCII)

# Our handler, where it writes JSON.
_to_stderr: _ToStderr | None = None
# The facts of the request (or of the socket's handshake) this greenlet works for.
_about: ContextVar[dict[str, Any] | None] = ContextVar("openlab_about", default=None)


class request_facts:
    """Facts that every record made inside the block carries. The dict is shared with what `about` adds."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    def __enter__(self) -> dict[str, Any]:
        self._token = _about.set(self.facts)
        return self.facts

    def __exit__(self, *_error: object) -> None:
        _about.reset(self._token)


def about(**facts: Any) -> None:
    """Add facts to the request this greenlet works for; outside of one, nothing happens."""
    known = _about.get()
    if known is not None:
        known.update(facts)


def facts() -> dict[str, Any]:
    """What is known of the request this greenlet works for, as `about` goes on adding to it; empty outside of one."""
    known = _about.get()
    return {} if known is None else known


def number() -> str:
    """The number of the request this greenlet works for, which a person may give as a reference; "" outside of one."""
    return str(facts().get("request", ""))


def describe(error: BaseException) -> str:
    """An exception in words that quote nobody: its kind, its code, and its text when that is safe."""
    name = type(error).__name__
    origin = getattr(error, "orig", None)
    if isinstance(origin, BaseException):
        return ": ".join(part for part in (name, *_of_database(origin)) if part)
    if isinstance(error, OSError):
        # Not str(error), which ends with the name of a file.
        return f"{name}: {error.strerror}" if error.strerror else name
    if isinstance(error, _QUOTE_NOTHING):
        return f"{name}: {error}"
    code = getattr(error, "code", None)
    said = f"{name}: {code}" if isinstance(code, str) else name
    return f"{said} ({describe(error.__cause__)})" if error.__cause__ is not None else said


def _of_database(error: BaseException) -> tuple[str, str]:
    """The code of a driver's error, and its first line where that quotes no value."""
    state = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None) or ""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    # SQLite's general error quotes what it could not parse, a reader's search for example.
    quotes = state == "SQLITE_ERROR" or not kinds & set(_NAMES_FIRST)
    return state, "" if quotes else str(error).partition("\n")[0]


def stack(trace: TracebackType | None) -> list[str]:
    """`file:line function` of each frame, outermost first, without the lines of code or any value."""
    return [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-40:]
    ]


def _short(file: str) -> str:
    return os.path.relpath(file, ROOT) if file.startswith(str(ROOT)) else file


def _error(error: BaseException, depth: int = 3) -> dict[str, Any]:
    found: dict[str, Any] = {"type": type(error).__qualname__, "said": describe(error)}
    found["stack"] = stack(error.__traceback__)
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth:
        found["because"] = _error(before, depth - 1)
    return found


def message(record: logging.LogRecord) -> str:
    """The record's sentence, when it is ours; exceptions among its arguments are described, not quoted."""
    if isinstance(record.msg, BaseException):
        return describe(record.msg)
    args = record.args
    if record.name.partition(".")[0] not in _SPEAKERS:
        # A library may have put anything into its sentence (Engine.IO quotes the session it does not know); a
        # template is constant, and a place in the code says the rest.
        place = f"{record.module}:{record.lineno} {record.funcName}"
        return f"{record.msg} ({place})" if args else place
    if not args:
        return str(record.msg)
    if isinstance(args, tuple):
        args = tuple(describe(item) if isinstance(item, BaseException) else item for item in args)
    return str(record.msg) % args


class JsonLines(logging.Formatter):
    """One JSON object a record, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message(record),
            "pid": record.process,
        }
        facts = {**(_about.get() or {}), **vars(record)}
        said.update((name, facts[name]) for name in FACTS if facts.get(name) is not None)
        if record.exc_info and record.exc_info[1] is not None:
            said["error"] = _error(record.exc_info[1])
        return without_tokens(
            json.dumps(said, ensure_ascii=False, default=lambda value: type(value).__name__)
        )


class PlainLines(logging.Formatter):
    """What a terminal shows."""

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


def without_tokens(line: str) -> str:
    """A line as it may be kept: nothing of ours says a personal token (app.accounts.tokens), a library might."""
    return _TOKEN.sub("olp_…", line) if "olp_" in line else line


def answered(log: logging.Logger, method: str, route: str, status: int, ms: float, number: str) -> None:
    """The record of an answered request, as `JsonLines` writes it, put together without logging's own machinery: that takes
    40 of the 100 µs a stored page costs (measured). Where somebody else listens, they hear it in the usual way."""
    if _to_stderr is None or not _is_plain(log):
        log.info("%s %s", method, route, extra={"status": status, "ms": ms, "request": number})
        return
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    _to_stderr.write_line(
        f'{{"time": "{now}", "level": "INFO", "logger": "{log.name}", "message": "{method} {route}", "pid": {os.getpid()}, '
        f'"request": "{number}", "route": "{route}", "status": {status}, "ms": {ms}}}\n'
    )


def _is_plain(log: logging.Logger) -> bool:
    """Whether a record of this logger would go to our handler alone."""
    return not log.handlers and not log.filters and logging.getLogger().handlers == [_to_stderr]


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to whatever sys.stderr is at the moment, and never raises into the code that logs."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def write_line(self, line: str) -> None:
        with suppress(OSError, ValueError):
            self.stream.write(line)
            self.flush()

    def handleError(self, record: logging.LogRecord) -> None:
        # logging's own answer prints the record's arguments.
        print(f"a record of {record.name} at line {record.lineno} could not be written", file=sys.stderr)


def configure(level: str, *, terminal: bool | None = None) -> None:
    """Send every record to stderr: plain on a terminal, else JSON. Leaves a logging that is set up alone."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    if logging.getLogger().handlers:
        return
    terminal = sys.stderr.isatty() if terminal is None else terminal
    global _to_stderr
    handler = _ToStderr()
    _to_stderr = None if terminal else handler
    handler.setFormatter(PlainLines(PLAIN) if terminal else JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    if terminal and level != "DEBUG":
        logging.getLogger(ACCESS).setLevel(logging.WARNING)
    if not terminal:
        sys.excepthook = _uncaught
        threading.excepthook = lambda died: _uncaught(
            died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback
        )


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(__name__).critical("nobody caught an error", exc_info=(kind, error, trace))


def uncaught_in_greenlet(context: object, kind: Any, error: Any, trace: Any) -> None:
    """For gevent's hub, which prints a traceback with its message to stderr otherwise."""
    logging.getLogger("gevent").error("a greenlet died", exc_info=(kind, error, trace))
