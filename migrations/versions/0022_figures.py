"""How often articles are read, and who wants to hear of what is new."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022_figures"
down_revision = "0021_comments"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PACES = "('at_once', 'daily', 'weekly')"


def upgrade() -> None:
    op.create_table(
        "article_read",
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_article_read_count_counts")),
    )
    op.create_index("ix_article_read_day", "article_read", ["day"])
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.UniqueConstraint("email", name=op.f("uq_subscriber_email")),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column(
            "subscriber_id",
            sa.BigInteger(),
            sa.ForeignKey("subscriber.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("article_id", _ID, sa.ForeignKey("article.id", ondelete="CASCADE")),
        sa.Column("administration_id", _ID, sa.ForeignKey("administration.id", ondelete="CASCADE")),
        sa.Column("theme", sa.String(120)),
        sa.Column("pace", sa.String(40), nullable=False),
        sa.Column("wanted", sa.String(40), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(f"pace IN {_PACES}", name=op.f("ck_subscription_pace_known")),
        sa.CheckConstraint(f"wanted IN {_PACES}", name=op.f("ck_subscription_wanted_known")),
        sa.CheckConstraint(
            "(article_id IS NOT NULL AND administration_id IS NULL AND theme IS NULL)"
            " OR (article_id IS NULL AND administration_id IS NOT NULL AND theme IS NULL)"
            " OR (article_id IS NULL AND administration_id IS NULL AND theme IS NOT NULL)",
            name=op.f("ck_subscription_follows_one_thing"),
        ),
        sa.UniqueConstraint(
            "subscriber_id", "article_id", name=op.f("uq_subscription_subscriber_id_article_id")
        ),
        sa.UniqueConstraint(
            "subscriber_id", "administration_id", name=op.f("uq_subscription_subscriber_id_administration_id")
        ),
        sa.UniqueConstraint("subscriber_id", "theme", name=op.f("uq_subscription_subscriber_id_theme")),
    )
    for column in ("article_id", "administration_id", "theme"):
        op.create_index(f"ix_subscription_{column}", "subscription", [column])
    op.create_table(
        "subscription_news",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "subscription_id",
            sa.BigInteger(),
            sa.ForeignKey("subscription.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("edition_id", _ID, sa.ForeignKey("edition.id")),
        sa.Column("act_id", _ID, sa.ForeignKey("article_act.id")),
        sa.CheckConstraint(
            "(edition_id IS NULL) <> (act_id IS NULL)", name=op.f("ck_subscription_news_of_one_thing")
        ),
    )
    op.create_index("ix_subscription_news_subscription_id", "subscription_news", ["subscription_id"])
    op.create_table(
        "subscription_asking",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_subscription_asking_count_counts")),
    )
    # Where a mail program leaves what sent the mail, by one click (RFC 8058).
    op.add_column("mail", sa.Column("leave", sa.String(300)))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
