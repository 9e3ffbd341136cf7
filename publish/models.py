"""Editions and addresses: what the public gets, immutable once out."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of
from drafts.models import Article
from drafts.review_models import Revision


class Edition(Base):
    """One published state of an article. Rows are never changed or erased (triggers say so)."""

    __tablename__ = "edition"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    revision_id: Mapped[int] = mapped_column(unique=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    number: Mapped[int]
    slug: Mapped[str] = mapped_column(sa.String(120))
    title: Mapped[str] = mapped_column(sa.String(200))
    lead: Mapped[str] = mapped_column(sa.Text, default="")
    # The signed blocks as HTML; the frame around them (menus, counts) may change, this may not. Contacts and online
    # services are places in it (drafts/cards.py): the text was signed, the telephone number is today's.
    body: Mapped[str] = mapped_column(sa.Text)
    plain: Mapped[str] = mapped_column(sa.Text)
    fields: Mapped[dict[str, Any]]
    credits: Mapped[list[Any]]
    change_note: Mapped[str] = mapped_column(sa.String(500), default="")
    published_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    published_at: Mapped[datetime]
    article: Mapped[Article] = relationship(foreign_keys=[article_id])
    revision: Mapped[Revision] = relationship(
        foreign_keys=[revision_id], primaryjoin="Edition.revision_id == Revision.id", viewonly=True
    )
    __table_args__ = (
        sa.UniqueConstraint("article_id", "number"),
        # I4: an edition can only be made of what was frozen, under the very fingerprint; and of a revision whose review
        # came out, or that somebody published urgently (a trigger says so).
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_edition_scope",
        ),
    )


class EditionImage(Base):
    """Which images an edition shows, written down when it is made: nobody searches HTML to answer for an image."""

    __tablename__ = "edition_image"
    edition_id: Mapped[int] = mapped_column(sa.ForeignKey("edition.id"), primary_key=True)
    image_id: Mapped[str] = mapped_column(sa.ForeignKey("image.id"), primary_key=True, index=True)


class Address(Base):
    """Every address an article ever had: a public address never becomes a bare 404."""

    __tablename__ = "address"
    slug: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    is_current: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        sa.Index(
            "uq_address_current",
            "article_id",
            unique=True,
            sqlite_where=sa.text("is_current = 1"),
            postgresql_where=sa.text("is_current"),
        ),
    )


class StoredPage(Base):
    """A public page as the bytes that are sent, answered before Flask.

    A row is good while its version is that of the row at the empty path, which whoever publishes raises in the
    same transaction (`publish.store`). So a page is never older than what was published, whether or not any
    job runs: its next reader renders it again.
    """

    __tablename__ = "stored_page"
    path: Mapped[str] = mapped_column(sa.String(300), primary_key=True)
    content_type: Mapped[str] = mapped_column(sa.String(80), default="")
    status: Mapped[int] = mapped_column(default=200)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")
    gzip: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")
    brotli: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"")
    etag: Mapped[str] = mapped_column(sa.String(64), default="")
    csp: Mapped[str] = mapped_column(sa.Text, default="")
    location: Mapped[str] = mapped_column(sa.String(300), default="")
    # Which templates, style and settings it was made with: the page of another build is made again.
    build: Mapped[str] = mapped_column(sa.String(16), default="")
    version: Mapped[int] = mapped_column(sa.BigInteger)
    modified_at: Mapped[datetime]


class LinkState(StrEnum):
    """`failing`: did not answer once; `broken`: nor some time later, and people are told."""

    UNSEEN = "unseen"
    FINE = "fine"
    FAILING = "failing"
    BROKEN = "broken"


class CheckedLink(Base):
    """An address that a live page or the directory leads to, and what it answered when it was last looked at."""

    __tablename__ = "checked_link"
    # SHA-256 of the address: an index of 2,000 characters would be too long for PostgreSQL.
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    url: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[LinkState] = mapped_column(Word(LinkState), default=LinkState.UNSEEN)
    # The status of the last answer, or the code of `fetching` why there was none.
    said: Mapped[str] = mapped_column(sa.String(20), default="")
    due_at: Mapped[datetime] = mapped_column(index=True)
    checked_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    __table_args__ = (
        one_of("state", LinkState),
        sa.CheckConstraint(
            "(state IN ('failing', 'broken')) = (failing_since IS NOT NULL)", name="failing_since_when"
        ),
    )


class ServiceOpening(Base):
    """How often people were sent on to an online service on a day of Nouméa. Nothing is known of who they were."""

    __tablename__ = "service_opening"
    service_id: Mapped[int] = mapped_column(
        sa.ForeignKey("online_service.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    __table_args__ = (sa.CheckConstraint("count > 0", name="count_counts"),)
