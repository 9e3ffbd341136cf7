"""Who is erased goes out of the words of others, also where rows are only added.

Reasons of acts and what was said in a séance name people. In these tables one column may change, and only so that
« Personne effacée » stands in it (`app.accounts.erasing.ERASED`); every other change is refused as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_names_go_out"
down_revision = "0014_workshop"
branch_labels = None
depends_on = None

ERASED = "Personne effacée"
# (table, the column with words, the name of its trigger on PostgreSQL, how the table refuses)
FIXED = (
    ("draft_act", "reason", "draft_act_append_only", "append-only"),
    ("sign_off", "reason", "sign_off_append_only", "append-only"),
    ("withdrawn_sign_off", "reason", "withdrawn_sign_off_append_only", "append-only"),
    ("substitute", "reason", "substitute_append_only", "append-only"),
    ("passed_over", "reason", "passed_over_append_only", "append-only"),
    ("session_event", "payload", "session_event_no_update", "not changed"),
)
WHILE_OPEN = (
    "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = NEW.revision_id) "
    "AND EXISTS (SELECT 1 FROM expert_invitation i WHERE i.id = NEW.invitation_id AND i.revoked_at IS NULL "
    "AND i.expires_at > NEW.changed_at)"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _others(table: str, but: str) -> list[str]:
    return [
        column["name"] for column in sa.inspect(op.get_bind()).get_columns(table) if column["name"] != but
    ]


def _sqlite() -> None:
    for table, words, _name, refusal in FIXED:
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {', '.join(_others(table, words))} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is {refusal}'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_names_go BEFORE UPDATE OF {words} ON {table} FOR EACH ROW "
            f"WHEN NOT (NEW.{words} LIKE '%{ERASED}%') BEGIN SELECT RAISE(ABORT, '{table} is {refusal}'); END"
        )
    for table, words, old, holds, refusal in (
        ("expert_opinion", "text", "expert_opinion_while_open_update", WHILE_OPEN, "advice is given while the review is open and the link good"),
        ("expert_invitation", "reason", "expert_invitation_stays_erased", "OLD.erased_at IS NULL", "who was erased stays erased"),
    ):  # fmt: skip
        same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _others(table, words))
        op.execute(f"DROP TRIGGER {old}")
        op.execute(
            f"CREATE TRIGGER {old} BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN NOT (({holds}) OR (NEW.{words} LIKE '%{ERASED}%' AND {same})) "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )


def _goes(words: str) -> str:
    """On PostgreSQL: nothing but the words changed, and a name went out of them."""
    return (
        f"(to_jsonb(NEW.*) - '{words}' = to_jsonb(OLD.*) - '{words}' AND NEW.{words}::text LIKE '%{ERASED}%')"
    )


def _postgresql() -> None:
    for table, words, name, _refusal in FIXED:
        op.execute(f"DROP TRIGGER {name} ON {table}")
        # Deletions of `session_event` have a trigger of their own.
        if name.endswith("_append_only"):
            op.execute(
                f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NOT {_goes(words)}) "
            "EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP TRIGGER expert_opinion_while_open_update ON expert_opinion")
    op.execute(
        "CREATE TRIGGER expert_opinion_while_open_update BEFORE UPDATE ON expert_opinion FOR EACH ROW "
        f"WHEN (NOT {_goes('text')}) EXECUTE FUNCTION expert_opinion_while_open_update()"
    )
    op.execute("DROP TRIGGER expert_invitation_stays_erased ON expert_invitation")
    op.execute(
        "CREATE TRIGGER expert_invitation_stays_erased BEFORE UPDATE ON expert_invitation FOR EACH ROW "
        f"WHEN (OLD.erased_at IS NOT NULL AND NOT {_goes('reason')}) EXECUTE FUNCTION person_stays_erased()"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
