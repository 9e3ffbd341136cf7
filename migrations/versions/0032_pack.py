"""Packs that mediators take along, kept until something in them changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032_pack"
down_revision = "0031_edition_files"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)
LARGEST = 64 * 1024 * 1024


def upgrade() -> None:
    op.create_table(
        "pack",
        sa.Column("key", sa.String(32), primary_key=True),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("administrations", sa.JSON(), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("made_at", _AT),
        sa.Column("state", sa.String(32), nullable=False, server_default=""),
        sa.Column("failure", sa.String(40), nullable=False, server_default=""),
        sa.Column("size", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("content", sa.LargeBinary()),
        sa.CheckConstraint("(content IS NULL) = (made_at IS NULL)", name=op.f("ck_pack_made_with_a_day")),
        sa.CheckConstraint(f"size >= 0 AND size <= {LARGEST}", name=op.f("ck_pack_size_bounded")),
    )
    op.create_index(op.f("ix_pack_asked_at"), "pack", ["asked_at"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
