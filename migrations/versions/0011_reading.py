"""Experts with a link to one revision; mails that keep no secret; notices of how a review goes on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_reading"
down_revision = "0010_fates"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
KINDS = "kind IN ('mention', 'answer', 'remark', 'resolved', 'stage', 'review', 'text')"
# Advice is given while the review is open, by a link that is neither taken back nor too old.
WHILE_OPEN = (
    "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = NEW.revision_id) AND EXISTS (SELECT 1 FROM "
    "expert_invitation i WHERE i.id = NEW.invitation_id AND i.revoked_at IS NULL AND i.expires_at > {at})"
)
ERASED_WORDS = "who was erased stays erased"
WORDS = "advice is given while the review is open and the link good"
RULES = (
    ("expert_opinion", "INSERT", "NEW.changed_at"),
    ("expert_opinion", "UPDATE", "NEW.changed_at"),
    ("expert_remark", "INSERT", "NEW.at"),
)


def upgrade() -> None:
    op.add_column("mail", sa.Column("secret", sa.Boolean(), server_default=sa.false(), nullable=False))
    _experts()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _experts() -> None:
    op.create_table(
        "expert_invitation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("invited_by", _ID, nullable=False),
        sa.Column("invited_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("revoked_by", _ID, nullable=True),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.Column("confirmed_at", _AT, nullable=True),
        sa.Column("opened_count", sa.Integer(), nullable=False),
        sa.Column("opened_at", _AT, nullable=True),
        sa.Column("code_digest", sa.String(64), nullable=True),
        sa.Column("code_until", _AT, nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("codes_sent", sa.Integer(), nullable=False),
        sa.Column("code_sent_at", _AT, nullable=True),
        sa.Column("erased_at", _AT, nullable=True),
        sa.CheckConstraint(
            "length(name) >= 1 AND length(reason) >= 1", name=op.f("ck_expert_invitation_says_who_and_why")
        ),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_expert_invitation_reason_bounded")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_expert_invitation_email_lower")),
        sa.CheckConstraint("expires_at > invited_at", name=op.f("ck_expert_invitation_lasts")),
        sa.CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL)",
            name=op.f("ck_expert_invitation_revoked_by_somebody"),
        ),
        sa.CheckConstraint(
            "(code_digest IS NULL) = (code_until IS NULL)", name=op.f("ck_expert_invitation_code_expires")
        ),
        sa.CheckConstraint("code_tries BETWEEN 0 AND 5", name=op.f("ck_expert_invitation_tries_bounded")),
        sa.CheckConstraint("codes_sent BETWEEN 0 AND 10", name=op.f("ck_expert_invitation_codes_bounded")),
        sa.CheckConstraint(
            "(opened_count = 0) = (opened_at IS NULL) AND (opened_count = 0 OR confirmed_at IS NOT NULL)",
            name=op.f("ck_expert_invitation_read_once_confirmed"),
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_expert_invitation_revision_id")
        ),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_expert_invitation_invited_by")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_expert_invitation_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_invitation")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_expert_invitation_token_digest")),
        sa.UniqueConstraint("id", "revision_id", name=op.f("uq_expert_invitation_id_revision_id")),
    )
    op.create_index(
        "uq_expert_invitation_living",
        "expert_invitation",
        ["revision_id", "email"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    _advice()


def _advice() -> None:
    op.create_table(
        "expert_opinion",
        sa.Column("invitation_id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("opinion", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given_at", _AT, nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.CheckConstraint(
            "opinion IN ('favourable', 'reserved', 'unfavourable')",
            name=op.f("ck_expert_opinion_opinion_known"),
        ),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f("ck_expert_opinion_text_bounded")),
        sa.ForeignKeyConstraint(
            ["invitation_id", "revision_id"],
            ["expert_invitation.id", "expert_invitation.revision_id"],
            name="fk_expert_opinion_invitation",
        ),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_expert_opinion")),
    )
    op.create_index(op.f("ix_expert_opinion_revision_id"), "expert_opinion", ["revision_id"])
    op.create_table(
        "expert_remark",
        sa.Column("id", _ID, nullable=False),
        sa.Column("invitation_id", _ID, nullable=False),
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("block_id", sa.String(32), nullable=True),
        sa.Column("quote", sa.String(2000), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("resolved_by", _ID, nullable=True),
        sa.Column("resolved_at", _AT, nullable=True),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f("ck_expert_remark_text_bounded")),
        sa.CheckConstraint("length(quote) <= 2000", name=op.f("ck_expert_remark_quote_bounded")),
        sa.CheckConstraint(
            "(resolved_by IS NULL) = (resolved_at IS NULL)",
            name=op.f("ck_expert_remark_resolved_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id", "revision_id"],
            ["expert_invitation.id", "expert_invitation.revision_id"],
            name="fk_expert_remark_invitation",
        ),
        sa.ForeignKeyConstraint(["resolved_by"], ["person.id"], name=op.f("fk_expert_remark_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expert_remark")),
    )
    op.create_index(op.f("ix_expert_remark_invitation_id"), "expert_remark", ["invitation_id"])
    op.create_index(op.f("ix_expert_remark_revision_id"), "expert_remark", ["revision_id"])


def _sqlite() -> None:
    for table in ("notice", "notice_silence"):
        with op.batch_alter_table(table, recreate="always") as changed:
            changed.drop_constraint(op.f(f"ck_{table}_kind_known"), type_="check")
            changed.create_check_constraint(op.f(f"ck_{table}_kind_known"), KINDS)
    for table, deed, at in RULES:
        op.execute(
            f"CREATE TRIGGER {table}_while_open_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW "
            f"WHEN NOT ({WHILE_OPEN.format(at=at)}) BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
        )
    op.execute(
        "CREATE TRIGGER expert_invitation_stays_erased BEFORE UPDATE ON expert_invitation FOR EACH ROW "
        f"WHEN OLD.erased_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{ERASED_WORDS}'); END"
    )


def _postgresql() -> None:
    for table in ("notice", "notice_silence"):
        op.drop_constraint(op.f(f"ck_{table}_kind_known"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_kind_known"), table, KINDS)
    for table, deed, at in RULES:
        name = f"{table}_while_open_{deed.lower()}"
        # The lock is shared first, so that a review that is being closed at this moment counts as closed.
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"PERFORM 1 FROM open_review o WHERE o.revision_id = NEW.revision_id FOR SHARE; "
            f"IF NOT ({WHILE_OPEN.format(at=at)}) THEN RAISE EXCEPTION '{WORDS}' "
            f"USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    # The same words and the same refusal as for a person (0009).
    op.execute(
        "CREATE TRIGGER expert_invitation_stays_erased BEFORE UPDATE ON expert_invitation FOR EACH ROW "
        "WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION person_stays_erased()"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
