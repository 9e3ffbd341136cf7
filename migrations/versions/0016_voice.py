"""What readers say of articles: likes, whether a page helped; pages that are made again because a count moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_voice"
down_revision = "0015_names_go_out"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "article_like",
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("mark", sa.String(32), primary_key=True),
        sa.Column("on_day", sa.Date(), nullable=False),
    )
    op.create_table(
        "helpfulness",
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("mark", sa.String(32), primary_key=True),
        sa.Column("edition_id", _ID, sa.ForeignKey("edition.id"), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=False),
        sa.Column("clarity", sa.String(40)),
        sa.Column("reason", sa.String(1000), nullable=False, server_default=""),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "clarity IS NULL OR clarity IN ('clear', 'hard')", name=op.f("ck_helpfulness_clarity_known")
        ),
    )
    op.create_index("ix_helpfulness_edition_id", "helpfulness", ["edition_id"])
    op.create_table(
        "voice_due",
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
    )
    op.create_table(
        "touched_page",
        sa.Column("path", sa.String(300), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_touched_page_number", "touched_page", ["number"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
