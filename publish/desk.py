"""What waits for a portal editor: texts that are ready, what is planned, what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import jobs
from app.db import session
from app.errors import DomainError
from app.policy import Act, Actor, acts_for
from drafts import review
from drafts.models import Draft
from drafts.stages import Stage
from publish import schedule, service
from publish.fate_acts import count
from publish.fate_models import PublicationFailure


@dataclass(frozen=True)
class Ready:
    """An approved text. `why_not` is "" when it can be published as it is."""

    draft_id: int
    title: str
    fingerprint: str
    seen: int
    note: str
    office: str
    why_not: str


@dataclass(frozen=True)
class Planned:
    draft_id: int
    title: str
    at: datetime
    office: str


@dataclass(frozen=True)
class Failed:
    draft_id: int
    title: str
    said: str
    planned_for: datetime
    next_at: datetime | None


@dataclass(frozen=True)
class Desk:
    ready: tuple[Ready, ...]
    planned: tuple[Planned, ...]
    failed: tuple[Failed, ...]


def desk(actor: Actor) -> Desk:
    """The three lists, of the drafts this person may publish."""
    drafts = [
        draft
        for draft in session().scalars(
            sa.select(Draft)
            .where(Draft.stage.in_([Stage.APPROVED, Stage.SCHEDULED]), Draft.trashed_at.is_(None))
            .order_by(Draft.id)
        )
        if Act.DRAFT_PUBLISH in acts_for(actor, draft)
    ]
    failures = {row.draft_id: row for row in session().scalars(sa.select(PublicationFailure))}
    return Desk(
        ready=tuple(_ready(actor, draft) for draft in drafts if draft.stage is Stage.APPROVED),
        planned=tuple(sorted(_planned(drafts), key=lambda one: one.at)),
        failed=tuple(
            Failed(draft.id, draft.title, row.said, row.planned_for, row.next_at)
            for draft in drafts
            if (row := failures.get(draft.id)) is not None
        ),
    )


def _ready(actor: Actor, draft: Draft) -> Ready:
    revision = review.open_revision(draft)
    why_not, note, fingerprint, title = "", "", "", draft.title
    try:
        review.may_publish(actor, draft)
        if revision is not None:
            note, fingerprint, title = revision.change_note, revision.fingerprint, revision.title
            service.needed_note(draft.article, revision, "")
            service.refuse_unpublishable(draft.article, None)
    except DomainError as error:
        why_not = error.message
    return Ready(
        draft.id, title, fingerprint, count(draft.article_id), note, draft.article.lead.name, why_not
    )


def _planned(drafts: list[Draft]) -> list[Planned]:
    due = dict(
        session()
        .execute(
            sa.select(jobs.DueRow.key, jobs.DueRow.due_at).where(
                jobs.DueRow.kind == schedule.PUBLISH_AT, jobs.DueRow.done_at.is_(None)
            )
        )
        .all()
    )
    return [
        Planned(draft.id, draft.title, due[str(draft.id)], draft.article.lead.name)
        for draft in drafts
        if draft.stage is Stage.SCHEDULED and str(draft.id) in due
    ]
