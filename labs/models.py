"""Labs, their members and their sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Person
from app.db import Base, BigId, Word, one_of
from app.directory.models import Administration
from labs.roles import Right


class LabKind(StrEnum):
    PERMANENT = "permanent"
    SHARED = "shared"


class SessionStatus(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Lab(Base):
    """A standing group of people around a theme. Every administration has a permanent one of its own."""

    __tablename__ = "lab"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(80), unique=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    purpose: Mapped[str] = mapped_column(sa.Text, default="")
    kind: Mapped[LabKind] = mapped_column(Word(LabKind))
    administration_id: Mapped[int] = mapped_column(sa.ForeignKey("administration.id"), index=True)
    open_to_requests: Mapped[bool] = mapped_column(default=True)
    # Slugs of app.directory.themes.
    themes: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    access_epoch: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    administration: Mapped[Administration] = relationship()
    members: Mapped[list[Membership]] = relationship(back_populates="lab", order_by="Membership.id")
    __table_args__ = (
        one_of("kind", LabKind),
        # One permanent lab per administration.
        sa.Index(
            "uq_lab_permanent",
            "administration_id",
            unique=True,
            sqlite_where=sa.text("kind = 'permanent'"),
            postgresql_where=sa.text("kind = 'permanent'"),
        ),
    )


class Membership(Base):
    """A person's place in a lab. A removed one stays, marked, so that what they did keeps its meaning."""

    __tablename__ = "membership"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), index=True)
    right: Mapped[Right] = mapped_column("right_held", Word(Right))
    is_facilitator: Mapped[bool] = mapped_column(default=False)
    joined_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    # A guest's place has an end (triggers say so); an agent's has none.
    until: Mapped[datetime | None]
    lab: Mapped[Lab] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()
    __table_args__ = (one_of("right_held", Right), sa.UniqueConstraint("lab_id", "person_id"))


class LabSession(Base):
    """A séance: a workshop of a lab on a date, with an agenda."""

    __tablename__ = "lab_session"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[SessionStatus] = mapped_column(Word(SessionStatus), default=SessionStatus.PLANNED)
    agenda: Mapped[list[Any]] = mapped_column(default=list)
    access_epoch: Mapped[int] = mapped_column(default=1)
    video_link: Mapped[str] = mapped_column(sa.String(500), default="", server_default="")
    # What calendars know it by for ever, and which of its states they have (RFC 5545).
    uid: Mapped[str] = mapped_column(sa.String(80), unique=True)
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    organiser_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    # The number of the last event of its room (labs.session_models.SessionEvent): every process sees by it that its
    # people have something to hear.
    head_number: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    # Since when somebody waits for the minutes, which the worker writes.
    minutes_wanted_at: Mapped[datetime | None]
    lab: Mapped[Lab] = relationship()
    __table_args__ = (
        one_of("status", SessionStatus),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )
