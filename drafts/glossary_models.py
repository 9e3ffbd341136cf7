"""The glossary: words of administrations and what they mean, and the rules of plain French as an administrator set them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of

# A term and each of its forms; « centre communal d’action sociale » has 33 signs.
LONGEST_TERM = 80
# Two or three short sentences: more is read by nobody who stumbled over one word.
LONGEST_DEFINITION = 300
LONGEST_SPELLED = 160
LONGEST_SOURCE = 160
LONGEST_URL = 500
LONGEST_REASON = 300


class TermStatus(StrEnum):
    """`proposed → live | refused`, `live ⇄ withdrawn`. Nothing is deleted: a word that was explained once stays known."""

    PROPOSED = "proposed"
    LIVE = "live"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


# Of these one word has one row.
_STANDING = sa.text("status IN ('live', 'withdrawn')")
_WAITING = sa.text("status = 'proposed'")


class GlossaryTerm(Base):
    """One word. `key` is the term in small letters without accents, as its anchor on the public page spells it."""

    __tablename__ = "glossary_term"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(LONGEST_TERM))
    term: Mapped[str] = mapped_column(sa.String(LONGEST_TERM))
    forms: Mapped[list[str]]
    spelled_out: Mapped[str] = mapped_column(sa.String(LONGEST_SPELLED), default="")
    definition: Mapped[str] = mapped_column(sa.String(LONGEST_DEFINITION))
    source: Mapped[str] = mapped_column(sa.String(LONGEST_SOURCE), default="")
    source_url: Mapped[str] = mapped_column(sa.String(LONGEST_URL), default="")
    status: Mapped[TermStatus] = mapped_column(Word(TermStatus))
    version: Mapped[int] = mapped_column(default=1)
    # Who wrote or proposed it, and who last changed or decided.
    written_by: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    written_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(
        sa.ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    changed_at: Mapped[datetime]
    # Why it was refused or withdrawn.
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON), default="")
    __table_args__ = (
        one_of("status", TermStatus),
        sa.CheckConstraint("length(term) > 0 AND length(key) > 0", name="named"),
        sa.CheckConstraint("length(definition) > 0", name="defined"),
        sa.CheckConstraint("status NOT IN ('refused', 'withdrawn') OR length(reason) > 0", name="reasoned"),
        sa.Index(
            "uq_glossary_term_standing",
            "key",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        sa.Index(
            "uq_glossary_term_waiting", "key", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING
        ),
    )


class RuleAmendment(Base):
    """What an administrator changed of one rule of plain French, as a whole; the last row of a rule is in force.

    `change` is told over the rule as it is shipped (`drafts.plain_french.amended`), so that what a release adds comes
    through; {} is the rule as it is shipped. Rows are never changed: they are the history.
    """

    __tablename__ = "rule_amendment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule: Mapped[str] = mapped_column(sa.String(40))
    number: Mapped[int]
    change: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON))
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="SET NULL"), index=True)
    at: Mapped[datetime]
    __table_args__ = (
        sa.UniqueConstraint("rule", "number"),
        sa.CheckConstraint("number > 0", name="counted"),
        sa.CheckConstraint("length(reason) > 0", name="reasoned"),
    )
