"""News of the wishes."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class WishChanged(events.Event):
    """Something was done to a wish (`labs.wish_models.WishDeed`): pages that name it are made again."""

    name = "labs.wish_changed"
    wish_id: int
    deed: str
