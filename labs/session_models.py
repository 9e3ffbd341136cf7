"""What happens in a séance: numbered events, who was there, ballots, and the minutes made of it all.

Events are only ever added. A named vote is an event. A secret one is not: it leaves a row that its person voted and adds
one to a counter, in one transaction, and nothing else (docs/workshop.md, "Secret polls").
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of


class EventKind(StrEnum):
    """The words of the list; what each carries is said in docs/workshop.md."""

    OPENED = "opened"
    CLOSED = "closed"
    AGENDA = "agenda"
    ITEM = "item"
    EXTENDED = "extended"
    HAND_UP = "hand_up"
    HAND_DOWN = "hand_down"
    FLOOR = "floor"
    SHOWN = "shown"
    SAID = "said"
    POLL_OPENED = "poll_opened"
    VOTED = "voted"
    POLL_CLOSED = "poll_closed"
    DECIDED = "decided"
    ACTION = "action"
    STRUCK = "struck"


class SessionEvent(Base):
    """One thing that happened in the room. `key` is the sender's own name for it: what is sent again is there once."""

    __tablename__ = "session_event"
    session_id: Mapped[int] = mapped_column(
        sa.ForeignKey("lab_session.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[EventKind] = mapped_column(Word(EventKind))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    payload: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(sa.String(40))
    __table_args__ = (
        one_of("kind", EventKind),
        sa.UniqueConstraint("session_id", "person_id", "key"),
        sa.CheckConstraint("number > 0", name="number_counts"),
    )


class SessionPoll(Base):
    """A poll, under the number of the event that opened it."""

    __tablename__ = "session_poll"
    session_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    secret: Mapped[bool]
    closed: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["session_event.session_id", "session_event.number"],
            name="fk_session_poll_event",
            ondelete="CASCADE",
        ),
    )


class SessionVoter(Base):
    """That a person voted, and neither when nor what. Without a row id, which would tell the order."""

    __tablename__ = "session_voter"
    session_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    poll: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["session_id", "poll"],
            ["session_poll.session_id", "session_poll.number"],
            name="fk_session_voter_poll",
            ondelete="CASCADE",
        ),
        {"sqlite_with_rowid": False},
    )


class SessionCount(Base):
    """How many chose one of the answers of a secret poll."""

    __tablename__ = "session_count"
    session_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    poll: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    choice: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["session_id", "poll"],
            ["session_poll.session_id", "session_poll.number"],
            name="fk_session_count_poll",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("count >= 0", name="count_counts"),
    )


class SessionStay(Base):
    """Somebody in the room, from when to when; renewed while they are there."""

    __tablename__ = "session_stay"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    session_id: Mapped[int] = mapped_column(sa.ForeignKey("lab_session.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"))
    # Whom they came for: people change places.
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    came_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    is_here: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        sa.Index("ix_session_stay_person", "session_id", "person_id"),
        sa.CheckConstraint("seen_at >= came_at", name="lasts"),
    )


class SessionMinutes(Base):
    """One version of the minutes: sections of a heading and lines. `made_by` None: the software."""

    __tablename__ = "session_minutes"
    session_id: Mapped[int] = mapped_column(
        sa.ForeignKey("lab_session.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime]
    sections: Mapped[list[Any]]
    sent_at: Mapped[datetime | None]
    __table_args__ = (sa.CheckConstraint("number > 0", name="number_counts"),)


class MinutesFile(Base):
    """A version of the minutes as a file, set by the worker."""

    __tablename__ = "minutes_file"
    session_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    form: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["session_minutes.session_id", "session_minutes.number"],
            name="fk_minutes_file_minutes",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("form IN ('pdf', 'docx')", name="form_known"),
    )
