"""Cycles: six weeks of work with goals, and the labs that work in them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, BigId

WEEKS = 6
LASTS = timedelta(weeks=WEEKS)
MOST_GOALS = 12
LONGEST_GOAL = 300


class Cycle(Base):
    """Six weeks that begin on a day. No two of them overlap (triggers say so)."""

    __tablename__ = "cycle"
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    starts_on: Mapped[date] = mapped_column(sa.Date, unique=True)
    goals: Mapped[list[str]] = mapped_column(default=list)
    made_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("number >= 1", name="counted_from_one"),)

    @property
    def ends_on(self) -> date:
        """Its last day."""
        return self.starts_on + LASTS - timedelta(days=1)

    @property
    def is_now(self) -> bool:
        return self.starts_on <= clock.local(clock.now()).date() <= self.ends_on

    @property
    def is_past(self) -> bool:
        return self.ends_on < clock.local(clock.now()).date()


class CycleLab(Base):
    """A lab works in a cycle."""

    __tablename__ = "cycle_lab"
    cycle_number: Mapped[int] = mapped_column(
        sa.ForeignKey("cycle.number", ondelete="CASCADE"), primary_key=True
    )
    lab_id: Mapped[int] = mapped_column(
        sa.ForeignKey("lab.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    since: Mapped[datetime]
