"""Which wishes a draft answers."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class DraftWish(Base):
    __tablename__ = "draft_wish"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    wish_id: Mapped[int] = mapped_column(sa.ForeignKey("wish.id"), primary_key=True, index=True)
    linked_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    linked_at: Mapped[datetime]
