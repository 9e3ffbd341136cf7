"""Words can be taken out of what only grows, by an act of redaction and by nothing else.

`redaction` has a row without an end only within the transaction that redacts. While there is one, columns with words
may change in tables that are otherwise never changed; all their other columns stay as they are, and so do digests,
fingerprints and signatures.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0027_redaction"
down_revision = "0026_administration"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
WORDS = {
    "revision": ("title", "fields", "tree", "canonical", "change_note"),
    "edition": ("title", "lead", "body", "plain", "fields", "change_note"),
    "edition_evidence": ("content",),
    "article_act": ("reason",),
    "urgent_publication": ("reason",),
    "draft_act": ("reason",),
    "sign_off": ("reason",),
    "withdrawn_sign_off": ("reason",),
    "substitute": ("reason",),
    "passed_over": ("reason",),
    "expert_opinion": ("text",),
    "expert_invitation": ("reason",),
}
OPEN = "EXISTS (SELECT 1 FROM redaction WHERE finished_at IS NULL)"


def upgrade() -> None:
    op.create_table(
        "redaction",
        sa.Column("id", _ID, primary_key=True),
        sa.Column(
            "draft_id",
            _ID,
            sa.ForeignKey("draft.id", name=op.f("fk_redaction_draft_id")),
            nullable=False,
        ),
        sa.Column("person_id", _ID, sa.ForeignKey("person.id", name=op.f("fk_redaction_person_id"))),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("begun_at", _AT, nullable=False),
        sa.Column("finished_at", _AT),
    )
    op.create_index(op.f("ix_redaction_draft_id"), "redaction", ["draft_id"])
    op.create_table(
        "redacted_digest",
        sa.Column(
            "redaction_id",
            _ID,
            sa.ForeignKey("redaction.id", name=op.f("fk_redacted_digest_redaction_id")),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("after", sa.String(64), nullable=False),
        sa.CheckConstraint(
            "length(before) = 64 AND length(after) = 64", name=op.f("ck_redacted_digest_digests_whole")
        ),
    )
    op.create_index("ix_redacted_digest_name_key", "redacted_digest", ["name", "key"])
    (_sqlite if _is_sqlite() else _postgresql)()


def _is_sqlite() -> bool:
    return bool(op.get_bind().dialect.name == "sqlite")


def _others(table: str) -> list[str]:
    """The columns of a table that never change."""
    columns = sa.inspect(op.get_bind()).get_columns(table)
    return [column["name"] for column in columns if column["name"] not in WORDS[table]]


def _sqlite() -> None:
    for table, words in WORDS.items():
        found = op.get_bind().exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        )
        for name, sql in found.all():
            for statement in _with_redaction(table, words, name, sql):
                op.execute(statement)
    for table, holds in (("redaction", "OLD.finished_at IS NOT NULL"), ("redacted_digest", "1")):
        for deed, when in (("UPDATE", holds), ("DELETE", "1")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW WHEN {when} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _with_redaction(table: str, words: tuple[str, ...], name: str, sql: str) -> list[str]:
    """What takes the place of a trigger that refuses a change; nothing for one that has nothing to do with it."""
    head, _begin, rest = sql.partition("BEGIN")
    if "BEFORE UPDATE" not in head:
        return []
    if " WHEN " not in head:
        if " UPDATE OF " in head:
            return []
        refusal = f"BEGIN{rest}"
        stay = f"FOR EACH ROW WHEN NOT {OPEN} {refusal}"
        return [
            f"DROP TRIGGER {name}",
            f"CREATE TRIGGER {name} BEFORE UPDATE OF {', '.join(_others(table))} ON {table} {refusal}",
            f"CREATE TRIGGER {table}_words_stay BEFORE UPDATE OF {', '.join(words)} ON {table} {stay}",
        ]
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _others(table))
    lets = f"({OPEN} AND {same})"
    if "WHEN NOT (" in sql:
        changed = sql.replace("WHEN NOT (", f"WHEN NOT ({lets} OR ", 1)
    else:
        changed = sql.replace(" WHEN ", f" WHEN NOT {lets} AND ", 1)
    return [f"DROP TRIGGER {name}", changed]


def _postgresql() -> None:
    op.execute(
        f"CREATE FUNCTION redaction_is_open() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT {OPEN} $$"
    )
    for table, words in WORDS.items():
        found = op.get_bind().execute(
            sa.text(
                "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger "
                "WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal"
            ),
            {"name": table},
        )
        for name, sql in found.all():
            _again(table, words, name, sql)
    for table, holds in (("redaction", "OLD.finished_at IS NOT NULL"), ("redacted_digest", "true")):
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({holds}) "
            "EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _again(table: str, words: tuple[str, ...], name: str, sql: str) -> None:
    parts = re.fullmatch(
        r"CREATE TRIGGER \S+ BEFORE (.+?) ON \S+ FOR EACH ROW (?:WHEN \((.*)\) )?EXECUTE FUNCTION (\S+)", sql
    )
    if parts is None or "UPDATE" not in parts[1].split(" OR "):
        return
    left = ", ".join(f"'{column}'" for column in words)
    lets = f"(redaction_is_open() AND to_jsonb(NEW.*) - ARRAY[{left}] = to_jsonb(OLD.*) - ARRAY[{left}])"
    op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute(
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN (({parts[2] or 'true'}) AND NOT {lets}) EXECUTE FUNCTION {parts[3]}"
    )
    for deed in parts[1].split(" OR "):
        if deed != "UPDATE":
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {parts[3]}"
            )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
