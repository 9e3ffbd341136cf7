"""The open reviews that somebody has to do with, read in a fixed number of queries: for the list of what waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app import clock, working_days
from app.db import session
from app.directory.models import Administration
from app.policy import Actor, PortalRole
from drafts.answers import STANDS
from drafts.models import Article, Draft
from drafts.objections import Raised, raised_against
from drafts.review_models import (
    OpenReview,
    Part,
    PassedOver,
    Revision,
    RevisionCompetence,
    RevisionPart,
    SignOff,
    Size,
    Substitute,
)
from drafts.rule import Verdict, verdict
from drafts.stages import Stage
from drafts.standing import ANSWER_WITHIN, answered, reviewed

# Reviews that are looked at for one person, the oldest first; who has more sees these done before.
MOST = 200


@dataclass
class Facts:
    """One open review as it stands, and one person in it."""

    draft: Draft
    revision_id: int
    title: str
    created_by: int
    main_author: int | None
    size: Size
    last_day: date
    competent: set[int] = field(default_factory=set)
    sign_offs: list[SignOff] = field(default_factory=list)
    parts: dict[int, int | None] = field(default_factory=dict)
    passed_over: set[int] = field(default_factory=set)
    raised: list[Raised] = field(default_factory=list)
    # Administrations without anybody who could answer, and who does it for them: administration → person.
    deserted: set[int] = field(default_factory=set)
    substitutes: dict[int, int] = field(default_factory=dict)
    wrote: bool = False

    @property
    def href(self) -> str:
        return f"/brouillons/{self.draft.id}/relecture"

    @property
    def objections(self) -> list[Raised]:
        return [one for one in self.raised if one.stands]

    @property
    def is_late(self) -> bool:
        return clock.local(clock.now()).date() > self.last_day

    @property
    def verdict(self) -> Verdict:
        return verdict(
            self.competent,
            [answered(row, self.parts.get(row.person_id)) for row in self.sign_offs],
            self.main_author,
            [one.act.administration_id for one in self.objections if one.act.administration_id],
            self.passed_over,
            lead=self.draft.article.lead_administration_id,
            size=self.size,
        )


def facts_for(actor: Actor) -> list[Facts]:
    """The open reviews of a person: those they answer for, publish, proposed, wrote or signed; the oldest first."""
    rows = session().execute(
        sa.select(OpenReview.opened_at, Revision.id, Revision.title, Revision.created_by,
                  Revision.main_author_administration_id, Revision.size, Draft)
        .join(Revision, Revision.id == OpenReview.revision_id)
        .join(Draft, Draft.id == OpenReview.draft_id)
        .options(joinedload(Draft.article).joinedload(Article.lead))
        .where(Draft.trashed_at.is_(None), Draft.stage != Stage.WRITING, _concerns(actor))
        .order_by(OpenReview.opened_at, Revision.id)
        .limit(MOST)
    ).all()  # fmt: skip
    found = {
        revision: Facts(draft, revision, title, by, main, size, working_days.last_day(opened, ANSWER_WITHIN))
        for opened, revision, title, by, main, size, draft in rows
    }
    if found:
        _fill(actor, found)
    return list(found.values())


def _concerns(actor: Actor) -> sa.ColumnElement[bool]:
    mine: sa.ColumnElement[bool] = (Revision.created_by == actor.id) | Revision.id.in_(
        sa.select(RevisionPart.revision_id).where(
            RevisionPart.person_id == actor.id, RevisionPart.part == Part.WROTE
        )
    )
    mine |= Revision.id.in_(sa.select(SignOff.revision_id).where(SignOff.person_id == actor.id))
    if PortalRole.PORTAL_EDITOR in actor.roles:
        return sa.true()
    if actor.reviewer_of:
        mine |= Revision.id.in_(
            sa.select(RevisionCompetence.revision_id).where(
                RevisionCompetence.administration_id.in_(actor.reviewer_of)
            )
        )
        mine |= Draft.article_id.in_(
            sa.select(Article.id).where(Article.lead_administration_id.in_(actor.reviewer_of))
        )
    return mine


def _fill(actor: Actor, found: dict[int, Facts]) -> None:
    for row in session().scalars(
        sa.select(RevisionCompetence).where(RevisionCompetence.revision_id.in_(found))
    ):
        found[row.revision_id].competent.add(row.administration_id)
    for sign_off in session().scalars(
        sa.select(SignOff).where(SignOff.revision_id.in_(found), STANDS).order_by(SignOff.id)
    ):
        found[sign_off.revision_id].sign_offs.append(sign_off)
    for part in session().scalars(sa.select(RevisionPart).where(RevisionPart.revision_id.in_(found))):
        found[part.revision_id].parts[part.person_id] = part.administration_id
        if part.person_id == actor.id and part.part is Part.WROTE:
            found[part.revision_id].wrote = True
    for over in session().scalars(sa.select(PassedOver).where(PassedOver.revision_id.in_(found))):
        found[over.revision_id].passed_over.add(over.administration_id)
    for revision_id, raised in raised_against(found).items():
        found[revision_id].raised = raised
    if actor.reviewer_of or PortalRole.PORTAL_EDITOR in actor.roles:
        _fill_in(found)


def _fill_in(found: dict[int, Facts]) -> None:
    """Who has nobody to answer, for those who may act in their place."""
    competent = {place for facts in found.values() for place in facts.competent}
    there = reviewed(competent)
    for facts in found.values():
        facts.deserted = facts.competent - there
    if any(facts.deserted for facts in found.values()):
        for one in session().scalars(sa.select(Substitute).where(Substitute.revision_id.in_(found))):
            found[one.revision_id].substitutes[one.administration_id] = one.person_id


def names_of_places(places: Iterable[int | None]) -> dict[int, str]:
    """The names of administrations by their id, "" for one that is not there."""
    rows = session().execute(
        sa.select(Administration.id, Administration.name).where(
            Administration.id.in_({place for place in places if place is not None})
        )
    )
    return defaultdict(str, dict(rows.all()))
