"""Reading tests: a frozen text that people read part by part, and say of each what they understood and would do.

A part is known by the id of its first block with words, and the text by its revision: what was said of it is found again in
the living draft by that id, however the draft has moved on.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of

LONGEST_INTRO, LONGEST_WORDS = 500, 500
MOST_PARTS = 12


class Understood(StrEnum):
    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class ReadingTest(Base):
    __tablename__ = "reading_test"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # What its address ends in: 128 bits at random, since it is for those who were given it.
    token: Mapped[str] = mapped_column(sa.String(32), unique=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id"), index=True)
    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id"), index=True)
    # The edition of that revision, where it is what the public reads.
    edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("edition.id"), index=True)
    intro: Mapped[str] = mapped_column(sa.String(LONGEST_INTRO), default="")
    # The ids of the blocks that the parts begin with, in their order.
    parts: Mapped[list[str]]
    closes_at: Mapped[datetime]
    made_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("closes_at > made_at", name="lasts"),)


class ReadingAnswer(Base):
    """What one reader sent. `key` is that of the form it was last sent with."""

    __tablename__ = "reading_answer"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    test_id: Mapped[int] = mapped_column(sa.ForeignKey("reading_test.id", ondelete="CASCADE"))
    mark: Mapped[str] = mapped_column(sa.String(32))
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    on_day: Mapped[date]
    __table_args__ = (sa.UniqueConstraint("test_id", "mark"),)


class ReadingVerdict(Base):
    """What a reader said of one part, by the id of the block it begins with."""

    __tablename__ = "reading_verdict"
    answer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("reading_answer.id", ondelete="CASCADE"), primary_key=True
    )
    block_id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    understood: Mapped[Understood | None] = mapped_column(Word(Understood))
    words: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS), default="")
    __table_args__ = (one_of("understood", Understood, optional=True),)


class ReadingRemark(Base):
    """The remark that was made of a verdict: once, however many people press the button."""

    __tablename__ = "reading_remark"
    answer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    block_id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    remark_id: Mapped[int] = mapped_column(sa.ForeignKey("remark.id", ondelete="CASCADE"), index=True)
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["answer_id", "block_id"],
            ["reading_verdict.answer_id", "reading_verdict.block_id"],
            name="fk_reading_remark_verdict",
            ondelete="CASCADE",
        ),
    )
