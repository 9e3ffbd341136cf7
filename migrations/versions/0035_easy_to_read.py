"""The easy-to-read twin of a draft: its parts in versions, whether it is proposed with the text, and who has read it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035_easy_to_read"
down_revision = "0034_glossary"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
DEEDS = ("written", "left_out", "confirmed", "brought_back", "moved", "put_away")
READERS = ("concerned", "learning_french", "learning_to_read", "elderly", "mixed")


def _one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def upgrade() -> None:
    op.create_table(
        "easy_part",
        sa.Column("id", _ID, nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("block_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(40), nullable=False),
        sa.Column("is_left_out", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("source_words", sa.String(8000), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint(_one_of("deed", DEEDS), name=op.f("ck_easy_part_deed_known")),
        sa.CheckConstraint("number > 0", name=op.f("ck_easy_part_number_counts")),
        sa.CheckConstraint("length(block_id) >= 1", name=op.f("ck_easy_part_has_a_block")),
        sa.CheckConstraint("length(text) <= 2000", name=op.f("ck_easy_part_text_bounded")),
        sa.CheckConstraint("length(source_words) <= 8000", name=op.f("ck_easy_part_source_bounded")),
        sa.CheckConstraint(
            "(length(text) >= 1) = (deed != 'put_away' AND NOT is_left_out)",
            name=op.f("ck_easy_part_says_something_or_nothing"),
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_easy_part_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_easy_part_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_easy_part")),
        sa.UniqueConstraint(
            "draft_id", "block_id", "number", name=op.f("uq_easy_part_draft_id_block_id_number")
        ),
    )
    op.create_index(op.f("ix_easy_part_person_id"), "easy_part", ["person_id"])
    op.create_table(
        "easy_twin",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("joins", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_easy_twin_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_easy_twin")),
    )
    op.create_table(
        "easy_reading",
        sa.Column("id", _ID, nullable=False),
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("readers", sa.String(40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("may_name", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.Column("read_on", sa.Date(), nullable=False),
        sa.Column("changed_after", sa.String(1000), nullable=False),
        sa.Column("recorded_by", _ID, nullable=False),
        sa.Column("recorded_at", _AT, nullable=False),
        sa.CheckConstraint(_one_of("readers", READERS), name=op.f("ck_easy_reading_readers_known")),
        sa.CheckConstraint("count BETWEEN 1 AND 500", name=op.f("ck_easy_reading_count_bounded")),
        sa.CheckConstraint("NOT may_name OR length(who) >= 1", name=op.f("ck_easy_reading_names_somebody")),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_easy_reading_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["person.id"], name=op.f("fk_easy_reading_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_easy_reading")),
    )
    op.create_index(op.f("ix_easy_reading_draft_id"), "easy_reading", ["draft_id"])
    op.create_index(op.f("ix_easy_reading_recorded_by"), "easy_reading", ["recorded_by"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
