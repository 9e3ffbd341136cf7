"""What is kept of plain French: findings that a writer leaves as they are, and what each frozen version was like.

The rules themselves are data (`drafts/plain_french/rules.json`) and grow, so the names of rules are not fixed here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId

SHORTEST_REASON, LONGEST_REASON = 3, 300
# The words of a finding are at most a paragraph; a paragraph of ten pages is to be divided, whatever its reason.
LONGEST_WORDS = 20_000


class PlainException(Base):
    """A finding that stays as it is: these words of this block, by this rule. Other words are another finding.

    `digest` is that of the words: an index cannot hold a paragraph.
    """

    __tablename__ = "plain_exception"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"))
    block_id: Mapped[str] = mapped_column(sa.String(32))
    rule: Mapped[str] = mapped_column(sa.String(40))
    words: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("draft_id", "block_id", "rule", "digest"),
        sa.CheckConstraint("length(block_id) >= 1 AND length(rule) >= 1", name="named"),
        sa.CheckConstraint(f"length(words) BETWEEN 1 AND {LONGEST_WORDS}", name="words_bounded"),
        sa.CheckConstraint(
            f"length(reason) BETWEEN {SHORTEST_REASON} AND {LONGEST_REASON}", name="reason_is_said"
        ),
    )


class RevisionReading(Base):
    """How plain a frozen version was, by the rules of that day: `findings` counts what was left, rule by rule.

    A version has none until it was read, which follows when the child that reads was away (`drafts.plain_frozen`).
    """

    __tablename__ = "revision_reading"
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("revision.id"), primary_key=True, autoincrement=False
    )
    words: Mapped[int]
    sentences: Mapped[int]
    ease: Mapped[float | None]
    findings: Mapped[dict[str, Any]]
    left: Mapped[int] = mapped_column("findings_left")
    passed_over: Mapped[int]
    rules: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint(
            "words >= 0 AND sentences >= 0 AND findings_left >= 0 AND passed_over >= 0", name="numbers_count"
        ),
        sa.CheckConstraint("ease IS NULL OR ease BETWEEN 0 AND 100", name="ease_bounded"),
    )


class PlainOverride(Base):
    """A text was proposed with findings left, for a reason; or nobody could read it at that moment.

    `findings` and `ease` are what its person saw.
    """

    __tablename__ = "plain_override"
    revision_id: Mapped[int] = mapped_column(
        sa.ForeignKey("revision.id"), primary_key=True, autoincrement=False
    )
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    was_read: Mapped[bool]
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON))
    findings: Mapped[dict[str, Any]]
    ease: Mapped[float | None]
    at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint(
            f"(was_read AND length(reason) >= {SHORTEST_REASON}) OR (NOT was_read AND reason = '')",
            name="reason_is_said",
        ),
    )
