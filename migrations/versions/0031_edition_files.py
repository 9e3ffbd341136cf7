"""Editions as files for the public, made once by the worker and kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_edition_files"
down_revision = "0030_personal_tokens"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "edition_file",
        sa.Column(
            "edition_id",
            _ID,
            sa.ForeignKey("edition.id", name=op.f("fk_edition_file_edition_id")),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("form", sa.String(8), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_from", sa.String(64), nullable=False),
        sa.Column("says_withdrawn", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "form IN ('docx', 'odt', 'pdf', 'html', 'md')", name=op.f("ck_edition_file_form_known")
        ),
        sa.CheckConstraint(
            "length(digest) = 64 AND length(made_from) = 64", name=op.f("ck_edition_file_digests_whole")
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_edition_file_size_counts")),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
