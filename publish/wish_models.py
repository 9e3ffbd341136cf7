"""Which article answers a wish."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class WishArticle(Base):
    __tablename__ = "wish_article"
    wish_id: Mapped[int] = mapped_column(sa.ForeignKey("wish.id"), primary_key=True, autoincrement=False)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
