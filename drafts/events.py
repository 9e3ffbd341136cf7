"""News of the drafts room."""

from __future__ import annotations

from dataclasses import dataclass

from app import events


@events.event
@dataclass(frozen=True)
class DraftTextMoved(events.Event):
    """The server wrote into a text: open tables catch up by number, as from another process."""

    name = "drafts.text_moved"
    draft_id: int


@events.event
@dataclass(frozen=True)
class DraftStageChanged(events.Event):
    name = "drafts.stage_changed"
    draft_id: int
    stage: str


@events.event
@dataclass(frozen=True)
class DraftAccessChanged(events.Event):
    name = "drafts.access_changed"
    draft_id: int


@events.event
@dataclass(frozen=True)
class RemarksChanged(events.Event):
    """A remark was opened, answered, resolved, reopened, or blocks now: who sits at the table looks again."""

    name = "drafts.remarks_changed"
    draft_id: int


@events.event
@dataclass(frozen=True)
class EasyReadingsChanged(events.Event):
    """Somebody kept, or took back, that people have read the easy-to-read twin: its public page says so."""

    name = "drafts.easy_readings_changed"
    draft_id: int
