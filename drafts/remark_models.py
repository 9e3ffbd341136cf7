"""Remarks: threads about a passage of a draft, or about the whole of it, and what was said in them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId

LONGEST_TEXT = 4000
LONGEST_QUOTE = 2000


class Remark(Base):
    """A thread. Its anchor in the living text is a mark that carries `public_id`; the truth about it is here.

    `quote` are the words it was made about, "" when it is about the whole text: they stay when the words are gone.
    """

    __tablename__ = "remark"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(sa.String(32), unique=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    block_id: Mapped[str | None] = mapped_column(sa.String(32))
    quote: Mapped[str] = mapped_column(sa.String(LONGEST_QUOTE), default="")
    # The frozen version that was under review when it was made, if one was.
    revision_id: Mapped[int | None] = mapped_column(sa.ForeignKey("revision.id"))
    blocking: Mapped[bool] = mapped_column(default=False)
    opened_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    opened_at: Mapped[datetime]
    resolved_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    resolved_at: Mapped[datetime | None]
    messages: Mapped[list[RemarkMessage]] = relationship(
        back_populates="remark", order_by="RemarkMessage.id", passive_deletes=True
    )
    __table_args__ = (
        sa.CheckConstraint("length(public_id) >= 1", name="has_a_name"),
        sa.CheckConstraint(f"length(quote) <= {LONGEST_QUOTE}", name="quote_bounded"),
        sa.CheckConstraint("(resolved_by IS NULL) = (resolved_at IS NULL)", name="resolved_by_somebody"),
    )

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class RemarkMessage(Base):
    """What somebody said in a thread; the first opens it. Never changed."""

    __tablename__ = "remark_message"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remark.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    remark: Mapped[Remark] = relationship(back_populates="messages")
    __table_args__ = (sa.CheckConstraint(f"length(text) BETWEEN 1 AND {LONGEST_TEXT}", name="text_bounded"),)


class RemarkMention(Base):
    """Whose attention a message asks for."""

    __tablename__ = "remark_mention"
    message_id: Mapped[int] = mapped_column(
        sa.ForeignKey("remark_message.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
