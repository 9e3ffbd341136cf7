"""Files that are brought into a draft wait here until they are read, looked at, and taken or not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_brought_files"
down_revision = "0027_redaction"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "brought_file",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "draft_id",
            _ID,
            sa.ForeignKey("draft.id", name=op.f("fk_brought_file_draft_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column(
            "person_id",
            _ID,
            sa.ForeignKey("person.id", name=op.f("fk_brought_file_person_id")),
            nullable=False,
        ),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(40)),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("code", sa.String(40), nullable=False, server_default=""),
        sa.Column("title", sa.String(200), nullable=False, server_default=""),
        sa.Column("tree", sa.JSON()),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'read', 'refused', 'taken', 'dropped')",
            name=op.f("ck_brought_file_state_known"),
        ),
        sa.CheckConstraint(
            "format IS NULL OR format IN ('docx', 'odt', 'md', 'html', 'pdf')",
            name=op.f("ck_brought_file_format_known"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_brought_file_size_counts")),
    )
    op.create_index(op.f("ix_brought_file_draft_id"), "brought_file", ["draft_id"])
    op.create_index(op.f("ix_brought_file_person_id"), "brought_file", ["person_id"])
    op.create_index(op.f("ix_brought_file_expires_at"), "brought_file", ["expires_at"])
    op.create_index(
        "ix_brought_file_waiting",
        "brought_file",
        ["id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "brought_piece",
        sa.Column(
            "file_id",
            _ID,
            sa.ForeignKey("brought_file.id", name=op.f("fk_brought_piece_file_id"), ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "brought_picture",
        sa.Column(
            "file_id",
            _ID,
            sa.ForeignKey("brought_file.id", name=op.f("fk_brought_picture_file_id"), ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
