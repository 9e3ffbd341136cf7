"""Ways into a lab for agents: somebody invites them, or they ask to join."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Base, BigId, Word, one_of
from labs.models import Lab
from labs.roles import Right

LONGEST_SENTENCE = 500


class Outcome(StrEnum):
    """How a question ended. `withdrawn`: by who had put it; `expired`: nobody answered in time."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_ANSWERED = "(outcome IS NULL) = (answered_at IS NULL)"


def _one_open(table: str) -> sa.Index:
    """One open question of a lab and a person."""
    return sa.Index(
        f"uq_{table}_open",
        "lab_id",
        "person_id",
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


class LabInvitation(Base):
    """A place that is offered to an agent: they take it, or do not."""

    __tablename__ = "lab_invitation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    right: Mapped[Right] = mapped_column("right_held", Word(Right))
    is_facilitator: Mapped[bool] = mapped_column(default=False)
    invited_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    invited_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    answered_at: Mapped[datetime | None]
    lab: Mapped[Lab] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    __table_args__ = (
        one_of("right_held", Right),
        one_of("outcome", Outcome, optional=True),
        sa.CheckConstraint("expires_at > invited_at", name="lasts"),
        sa.CheckConstraint(_ANSWERED, name="answered_once"),
        _one_open("lab_invitation"),
    )


class LabRequest(Base):
    """Somebody asks for a place, with a sentence; a facilitator gives one, or says why not."""

    __tablename__ = "lab_request"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    sentence: Mapped[str] = mapped_column(sa.Text)
    asked_at: Mapped[datetime]
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    answered_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.Text, default="")
    lab: Mapped[Lab] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    __table_args__ = (
        one_of("outcome", Outcome, optional=True),
        sa.CheckConstraint(_ANSWERED, name="answered_once"),
        sa.CheckConstraint("(outcome IS NULL) = (answered_by IS NULL)", name="answered_by_somebody"),
        # Who is turned away is told why.
        sa.CheckConstraint("outcome <> 'declined' OR length(reason) >= 1", name="declined_with_a_reason"),
        sa.CheckConstraint(
            f"length(sentence) BETWEEN 1 AND {LONGEST_SENTENCE} AND length(reason) <= {LONGEST_SENTENCE}",
            name="words_bounded",
        ),
        _one_open("lab_request"),
    )
