"""Plain French: findings that stay as they are, how plain each frozen version was, why it was proposed like that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033_plain_french"
down_revision = "0032_pack"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def _person(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("person.id", name=op.f(f"fk_{table}_person_id"))
    return sa.Column("person_id", _ID, key, nullable=False)


def _of_a_revision(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("revision.id", name=op.f(f"fk_{table}_revision_id"))
    return sa.Column("revision_id", _ID, key, primary_key=True, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "plain_exception",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "draft_id",
            _ID,
            sa.ForeignKey("draft.id", name=op.f("fk_plain_exception_draft_id"), ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("block_id", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        _person("plain_exception"),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint(
            "draft_id",
            "block_id",
            "rule",
            "digest",
            name=op.f("uq_plain_exception_draft_id_block_id_rule_digest"),
        ),
        sa.CheckConstraint(
            "length(block_id) >= 1 AND length(rule) >= 1", name=op.f("ck_plain_exception_named")
        ),
        sa.CheckConstraint(
            "length(words) BETWEEN 1 AND 20000", name=op.f("ck_plain_exception_words_bounded")
        ),
        sa.CheckConstraint(
            "length(reason) BETWEEN 3 AND 300", name=op.f("ck_plain_exception_reason_is_said")
        ),
    )
    op.create_table(
        "revision_reading",
        _of_a_revision("revision_reading"),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.Column("ease", sa.Double()),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("findings_left", sa.Integer(), nullable=False),
        sa.Column("passed_over", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint(
            "words >= 0 AND sentences >= 0 AND findings_left >= 0 AND passed_over >= 0",
            name=op.f("ck_revision_reading_numbers_count"),
        ),
        sa.CheckConstraint(
            "ease IS NULL OR ease BETWEEN 0 AND 100", name=op.f("ck_revision_reading_ease_bounded")
        ),
    )
    op.create_table(
        "plain_override",
        _of_a_revision("plain_override"),
        _person("plain_override"),
        sa.Column("was_read", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("ease", sa.Double()),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint(
            "(was_read AND length(reason) >= 3) OR (NOT was_read AND reason = '')",
            name=op.f("ck_plain_override_reason_is_said"),
        ),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
