"""Redactions: words that were taken out of a text and of all that was kept of it, on a legal request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId

LONGEST_REFERENCE = 120
LONGEST_REASON = 1000


class Redaction(Base):
    """One act: who, why, of which draft. It does not hold the words. Never changed once it is finished (triggers).

    While a row is not finished, which is within its own transaction only, the database lets words change in tables
    that only grow. `counts` are the columns from which words went, and how many values of each.
    """

    __tablename__ = "redaction"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id"), index=True)
    # None: by command, on the machine itself.
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    reference: Mapped[str] = mapped_column(sa.String(LONGEST_REFERENCE))
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RedactedDigest(Base):
    """What was sealed and is no longer as it was sealed: one column of one row, its digest before and after.

    `name` is the table and the column with a full stop between; `digest` is a SHA-256 as the evidence counts it.
    """

    __tablename__ = "redacted_digest"
    redaction_id: Mapped[int] = mapped_column(sa.ForeignKey("redaction.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    before: Mapped[str] = mapped_column(sa.String(64))
    after: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.CheckConstraint("length(before) = 64 AND length(after) = 64", name="digests_whole"),
        sa.Index("ix_redacted_digest_name_key", "name", "key"),
    )
