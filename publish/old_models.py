"""The addresses of older portals, and which article took over what stood there."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base
from drafts.models import Article


class OldAddress(Base):
    """An address that people have in their bookmarks, under the digest of its normal form (`publish.old_addresses`)."""

    __tablename__ = "old_address"
    # SHA-256 of the normal form: an index of 2,000 characters would be too long for PostgreSQL.
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    address: Mapped[str] = mapped_column(sa.Text)
    # What stood above the page there, in public: what is searched for while its article is not public here.
    title: Mapped[str] = mapped_column(sa.String(200))
    source: Mapped[str] = mapped_column(sa.String(80))
    article_id: Mapped[int] = mapped_column(sa.ForeignKey(Article.id), index=True)
    kept_at: Mapped[datetime]
    __table_args__ = (sa.CheckConstraint("length(address) <= 2000", name="address_bounded"),)
