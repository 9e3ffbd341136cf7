"""Sign-in through providers of identities (OpenID Connect), and citizens, who come no other way."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024_providers"
down_revision = "0023_calls"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
# (name of the check, as it was, as it is)
CHECKS = (
    ("ck_person_kind_known", "kind IN ('agent', 'guest')", "kind IN ('agent', 'guest', 'citizen')"),
    (
        "ck_person_guest_from_outside",
        "kind <> 'guest' OR (administration_id IS NULL AND password_hash IS NULL)",
        "kind = 'agent' OR (administration_id IS NULL AND password_hash IS NULL)",
    ),
)
CITIZEN = "EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.kind = 'citizen')"
# (table, occasion, name, what holds, in words)
RULES = (
    ("role", "INSERT", "citizen_has_no_role", f"NOT {CITIZEN}", "a citizen has no role"),
    ("role", "UPDATE", "citizen_gets_no_role", f"NOT {CITIZEN}", "a citizen has no role"),
    ("membership", "INSERT", "citizen_is_in_no_lab", f"NOT {CITIZEN}", "a citizen is in no lab"),
    ("membership", "UPDATE", "citizen_comes_into_no_lab", f"NOT {CITIZEN}", "a citizen is in no lab"),
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        _person_anew()
    else:
        for name, _before, after in CHECKS:
            op.drop_constraint(op.f(name), "person")
            op.create_check_constraint(op.f(name), "person", after)
    op.create_table(
        "external_identity",
        sa.Column("id", _ID, nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("linked_at", _AT, nullable=False),
        sa.Column("used_at", _AT, nullable=False),
        _of_a("external_identity", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_external_identity_issuer_subject")),
        sa.UniqueConstraint("person_id", "issuer", name=op.f("uq_external_identity_person_id_issuer")),
    )
    op.create_table(
        "oidc_attempt",
        sa.Column("state_digest", sa.String(64), nullable=False),
        sa.Column("browser_digest", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("nonce_digest", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(64), nullable=False),
        sa.Column("next_path", sa.String(500), nullable=True),
        sa.Column("shared_computer", sa.Boolean(), nullable=False),
        sa.Column("sign_in_id", _ID, nullable=True),
        sa.Column("expires_at", _AT, nullable=False),
        _of_a("oidc_attempt", "sign_in"),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_oidc_attempt")),
    )
    for column in ("browser_digest", "sign_in_id", "expires_at"):
        op.create_index(op.f(f"ix_oidc_attempt_{column}"), "oidc_attempt", [column])
    op.create_table(
        "oidc_sign_in",
        sa.Column("sign_in_id", _ID, nullable=False, autoincrement=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        _of_a("oidc_sign_in", "sign_in"),
        sa.PrimaryKeyConstraint("sign_in_id", name=op.f("pk_oidc_sign_in")),
    )
    for rule in RULES:
        _rule(is_sqlite, *rule)


def _of_a(table: str, owner: str) -> sa.ForeignKeyConstraint:
    column = f"{owner}_id"
    return sa.ForeignKeyConstraint(
        [column], [f"{owner}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def _person_anew() -> None:
    """SQLite changes no check in place: the table is made anew with what hangs on it (sqlite.org/lang_altertable.html,
    section 7). Foreign keys are off meanwhile (migrations/env.py); what other tables and triggers say of `person` is
    left as it is, which is what the legacy way of renaming means."""
    connection = op.get_bind()

    def said(kind: str) -> list[Any]:
        query = "SELECT sql FROM sqlite_schema WHERE tbl_name = 'person' AND type = ? AND sql IS NOT NULL"
        return list(connection.exec_driver_sql(query, (kind,)).scalars())

    (table,), hanging = said("table"), [*said("index"), *said("trigger")]
    for _name, before, after in CHECKS:
        assert table.count(before) == 1, f"the check {before!r} is not what it was"
        table = table.replace(before, after)
    head, rest = table.split("(", 1)
    assert head.replace('"', "").split() == ["CREATE", "TABLE", "person"], head
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"CREATE TABLE person_anew ({rest}")
    connection.exec_driver_sql("INSERT INTO person_anew SELECT * FROM person")
    connection.exec_driver_sql("DROP TABLE person")
    connection.exec_driver_sql("ALTER TABLE person_anew RENAME TO person")
    for statement in hanging:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")


def _rule(is_sqlite: bool, table: str, occasion: str, name: str, holds: str, words: str) -> None:
    if is_sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
