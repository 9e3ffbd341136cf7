"""News of a séance: something happened in its room that was not said over its socket."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class SessionMoved(events.Event):
    """Open rooms look for what they have not told yet."""

    name = "labs.session_moved"
    session_id: int
