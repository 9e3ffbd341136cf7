"""The glossary, and what administrators change of the rules of plain French."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034_glossary"
down_revision = "0033_plain_french"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def _person(table: str, column: str) -> sa.Column[int]:
    name = op.f(f"fk_{table}_{column}")
    return sa.Column(column, _ID, sa.ForeignKey("person.id", name=name, ondelete="SET NULL"))


def upgrade() -> None:
    op.create_table(
        "glossary_term",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("term", sa.String(80), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.Column("spelled_out", sa.String(160), nullable=False),
        sa.Column("definition", sa.String(300), nullable=False),
        sa.Column("source", sa.String(160), nullable=False),
        sa.Column("source_url", sa.String(500), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _person("glossary_term", "written_by"),
        sa.Column("written_at", _AT, nullable=False),
        _person("glossary_term", "changed_by"),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.CheckConstraint(
            "status IN ('proposed', 'live', 'refused', 'withdrawn')",
            name=op.f("ck_glossary_term_status_known"),
        ),
        sa.CheckConstraint("length(term) > 0 AND length(key) > 0", name=op.f("ck_glossary_term_named")),
        sa.CheckConstraint("length(definition) > 0", name=op.f("ck_glossary_term_defined")),
        sa.CheckConstraint(
            "status NOT IN ('refused', 'withdrawn') OR length(reason) > 0",
            name=op.f("ck_glossary_term_reasoned"),
        ),
    )
    for column in ("written_by", "changed_by"):
        op.create_index(op.f(f"ix_glossary_term_{column}"), "glossary_term", [column])
    for name, where in (
        ("uq_glossary_term_standing", "status IN ('live', 'withdrawn')"),
        ("uq_glossary_term_waiting", "status = 'proposed'"),
    ):
        op.create_index(
            name,
            "glossary_term",
            ["key"],
            unique=True,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "rule_amendment",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        _person("rule_amendment", "person_id"),
        sa.Column("at", _AT, nullable=False),
        sa.UniqueConstraint("rule", "number", name=op.f("uq_rule_amendment_rule_number")),
        sa.CheckConstraint("number > 0", name=op.f("ck_rule_amendment_counted")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_rule_amendment_reasoned")),
    )
    op.create_index(op.f("ix_rule_amendment_person_id"), "rule_amendment", ["person_id"])


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
