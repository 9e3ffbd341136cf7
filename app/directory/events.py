"""News of the directory."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class DirectoryChanged(events.Event):
    """What public pages say of an administration, an online service or a space is not what it was.

    `kind` is "administration", "online_service" or "connected_space". `renamed`: what one may search it by, too.
    """

    name = "directory.changed"
    kind: str
    thing_id: int
    renamed: bool = False
