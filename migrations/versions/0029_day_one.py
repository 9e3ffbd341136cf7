"""What imports remember of partners' files, and the addresses of older portals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029_day_one"
down_revision = "0028_brought_files"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_KINDS = "kind IN ('administrations', 'services', 'people', 'pages')"


def upgrade() -> None:
    op.create_table(
        "import_mapping",
        sa.Column("partner", sa.String(80), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("constants", sa.JSON(), nullable=False),
        sa.Column("kept_at", _AT, nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_import_mapping_kind_known")),
    )
    op.create_table(
        "import_record",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("partner", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("their_key", sa.String(300), nullable=False),
        sa.Column("our_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("left_as", sa.JSON(), nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("removed_at", _AT),
        sa.Column("put_away", sa.Boolean(), nullable=False),
        sa.UniqueConstraint(
            "partner", "kind", "key_digest", name=op.f("uq_import_record_partner_kind_key_digest")
        ),
        sa.CheckConstraint(_KINDS, name=op.f("ck_import_record_kind_known")),
        sa.CheckConstraint(
            "removed_at IS NOT NULL OR NOT put_away", name=op.f("ck_import_record_put_away_when_removed")
        ),
    )
    op.create_index("ix_import_record_kind_our_id", "import_record", ["kind", "our_id"])
    op.create_table(
        "old_address",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column(
            "article_id",
            _ID,
            sa.ForeignKey("article.id", name=op.f("fk_old_address_article_id")),
            nullable=False,
        ),
        sa.Column("kept_at", _AT, nullable=False),
        sa.CheckConstraint("length(address) <= 2000", name=op.f("ck_old_address_address_bounded")),
    )
    op.create_index(op.f("ix_old_address_article_id"), "old_address", ["article_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
