"""Who wants to hear of an article, a theme or an administration by mail: an address, and nothing else of them.

Ids are drawn by lot: links are made of them (`publish.following`), and SQLite gives the number of a row that is gone to the
next one, which the old link would open.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of

LONGEST_EMAIL = 320


def drawn() -> int:
    """17 digits at most: what a link can hold, and what both databases can."""
    return secrets.randbelow(10**17) + 1


class Pace(StrEnum):
    """How soon somebody hears of what is new."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"


class Subscriber(Base):
    """An address of mail that follows something; it goes with the last thing it follows."""

    __tablename__ = "subscriber"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=drawn)
    email: Mapped[str] = mapped_column(sa.String(LONGEST_EMAIL), unique=True)


class Subscription(Base):
    """One thing that an address follows. Until it is confirmed by a mailed link, nothing is sent."""

    __tablename__ = "subscription"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False, default=drawn)
    subscriber_id: Mapped[int] = mapped_column(sa.ForeignKey("subscriber.id", ondelete="CASCADE"))
    article_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("article.id", ondelete="CASCADE"), index=True
    )
    administration_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("administration.id", ondelete="CASCADE"), index=True
    )
    theme: Mapped[str | None] = mapped_column(sa.String(120), index=True)
    pace: Mapped[Pace] = mapped_column(Word(Pace))
    # The pace that was asked for last: it holds once somebody who reads the mail has said so.
    wanted: Mapped[Pace] = mapped_column(Word(Pace))
    # Of the form that asked last (`publish.sheets`): sent twice, it asks once.
    key: Mapped[str] = mapped_column(sa.String(32))
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    subscriber: Mapped[Subscriber] = relationship()
    __table_args__ = (
        one_of("pace", Pace),
        one_of("wanted", Pace),
        sa.CheckConstraint(
            "(article_id IS NOT NULL AND administration_id IS NULL AND theme IS NULL)"
            " OR (article_id IS NULL AND administration_id IS NOT NULL AND theme IS NULL)"
            " OR (article_id IS NULL AND administration_id IS NULL AND theme IS NOT NULL)",
            name="follows_one_thing",
        ),
        sa.UniqueConstraint("subscriber_id", "article_id"),
        sa.UniqueConstraint("subscriber_id", "administration_id"),
        sa.UniqueConstraint("subscriber_id", "theme"),
    )


class SubscriptionNews(Base):
    """What waits for the next digest of a subscription: an edition, or what became of an article."""

    __tablename__ = "subscription_news"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(
        sa.ForeignKey("subscription.id", ondelete="CASCADE"), index=True
    )
    edition_id: Mapped[int | None] = mapped_column(sa.ForeignKey("edition.id"))
    act_id: Mapped[int | None] = mapped_column(sa.ForeignKey("article_act.id"))
    __table_args__ = (sa.CheckConstraint("(edition_id IS NULL) <> (act_id IS NULL)", name="of_one_thing"),)


class SubscriptionAsking(Base):
    """How many mails that ask to confirm went to an address today: its digest, forgotten the day after."""

    __tablename__ = "subscription_asking"
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    __table_args__ = (sa.CheckConstraint("count > 0", name="count_counts"),)
