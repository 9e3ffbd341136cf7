"""Remarks on drafts, and notices of what happens to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_remarks"
down_revision = "0006_links"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_KINDS = "'mention', 'answer', 'remark', 'resolved', 'stage', 'text'"


def upgrade() -> None:
    op.add_column("draft", sa.Column("remark_number", sa.BigInteger(), server_default="0", nullable=False))
    _remarks()
    _notices()


def _remarks() -> None:
    op.create_table(
        "remark",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("block_id", sa.String(32), nullable=True),
        sa.Column("quote", sa.String(2000), nullable=False),
        sa.Column("revision_id", _ID, nullable=True),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("opened_by", _ID, nullable=False),
        sa.Column("opened_at", _AT, nullable=False),
        sa.Column("resolved_by", _ID, nullable=True),
        sa.Column("resolved_at", _AT, nullable=True),
        sa.CheckConstraint("length(public_id) >= 1", name=op.f("ck_remark_has_a_name")),
        sa.CheckConstraint("length(quote) <= 2000", name=op.f("ck_remark_quote_bounded")),
        sa.CheckConstraint(
            "(resolved_by IS NULL) = (resolved_at IS NULL)", name=op.f("ck_remark_resolved_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_remark_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_remark_revision_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_remark_opened_by")),
        sa.ForeignKeyConstraint(["resolved_by"], ["person.id"], name=op.f("fk_remark_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
        sa.UniqueConstraint("public_id", name=op.f("uq_remark_public_id")),
    )
    op.create_index(op.f("ix_remark_draft_id"), "remark", ["draft_id"])
    op.create_table(
        "remark_message",
        sa.Column("id", _ID, nullable=False),
        sa.Column("remark_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f("ck_remark_message_text_bounded")),
        sa.ForeignKeyConstraint(
            ["remark_id"], ["remark.id"], name=op.f("fk_remark_message_remark_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_remark_message_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark_message")),
    )
    op.create_index(op.f("ix_remark_message_remark_id"), "remark_message", ["remark_id"])
    op.create_table(
        "remark_mention",
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["remark_message.id"],
            name=op.f("fk_remark_mention_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_remark_mention_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "person_id", name=op.f("pk_remark_mention")),
    )
    op.create_index(op.f("ix_remark_mention_person_id"), "remark_mention", ["person_id"])


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("remark_id", _ID, nullable=True),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("by_person_id", _ID, nullable=True),
        sa.Column("at", _AT, nullable=False),
        sa.Column("in_page", sa.Boolean(), nullable=False),
        sa.Column("read_at", _AT, nullable=True),
        sa.Column("mail_state", sa.String(40), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_notice_kind_known")),
        sa.CheckConstraint(
            "mail_state IN ('none', 'waiting', 'done')", name=op.f("ck_notice_mail_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_notice_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_notice_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["remark_id"], ["remark.id"], name=op.f("fk_notice_remark_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["person.id"], name=op.f("fk_notice_by_person_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_draft_id"), "notice", ["draft_id"])
    op.create_index(op.f("ix_notice_remark_id"), "notice", ["remark_id"])
    op.create_index("ix_notice_person_at", "notice", ["person_id", "at"])
    for name, condition in (("unread", "read_at IS NULL"), ("waiting", "mail_state = 'waiting'")):
        op.create_index(
            f"ix_notice_{name}",
            "notice",
            ["person_id"],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "notice_silence",
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_notice_silence_kind_known")),
        sa.CheckConstraint("channel IN ('page', 'mail')", name=op.f("ck_notice_silence_channel_known")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_notice_silence_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", "channel", name=op.f("pk_notice_silence")),
    )
    op.create_table(
        "draft_follow",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_follow_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_draft_follow_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", "person_id", name=op.f("pk_draft_follow")),
    )
    op.create_index(op.f("ix_draft_follow_person_id"), "draft_follow", ["person_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
