"""What readers say of an article without an account: that they like it, and whether it helped them.

A row is marked by a number that is made of the reader's and the article's (`publish.visitors`): it says that the same
reader comes back to this article, and nothing else of them. No instant, no address.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Word, one_of

LONGEST_REASON = 1000


class Clarity(StrEnum):
    CLEAR = "clear"
    HARD = "hard"


class ArticleLike(Base):
    __tablename__ = "article_like"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    on_day: Mapped[date]


class Helpfulness(Base):
    """The last answer of a reader to « Cette page vous a-t-elle aidé ? », on the edition they read."""

    __tablename__ = "helpfulness"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"), index=True)
    helped: Mapped[bool]
    clarity: Mapped[Clarity | None] = mapped_column(Word(Clarity))
    reason: Mapped[str] = mapped_column(sa.String(LONGEST_REASON), default="", server_default="")
    on_day: Mapped[date]
    __table_args__ = (one_of("clarity", Clarity, optional=True),)


class VoiceDue(Base):
    """Articles whose counts have changed since their pages were last made."""

    __tablename__ = "voice_due"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)


class TouchedPage(Base):
    """A page that is to be made again although nothing was published: its counts have moved.

    Numbered in one row, so that a process asks for what is newer than it has seen. `publish.store` keeps it.
    """

    __tablename__ = "touched_page"
    path: Mapped[str] = mapped_column(sa.String(300), primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, index=True)
