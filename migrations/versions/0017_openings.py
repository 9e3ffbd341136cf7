"""How often online services are opened through the portal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_openings"
down_revision = "0016_voice"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "service_opening",
        sa.Column("service_id", _ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_service_opening_count_counts")),
        sa.ForeignKeyConstraint(
            ["service_id"],
            ["online_service.id"],
            name=op.f("fk_service_opening_service_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_id", "day", name=op.f("pk_service_opening")),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
