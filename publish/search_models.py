"""What the search remembers: where words stand, how they are written, which mean the same, what nobody found.

All but the last two can be made again from the editions (`publish.search_index`).
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId
from publish.words import STEM_LENGTH

# The longest line of words that mean the same, and the longest query that is counted.
LONGEST_GROUP = 400
LONGEST_MISS = 80


class SearchTerm(Base):
    """One row for each word of an article, as it is spelt, and each stem of it. Stems are computed in Python, so that
    both databases find the same."""

    __tablename__ = "search_term"
    stem: Mapped[str] = mapped_column(sa.String(STEM_LENGTH), primary_key=True)
    # As `words.spelt_in` says it: by this two words of one stem are told apart without reading the article.
    spelt: Mapped[str] = mapped_column(sa.String(STEM_LENGTH + 1), primary_key=True)
    article_id: Mapped[int] = mapped_column(
        sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    # How much the article is about the word, in hundredths of a word of its body.
    weight: Mapped[int]
    # The best place it stands in (`search_index.Place`).
    place: Mapped[int] = mapped_column(sa.SmallInteger)


class SearchedArticle(Base):
    """Which edition of an article the index has, and by which rules it was cut into words."""

    __tablename__ = "searched_article"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"))
    rules: Mapped[str] = mapped_column(sa.String(16))


class SearchWord(Base):
    """A word that an article has had, for those who type it wrongly."""

    __tablename__ = "search_word"
    folded: Mapped[str] = mapped_column(sa.String(STEM_LENGTH), primary_key=True)
    # With its accents, as it is proposed.
    written: Mapped[str] = mapped_column(sa.String(STEM_LENGTH))


class SearchGram(Base):
    """Two letters in a row of a word, its edges marked. Who shares enough of them may be meant (`publish.spelling`)."""

    __tablename__ = "search_gram"
    gram: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    folded: Mapped[str] = mapped_column(
        sa.ForeignKey("search_word.folded", ondelete="CASCADE"), primary_key=True
    )


class SearchSynonym(Base):
    """Words and short expressions that mean the same to who searches, with commas between them; portal editors keep
    the list."""

    __tablename__ = "search_synonym"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    words: Mapped[str] = mapped_column(sa.String(LONGEST_GROUP))


class SearchMiss(Base):
    """How often, on one day, a query found nothing. Who asked is not known here, nor at which hour."""

    __tablename__ = "search_miss"
    day: Mapped[date] = mapped_column(primary_key=True)
    words: Mapped[str] = mapped_column(sa.String(LONGEST_MISS), primary_key=True)
    times: Mapped[int]
    __table_args__ = (sa.CheckConstraint("times > 0", name="times_counted"),)
