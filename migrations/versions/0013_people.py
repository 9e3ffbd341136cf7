"""People of a lab: guests by link, invitations, requests to join; themes of labs; cycles of six weeks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_people"
down_revision = "0012_scopes"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
IS_GUEST = "EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.{column} AND p.kind = 'guest')"
GUEST = IS_GUEST.format(column="person_id")
# (table, occasion, name, what holds, in words)
RULES = (
    ("role", "INSERT", "guest_has_no_role", f"NOT {GUEST}", "a guest has no role"),
    ("role", "UPDATE", "guest_gets_no_role", f"NOT {GUEST}", "a guest has no role"),
    ("sign_off", "INSERT", "guest_signs_nothing", f"NOT {GUEST}", "a guest signs nothing"),
    ("draft_act", "INSERT", "guest_acts_in_no_review", f"NOT {GUEST}", "a guest acts in no review"),
    ("passed_over", "INSERT", "guest_passes_nobody_over", f"NOT {GUEST}", "a guest acts in no review"),
    ("substitute", "INSERT", "guest_stands_in_for_nobody", f"NOT {GUEST}", "a guest acts in no review"),
    ("withdrawn_sign_off", "INSERT", "guest_withdraws_no_visa", f"NOT {GUEST}", "a guest acts in no review"),
    (
        "edition",
        "INSERT",
        "guest_publishes_nothing",
        f"NOT {IS_GUEST.format(column='published_by')}",
        "a guest publishes nothing",
    ),
    ("article_act", "INSERT", "guest_decides_no_fate", f"NOT {GUEST}", "a guest decides nothing of a page"),
    ("lab_request", "INSERT", "guest_asks_for_no_place", f"NOT {GUEST}", "a guest comes by a link"),
    ("lab_invitation", "INSERT", "guest_is_invited_by_link", f"NOT {GUEST}", "a guest comes by a link"),
    ("guest_link", "INSERT", "link_is_of_a_guest", GUEST, "a link is for a guest: an agent has an account"),
)
PLACE = (
    f"NOT {GUEST} OR (NEW.until IS NOT NULL AND NOT NEW.is_facilitator "
    "AND NEW.right_held IN ('remark', 'suggest', 'write'))"
)
SIGN_IN = f"NOT {GUEST} OR (NEW.ends_at IS NOT NULL AND NEW.confined_to IS NOT NULL AND NEW.expires_at <= NEW.ends_at)"
ENDS = (
    ("membership", "INSERT", "guest_takes_a_place_that_ends", PLACE, "the place of a guest has an end"),
    ("membership", "UPDATE", "guest_keeps_a_place_that_ends", PLACE, "the place of a guest has an end"),
    (
        "sign_in",
        "INSERT",
        "guest_signs_in_with_an_end",
        SIGN_IN,
        "a guest signs in to one thing, until an end",
    ),
    ("sign_in", "UPDATE", "guest_stays_with_an_end", SIGN_IN, "a guest signs in to one thing, until an end"),
    (
        "person",
        "UPDATE OF kind",
        "agent_stays_agent",
        "NEW.kind = OLD.kind OR NEW.kind = 'agent'",
        "an agent does not become a guest",
    ),
)


def upgrade() -> None:
    _people()
    _ways_in()
    _cycles()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    stay = (
        "julianday(NEW.expires_at) - julianday(NEW.invited_at) < 90.001"
        if is_sqlite
        else "NEW.expires_at - NEW.invited_at < interval '90 days 1 minute'"
    )
    days = (
        "abs(julianday(c.starts_on) - julianday(NEW.starts_on))"
        if is_sqlite
        else "abs(c.starts_on - NEW.starts_on)"
    )
    apart = f"NOT EXISTS (SELECT 1 FROM cycle c WHERE c.number <> NEW.number AND {days} < 42)"  # nosec B608 # texts of this file, no word of anybody
    dated = (
        ("guest_link", "INSERT", "link_lasts_ninety_days", stay, "a link lasts 90 days at most"),
        ("guest_link", "UPDATE", "link_stays_within_ninety_days", stay, "a link lasts 90 days at most"),
        ("cycle", "INSERT", "cycle_comes_after_others", apart, "cycles do not overlap"),
        ("cycle", "UPDATE", "cycle_stays_apart", apart, "cycles do not overlap"),
    )
    for table, occasion, name, holds, words in (*RULES, *ENDS, *dated):
        _rule(is_sqlite, table, occasion, name, holds, words)


def _people() -> None:
    """Plain columns at the end, with their checks: SQLite does not have to make the tables anew."""
    kind = "CONSTRAINT ck_person_kind_known CHECK (kind IN ('agent', 'guest'))"
    outside = (
        "CONSTRAINT ck_person_guest_from_outside "
        "CHECK (kind <> 'guest' OR (administration_id IS NULL AND password_hash IS NULL))"
    )
    op.execute(f"ALTER TABLE person ADD COLUMN kind VARCHAR(40) DEFAULT 'agent' NOT NULL {kind} {outside}")
    op.add_column("sign_in", sa.Column("ends_at", _AT, nullable=True))
    op.add_column("sign_in", sa.Column("confined_to", sa.String(80), nullable=True))
    op.add_column("membership", sa.Column("until", _AT, nullable=True))
    op.add_column("lab", sa.Column("themes", sa.JSON(), server_default="[]", nullable=False))


def _ways_in() -> None:
    right = "right_held IN ('read', 'remark', 'suggest', 'write')"
    outcome = "outcome IS NULL OR outcome IN ('accepted', 'declined', 'withdrawn', 'expired')"
    op.create_table(
        "lab_invitation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lab_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("right_held", sa.String(40), nullable=False),
        sa.Column("is_facilitator", sa.Boolean(), nullable=False),
        sa.Column("invited_by", _ID, nullable=False),
        sa.Column("invited_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("outcome", sa.String(40), nullable=True),
        sa.Column("answered_at", _AT, nullable=True),
        sa.CheckConstraint(right, name=op.f("ck_lab_invitation_right_held_known")),
        sa.CheckConstraint(outcome, name=op.f("ck_lab_invitation_outcome_known")),
        sa.CheckConstraint("expires_at > invited_at", name=op.f("ck_lab_invitation_lasts")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (answered_at IS NULL)", name=op.f("ck_lab_invitation_answered_once")
        ),
        *_of_a_lab("lab_invitation"),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_lab_invitation_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_invitation")),
    )
    op.create_index(op.f("ix_lab_invitation_invited_by"), "lab_invitation", ["invited_by"])
    op.create_table(
        "lab_request",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lab_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("asked_at", _AT, nullable=False),
        sa.Column("outcome", sa.String(40), nullable=True),
        sa.Column("answered_by", _ID, nullable=True),
        sa.Column("answered_at", _AT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(outcome, name=op.f("ck_lab_request_outcome_known")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (answered_at IS NULL)", name=op.f("ck_lab_request_answered_once")
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (answered_by IS NULL)", name=op.f("ck_lab_request_answered_by_somebody")
        ),
        sa.CheckConstraint(
            "outcome <> 'declined' OR length(reason) >= 1", name=op.f("ck_lab_request_declined_with_a_reason")
        ),
        sa.CheckConstraint(
            "length(sentence) BETWEEN 1 AND 500 AND length(reason) <= 500",
            name=op.f("ck_lab_request_words_bounded"),
        ),
        *_of_a_lab("lab_request"),
        sa.ForeignKeyConstraint(["answered_by"], ["person.id"], name=op.f("fk_lab_request_answered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_request")),
    )
    _guest_link()
    for table, living in (
        ("lab_invitation", "outcome IS NULL"),
        ("lab_request", "outcome IS NULL"),
        ("guest_link", "revoked_at IS NULL"),
    ):
        op.create_index(op.f(f"ix_{table}_person_id"), table, ["person_id"])
        op.create_index(
            f"uq_{table}_{'living' if table == 'guest_link' else 'open'}",
            table,
            ["lab_id", "person_id"],
            unique=True,
            sqlite_where=sa.text(living),
            postgresql_where=sa.text(living),
        )


def _guest_link() -> None:
    op.create_table(
        "guest_link",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lab_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("right_held", sa.String(40), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("invited_by", _ID, nullable=False),
        sa.Column("invited_at", _AT, nullable=False),
        sa.Column("expires_at", _AT, nullable=False),
        sa.Column("revoked_by", _ID, nullable=True),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.Column("confirmed_at", _AT, nullable=True),
        sa.Column("code_digest", sa.String(64), nullable=True),
        sa.Column("code_until", _AT, nullable=True),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("codes_sent", sa.Integer(), nullable=False),
        sa.Column("code_sent_at", _AT, nullable=True),
        sa.CheckConstraint(
            "right_held IN ('remark', 'suggest', 'write')", name=op.f("ck_guest_link_right_of_a_guest")
        ),
        sa.CheckConstraint("expires_at > invited_at", name=op.f("ck_guest_link_lasts")),
        sa.CheckConstraint(
            "(revoked_by IS NULL) = (revoked_at IS NULL)", name=op.f("ck_guest_link_revoked_by_somebody")
        ),
        sa.CheckConstraint(
            "(code_digest IS NULL) = (code_until IS NULL)", name=op.f("ck_guest_link_code_expires")
        ),
        sa.CheckConstraint("code_tries BETWEEN 0 AND 5", name=op.f("ck_guest_link_tries_bounded")),
        sa.CheckConstraint("codes_sent BETWEEN 0 AND 10", name=op.f("ck_guest_link_codes_bounded")),
        *_of_a_lab("guest_link"),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_guest_link_invited_by")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_guest_link_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_link")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_guest_link_token_digest")),
    )


def _of_a_lab(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return tuple(
        sa.ForeignKeyConstraint(
            [f"{kind}_id"], [f"{kind}.id"], name=op.f(f"fk_{table}_{kind}_id"), ondelete="CASCADE"
        )
        for kind in ("lab", "person")
    )


def _cycles() -> None:
    op.create_table(
        "cycle",
        sa.Column("number", _ID, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("goals", sa.JSON(), nullable=False),
        sa.Column("made_by", _ID, nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_cycle_counted_from_one")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_cycle_made_by")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cycle")),
        sa.UniqueConstraint("starts_on", name=op.f("uq_cycle_starts_on")),
    )
    op.create_table(
        "cycle_lab",
        sa.Column("cycle_number", _ID, nullable=False),
        sa.Column("lab_id", _ID, nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["cycle_number"], ["cycle.number"], name=op.f("fk_cycle_lab_cycle_number"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_cycle_lab_lab_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cycle_number", "lab_id", name=op.f("pk_cycle_lab")),
    )
    op.create_index(op.f("ix_cycle_lab_lab_id"), "cycle_lab", ["lab_id"])


def _rule(is_sqlite: bool, table: str, occasion: str, name: str, holds: str, words: str) -> None:
    if is_sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
