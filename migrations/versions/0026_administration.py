"""Administration pages: versions of what is edited, closed administrations and spaces, planned outages, the last
administrator, why a job failed, looks at the audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026_administration"
down_revision = "0025_second_factor"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
ANOTHER = (
    "EXISTS (SELECT 1 FROM role r JOIN person p ON p.id = r.person_id "
    "WHERE r.role = 'administrator' AND p.status = 'active' AND r.person_id <> {person})"
)
ADMINISTERS = "EXISTS (SELECT 1 FROM role r WHERE r.role = 'administrator' AND r.person_id = OLD.id)"
# (table, occasion, name, when it may be done)
LAST = (
    (
        "role",
        "DELETE",
        "role_keeps_an_administrator",
        "OLD.role <> 'administrator' OR "  # nosec B608 # texts of this file, no word of anybody
        "NOT EXISTS (SELECT 1 FROM person p WHERE p.id = OLD.person_id AND p.status = 'active') OR "
        + ANOTHER.format(person="OLD.person_id"),
    ),
    (
        "person",
        "UPDATE OF status",
        "person_keeps_an_administrator",
        f"OLD.status <> 'active' OR NEW.status = 'active' OR NOT {ADMINISTERS} OR "
        + ANOTHER.format(person="OLD.id"),
    ),
)
WORDS = "somebody has to administer the portal"
# Two administrators who suspend one another at one moment: the second one waits, and finds nobody else.
LOCK = 0x61646D696E


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("person", sa.Column("status_reason", sa.String(300), server_default="", nullable=False))
    for table in ("person", "administration", "online_service", "connected_space"):
        op.add_column(table, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("connected_space", sa.Column("closed_at", _AT, nullable=True))
    op.add_column("administration", sa.Column("closed_at", _AT, nullable=True))
    op.add_column("online_service", sa.Column("outage_from", _AT, nullable=True))
    op.add_column("online_service", sa.Column("withdrawn_at", _AT, nullable=True))
    # Plain columns at the end, with their checks: SQLite does not have to make the tables anew.
    moment, number = ("DATETIME", "INTEGER") if is_sqlite else ("TIMESTAMP WITH TIME ZONE", "BIGINT")
    op.execute(
        f"ALTER TABLE online_service ADD COLUMN outage_until {moment} "
        "CONSTRAINT ck_online_service_outage_lasts CHECK (outage_until > outage_from)"
    )
    op.execute(
        f"ALTER TABLE administration ADD COLUMN successor_id {number} "
        "CONSTRAINT fk_administration_successor_id REFERENCES administration (id) "
        "CONSTRAINT ck_administration_successor_of_a_closed_one "
        "CHECK (successor_id IS NULL OR (closed_at IS NOT NULL AND successor_id <> id))"
    )
    op.add_column("due_row", sa.Column("failed_at", _AT, nullable=True))
    op.add_column("due_row", sa.Column("error", sa.String(80), server_default="", nullable=False))
    op.execute(
        "DELETE FROM role WHERE administration_id IS NULL AND EXISTS (SELECT 1 FROM role r "
        "WHERE r.administration_id IS NULL AND r.person_id = role.person_id AND r.role = role.role AND r.id < role.id)"
    )
    where = sa.text("administration_id IS NULL")
    op.create_index(
        "uq_role_portal",
        "role",
        ["person_id", "role"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index(op.f("ix_audit_entry_person_id"), "audit_entry", ["person_id"])
    op.create_table(
        "audit_check",
        sa.Column("id", _ID, nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("done_at", _AT, nullable=True),
        sa.Column("seals", _ID, nullable=False),
        sa.Column("broken", sa.String(300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_check")),
    )
    for table, occasion, name, may in LAST:
        _rule(is_sqlite, table, occasion, name, may)


def _rule(is_sqlite: bool, table: str, occasion: str, name: str, may: str) -> None:
    if is_sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({may}) "
            f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
        return
    row = "OLD" if occasion == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_advisory_xact_lock({LOCK}); "
        f"IF NOT ({may}) THEN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
