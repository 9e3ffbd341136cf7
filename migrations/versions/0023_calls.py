"""Calls to the public and reading tests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023_calls"
down_revision = "0022_figures"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CHANNELS = "channel IN ('site', 'facebook', 'linkedin', 'whatsapp', 'sms', 'mail', 'poster', 'counter', 'mediator', 'phone')"


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("slug", sa.String(60), nullable=False),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("question", sa.String(500), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("edition_id", _ID, sa.ForeignKey("edition.id", name=op.f("fk_call_edition_id"))),
        sa.Column("block_id", sa.String(32), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lab_id", _ID, sa.ForeignKey("lab.id", name=op.f("fk_call_lab_id"))),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("show_results", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("made_by", _ID, sa.ForeignKey("person.id", name=op.f("fk_call_made_by")), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("slug", name=op.f("uq_call_slug")),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'closed', 'answered')", name=op.f("ck_call_state_known")
        ),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_call_closes_after_opening")),
        sa.CheckConstraint(
            "(state = 'answered') = (summary <> '')", name=op.f("ck_call_answered_with_words")
        ),
        sa.CheckConstraint("(edition_id IS NULL) = (block_id = '')", name=op.f("ck_call_extract_is_whole")),
        sa.CheckConstraint("length(summary) <= 3000", name=op.f("ck_call_summary_bounded")),
    )
    op.create_index(op.f("ix_call_edition_id"), "call", ["edition_id"])
    op.create_index(op.f("ix_call_lab_id"), "call", ["lab_id"])
    op.create_table(
        "call_opening",
        sa.Column(
            "call_id",
            _ID,
            sa.ForeignKey("call.id", name=op.f("fk_call_opening_call_id"), ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("channel", sa.String(40), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint(_CHANNELS, name=op.f("ck_call_opening_channel_known")),
        sa.CheckConstraint("count > 0", name=op.f("ck_call_opening_count_counts")),
    )
    op.create_table(
        "call_answer",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "call_id",
            _ID,
            sa.ForeignKey("call.id", name=op.f("fk_call_answer_call_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("mark", sa.String(32)),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("choice", sa.Integer()),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("entered_by", _ID, sa.ForeignKey("person.id", name=op.f("fk_call_answer_entered_by"))),
        sa.Column("source", sa.String(300), nullable=False),
        sa.UniqueConstraint("key", name=op.f("uq_call_answer_key")),
        sa.UniqueConstraint("call_id", "mark", name=op.f("uq_call_answer_call_id_mark")),
        sa.CheckConstraint(_CHANNELS, name=op.f("ck_call_answer_channel_known")),
        sa.CheckConstraint(
            "(mark IS NULL) = (entered_by IS NOT NULL)",
            name=op.f("ck_call_answer_said_by_a_reader_or_keyed_in"),
        ),
        sa.CheckConstraint(
            "choice IS NULL OR choice BETWEEN 0 AND 5", name=op.f("ck_call_answer_choice_known")
        ),
    )
    op.create_table(
        "reading_test",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column(
            "lab_id", _ID, sa.ForeignKey("lab.id", name=op.f("fk_reading_test_lab_id")), nullable=False
        ),
        sa.Column(
            "revision_id",
            _ID,
            sa.ForeignKey("revision.id", name=op.f("fk_reading_test_revision_id")),
            nullable=False,
        ),
        sa.Column("edition_id", _ID, sa.ForeignKey("edition.id", name=op.f("fk_reading_test_edition_id"))),
        sa.Column("intro", sa.String(500), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "made_by", _ID, sa.ForeignKey("person.id", name=op.f("fk_reading_test_made_by")), nullable=False
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("token", name=op.f("uq_reading_test_token")),
        sa.CheckConstraint("closes_at > made_at", name=op.f("ck_reading_test_lasts")),
    )
    for column in ("lab_id", "revision_id", "edition_id"):
        op.create_index(op.f(f"ix_reading_test_{column}"), "reading_test", [column])
    op.create_table(
        "reading_answer",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "test_id",
            _ID,
            sa.ForeignKey("reading_test.id", name=op.f("fk_reading_answer_test_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.UniqueConstraint("key", name=op.f("uq_reading_answer_key")),
        sa.UniqueConstraint("test_id", "mark", name=op.f("uq_reading_answer_test_id_mark")),
    )
    op.create_table(
        "reading_verdict",
        sa.Column(
            "answer_id",
            _ID,
            sa.ForeignKey("reading_answer.id", name=op.f("fk_reading_verdict_answer_id"), ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("block_id", sa.String(32), primary_key=True),
        sa.Column("understood", sa.String(40)),
        sa.Column("words", sa.String(500), nullable=False),
        sa.CheckConstraint(
            "understood IS NULL OR understood IN ('yes', 'partly', 'no')",
            name=op.f("ck_reading_verdict_understood_known"),
        ),
    )
    op.create_table(
        "reading_remark",
        sa.Column("answer_id", _ID, primary_key=True, autoincrement=False),
        sa.Column("block_id", sa.String(32), primary_key=True),
        sa.Column(
            "remark_id",
            _ID,
            sa.ForeignKey("remark.id", name=op.f("fk_reading_remark_remark_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["answer_id", "block_id"],
            ["reading_verdict.answer_id", "reading_verdict.block_id"],
            name="fk_reading_remark_verdict",
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_reading_remark_remark_id"), "reading_remark", ["remark_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
