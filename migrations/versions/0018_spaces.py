"""Espaces connectés: where there are computers for everybody, and somebody who helps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018_spaces"
down_revision = "0017_openings"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "connected_space",
        sa.Column("id", _ID, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("commune", sa.String(80), nullable=False),
        sa.Column("address", sa.String(300), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("hours", sa.String(300), nullable=False),
        sa.Column("computers", sa.Integer(), nullable=False),
        sa.Column("bring", sa.String(500), nullable=False),
        sa.Column("mediation", sa.String(300), nullable=False),
        sa.CheckConstraint("computers >= 0", name=op.f("ck_connected_space_computers_counted")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connected_space")),
        sa.UniqueConstraint("slug", name=op.f("uq_connected_space_slug")),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
