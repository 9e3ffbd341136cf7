"""One broken document harms no other: faults, verified checkpoints, lives of a document, alerts, refused bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_isolation"
down_revision = "0002_review_rules"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Plain columns added at the end: SQLite does not have to make the table anew, so its triggers stay.
    op.add_column("draft", sa.Column("history_seq", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("checkpoint", sa.Column("room_index", sa.LargeBinary(), nullable=True))
    op.add_column("checkpoint", sa.Column("digest", sa.String(64), nullable=True))
    # Nobody vouches for those that are there, and the rows they were made of stay.
    op.execute("DELETE FROM checkpoint")
    op.create_table(
        "draft_fault",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("history", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(40), nullable=False),
        sa.Column("found_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_fault_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_draft_fault")),
    )
    op.create_table(
        "refused_update",
        sa.Column("id", _ID, nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("update_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_refused_update_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_refused_update_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_update")),
    )
    op.create_index(op.f("ix_refused_update_draft_id"), "refused_update", ["draft_id"])
    op.create_index(op.f("ix_refused_update_at"), "refused_update", ["at"])
    op.create_table(
        "alert",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("said", sa.String(500), nullable=False),
        sa.Column("first_at", _AT, nullable=False),
        sa.Column("last_at", _AT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("settled_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(
        "uq_alert_open",
        "alert",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("alert")
    op.drop_table("refused_update")
    op.drop_table("draft_fault")
    op.drop_column("checkpoint", "digest")
    op.drop_column("checkpoint", "room_index")
    op.drop_column("draft", "history_seq")
