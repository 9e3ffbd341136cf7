"""News of the glossary."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class GlossaryChanged(events.Event):
    """What the public reads of a word is not what it was."""

    name = "drafts.glossary_changed"
    term_id: int
