"""The memory of a draft: stretches of work folded from its log, versions that somebody named, and what was restored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId

NAME_LENGTH = 120


class DraftFolded(Base):
    """Up to which number the log of a draft is folded into stretches of work."""

    __tablename__ = "draft_folded"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)


class DraftStretch(Base):
    """Strokes of one draft without a long pause between them; the last one of a draft may still grow.

    Only speed, like a checkpoint: the log says the same (`drafts.timeline`).
    """

    __tablename__ = "draft_stretch"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    first_seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(sa.BigInteger)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("first_seq > 0 AND last_seq >= first_seq", name="goes_on"),)


class DraftStretchPart(Base):
    """What one person did in a stretch. Who has no part in any wrote words of the live edition, or restored."""

    __tablename__ = "draft_stretch_part"
    draft_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    first_seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), primary_key=True, index=True)
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    strokes: Mapped[int]
    added: Mapped[int]
    removed: Mapped[int]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["draft_id", "first_seq"],
            ["draft_stretch.draft_id", "draft_stretch.first_seq"],
            name="fk_draft_stretch_part_draft_id",
            ondelete="CASCADE",
        ),
    )


class DraftVersion(Base):
    """A moment of a draft under a name, with all that is needed to show it and to go back to it.

    The text is a block tree of our own: it stays readable when the document has begun another life, and when
    what the document forgets (garbage) is gone. `authors` are stretches (characters, person) over its words.
    """

    __tablename__ = "draft_version"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    history: Mapped[str] = mapped_column(sa.String(32))
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    title: Mapped[str] = mapped_column(sa.String(200))
    fields: Mapped[dict[str, Any]]
    tree: Mapped[list[Any]] = mapped_column(deferred=True)
    authors: Mapped[list[Any]] = mapped_column(deferred=True)
    made_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    made_at: Mapped[datetime]
    # When the text read so: a version may be named long after its moment.
    moment_at: Mapped[datetime]


class DraftRestoration(Base):
    """A way back: the rows `first_seq` to `last_seq` were written by the server so that the text reads as it did.

    They were made on the text at `base_seq`. Until `look_at` is null, words that somebody was writing into what
    the restoration took away are looked for (`drafts.rescue`), from the row after `looked_seq` on.
    """

    __tablename__ = "draft_restoration"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    base_seq: Mapped[int] = mapped_column(sa.BigInteger)
    first_seq: Mapped[int] = mapped_column(sa.BigInteger)
    last_seq: Mapped[int] = mapped_column(sa.BigInteger)
    history: Mapped[str] = mapped_column(sa.String(32))
    # What the page calls the moment that came back, as an address names it: "12", "v3", "r2".
    target: Mapped[str] = mapped_column(sa.String(24))
    target_at: Mapped[datetime | None]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime]
    looked_seq: Mapped[int] = mapped_column(sa.BigInteger)
    look_at: Mapped[datetime | None] = mapped_column(index=True)
    __table_args__ = (
        sa.CheckConstraint("base_seq < first_seq AND first_seq <= last_seq", name="stands_in_order"),
    )
