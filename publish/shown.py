"""What an article's page says of the page itself: until when it was found exact, and whether it may be relied on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.db import session
from drafts.answers import sign_offs_of, substitutes_for
from drafts.models import Article, ArticleState
from drafts.review_models import Decision, ReviewOutcome
from drafts.standing import competent_for
from publish.fate_models import ArticleAct, UrgentPublication
from publish.fate_stages import Fate
from publish.models import Edition


@dataclass(frozen=True)
class Withdrawn:
    """Why two people have withdrawn a page, in their words, and when."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Signatures:
    """The administrations that are competent for an edition, by id, each in one place: what its signature covers, or
    that somebody else gave it, or that there is none."""

    whole: frozenset[int]
    # Only the blocks that it was asked for.
    part: frozenset[int]
    # It has no reviewer of its own: somebody of another administration signed in its stead.
    substituted: frozenset[int]
    # It was not waited for, abstained, or has not answered yet.
    missing: frozenset[int]


def edition_shown(article: Article) -> Edition:
    """The edition the public reads, or would if the article were live."""
    return session().scalars(
        sa.select(Edition).where(Edition.revision_id == article.shown_revision_id)
    ).one()  # fmt: skip


def review_date(fields: dict[str, Any]) -> date | None:
    """The day before which an article has to be looked at again, as it was signed."""
    value = fields.get("review_date")
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def verified(edition: Edition) -> tuple[datetime, date | None]:
    """When an edition was last found exact, and until when: at its publication, or by who said so since.

    What was published urgently, nobody else had read then: it was found exact when the others approved it.
    """
    act = session().scalars(
        sa.select(ArticleAct)
        .where(ArticleAct.deed == Fate.STILL_EXACT, ArticleAct.edition_id == edition.id)
        .where(ArticleAct.article_id == edition.article_id)
        .order_by(ArticleAct.number.desc())
        .limit(1)
    ).first()  # fmt: skip
    if act is None:
        approved_at = urgencies([edition.revision_id]).get(edition.revision_id)
        return approved_at or edition.published_at, review_date(edition.fields)
    return act.at, act.review_date


def said_exact(edition_ids: Collection[int] | None = None) -> dict[int, date]:
    """Until when editions were found exact since their publication, of all editions or of these: the last word wins."""
    query = (
        sa.select(ArticleAct.edition_id, ArticleAct.review_date)
        .where(ArticleAct.deed == Fate.STILL_EXACT)
        .order_by(ArticleAct.id)
    )
    if edition_ids is not None:
        query = query.where(ArticleAct.edition_id.in_(edition_ids))
    return {
        edition_id: until
        for edition_id, until in session().execute(query)
        if edition_id is not None and until is not None
    }


def exact_until(article: Article) -> date | None:
    """The day before which what the public reads has to be looked at again."""
    return verified(edition_shown(article))[1] if article.shown_revision_id is not None else None


def urgent_until(article: Article) -> date | None:
    """Until when others have to approve what was published urgently; None when they have."""
    if article.urgent_revision_id is None:
        return None
    return session().get_one(UrgentPublication, article.urgent_revision_id).approve_by


def urgencies(revision_ids: Collection[int]) -> dict[int, datetime | None]:
    """Of these revisions those that were published urgently, with the moment when the others approved them (None: not
    yet, or never)."""
    rows = session().execute(
        sa.select(UrgentPublication.revision_id, ReviewOutcome.approved_at)
        .select_from(UrgentPublication)
        .outerjoin(ReviewOutcome, ReviewOutcome.revision_id == UrgentPublication.revision_id)
        .where(UrgentPublication.revision_id.in_(revision_ids))
    )
    return dict(rows.all())


def signatures(edition: Edition) -> Signatures:
    """Who has signed an edition: until it is approved, of what was published urgently, those who have by now."""
    instead = {(row.administration_id, row.person_id) for row in substitutes_for(edition.revision_id)}
    signed = [row for row in sign_offs_of(edition.revision_id) if row.decision is Decision.SIGNED]
    substituted = {
        row.administration_id for row in signed if (row.administration_id, row.person_id) in instead
    }
    whole = {row.administration_id for row in signed if row.fingerprint == edition.fingerprint} - substituted
    every = {row.administration_id for row in signed}
    return Signatures(
        whole=frozenset(whole),
        part=frozenset(every - whole - substituted),
        substituted=frozenset(substituted),
        missing=frozenset(competent_for(edition.revision_id)) - every,
    )


def withdrawn(article: Article) -> Withdrawn | None:
    """Why the article is withdrawn; None when it is not."""
    if article.state is not ArticleState.WITHDRAWN:
        return None
    act = session().scalars(
        sa.select(ArticleAct)
        .where(ArticleAct.article_id == article.id, ArticleAct.deed == Fate.WITHDRAW)
        .order_by(ArticleAct.number.desc())
        .limit(1)
    ).one()  # fmt: skip
    return Withdrawn(act.at, act.reason)
