"""Calls to the public: a question that is put for a while, by which ways people came to it, and what they answered.

An answer is marked by a number that is made of the reader's and the call's (`publish.visitors`); what an agent keys in for
somebody at a counter has no mark, and the agent's number. No instant, no address, no name.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, BigId, Word, one_of

LONGEST_TITLE, LONGEST_QUESTION, LONGEST_SUMMARY = 150, 500, 3000
MOST_CHOICES, LONGEST_CHOICE = 6, 120
LONGEST_WORDS, LONGEST_SOURCE = 1000, 300


class CallState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    ANSWERED = "answered"


# What may follow what. An answered call may be answered again: the summary is put right.
NEXT = {
    CallState.DRAFT: {CallState.OPEN},
    CallState.OPEN: {CallState.CLOSED},
    CallState.CLOSED: {CallState.ANSWERED},
    CallState.ANSWERED: {CallState.ANSWERED},
}


class Channel(StrEnum):
    """By which way somebody came to a call. The order is that of lists."""

    SITE = "site"
    FACEBOOK = "facebook"
    LINKEDIN = "linkedin"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    MAIL = "mail"
    POSTER = "poster"
    COUNTER = "counter"
    MEDIATOR = "mediator"
    PHONE = "phone"


class Call(Base):
    __tablename__ = "call"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    title: Mapped[str] = mapped_column(sa.String(LONGEST_TITLE))
    question: Mapped[str] = mapped_column(sa.String(LONGEST_QUESTION))
    # An answer holds the place of its choice in this list, so that it changes no more once the call is out.
    choices: Mapped[list[str]] = mapped_column(default=list)
    # Words of a page about which people are asked: a block of an edition, which never changes.
    edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("edition.id"), index=True)
    block_id: Mapped[str] = mapped_column(sa.String(32), default="")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    lab_id: Mapped[int | None] = mapped_column(sa.ForeignKey("lab.id"), index=True)
    state: Mapped[CallState] = mapped_column(Word(CallState), default=CallState.DRAFT)
    show_results: Mapped[bool] = mapped_column(default=False)
    # What became of the answers, for the public.
    summary: Mapped[str] = mapped_column(sa.Text, default="")
    made_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime]
    __table_args__ = (
        one_of("state", CallState),
        sa.CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        sa.CheckConstraint("(state = 'answered') = (summary <> '')", name="answered_with_words"),
        sa.CheckConstraint("(edition_id IS NULL) = (block_id = '')", name="extract_is_whole"),
        sa.CheckConstraint(f"length(summary) <= {LONGEST_SUMMARY}", name="summary_bounded"),
    )

    @property
    def state_now(self) -> CallState:
        """As its clock has it: nobody has to close a call whose end has come."""
        over = self.state is CallState.OPEN and self.closes_at <= clock.now()
        return CallState.CLOSED if over else self.state

    @property
    def is_coming(self) -> bool:
        return self.state is CallState.OPEN and clock.now() < self.opens_at

    @property
    def takes_answers(self) -> bool:
        return self.state_now is CallState.OPEN and not self.is_coming


class CallOpening(Base):
    """How often the page of a call was opened on a day of Nouméa, by each way. Nothing is known of who they were."""

    __tablename__ = "call_opening"
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("call.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[Channel] = mapped_column(Word(Channel), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    __table_args__ = (one_of("channel", Channel), sa.CheckConstraint("count > 0", name="count_counts"))


class CallAnswer(Base):
    """One reader's answer, or what an agent keyed in for somebody. `key` is that of the form it was last sent with."""

    __tablename__ = "call_answer"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[int] = mapped_column(sa.ForeignKey("call.id", ondelete="CASCADE"))
    mark: Mapped[str | None] = mapped_column(sa.String(32))
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    channel: Mapped[Channel] = mapped_column(Word(Channel))
    choice: Mapped[int | None]
    words: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS), default="")
    on_day: Mapped[date]
    entered_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    # Where it was read or heard: an address on the web, or a few words.
    source: Mapped[str] = mapped_column(sa.String(LONGEST_SOURCE), default="")
    __table_args__ = (
        one_of("channel", Channel),
        sa.UniqueConstraint("call_id", "mark"),
        sa.CheckConstraint("(mark IS NULL) = (entered_by IS NOT NULL)", name="said_by_a_reader_or_keyed_in"),
        sa.CheckConstraint(f"choice IS NULL OR choice BETWEEN 0 AND {MOST_CHOICES - 1}", name="choice_known"),
    )
