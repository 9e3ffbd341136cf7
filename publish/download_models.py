"""What the public takes home: files of editions, set by the worker and given out as the bytes they are."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class EditionFile(Base):
    """The edition that is shown of an article, in one format. It may be made again at any time."""

    __tablename__ = "edition_file"
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"), primary_key=True)
    form: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    size: Mapped[int]
    # SHA-256 of `content`, and of all that it was made from (drafts.exchange.packing): contacts move, texts do not.
    digest: Mapped[str] = mapped_column(sa.String(64))
    made_from: Mapped[str] = mapped_column(sa.String(64))
    # A page that was withdrawn says so; so does its file, or it is not given out.
    says_withdrawn: Mapped[bool]
    made_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("form IN ('docx', 'odt', 'pdf', 'html', 'md')", name="form_known"),
        sa.CheckConstraint("length(digest) = 64 AND length(made_from) = 64", name="digests_whole"),
        sa.CheckConstraint("size > 0", name="size_counts"),
    )
