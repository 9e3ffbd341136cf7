"""News of the public side."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class EditionPublished(events.Event):
    """An article has a new edition, and its pages have been marked stale in the same transaction."""

    name = "publish.edition_published"
    edition_id: int
    article_id: int
    slug: str
