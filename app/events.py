"""News that travels upward: small frozen dataclasses a room notes in its own transaction.

`app.db.note` writes the row of the outbox; `app.jobs` delivers it at least once to those who subscribed here.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Base of all news. Fields are JSON values; `name` is stable, it is stored."""

    name: ClassVar[str] = ""

    def payload(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


KINDS: dict[str, type[Event]] = {}
# Handlers whose effect must survive a crash: called by the worker, once per row and handler.
durable: dict[str, dict[str, Callable[[Any], None]]] = defaultdict(dict)
# Handlers told right after the commit in the process that committed: a shortcut, never the only way.
immediate: dict[str, list[Callable[[Any], None]]] = defaultdict(list)


def event(kind: type[Event]) -> type[Event]:
    """Class decorator: make an event known, so that its row can be read back."""
    assert kind.name and kind.name not in KINDS, f"{kind} needs a name of its own"
    KINDS[kind.name] = kind
    return kind


def on(kind: type[Event], handler_name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Subscribe durably under a stable name, which is the idempotency key together with the row."""

    def register(handler: Callable[[Any], None]) -> Callable[[Any], None]:
        durable[kind.name][handler_name] = handler
        return handler

    return register


def at_once(kind: type[Event]) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(handler: Callable[[Any], None]) -> Callable[[Any], None]:
        if handler not in immediate[kind.name]:
            immediate[kind.name].append(handler)
        return handler

    return register
