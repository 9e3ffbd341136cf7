"""Lists of drafts: a lab's by stage, those a person writes in, what programs find."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from app.db import session
from app.policy import Act, Actor, PortalRole, acts_for
from drafts.models import Article, Draft, DraftUpdate, article_administration
from drafts.stages import Stage
from drafts.words import stage_word
from labs.models import Lab, Membership
from labs.roles import LADDER, Right

# Drafts in one answer of the API.
PAGE = 100
# Texts in one list of a person's space; a lab's page has them all.
MOST_SHOWN = 40
_ACT_OF_RIGHT = {
    Right.READ: Act.DRAFT_READ,
    Right.REMARK: Act.DRAFT_REMARK,
    Right.SUGGEST: Act.DRAFT_SUGGEST,
    Right.WRITE: Act.DRAFT_WRITE,
}


@dataclass(frozen=True)
class DraftCard:
    id: int
    title: str
    lab_title: str
    lab_slug: str
    stage: Stage
    stage_word: str
    seq: int
    moved_at: datetime
    rights: tuple[Right, ...]

    @property
    def can_write(self) -> bool:
        return Right.WRITE in self.rights


def reach(actor: Actor) -> sa.ColumnElement[bool]:
    """Drafts a person may open: those of their labs, and from the first submission those they answer for.

    Wide enough for the query; whether each may be opened is then asked of the judge.
    """
    reach = _in_my_labs(actor)
    if PortalRole.PORTAL_EDITOR in actor.roles:
        reach |= Draft.stage != Stage.WRITING
    elif actor.reviewer_of:
        competent = sa.select(article_administration.c.article_id).where(
            article_administration.c.administration_id.in_(actor.reviewer_of)
        )
        reach |= (Draft.stage != Stage.WRITING) & Draft.article_id.in_(competent)
    return reach


def _in_my_labs(actor: Actor) -> sa.ColumnElement[bool]:
    return Draft.lab_id.in_(
        sa.select(Membership.lab_id).where(Membership.person_id == actor.id, Membership.removed_at.is_(None))
    )


def _cards(actor: Actor, *which: sa.ColumnElement[bool], limit: int | None = None) -> tuple[DraftCard, ...]:
    """The drafts that a person may open, the newest first. The judge is asked once for each."""
    query = (
        sa.select(Draft)
        .where(Draft.trashed_at.is_(None), *which)
        .options(joinedload(Draft.lab), joinedload(Draft.article).joinedload(Article.lead))
        .order_by(Draft.id.desc())
        .limit(limit)
    )
    drafts = list(session().scalars(query))
    moved = _moved_at([draft.id for draft in drafts])
    return tuple(
        _card(draft, acts, max(moved.get(draft.id, draft.created_at), draft.created_at))
        for draft in drafts
        if Act.DRAFT_READ in (acts := acts_for(actor, draft))
    )


def _card(draft: Draft, acts: frozenset[Act], moved_at: datetime) -> DraftCard:
    return DraftCard(
        id=draft.id,
        title=draft.title,
        lab_title=draft.lab.title,
        lab_slug=draft.lab.slug,
        stage=draft.stage,
        stage_word=stage_word(draft.stage),
        seq=draft.head_seq,
        moved_at=moved_at,
        rights=tuple(right for right in LADDER if _ACT_OF_RIGHT[right] in acts),
    )


def _moved_at(draft_ids: list[int]) -> dict[int, datetime]:
    """When each text was last written in: the instant of the row at its head."""
    rows = session().execute(
        sa.select(Draft.id, DraftUpdate.at)
        .join(DraftUpdate, (DraftUpdate.draft_id == Draft.id) & (DraftUpdate.seq == Draft.head_seq))
        .where(Draft.id.in_(draft_ids))
    )
    return dict(rows.all())


def drafts_of_lab(actor: Actor, lab: Lab) -> tuple[tuple[str, tuple[DraftCard, ...]], ...]:
    """The drafts of a lab by stage, in the order of the stages: (what the stage is called, its drafts)."""
    cards = _cards(actor, Draft.lab_id == lab.id)
    return tuple(
        (stage_word(stage), tuple(card for card in cards if card.stage is stage))
        for stage in Stage
        if any(card.stage is stage for card in cards)
    )


def written_by(actor: Actor, *, published: bool) -> tuple[DraftCard, ...]:
    """The texts a person may write in, the one written in last first: those on their way, or those published."""
    stage = Draft.stage == Stage.PUBLISHED if published else Draft.stage != Stage.PUBLISHED
    cards = _cards(actor, _in_my_labs(actor), stage, limit=MOST_SHOWN)
    return tuple(
        sorted((card for card in cards if card.can_write), key=lambda card: card.moved_at, reverse=True)
    )


def drafts_for(
    actor: Actor, after: int | None = None, limit: int | None = None
) -> tuple[tuple[DraftCard, ...], int | None]:
    """A page of the drafts a person may open, the newest first: (the drafts, the last one's id when more follow).

    `after` is the id of the last draft of the page before; `limit` is how many a page has (`PAGE`).
    """
    most = PAGE if limit is None else limit
    older = [Draft.id < after] if after is not None else []
    ids = list(
        session().scalars(
            sa.select(Draft.id)
            .where(Draft.trashed_at.is_(None), reach(actor), *older)
            .order_by(Draft.id.desc())
            .limit(most + 1)
        )
    )
    shown = ids[:most]
    return _cards(actor, Draft.id.in_(shown)), shown[-1] if len(ids) > most else None
