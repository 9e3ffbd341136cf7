"""What an import remembers of a partner's files, so that the next one is the same act and not a second one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId, Word, one_of


class Kind(StrEnum):
    ADMINISTRATIONS = "administrations"
    SERVICES = "services"
    PEOPLE = "people"
    PAGES = "pages"


class ImportMapping(Base):
    """Which column of a partner's file is which field of ours, and what stands in fields that the file does not have."""

    __tablename__ = "import_mapping"
    partner: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    kind: Mapped[Kind] = mapped_column(Word(Kind), primary_key=True)
    # Field of ours → name of their column, and field of ours → what is always there.
    columns: Mapped[dict[str, Any]]
    constants: Mapped[dict[str, Any]]
    kept_at: Mapped[datetime]
    __table_args__ = (one_of("kind", Kind),)


class ImportRecord(Base):
    """One thing of a partner's file, and which of ours it is.

    No foreign key: `our_id` is an id of four tables, whose rows are never deleted.
    """

    __tablename__ = "import_record"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    partner: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[Kind] = mapped_column(Word(Kind))
    # SHA-256 of their key: a key may be an address of 2,000 characters, or name a person.
    key_digest: Mapped[str] = mapped_column(sa.String(64))
    # The key as people read it; "" for people, whose keys name them.
    their_key: Mapped[str] = mapped_column(sa.String(300))
    our_id: Mapped[int] = mapped_column(sa.BigInteger)
    # Of what the file said when it was last taken in; "" asks for it to be looked at again.
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    # What the import left here, in the words of the kind: counters, owners, the number of a text.
    left_as: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime]
    # The file no longer has it, since when; `put_away` says that it was withdrawn, closed or suspended here for that.
    removed_at: Mapped[datetime | None]
    put_away: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        one_of("kind", Kind),
        sa.UniqueConstraint("partner", "kind", "key_digest"),
        sa.Index("ix_import_record_kind_our_id", "kind", "our_id"),
        sa.CheckConstraint("removed_at IS NOT NULL OR NOT put_away", name="put_away_when_removed"),
    )
