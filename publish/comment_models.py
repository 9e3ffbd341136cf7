"""Comments on articles: what a citizen wrote, what moderators decided of it, what an administration answered.

Words are plain text. Nothing says from where they came; who wrote without an account is known by a secret link alone
(`publish.secret_links`), of which nothing is stored.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of

LONGEST_NAME, LONGEST_TEXT, LONGEST_EMAIL = 60, 2000, 320
LONGEST_WORDS = 500
# Beyond it databases have no numbers, and addresses do.
HIGHEST = 2**62


class Standing(StrEnum):
    """`refused` was never to be read by the public, `hidden` is not any more; `withdrawn` by its author, for good."""

    WAITING = "waiting"
    SHOWN = "shown"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


class Deed(StrEnum):
    """What a moderator can do. `keep`: leave in place what readers have reported."""

    SHOW = "show"
    REFUSE = "refuse"
    HIDE = "hide"
    KEEP = "keep"
    UNDO = "undo"


class Reason(StrEnum):
    PERSONAL = "personal"
    INSULT = "insult"
    UNLAWFUL = "unlawful"
    OFF_TOPIC = "off_topic"
    ADVERTISING = "advertising"
    DOUBLE = "double"
    OTHER = "other"


# From which standing a decision is possible, and the one it leads to. What is undone becomes what it was before.
TRANSITIONS: dict[Deed, tuple[frozenset[Standing], Standing]] = {
    Deed.SHOW: (frozenset({Standing.WAITING, Standing.HIDDEN}), Standing.SHOWN),
    Deed.REFUSE: (frozenset({Standing.WAITING}), Standing.REFUSED),
    Deed.HIDE: (frozenset({Standing.SHOWN}), Standing.HIDDEN),
    Deed.KEEP: (frozenset({Standing.SHOWN}), Standing.SHOWN),
}
NEED_A_REASON = frozenset({Deed.REFUSE, Deed.HIDE})
# Places in the moderators' queue, the first first: what is public and reported, what may hold personal data, the rest.
REPORTED, HELD, ORDINARY = 0, 1, 2


class Comment(Base):
    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"))
    # The one that was read.
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"), index=True)
    # None: about the whole page.
    block_id: Mapped[str | None] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(LONGEST_NAME))
    text: Mapped[str] = mapped_column(sa.Text)
    standing: Mapped[Standing] = mapped_column(Word(Standing), default=Standing.WAITING)
    # Something in it looks like an address or a number of somebody (`publish.personal`).
    held: Mapped[bool] = mapped_column(default=False)
    # Of the form it was written on: sent twice it is one.
    key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    filed_at: Mapped[datetime]
    email: Mapped[str] = mapped_column(sa.String(LONGEST_EMAIL), default="", server_default="")
    email_given_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    # An agent who wrote under their own name.
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    # Grows with everything that is done to it: who decides about what was changed meanwhile is told.
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    reports: Mapped[int] = mapped_column(default=0, server_default="0")
    # Its place in the moderators' queue; None when it waits for nobody.
    turn: Mapped[int | None] = mapped_column(sa.SmallInteger)
    decided_at: Mapped[datetime | None]
    # The edition in which what it said was taken into account.
    answered_in_edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("edition.id"))
    __table_args__ = (
        one_of("standing", Standing),
        sa.CheckConstraint(f"length(text) <= {LONGEST_TEXT}", name="text_bounded"),
        sa.CheckConstraint("text <> '' OR standing NOT IN ('waiting', 'shown')", name="says_something"),
        sa.CheckConstraint(
            "CASE standing WHEN 'waiting' THEN coalesce(turn IN (1, 2), false) "
            "WHEN 'shown' THEN coalesce(turn IN (0, 1, 2), true) ELSE turn IS NULL END",
            name="waits_in_turn",
        ),
        sa.CheckConstraint("confirmed_at IS NULL OR email <> ''", name="confirmed_address"),
        sa.CheckConstraint("(email = '') = (email_given_at IS NULL)", name="address_since"),
        sa.CheckConstraint("version > 0 AND reports >= 0", name="counts"),
        sa.Index("ix_comment_queue", "turn", "filed_at", "id"),
        sa.Index("ix_comment_of_article", "article_id", "standing", "filed_at"),
        sa.Index("ix_comment_decided", "standing", "decided_at"),
    )


class CommentDecision(Base):
    """What moderators decided of a comment, numbered: of two at one moment one wins. Never changed; an undoing is one more."""

    __tablename__ = "comment_decision"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    comment_id: Mapped[int] = mapped_column(sa.ForeignKey("comment.id", ondelete="CASCADE"))
    number: Mapped[int]
    deed: Mapped[Deed] = mapped_column(Word(Deed))
    # What the comment was before and is from then on.
    before: Mapped[Standing] = mapped_column(Word(Standing))
    standing: Mapped[Standing] = mapped_column(Word(Standing))
    reason: Mapped[Reason | None] = mapped_column(Word(Reason))
    words: Mapped[str] = mapped_column(sa.String(LONGEST_WORDS), default="", server_default="")
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (
        sa.UniqueConstraint("comment_id", "number"),
        one_of("deed", Deed),
        one_of("before", Standing),
        one_of("standing", Standing),
        one_of("reason", Reason, optional=True),
        sa.CheckConstraint("(deed IN ('refuse', 'hide')) = (reason IS NOT NULL)", name="reason_is_said"),
        sa.CheckConstraint("reason IS NULL OR reason <> 'other' OR words <> ''", name="other_in_words"),
    )


class CommentAnswer(Base):
    """What a competent administration answers in its name. One for each; said again, it is put in the place of the first."""

    __tablename__ = "comment_answer"
    comment_id: Mapped[int] = mapped_column(sa.ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    administration_id: Mapped[int] = mapped_column(sa.ForeignKey("administration.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint(f"length(text) BETWEEN 1 AND {LONGEST_TEXT}", name="text_bounded"),)


class CommentReport(Base):
    """A reader finds that a comment should not stand there: once for each (`publish.visitors.mark`)."""

    __tablename__ = "comment_report"
    comment_id: Mapped[int] = mapped_column(sa.ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str] = mapped_column(sa.String(32), primary_key=True)


class CommentRemark(Base):
    """A comment that was handed to a lab: the thread in a draft that says it there."""

    __tablename__ = "comment_remark"
    comment_id: Mapped[int] = mapped_column(sa.ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)
    remark_id: Mapped[int] = mapped_column(
        sa.ForeignKey("remark.id", ondelete="CASCADE"), primary_key=True, unique=True
    )


class CommentsClosed(Base):
    """From which day on an article takes no comments."""

    __tablename__ = "comments_closed"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    from_day: Mapped[date]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))


class ReadAfterwards(Base):
    """An administration for whose pages known authors are read after they are shown, and who allowed it."""

    __tablename__ = "read_afterwards"
    administration_id: Mapped[int] = mapped_column(
        sa.ForeignKey("administration.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    since: Mapped[datetime]
