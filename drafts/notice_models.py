"""Notices: what a person is told of, in the page and by mail, and what they do not want to hear of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of


class NoticeKind(StrEnum):
    """What happened. Each kind can be silenced for itself."""

    MENTION = "mention"
    ANSWER = "answer"
    REMARK = "remark"
    RESOLVED = "resolved"
    STAGE = "stage"
    REVIEW = "review"
    TEXT = "text"


class Channel(StrEnum):
    PAGE = "page"
    MAIL = "mail"


class MailState(StrEnum):
    """Whether a notice goes out by mail: `waiting` for the next digest, or `done`."""

    NONE = "none"
    WAITING = "waiting"
    DONE = "done"


class Notice(Base):
    """One person is told one thing. `what` says more of the kind: the stage, or whether a thread was reopened."""

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    remark_id: Mapped[int | None] = mapped_column(sa.ForeignKey("remark.id", ondelete="CASCADE"), index=True)
    what: Mapped[str] = mapped_column(sa.String(40), default="")
    by_person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", ondelete="SET NULL"))
    at: Mapped[datetime]
    # False where the person wants this kind by mail only.
    in_page: Mapped[bool] = mapped_column(default=True)
    read_at: Mapped[datetime | None]
    mail: Mapped[MailState] = mapped_column("mail_state", Word(MailState), default=MailState.NONE)
    __table_args__ = (
        one_of("kind", NoticeKind),
        one_of("mail_state", MailState),
        sa.Index("ix_notice_person_at", "person_id", "at"),
        sa.Index(
            "ix_notice_unread",
            "person_id",
            sqlite_where=sa.text("read_at IS NULL"),
            postgresql_where=sa.text("read_at IS NULL"),
        ),
        sa.Index(
            "ix_notice_waiting",
            "person_id",
            sqlite_where=sa.text("mail_state = 'waiting'"),
            postgresql_where=sa.text("mail_state = 'waiting'"),
        ),
    )


class NoticeSilence(Base):
    """A kind of notice that a person does not want here."""

    __tablename__ = "notice_silence"
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind), primary_key=True)
    channel: Mapped[Channel] = mapped_column(Word(Channel), primary_key=True)
    __table_args__ = (one_of("kind", NoticeKind), one_of("channel", Channel))


class DraftFollow(Base):
    """Somebody follows a text. `seq` is the number of the log up to which they have been told."""

    __tablename__ = "draft_follow"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    since: Mapped[datetime]
