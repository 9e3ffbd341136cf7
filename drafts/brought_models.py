"""Files that people bring into a draft, until they have decided what becomes of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of
from drafts.exchange.paper import Format

LONGEST_NAME = 200


class BroughtState(StrEnum):
    WAITING = "waiting"
    READ = "read"
    REFUSED = "refused"
    TAKEN = "taken"
    DROPPED = "dropped"


class BroughtFile(Base):
    """One file: its bytes (BroughtPiece) until it was read, what was read until it is decided, then only that there was one.

    `format` and `tree` are there from when the file was read; it stays WAITING until its pictures have been made anew. `report` has the
    counts {blocks, words, images} and `losses` [[code, count, words]…].
    """

    __tablename__ = "brought_file"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(LONGEST_NAME))
    sha256: Mapped[str] = mapped_column(sa.String(64))
    size: Mapped[int]
    format: Mapped[Format | None] = mapped_column(Word(Format))
    state: Mapped[BroughtState] = mapped_column(Word(BroughtState), default=BroughtState.WAITING)
    # Why it was refused: a code that `drafts.exchange.import_words` has words for.
    code: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")
    title: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    tree: Mapped[list[Any] | None] = mapped_column(sa.JSON(none_as_null=True), deferred=True)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # How often reading it was begun: a file that ends the worker must not end the next one for ever.
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (
        one_of("state", BroughtState),
        one_of("format", Format, optional=True),
        sa.CheckConstraint("size > 0", name="size_counts"),
        sa.Index(
            "ix_brought_file_waiting",
            "id",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        ),
    )


class BroughtPiece(Base):
    """A megabyte of a file that waits: in one piece it would lie in memory three times on its way through the database."""

    __tablename__ = "brought_piece"
    file_id: Mapped[int] = mapped_column(
        sa.ForeignKey("brought_file.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class BroughtPicture(Base):
    """A picture of a file: as it lay there until `width` is known, then as the portal would show it."""

    __tablename__ = "brought_picture"
    file_id: Mapped[int] = mapped_column(
        sa.ForeignKey("brought_file.id", ondelete="CASCADE"), primary_key=True
    )
    # As the tree names it.
    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
