"""Writing: images, which editions show them, and a bin that says who put what there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_writing"
down_revision = "0003_isolation"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Said in SQL, because SQLite would make the table anew for a column with a foreign key.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE draft ADD COLUMN trashed_by {kind} CONSTRAINT fk_draft_trashed_by REFERENCES person (id)"
    )
    op.add_column("draft", sa.Column("purged_at", _AT, nullable=True))
    op.create_table(
        "image",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0 AND size > 0", name=op.f("ck_image_is_a_picture")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
    )
    op.create_table(
        "image_use",
        sa.Column("image_id", sa.String(64), nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_image_use_image_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_image_use_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_image_use_person_id")),
        sa.PrimaryKeyConstraint("image_id", "draft_id", name=op.f("pk_image_use")),
    )
    op.create_index(op.f("ix_image_use_draft_id"), "image_use", ["draft_id"])
    op.create_index("ix_image_use_person_at", "image_use", ["person_id", "at"])
    op.create_table(
        "edition_image",
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("image_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_image_edition_id")),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_edition_image_image_id")),
        sa.PrimaryKeyConstraint("edition_id", "image_id", name=op.f("pk_edition_image")),
    )
    op.create_index(op.f("ix_edition_image_image_id"), "edition_image", ["image_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
