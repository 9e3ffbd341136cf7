"""The easy-to-read twin of a draft: its parts in versions, whether it goes with the next proposal, who has read it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of

# A block is a paragraph or a heading; who needs more easy words for one has not made it easy.
LONGEST_PART = 2000
# Of the original words as much as a person compares; the digest is of all of them.
LONGEST_SOURCE = 8000
LONGEST_NAME = 120
LONGEST_PLACE = 120
LONGEST_CHANGE = 1000
# A reading is a circle around a table, or several; a survey is something else.
MOST_READERS = 500


class EasyDeed(StrEnum):
    """How a version of a part came about. `confirmed`: the original changed and the easy words still hold."""

    WRITTEN = "written"
    LEFT_OUT = "left_out"
    CONFIRMED = "confirmed"
    BROUGHT_BACK = "brought_back"
    MOVED = "moved"
    PUT_AWAY = "put_away"


class EasyReaders(StrEnum):
    """Who the people were that read it, in the words of the easy-to-read movement: what makes reading hard for them is
    nobody's business here."""

    CONCERNED = "concerned"
    LEARNING_FRENCH = "learning_french"
    LEARNING_TO_READ = "learning_to_read"
    ELDERLY = "elderly"
    MIXED = "mixed"


class EasyPart(Base):
    """One version of the easy words for one block of a draft. Never changed: the last version of a block counts.

    `source_digest` is of the words that the block had for who wrote (`easy_text.digest`), "" when nobody knows them;
    `source_words` are these words, to be compared with what they became.
    """

    __tablename__ = "easy_part"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"))
    block_id: Mapped[str] = mapped_column(sa.String(32))
    number: Mapped[int]
    deed: Mapped[EasyDeed] = mapped_column(Word(EasyDeed))
    # « Ce passage n’est pas repris »: the easy text does without this block.
    is_left_out: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(sa.String(LONGEST_PART), default="")
    source_digest: Mapped[str] = mapped_column(sa.String(64), default="")
    source_words: Mapped[str] = mapped_column(sa.String(LONGEST_SOURCE), default="")
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    at: Mapped[datetime]
    __table_args__ = (
        # Of two people who save the same part at one moment one is first; the other hears of it.
        sa.UniqueConstraint("draft_id", "block_id", "number"),
        one_of("deed", EasyDeed),
        sa.CheckConstraint("number > 0", name="number_counts"),
        sa.CheckConstraint("length(block_id) >= 1", name="has_a_block"),
        sa.CheckConstraint(f"length(text) <= {LONGEST_PART}", name="text_bounded"),
        sa.CheckConstraint(f"length(source_words) <= {LONGEST_SOURCE}", name="source_bounded"),
        sa.CheckConstraint(
            "(length(text) >= 1) = (deed != 'put_away' AND NOT is_left_out)", name="says_something_or_nothing"
        ),
    )


class EasyTwin(Base):
    """What a draft's people decided about its twin as a whole; without a row it goes with the next proposal."""

    __tablename__ = "easy_twin"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    joins: Mapped[bool] = mapped_column(default=True)


class EasyReading(Base):
    """People who were shown the twin, when and where, and what was changed after it.

    A name is kept only when somebody gave it, and shown to the public only with `may_name`, their consent.
    """

    __tablename__ = "easy_reading"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    readers: Mapped[EasyReaders] = mapped_column(Word(EasyReaders))
    count: Mapped[int]
    who: Mapped[str] = mapped_column(sa.String(LONGEST_NAME), default="")
    may_name: Mapped[bool] = mapped_column(default=False)
    place: Mapped[str] = mapped_column(sa.String(LONGEST_PLACE), default="")
    read_on: Mapped[date]
    changed_after: Mapped[str] = mapped_column(sa.String(LONGEST_CHANGE), default="")
    recorded_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    recorded_at: Mapped[datetime]
    __table_args__ = (
        one_of("readers", EasyReaders),
        sa.CheckConstraint(f"count BETWEEN 1 AND {MOST_READERS}", name="count_bounded"),
        sa.CheckConstraint("NOT may_name OR length(who) >= 1", name="names_somebody"),
    )
