"""What became of articles: their numbered acts, urgent publications, publications that failed."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of
from drafts.models import ArticleState
from publish.fate_stages import Capacity, Fate

_LEADS_TO = (
    "(deed IN ('publish', 'publish_urgently', 'restore') AND state = 'live')"
    " OR (deed = 'mask' AND state = 'masked') OR (deed = 'unmask' AND state IN ('live', 'withdrawn'))"
    " OR (deed = 'withdraw' AND state = 'withdrawn') OR (deed = 'redirect' AND state = 'redirected')"
    " OR (deed = 'remove' AND state = 'gone') OR (deed = 'still_exact' AND state = 'live')"
    " OR deed IN ('propose', 'decline', 'approve')"
)


class ArticleAct(Base):
    """The numbered, append-only list an article's state is folded from. Of two acts at one moment one wins."""

    __tablename__ = "article_act"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    number: Mapped[int]
    deed: Mapped[Fate] = mapped_column(Word(Fate))
    # What the article is from this act on.
    state: Mapped[ArticleState] = mapped_column(Word(ArticleState))
    # Nobody for what follows by itself.
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    capacity: Mapped[Capacity | None] = mapped_column(Word(Capacity))
    # Of a mask: for those who work here. Of what two people decide: read by the public.
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    proposed: Mapped[Fate | None] = mapped_column(Word(Fate))
    proposal_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("article_act.id", name="fk_article_act_proposal_id")
    )
    # Where readers are sent (redirect), or what they may read instead (remove).
    target_article_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article.id"))
    edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("edition.id"))
    # With `still_exact`: until when it was found exact.
    review_date: Mapped[date | None]
    at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("article_id", "number"),
        one_of("deed", Fate),
        one_of("state", ArticleState),
        one_of("capacity", Capacity, optional=True),
        sa.CheckConstraint(
            "proposed IS NULL OR proposed IN ('withdraw', 'redirect', 'remove', 'restore')",
            name="proposed_by_two",
        ),
        sa.CheckConstraint("(deed = 'propose') = (proposed IS NOT NULL)", name="proposes_something"),
        sa.CheckConstraint(
            "(deed IN ('withdraw', 'redirect', 'remove', 'restore', 'decline')) = (proposal_id IS NOT NULL)",
            name="two_people_decide",
        ),
        sa.CheckConstraint(_LEADS_TO, name="leads_to"),
        sa.CheckConstraint(
            "person_id IS NOT NULL OR deed IN ('publish', 'approve', 'unmask')", name="somebodys_act"
        ),
        sa.CheckConstraint(
            "reason <> '' OR deed NOT IN ('mask', 'propose', 'publish_urgently')", name="reason_is_said"
        ),
        sa.CheckConstraint(
            "(deed <> 'redirect' AND coalesce(proposed, '') <> 'redirect') OR target_article_id IS NOT NULL",
            name="redirects_somewhere",
        ),
        sa.CheckConstraint(
            "target_article_id IS NULL OR target_article_id <> article_id", name="leads_elsewhere"
        ),
        sa.CheckConstraint("(deed = 'still_exact') = (review_date IS NOT NULL)", name="exact_until_when"),
    )


class UrgentPublication(Base):
    """A revision that was made public before its review came out, by whom, why, and until when it must come out."""

    __tablename__ = "urgent_publication"
    revision_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    # The last day for the others, that day included.
    approve_by: Mapped[date]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_urgent_publication_scope",
        ),
        sa.CheckConstraint("reason <> ''", name="reason_is_said"),
    )


class PublicationFailure(Base):
    """A planned publication that did not take place, until it does or somebody has seen to it."""

    __tablename__ = "publication_failure"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    # For people: one sentence. What went wrong inside stands in the log only.
    said: Mapped[str] = mapped_column(sa.String(500))
    attempts: Mapped[int] = mapped_column(default=1)
    planned_for: Mapped[datetime]
    failed_at: Mapped[datetime]
    # None: it is not tried again by itself.
    next_at: Mapped[datetime | None]
