"""Articles, living drafts and their log. The acts of review stand in `drafts.review_models`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, BigId, Word, one_of
from app.directory.models import Administration
from drafts.stages import Stage
from labs.models import Lab


class ArticleState(StrEnum):
    UNPUBLISHED = "unpublished"
    LIVE = "live"
    MASKED = "masked"
    WITHDRAWN = "withdrawn"
    REDIRECTED = "redirected"
    GONE = "gone"


article_administration = sa.Table(
    "article_administration",
    Base.metadata,
    sa.Column("article_id", sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("administration_id", sa.ForeignKey("administration.id"), primary_key=True),
)


class Article(Base):
    """The identity of a public page: who is competent, where it will stand, which revision is live."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    slug: Mapped[str] = mapped_column(sa.String(120), unique=True)
    state: Mapped[ArticleState] = mapped_column(Word(ArticleState), default=ArticleState.UNPUBLISHED)
    lead_administration_id: Mapped[int] = mapped_column(sa.ForeignKey("administration.id"), index=True)
    # Set by `publish` through a call downward; no ORM relationship, since the revision points at the article.
    # The key points at the outcome of a review and not at the revision: what was not approved cannot be live.
    live_revision_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("review_outcome.revision_id", use_alter=True, name="fk_article_live_revision_id")
    )
    # What the public reads instead, while it was published urgently and nobody else has approved it. What people
    # contribute is counted from the one above: words that nobody has read stay their authors'.
    urgent_revision_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("revision.id", use_alter=True, name="fk_article_urgent_revision_id")
    )
    created_at: Mapped[datetime]
    lead: Mapped[Administration] = relationship()
    competent: Mapped[list[Administration]] = relationship(
        secondary=article_administration, order_by=Administration.name
    )
    __table_args__ = (one_of("state", ArticleState),)

    @hybrid_property
    def shown_revision_id(self) -> int | None:
        """The revision the public reads, or would if the article were live."""
        return self.urgent_revision_id or self.live_revision_id

    @shown_revision_id.inplace.expression
    @classmethod
    def _shown_revision_id(cls) -> sa.ColumnElement[int | None]:
        return sa.func.coalesce(cls.urgent_revision_id, cls.live_revision_id)


class Draft(Base):
    """One living text in a lab. Its words are in the log; this row holds its number, fields and stage."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    lab_id: Mapped[int] = mapped_column(sa.ForeignKey("lab.id"), index=True)
    article_id: Mapped[int] = mapped_column(sa.ForeignKey("article.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    # The other named fields of the article that are signed with the text: themes, life_events, audiences,
    # territories, language, review_date. Changed only by `service.set_fields`, which credits the person.
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stage: Mapped[Stage] = mapped_column(Word(Stage), default=Stage.WRITING)
    head_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    history: Mapped[str] = mapped_column(sa.String(32))
    # The number at which this life of the document began; rows up to it belong to an earlier one.
    history_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    access_epoch: Mapped[int] = mapped_column(default=1)
    act_count: Mapped[int] = mapped_column(default=0)
    # Grows with each change of a remark: every process sees by it that its tables have something to hear.
    remark_number: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    created_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[datetime]
    # In the bin since when and by whom; `purged_at` says that its words are gone and only this row stands for it.
    trashed_at: Mapped[datetime | None]
    trashed_by: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    purged_at: Mapped[datetime | None]
    lab: Mapped[Lab] = relationship()
    article: Mapped[Article] = relationship()
    __table_args__ = (one_of("stage", Stage), sa.CheckConstraint("head_seq >= 0", name="head_seq_counts"))


class DraftClient(Base):
    """A Yjs client id, registered for ever to a person on a draft; leased so that it is seated once."""

    __tablename__ = "draft_client"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"), index=True)
    administration_id: Mapped[int | None] = mapped_column(sa.ForeignKey("administration.id"))
    one_use: Mapped[bool] = mapped_column(default=False)
    seat: Mapped[str | None] = mapped_column(sa.String(80))
    seated_until: Mapped[datetime | None]


class DraftUpdate(Base):
    """One row per accepted update: the truth. `update` holds the raw bytes as they came."""

    __tablename__ = "draft_update"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id"))
    client_id: Mapped[int] = mapped_column(sa.BigInteger)
    update: Mapped[bytes] = mapped_column("update_bytes", sa.LargeBinary)
    at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("seq > 0", name="seq_counts"),)


class Checkpoint(Base):
    """The document and its run table at one number, verified by loading before it is trusted."""

    __tablename__ = "checkpoint"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    history: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[bytes] = mapped_column(sa.LargeBinary)
    authorship: Mapped[bytes] = mapped_column(sa.LargeBinary)
    # What the gate knows of the state (drafts.packed_index), and a digest of it all, written when it was
    # verified: without it, or when it does not hold, the state is only loaded in a child process first.
    room_index: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    digest: Mapped[str | None] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]


class DraftFault(Base):
    """Where the log of a draft cannot be replayed: it is read-only, up to the row before, until it is healed.

    Stored, although most faults could be found again from the log: the row that ends the process which
    replays it must not have to be found twice.
    """

    __tablename__ = "draft_fault"
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True)
    history: Mapped[str] = mapped_column(sa.String(32))
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    why: Mapped[str] = mapped_column(sa.String(40))
    found_at: Mapped[datetime]


class RefusedUpdate(Base):
    """Bytes that the gate did not let through, kept for a while so that somebody can look at them."""

    __tablename__ = "refused_update"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(sa.String(40))
    # Of the whole update; `update` holds the first 64 KiB.
    size: Mapped[int]
    update: Mapped[bytes] = mapped_column("update_bytes", sa.LargeBinary)
    # How many more like it came meanwhile and were counted only.
    untold: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(index=True)


class FieldChange(Base):
    """Who changed which named field of a draft since the live edition: a contribution like any other."""

    __tablename__ = "field_change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(sa.ForeignKey("draft.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    field: Mapped[str] = mapped_column(sa.String(40))
    at: Mapped[datetime]
    # The edition's number after which it happened: contributions are to the difference with the live one.
    base_revision_id: Mapped[int | None] = mapped_column(sa.ForeignKey("revision.id", use_alter=True))


class Image(Base):
    """A picture as it is sent: WebP made by us, without metadata. The id is the SHA-256 of its bytes."""

    __tablename__ = "image"
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    made_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("width > 0 AND height > 0 AND size > 0", name="is_a_picture"),)


class ImageUse(Base):
    """Who brought an image into which draft. Who reads the draft sees the image; the same bytes may stand in several."""

    __tablename__ = "image_use"
    image_id: Mapped[str] = mapped_column(sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    draft_id: Mapped[int] = mapped_column(
        sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    at: Mapped[datetime]
    __table_args__ = (sa.Index("ix_image_use_person_at", "person_id", "at"),)
