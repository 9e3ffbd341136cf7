"""The packs that mediators take along: what was asked for, and the file that was made of it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, undefer

from app.db import Base

LARGEST = 64 * 1024 * 1024


class Pack(Base):
    """One choice of themes and administrations. Whoever chooses the same gets the same file; nobody is noted for it.

    `state`: of everything in it, when the file was made. `failure`: a stable code, where it could not be.
    """

    __tablename__ = "pack"
    key: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    themes: Mapped[list[str]]
    administrations: Mapped[list[str]]
    asked_at: Mapped[datetime] = mapped_column(index=True)
    made_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(sa.String(32), default="", server_default="")
    failure: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    # Asked for by who fetches the file alone.
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    __table_args__ = (
        sa.CheckConstraint("(content IS NULL) = (made_at IS NULL)", name="made_with_a_day"),
        sa.CheckConstraint(f"size >= 0 AND size <= {LARGEST}", name="size_bounded"),
    )


WITH_CONTENT = undefer(Pack.content)
