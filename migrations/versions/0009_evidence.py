"""Evidence files of editions, refusals counted, people who were erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_evidence"
down_revision = "0008_history"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
# A file is superseded by the next one, and none is left out.
COUNTS = "NEW.number = (SELECT coalesce(max(e.number), 0) + 1 FROM edition_evidence e WHERE e.edition_id = NEW.edition_id)"
COUNTS_WORDS = "files of evidence are numbered without a gap"


def upgrade() -> None:
    op.create_table(
        "edition_evidence",
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_edition_evidence_digest_whole")),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_evidence_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "number", name=op.f("pk_edition_evidence")),
    )
    op.create_table(
        "evidence_pdf",
        sa.Column("edition_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id", "number"],
            ["edition_evidence.edition_id", "edition_evidence.number"],
            name="fk_evidence_pdf_file",
        ),
        sa.PrimaryKeyConstraint("edition_id", "number", name=op.f("pk_evidence_pdf")),
    )
    op.create_table(
        "refusal",
        sa.Column("act", sa.String(80), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", _AT, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_refusal_happened")),
        sa.PrimaryKeyConstraint("act", "person_id", "hour", name=op.f("pk_refusal")),
    )
    op.create_index(op.f("ix_refusal_hour"), "refusal", ["hour"])
    # A plain column at the end: SQLite does not have to make the table anew.
    op.add_column("person", sa.Column("erased_at", _AT, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER edition_evidence_no_{deed.lower()} BEFORE {deed} ON edition_evidence "
                f"BEGIN SELECT RAISE(ABORT, 'edition_evidence is append-only'); END"
            )
        op.execute(
            f"CREATE TRIGGER edition_evidence_counts BEFORE INSERT ON edition_evidence FOR EACH ROW "
            f"WHEN NOT ({COUNTS}) BEGIN SELECT RAISE(ABORT, '{COUNTS_WORDS}'); END"
        )
        op.execute(
            "CREATE TRIGGER person_stays_erased BEFORE UPDATE ON person FOR EACH ROW "
            "WHEN OLD.erased_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'who was erased stays erased'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER edition_evidence_append_only BEFORE UPDATE OR DELETE ON edition_evidence "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE FUNCTION edition_evidence_counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({COUNTS}) THEN RAISE EXCEPTION '{COUNTS_WORDS}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER edition_evidence_counts BEFORE INSERT ON edition_evidence "
        "FOR EACH ROW EXECUTE FUNCTION edition_evidence_counts()"
    )
    op.execute(
        "CREATE FUNCTION person_stays_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'who was erased stays erased' USING ERRCODE = 'check_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER person_stays_erased BEFORE UPDATE ON person FOR EACH ROW "
        "WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION person_stays_erased()"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
