"""Links that are looked at every day, and what they answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_links"
down_revision = "0005_overruling"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "checked_link",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("said", sa.String(20), nullable=False),
        sa.Column("due_at", _AT, nullable=False),
        sa.Column("checked_at", _AT, nullable=True),
        sa.Column("failing_since", _AT, nullable=True),
        sa.CheckConstraint(
            "state IN ('unseen', 'fine', 'failing', 'broken')", name=op.f("ck_checked_link_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('failing', 'broken')) = (failing_since IS NOT NULL)",
            name=op.f("ck_checked_link_failing_since_when"),
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_checked_link")),
    )
    op.create_index(op.f("ix_checked_link_due_at"), "checked_link", ["due_at"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
