"""How often articles are read: a number for each article and day, and nothing of who read."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ArticleRead(Base):
    """How often an article was read on a day of Nouméa."""

    __tablename__ = "article_read"
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    count: Mapped[int]
    __table_args__ = (sa.CheckConstraint("count > 0", name="count_counts"),)
