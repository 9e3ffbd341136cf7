"""The history of a draft: stretches of work, named versions, restorations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_history"
down_revision = "0007_remarks"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "draft_folded",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_folded_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_draft_folded")),
    )
    op.create_table(
        "draft_stretch",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("began_at", _AT, nullable=False),
        sa.Column("ended_at", _AT, nullable=False),
        sa.CheckConstraint("first_seq > 0 AND last_seq >= first_seq", name=op.f("ck_draft_stretch_goes_on")),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_stretch_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", "first_seq", name=op.f("pk_draft_stretch")),
    )
    op.create_table(
        "draft_stretch_part",
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("administration_id", _ID, nullable=True),
        sa.Column("strokes", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id", "first_seq"],
            ["draft_stretch.draft_id", "draft_stretch.first_seq"],
            name=op.f("fk_draft_stretch_part_draft_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_stretch_part_person_id")),
        sa.ForeignKeyConstraint(
            ["administration_id"],
            ["administration.id"],
            name=op.f("fk_draft_stretch_part_administration_id"),
        ),
        sa.PrimaryKeyConstraint("draft_id", "first_seq", "person_id", name=op.f("pk_draft_stretch_part")),
    )
    op.create_index(op.f("ix_draft_stretch_part_person_id"), "draft_stretch_part", ["person_id"])
    op.create_table(
        "draft_version",
        sa.Column("id", _ID, nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("tree", sa.JSON(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("made_by", _ID, nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("moment_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_version_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_draft_version_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_version")),
    )
    op.create_index(op.f("ix_draft_version_draft_id"), "draft_version", ["draft_id"])
    op.create_table(
        "draft_restoration",
        sa.Column("id", _ID, nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("base_seq", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("history", sa.String(32), nullable=False),
        sa.Column("target", sa.String(24), nullable=False),
        sa.Column("target_at", _AT, nullable=True),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("looked_seq", sa.BigInteger(), nullable=False),
        sa.Column("look_at", _AT, nullable=True),
        sa.CheckConstraint(
            "base_seq < first_seq AND first_seq <= last_seq",
            name=op.f("ck_draft_restoration_stands_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_restoration_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_draft_restoration_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_restoration")),
    )
    op.create_index(op.f("ix_draft_restoration_draft_id"), "draft_restoration", ["draft_id"])
    op.create_index(op.f("ix_draft_restoration_look_at"), "draft_restoration", ["look_at"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
