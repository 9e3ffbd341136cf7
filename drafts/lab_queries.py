"""What the drafts say on the pages of the floor below: what a lab has left to decide, how far a cycle has come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import Act, Actor, acts_for
from drafts.models import Draft
from drafts.objections import raised_against
from drafts.remark_models import Remark
from drafts.review_models import OpenReview
from drafts.stages import Stage
from drafts.words import stage_word
from labs.models import Lab


@dataclass(frozen=True)
class ToDecide:
    """One thing that the people of a lab have to settle about one text."""

    title: str
    href: str
    what: str


def left_to_decide(actor: Actor, lab: Lab) -> tuple[ToDecide, ...]:
    """Blocking remarks, objections, changes that were asked for, texts that only wait to be published."""
    drafts = [
        draft
        for draft in session().scalars(
            sa.select(Draft).where(Draft.lab_id == lab.id, Draft.trashed_at.is_(None)).order_by(Draft.title)
        )
        if Act.DRAFT_READ in acts_for(actor, draft)
    ]
    blocking = _blocking([draft.id for draft in drafts])
    objected = _objected([draft.id for draft in drafts if draft.stage is Stage.IN_REVIEW])
    found = []
    for draft in drafts:
        page = f"/brouillons/{draft.id}"
        if count := blocking.get(draft.id):
            what = ngettext(
                "%(num)d remarque bloquante est ouverte", "%(num)d remarques bloquantes sont ouvertes", count
            )
            found.append(ToDecide(draft.title, f"{page}/remarques", what))
        if count := objected.get(draft.id):
            what = ngettext(
                "%(num)d opposition bloque la publication",
                "%(num)d oppositions bloquent la publication",
                count,
            )
            found.append(ToDecide(draft.title, f"{page}/relecture", what))
        if draft.stage is Stage.CHANGES_REQUESTED:
            found.append(ToDecide(draft.title, page, _("un référent demande des changements")))
        if draft.stage is Stage.APPROVED:
            found.append(
                ToDecide(
                    draft.title, f"{page}/relecture", _("le texte est approuvé et attend sa publication")
                )
            )
    return tuple(found)


def _blocking(draft_ids: Collection[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(Remark.draft_id, sa.func.count())
        .where(Remark.draft_id.in_(draft_ids), Remark.blocking, Remark.resolved_at.is_(None))
        .group_by(Remark.draft_id)
    )
    return dict(rows.all())


def _objected(draft_ids: Collection[int]) -> dict[int, int]:
    rows = session().execute(
        sa.select(Draft.id, OpenReview.revision_id)
        .join(OpenReview, OpenReview.article_id == Draft.article_id)
        .where(Draft.id.in_(draft_ids))
    )
    reviews = dict(rows.all())
    raised = raised_against(list(reviews.values()))
    return {
        draft_id: sum(found.stands for found in raised.get(revision_id, []))
        for draft_id, revision_id in reviews.items()
    }


@dataclass(frozen=True)
class Progress:
    """How many texts of one lab are in each stage; `counts` goes with `Advance.stages`."""

    title: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Advance:
    stages: tuple[str, ...]
    labs: tuple[Progress, ...]


def advance_of(labs: Collection[tuple[int, str]]) -> Advance:
    """The texts of some labs (id, title), counted by stage. Numbers only: who may not read a text is not told its title."""
    rows = session().execute(
        sa.select(Draft.lab_id, Draft.stage, sa.func.count())
        .where(Draft.lab_id.in_([lab_id for lab_id, _title in labs]), Draft.trashed_at.is_(None))
        .group_by(Draft.lab_id, Draft.stage)
    )
    counted = {(lab_id, stage): count for lab_id, stage, count in rows}
    return Advance(
        tuple(stage_word(stage) for stage in Stage),
        tuple(
            Progress(title, tuple(counted.get((lab_id, stage), 0) for stage in Stage))
            for lab_id, title in labs
        ),
    )
