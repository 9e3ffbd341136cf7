"""Wishes: what citizens ask for, who supports it, what was done; which draft answers it, and which article did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020_wishes"
down_revision = "0019_search"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "wish",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("title", sa.String(150), nullable=False),
        sa.Column("need", sa.String(3000), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.Column("standing_reason", sa.String(1000), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("source_url", sa.String(500), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("entered_by", _ID, sa.ForeignKey("person.id")),
        sa.Column("administration_id", _ID, sa.ForeignKey("administration.id")),
        sa.Column("lab_id", _ID, sa.ForeignKey("lab.id")),
        sa.Column("cycle_number", _ID, sa.ForeignKey("cycle.number")),
        sa.Column("merged_into", _ID, sa.ForeignKey("wish.id")),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("filed_at", _AT, nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_number", sa.Integer(), nullable=False),
        sa.Column("email_at", _AT),
        sa.Column("confirmed_at", _AT),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.UniqueConstraint("key", name=op.f("uq_wish_key")),
        _check("wish", "standing_known", "standing IN ('waiting', 'shown', 'refused', 'withdrawn')"),
        _check(
            "wish",
            "status_known",
            "status IN ('received', 'under_study', 'planned', 'published', 'refused')",
        ),
        _check(
            "wish",
            "channel_known",
            "channel IN ('site', 'facebook', 'counter', 'phone', 'mail', 'mediator', 'call', 'other')",
        ),
        _check("wish", "refused_for_a_reason", "standing <> 'refused' OR standing_reason <> ''"),
        _check("wish", "declined_for_a_reason", "status <> 'refused' OR reason <> ''"),
        _check("wish", "studied_by_a_lab", "status NOT IN ('under_study', 'planned') OR lab_id IS NOT NULL"),
        _check("wish", "planned_in_a_cycle", "status <> 'planned' OR cycle_number IS NOT NULL"),
        _check("wish", "entered_by_somebody", "channel = 'site' OR entered_by IS NOT NULL"),
        _check("wish", "merged_elsewhere", "merged_into IS NULL OR merged_into <> id"),
        _check("wish", "confirmed_address", "confirmed_at IS NULL OR email <> ''"),
    )
    for column in ("administration_id", "lab_id", "cycle_number", "merged_into"):
        op.create_index(f"ix_wish_{column}", "wish", [column])
    op.create_index("ix_wish_queue", "wish", ["standing", "held", "id"])
    op.create_table(
        "wish_support",
        sa.Column("wish_id", _ID, sa.ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("mark", sa.String(32), primary_key=True),
    )
    op.create_table(
        "wish_event",
        sa.Column("wish_id", _ID, sa.ForeignKey("wish.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("deed", sa.String(40), nullable=False),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column("about", sa.BigInteger()),
        sa.Column("at", _AT, nullable=False),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id")),
        _check(
            "wish_event",
            "deed_known",
            "deed IN ('filed', 'corrected', 'shown', 'refused', 'withdrawn', 'taken_up', 'planned', 'declined', "
            "'published', 'joined', 'merged', 'alone')",
        ),
        _check("wish_event", "counted_from_one", "number >= 1"),
    )
    op.create_table(
        "draft_wish",
        sa.Column("draft_id", _ID, sa.ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("wish_id", _ID, sa.ForeignKey("wish.id"), primary_key=True),
        sa.Column("linked_by", _ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("linked_at", _AT, nullable=False),
    )
    op.create_index("ix_draft_wish_wish_id", "draft_wish", ["wish_id"])
    op.create_table(
        "wish_article",
        sa.Column("wish_id", _ID, sa.ForeignKey("wish.id"), primary_key=True),
        sa.Column("article_id", _ID, sa.ForeignKey("article.id"), nullable=False),
    )
    op.create_index("ix_wish_article_article_id", "wish_article", ["article_id"])
    _rules()


def _check(table: str, name: str, holds: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(holds, name=op.f(f"ck_{table}_{name}"))


def _rules() -> None:
    """A wish is merged into one that the public reads and that stands for itself; so that there is no chain and no ring."""
    whole = (
        "NEW.merged_into IS NULL OR (EXISTS (SELECT 1 FROM wish WHERE id = NEW.merged_into AND merged_into IS NULL "
        "AND standing = 'shown') AND NOT EXISTS (SELECT 1 FROM wish WHERE merged_into = NEW.id))"
    )
    words = "a wish is merged into a living one"
    _rule("INSERT", "wish_merged_new", whole, words)
    _rule("UPDATE OF merged_into", "wish_merged", whole, words)
    _rule(
        "UPDATE OF standing",
        "wish_bears_others",
        "NEW.standing = 'shown' OR NOT EXISTS (SELECT 1 FROM wish WHERE merged_into = NEW.id)",
        "others are merged into this wish",
    )


def _rule(occasion: str, name: str, holds: str, words: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {occasion} ON wish FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON wish FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
