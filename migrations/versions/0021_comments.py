"""Comments on articles, what moderators decide of them, official answers, and what becomes of them in a lab."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021_comments"
down_revision = "0020_wishes"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STANDINGS = "('waiting', 'shown', 'refused', 'withdrawn', 'hidden')"
_AT = sa.DateTime(timezone=True)


def _of_comment() -> sa.Column[int]:
    return sa.Column("comment_id", _ID, sa.ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True)


def _person(nullable: bool = False) -> sa.Column[int]:
    return sa.Column("person_id", _ID, sa.ForeignKey("person.id"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "comment",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("article_id", _ID, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("edition_id", _ID, sa.ForeignKey("edition.id"), nullable=False),
        sa.Column("block_id", sa.String(40)),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("filed_at", _AT, nullable=False),
        sa.Column("email", sa.String(320), nullable=False, server_default=""),
        sa.Column("email_given_at", _AT),
        sa.Column("confirmed_at", _AT),
        _person(nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("reports", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("turn", sa.SmallInteger()),
        sa.Column("decided_at", _AT),
        sa.Column("answered_in_edition_id", _ID, sa.ForeignKey("edition.id")),
        sa.UniqueConstraint("key", name=op.f("uq_comment_key")),
        sa.CheckConstraint(f"standing IN {_STANDINGS}", name=op.f("ck_comment_standing_known")),
        sa.CheckConstraint("length(text) <= 2000", name=op.f("ck_comment_text_bounded")),
        sa.CheckConstraint(
            "text <> '' OR standing NOT IN ('waiting', 'shown')", name=op.f("ck_comment_says_something")
        ),
        sa.CheckConstraint(
            "CASE standing WHEN 'waiting' THEN coalesce(turn IN (1, 2), false) "
            "WHEN 'shown' THEN coalesce(turn IN (0, 1, 2), true) ELSE turn IS NULL END",
            name=op.f("ck_comment_waits_in_turn"),
        ),
        sa.CheckConstraint("confirmed_at IS NULL OR email <> ''", name=op.f("ck_comment_confirmed_address")),
        sa.CheckConstraint("(email = '') = (email_given_at IS NULL)", name=op.f("ck_comment_address_since")),
        sa.CheckConstraint("version > 0 AND reports >= 0", name=op.f("ck_comment_counts")),
    )
    for name, columns in (
        ("ix_comment_edition_id", ["edition_id"]),
        ("ix_comment_person_id", ["person_id"]),
        ("ix_comment_queue", ["turn", "filed_at", "id"]),
        ("ix_comment_of_article", ["article_id", "standing", "filed_at"]),
        ("ix_comment_decided", ["standing", "decided_at"]),
    ):
        op.create_index(name, "comment", columns)
    op.create_table(
        "comment_decision",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("comment_id", _ID, sa.ForeignKey("comment.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(40), nullable=False),
        sa.Column("before", sa.String(40), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("words", sa.String(500), nullable=False, server_default=""),
        _person(),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint("comment_id", "number", name=op.f("uq_comment_decision_comment_id_number")),
        sa.CheckConstraint(
            "deed IN ('show', 'refuse', 'hide', 'keep', 'undo')", name=op.f("ck_comment_decision_deed_known")
        ),
        sa.CheckConstraint(f"before IN {_STANDINGS}", name=op.f("ck_comment_decision_before_known")),
        sa.CheckConstraint(f"standing IN {_STANDINGS}", name=op.f("ck_comment_decision_standing_known")),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN ('personal', 'insult', 'unlawful', 'off_topic', 'advertising', 'double', 'other')",
            name=op.f("ck_comment_decision_reason_known"),
        ),
        sa.CheckConstraint(
            "(deed IN ('refuse', 'hide')) = (reason IS NOT NULL)",
            name=op.f("ck_comment_decision_reason_is_said"),
        ),
        sa.CheckConstraint(
            "reason IS NULL OR reason <> 'other' OR words <> ''",
            name=op.f("ck_comment_decision_other_in_words"),
        ),
    )
    op.create_index("ix_comment_decision_at", "comment_decision", ["at"])
    op.create_table(
        "comment_answer",
        _of_comment(),
        sa.Column("administration_id", _ID, sa.ForeignKey("administration.id"), primary_key=True),
        _person(),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 2000", name=op.f("ck_comment_answer_text_bounded")),
    )
    op.create_table("comment_report", _of_comment(), sa.Column("mark", sa.String(32), primary_key=True))
    op.create_table(
        "comment_remark",
        _of_comment(),
        sa.Column("remark_id", _ID, sa.ForeignKey("remark.id", ondelete="CASCADE"), primary_key=True),
        sa.UniqueConstraint("remark_id", name=op.f("uq_comment_remark_remark_id")),
    )
    op.create_table(
        "comments_closed",
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("from_day", sa.Date(), nullable=False),
        _person(),
    )
    op.create_table(
        "read_afterwards",
        sa.Column(
            "administration_id",
            _ID,
            sa.ForeignKey("administration.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        _person(),
        sa.Column("since", _AT, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
