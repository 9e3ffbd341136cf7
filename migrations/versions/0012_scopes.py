"""Signatures on parts of a text, taken back, given in somebody's place; minor corrections; who answers, changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_scopes"
down_revision = "0011_reading"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
DEEDS = (
    "deed IN ('create', 'submit', 'retract', 'request_changes', 'sign_off', 'abstain', 'object', "
    "'lift_objection', 'arbitrate', 'pass_over', 'withdraw_sign_off', 'name_substitute', "
    "'change_competences', 'hand_over', 'ask_again', 'approve', 'schedule', 'cancel', 'publish')"
)
SIGNED_AS = "signed_as IN ('second_eyes', 'author', 'part', 'nobody')"
READERS_AGREE = "NOT agrees_minor OR signed_as = 'second_eyes'"
SIZES = "size IN ('major', 'minor', 'said_minor')"

OPEN = "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = NEW.revision_id)"
LEAD = (
    "(SELECT a.lead_administration_id FROM revision r JOIN article a ON a.id = r.article_id "
    "WHERE r.id = NEW.revision_id)"
)
WHOLE = "(SELECT r.fingerprint FROM revision r WHERE r.id = NEW.revision_id)"
COMPETENT = "(SELECT count(*) FROM revision_competence c WHERE c.revision_id = NEW.revision_id)"


def _stands(sign_off: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM withdrawn_sign_off w WHERE w.sign_off_id = {sign_off}.id)"  # nosec B608 # texts of this file, no word of anybody


# The lead administration has signed a minor correction of a public page: measured as one (200 characters, as in
# `drafts.sizes`), or agreed to by a reader.
IS_MINOR = (
    "EXISTS (SELECT 1 FROM revision r JOIN article a ON a.id = r.article_id JOIN sign_off l "  # nosec B608 # texts of this file, no word of anybody
    "ON l.revision_id = r.id AND l.administration_id = a.lead_administration_id "
    f"WHERE r.id = NEW.revision_id AND l.decision = 'signed' AND {_stands('l')} "
    "AND a.live_revision_id IS NOT NULL AND ((r.size = 'minor' AND (SELECT coalesce(sum(p.inserted + p.deleted), 0) "
    "FROM revision_part p WHERE p.revision_id = r.id) <= 200) "
    "OR (r.size = 'said_minor' AND EXISTS (SELECT 1 FROM sign_off g "
    f"WHERE g.revision_id = r.id AND g.agrees_minor AND {_stands('g')}))))"
)
ALL_ANSWERED = (
    "EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = NEW.revision_id AND s.decision = 'signed' "  # nosec B608 # texts of this file, no word of anybody
    f"AND {_stands('s')}) AND ({IS_MINOR} "
    "OR NOT EXISTS (SELECT 1 FROM revision_competence c WHERE c.revision_id = NEW.revision_id "
    "AND NOT EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = c.revision_id "
    f"AND s.administration_id = c.administration_id AND {_stands('s')}) "
    "AND NOT EXISTS (SELECT 1 FROM passed_over o WHERE o.revision_id = c.revision_id "
    "AND o.administration_id = c.administration_id)))"
)
FROM_OUTSIDE = (
    f"{COMPETENT} = 1 OR {IS_MINOR} OR EXISTS (SELECT 1 FROM sign_off s JOIN revision r ON r.id = s.revision_id "  # nosec B608 # texts of this file, no word of anybody
    "JOIN revision_part p ON p.revision_id = s.revision_id AND p.person_id = s.person_id "
    "WHERE s.revision_id = NEW.revision_id AND s.person_id = NEW.second_eyes_person_id "
    f"AND s.signed_as = 'second_eyes' AND {_stands('s')} "
    "AND coalesce(p.administration_id, s.administration_id) <> coalesce(r.main_author_administration_id, 0))"
)
CARRIED = (
    "NEW.carried_from IS NULL OR (EXISTS (SELECT 1 FROM sign_off s WHERE s.id = NEW.carried_from "
    "AND s.fingerprint = NEW.fingerprint AND s.person_id = NEW.person_id "
    "AND s.administration_id = NEW.administration_id AND s.decision = NEW.decision) "
    "AND NOT EXISTS (SELECT 1 FROM withdrawn_sign_off w JOIN sign_off k ON k.id = w.sign_off_id "
    "WHERE k.id = NEW.carried_from OR k.carried_from = NEW.carried_from))"
)
TURN = (
    "NEW.turn = 1 + (SELECT count(*) FROM withdrawn_sign_off w JOIN sign_off s ON s.id = w.sign_off_id "
    "WHERE s.revision_id = NEW.revision_id AND s.administration_id = NEW.administration_id)"
)
EXTENT = (
    f"CASE WHEN NEW.fingerprint = {WHOLE} THEN NEW.signed_as <> 'part' ELSE NEW.signed_as IN ('part', 'author') "  # nosec B608 # texts of this file, no word of anybody
    "AND EXISTS (SELECT 1 FROM proposed_scope p WHERE p.revision_id = NEW.revision_id "
    "AND p.administration_id = NEW.administration_id AND p.fingerprint = NEW.fingerprint) END"
)
OF_A_PART = f"NEW.fingerprint <> {WHOLE} AND NEW.administration_id <> {LEAD}"
SPEAKS = (
    "EXISTS (SELECT 1 FROM role r WHERE r.role = 'reviewer' AND r.person_id = NEW.person_id "
    "AND r.administration_id = NEW.administration_id) "
    "OR EXISTS (SELECT 1 FROM substitute u WHERE u.revision_id = NEW.revision_id "
    "AND u.administration_id = NEW.administration_id AND u.person_id = NEW.person_id)"
)
NOBODY_THERE = (
    "NOT EXISTS (SELECT 1 FROM role r JOIN person p ON p.id = r.person_id WHERE r.role = 'reviewer' "
    "AND r.administration_id = NEW.administration_id AND p.status = 'active')"
)
SUBSTITUTES = (
    "EXISTS (SELECT 1 FROM role r WHERE r.person_id = NEW.person_id AND (r.role = 'portal_editor' "  # nosec B608 # texts of this file, no word of anybody
    f"OR (r.role = 'reviewer' AND r.administration_id = {LEAD})))"
)
OF_AN_OPEN_ONE = (
    "EXISTS (SELECT 1 FROM sign_off s JOIN open_review o ON o.revision_id = s.revision_id "
    "WHERE s.id = NEW.sign_off_id)"
)
OWN_CARRIED = (
    "EXISTS (SELECT 1 FROM sign_off s WHERE s.id = NEW.sign_off_id AND s.person_id = NEW.person_id "
    "AND s.carried_from IS NOT NULL)"
)
OUTCOME_FALLS = (
    "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = OLD.revision_id) "
    "AND EXISTS (SELECT 1 FROM withdrawn_sign_off w JOIN sign_off s ON s.id = w.sign_off_id "
    "WHERE s.revision_id = OLD.revision_id AND w.at >= OLD.approved_at)"
)


def _no_review(article: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM open_review o WHERE o.article_id = {article})"  # nosec B608 # texts of this file, no word of anybody


WHO_ANSWERS = "who answers for an article changes while no review of it is open"
# The lock is shared first, so that a review that is being closed at this moment counts as closed.
WAIT = "PERFORM 1 FROM open_review o WHERE o.revision_id = NEW.revision_id FOR SHARE; "
# (table, occasion, name, what must hold, the words of the refusal, what PostgreSQL does before)
RULES = (
    ("sign_off", "INSERT", "while_open", OPEN, "a revision is signed while its review is open", WAIT),
    ("sign_off", "INSERT", "carried_as_it_was", CARRIED, "a signature is carried to the same fingerprint only", ""),
    ("sign_off", "INSERT", "in_turn", TURN, "an administration answers once, and again after a withdrawal", ""),
    ("sign_off", "INSERT", "extent", EXTENT, "who is asked for a part signs that part, or the whole text", ""),
    ("sign_off", "INSERT", "by_who_speaks", SPEAKS, "a reviewer or a substitute signs for an administration", ""),
    ("proposed_scope", "INSERT", "of_a_part", OF_A_PART, "the lead administration is asked for the whole text", ""),
    ("substitute", "INSERT", "while_open", OPEN, "a substitute is named while the review is open", WAIT),
    ("substitute", "INSERT", "nobody_there", NOBODY_THERE, "an administration with a reviewer needs no substitute", ""),
    ("substitute", "INSERT", "by_whom", SUBSTITUTES, "a substitute is a portal editor or of the lead administration", ""),
    ("withdrawn_sign_off", "INSERT", "while_open", OF_AN_OPEN_ONE, "a signature is withdrawn while the review is open", ""),
    ("withdrawn_sign_off", "INSERT", "own_carried", OWN_CARRIED, "one withdraws a carried signature of one''s own", ""),
    ("review_outcome", "INSERT", "all_answered", ALL_ANSWERED, "every competent administration answers first", ""),
    ("review_outcome", "INSERT", "from_outside", FROM_OUTSIDE,
     "the second pair of eyes comes from outside the main author''s administration", ""),
    ("review_outcome", "DELETE", "falls", OUTCOME_FALLS, "review_outcome falls with a signature only", ""),
    ("article", "UPDATE OF lead_administration_id", "lead_stays",
     f"NEW.lead_administration_id = OLD.lead_administration_id OR {_no_review('NEW.id')}", WHO_ANSWERS, ""),
    ("article_administration", "INSERT", "insert_stays", _no_review("NEW.article_id"), WHO_ANSWERS, ""),
    ("article_administration", "UPDATE", "update_stays", "NEW.article_id = OLD.article_id AND NEW.administration_id = OLD.administration_id",
     "a row of article_administration is made and taken away, not changed", ""),
    ("article_administration", "DELETE", "delete_stays", _no_review("OLD.article_id"), WHO_ANSWERS, ""),
)  # fmt: skip
APPEND_ONLY = ("proposed_scope", "withdrawn_sign_off", "substitute")


def upgrade() -> None:
    # In SQL, with its check: a table made anew would lose the triggers that keep it append-only.
    op.execute(
        "ALTER TABLE revision ADD COLUMN size VARCHAR(40) DEFAULT 'major' NOT NULL "
        f"CONSTRAINT ck_revision_size_known CHECK ({SIZES})"
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    (_sqlite_answers if sqlite else _postgresql_answers)()
    _tables()
    (_sqlite_rules if sqlite else _postgresql_rules)()


def _sqlite_answers() -> None:
    """Two tables are made anew, and so are their triggers, whatever they are by now; those below are made after them."""
    kept_triggers = [
        str(sql)
        for name, sql in op.get_bind().execute(
            sa.text(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('draft_act', 'sign_off')"
            )
        )
        if name not in {f"{table}_{rule}" for table, _occasion, rule, *_rest in RULES}
    ]
    with op.batch_alter_table("draft_act", recreate="always") as table:
        table.drop_constraint(op.f("ck_draft_act_deed_known"), type_="check")
        table.create_check_constraint(op.f("ck_draft_act_deed_known"), DEEDS)
    # Not in batch mode: the copy would point at the table that is dropped for it.
    op.execute("CREATE TABLE sign_off_before AS SELECT * FROM sign_off")
    op.drop_table("sign_off")
    _sign_off()
    kept = (
        "id, revision_id, administration_id, fingerprint, person_id, decision, signed_as, second_eyes, reason, "
        "carried_from, signature, key_id, at"
    )
    op.execute(f"INSERT INTO sign_off ({kept}) SELECT {kept} FROM sign_off_before ORDER BY id")  # nosec B608 # texts of this file, no word of anybody
    op.drop_table("sign_off_before")
    for sql in kept_triggers:
        op.execute(sql)


def _sign_off() -> None:
    """As the models have it; on SQLite only, where a constraint cannot be changed."""
    op.create_table(
        "sign_off",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("administration_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("signed_as", sa.String(40), nullable=False),
        sa.Column("second_eyes", sa.String(40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("carried_from", _ID, nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("turn", sa.Integer(), server_default="1", nullable=False),
        sa.Column("agrees_minor", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "(decision = 'abstained') = (signed_as = 'nobody')",
            name=op.f("ck_sign_off_abstention_is_nobodys"),
        ),
        sa.CheckConstraint(
            "(signed_as = 'second_eyes' AND second_eyes IS NOT NULL AND second_eyes = 'second_eyes')"
            " OR (signed_as <> 'second_eyes' AND second_eyes IS NULL)",
            name=op.f("ck_sign_off_second_eyes_said_once"),
        ),
        sa.CheckConstraint("decision IN ('signed', 'abstained')", name=op.f("ck_sign_off_decision_known")),
        sa.CheckConstraint(SIGNED_AS, name=op.f("ck_sign_off_signed_as_known")),
        sa.CheckConstraint(READERS_AGREE, name=op.f("ck_sign_off_readers_agree")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_sign_off_person_id")),
        sa.ForeignKeyConstraint(["carried_from"], ["sign_off.id"], name="fk_sign_off_carried_from"),
        sa.ForeignKeyConstraint(
            ["revision_id", "administration_id"],
            ["revision_competence.revision_id", "revision_competence.administration_id"],
            name="fk_sign_off_competence",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_sign_off_scope",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id", "person_id", "second_eyes"],
            ["revision_part.revision_id", "revision_part.person_id", "revision_part.part"],
            name="fk_sign_off_second_eyes",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off")),
        sa.UniqueConstraint(
            "revision_id",
            "administration_id",
            "turn",
            name=op.f("uq_sign_off_revision_id_administration_id_turn"),
        ),
    )


def _postgresql_answers() -> None:
    op.drop_constraint(op.f("ck_draft_act_deed_known"), "draft_act", type_="check")
    op.create_check_constraint(op.f("ck_draft_act_deed_known"), "draft_act", DEEDS)
    op.add_column("sign_off", sa.Column("turn", sa.Integer(), server_default="1", nullable=False))
    op.add_column(
        "sign_off", sa.Column("agrees_minor", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.drop_constraint(op.f("ck_sign_off_signed_as_known"), "sign_off", type_="check")
    op.create_check_constraint(op.f("ck_sign_off_signed_as_known"), "sign_off", SIGNED_AS)
    op.create_check_constraint(op.f("ck_sign_off_readers_agree"), "sign_off", READERS_AGREE)
    op.drop_constraint(op.f("uq_sign_off_revision_id_administration_id"), "sign_off", type_="unique")
    op.create_unique_constraint(
        op.f("uq_sign_off_revision_id_administration_id_turn"),
        "sign_off",
        ["revision_id", "administration_id", "turn"],
    )


def _tables() -> None:
    op.create_table(
        "proposed_scope",
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("administration_id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        _competence("proposed_scope"),
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_proposed_scope_scope",
        ),
        sa.PrimaryKeyConstraint("revision_id", "administration_id", name=op.f("pk_proposed_scope")),
    )
    op.create_table(
        "withdrawn_sign_off",
        sa.Column("sign_off_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_withdrawn_sign_off_reason_is_said")),
        sa.ForeignKeyConstraint(
            ["sign_off_id"], ["sign_off.id"], name=op.f("fk_withdrawn_sign_off_sign_off_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_withdrawn_sign_off_person_id")),
        sa.PrimaryKeyConstraint("sign_off_id", name=op.f("pk_withdrawn_sign_off")),
    )
    op.create_table(
        "substitute",
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("administration_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_substitute_reason_is_said")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_substitute_person_id")),
        _competence("substitute"),
        sa.PrimaryKeyConstraint("revision_id", "administration_id", name=op.f("pk_substitute")),
    )
    op.create_index(op.f("ix_substitute_person_id"), "substitute", ["person_id"])


def _competence(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["revision_id", "administration_id"],
        ["revision_competence.revision_id", "revision_competence.administration_id"],
        name=f"fk_{table}_competence",
    )


def _sqlite_rules() -> None:
    for table in APPEND_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute("DROP TRIGGER review_outcome_no_delete")
    for table, occasion, name, holds, words, _before in RULES:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_{name}")
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )


def _postgresql_rules() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP TRIGGER review_outcome_append_only ON review_outcome")
    op.execute(
        "CREATE TRIGGER review_outcome_append_only BEFORE UPDATE ON review_outcome "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    for table, occasion, name, holds, words, before in RULES:
        row = "OLD" if occasion == "DELETE" else "NEW"
        op.execute(
            f"CREATE OR REPLACE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {before}"
            f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
            f"RETURN {row}; END $$"
        )
        op.execute(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {occasion} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_{name}()"
        )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
