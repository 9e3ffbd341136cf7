"""The evidence of editions: files that are made once, at publication, and given out as the bytes they are."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigId


class EditionEvidence(Base):
    """A sealed file of one edition. Rows are never changed or erased, and numbered without a gap (triggers say so).

    One was made with the edition; what was published urgently has a second one from its approval on, which supersedes
    the first. Both stay.
    """

    __tablename__ = "edition_evidence"
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    # SHA-256 of `content`; the audit entry of the publication has it too.
    digest: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("length(digest) = 64", name="digest_whole"),)


class EvidencePdf(Base):
    """The same facts for reading, set by the worker. No evidence in itself: it may be set again."""

    __tablename__ = "evidence_pdf"
    edition_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
    made_at: Mapped[datetime]
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["edition_id", "number"],
            ["edition_evidence.edition_id", "edition_evidence.number"],
            name="fk_evidence_pdf_file",
        ),
    )
