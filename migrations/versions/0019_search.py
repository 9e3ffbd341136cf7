"""The search: words as they are spelt, typing errors, synonyms, and what nobody found.

The index is emptied here; the worker fills it again from the editions at its next start, in a few seconds.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019_search"
down_revision = "0018_spaces"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_table("search_term")
    op.create_table(
        "search_term",
        sa.Column("stem", sa.String(60), nullable=False),
        sa.Column("spelt", sa.String(61), nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_search_term_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stem", "spelt", "article_id", name=op.f("pk_search_term")),
    )
    op.create_index(op.f("ix_search_term_article_id"), "search_term", ["article_id"])
    op.create_table(
        "searched_article",
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("rules", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_searched_article_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_searched_article_edition_id")),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_searched_article")),
    )
    op.create_table(
        "search_word",
        sa.Column("folded", sa.String(60), nullable=False),
        sa.Column("written", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_search_word")),
    )
    op.create_table(
        "search_gram",
        sa.Column("gram", sa.String(2), nullable=False),
        sa.Column("folded", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(
            ["folded"], ["search_word.folded"], name=op.f("fk_search_gram_folded"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gram", "folded", name=op.f("pk_search_gram")),
    )
    op.create_table(
        "search_synonym",
        sa.Column("id", _ID, nullable=False),
        sa.Column("words", sa.String(400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_synonym")),
    )
    op.create_table(
        "search_miss",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("words", sa.String(80), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_search_miss_times_counted")),
        sa.PrimaryKeyConstraint("day", "words", name=op.f("pk_search_miss")),
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
