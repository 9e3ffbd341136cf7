"""Going on without an answer and against an objection: new deeds, and who was passed over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_overruling"
down_revision = "0004_writing"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DEEDS = (
    "deed IN ('create', 'submit', 'retract', 'request_changes', 'sign_off', 'abstain', 'object', "
    "'lift_objection', 'arbitrate', 'pass_over', 'approve', 'schedule', 'cancel', 'publish')"
)
COUNTS = (
    "NEW.number = (SELECT coalesce(max(a.number), 0) + 1 FROM draft_act a WHERE a.draft_id = NEW.draft_id)"
)
ALL_ANSWERED = (
    "EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = NEW.revision_id AND s.decision = 'signed') "
    "AND NOT EXISTS (SELECT 1 FROM revision_competence c WHERE c.revision_id = NEW.revision_id "
    "AND NOT EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = c.revision_id "
    "AND s.administration_id = c.administration_id) "
    "AND NOT EXISTS (SELECT 1 FROM passed_over o WHERE o.revision_id = c.revision_id "
    "AND o.administration_id = c.administration_id))"
)
ANSWERS_FIRST = "every competent administration answers first"
OPEN = "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = NEW.revision_id)"
WHILE_OPEN = "an administration is passed over while the review is open"
# As `review_guards.may_pass_over` has it: who wrote does not decide that nobody else need read.
WROTE_NOTHING = (
    "NOT EXISTS (SELECT 1 FROM revision_part p WHERE p.revision_id = NEW.revision_id "
    "AND p.person_id = NEW.person_id AND p.part = 'wrote')"
)
WRITERS_DO_NOT = "who wrote passes nobody over"


def upgrade() -> None:
    op.create_table(
        "passed_over",
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("administration_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_passed_over_reason_is_said")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passed_over_person_id")),
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_passed_over_competence",
        ),
        sa.PrimaryKeyConstraint("revision_id", "administration_id", name=op.f("pk_passed_over")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    with op.batch_alter_table("draft_act", recreate="always") as table:
        table.drop_constraint(op.f("ck_draft_act_deed_known"), type_="check")
        table.create_check_constraint(op.f("ck_draft_act_deed_known"), DEEDS)
    # A table that was made anew has lost its triggers.
    for table, kept in (("draft_act", "append-only"), ("passed_over", "append-only")):
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is {kept}'); END"
            )
    op.execute("DROP TRIGGER review_outcome_all_answered")
    for table, name, holds, words in (
        ("draft_act", "counts", COUNTS, "acts are numbered without a gap"),
        ("review_outcome", "all_answered", ALL_ANSWERED, ANSWERS_FIRST),
        ("passed_over", "while_open", OPEN, WHILE_OPEN),
        ("passed_over", "by_others", WROTE_NOTHING, WRITERS_DO_NOT),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE INSERT ON {table} FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def _postgresql() -> None:
    op.drop_constraint(op.f("ck_draft_act_deed_known"), "draft_act", type_="check")
    op.create_check_constraint(op.f("ck_draft_act_deed_known"), "draft_act", DEEDS)
    op.execute(
        "CREATE TRIGGER passed_over_append_only BEFORE UPDATE OR DELETE ON passed_over "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    # The trigger that calls this function stands already.
    _rule("review_outcome_all_answered", ALL_ANSWERED, ANSWERS_FIRST)
    # The lock is shared first, so that a review that is being closed at this moment counts as closed.
    wait = "PERFORM 1 FROM open_review o WHERE o.revision_id = NEW.revision_id FOR SHARE; "
    for name, holds, words, before in (
        ("while_open", OPEN, WHILE_OPEN, wait),
        ("by_others", WROTE_NOTHING, WRITERS_DO_NOT, ""),
    ):
        _rule(f"passed_over_{name}", holds, words, before)
        op.execute(
            f"CREATE TRIGGER passed_over_{name} BEFORE INSERT ON passed_over FOR EACH ROW "
            f"EXECUTE FUNCTION passed_over_{name}()"
        )


def _rule(name: str, holds: str, words: str, before: str = "") -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {before}"
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
