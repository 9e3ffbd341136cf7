"""News of people."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class RolesChanged(events.Event):
    """A person was given a role: what they may do at tables where they sit is asked again.

    Who loses one is signed out instead (`AccessEnded`).
    """

    name = "accounts.roles_changed"
    person_id: int
