"""What becomes of an article after its publication, urgent publications, publications that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_fates"
down_revision = "0009_evidence"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
DEEDS = (
    "'publish', 'publish_urgently', 'approve', 'still_exact', 'mask', 'unmask', 'propose', 'decline', "
    "'withdraw', 'redirect', 'remove', 'restore'"
)
STATES = "'unpublished', 'live', 'masked', 'withdrawn', 'redirected', 'gone'"
CHECKS = (
    ("deed_known", f"deed IN ({DEEDS})"),
    ("state_known", f"state IN ({STATES})"),
    ("capacity_known", "capacity IS NULL OR capacity IN ('lead_reviewer', 'editor', 'both')"),
    ("proposed_by_two", "proposed IS NULL OR proposed IN ('withdraw', 'redirect', 'remove', 'restore')"),
    ("proposes_something", "(deed = 'propose') = (proposed IS NOT NULL)"),
    (
        "two_people_decide",
        "(deed IN ('withdraw', 'redirect', 'remove', 'restore', 'decline')) = (proposal_id IS NOT NULL)",
    ),
    (
        "leads_to",
        (
            "(deed IN ('publish', 'publish_urgently', 'restore') AND state = 'live')"
            " OR (deed = 'mask' AND state = 'masked') OR (deed = 'unmask' AND state IN ('live', 'withdrawn'))"
            " OR (deed = 'withdraw' AND state = 'withdrawn') OR (deed = 'redirect' AND state = 'redirected')"
            " OR (deed = 'remove' AND state = 'gone') OR (deed = 'still_exact' AND state = 'live')"
            " OR deed IN ('propose', 'decline', 'approve')"
        ),
    ),
    ("somebodys_act", "person_id IS NOT NULL OR deed IN ('publish', 'approve', 'unmask')"),
    ("reason_is_said", "reason <> '' OR deed NOT IN ('mask', 'propose', 'publish_urgently')"),
    (
        "redirects_somewhere",
        "(deed <> 'redirect' AND coalesce(proposed, '') <> 'redirect') OR target_article_id IS NOT NULL",
    ),
    ("leads_elsewhere", "target_article_id IS NULL OR target_article_id <> article_id"),
    ("exact_until_when", "(deed = 'still_exact') = (review_date IS NOT NULL)"),
)
# (table, occasion, name, what must hold, the words of the refusal, what is locked first on PostgreSQL)
RULES = (
    (
        "article_act",
        "INSERT",
        "counts",
        "NEW.number = (SELECT coalesce(max(a.number), 0) + 1 FROM article_act a WHERE a.article_id = NEW.article_id)",
        "acts are numbered without a gap",
        "",
    ),
    (
        "article_act",
        "INSERT",
        "possible",
        (
            "EXISTS (SELECT 1 FROM article a WHERE a.id = NEW.article_id AND ("
            "(NEW.deed IN ('publish', 'publish_urgently') AND a.state IN ('unpublished', 'live', 'masked', 'withdrawn'))"
            " OR (NEW.deed = 'mask' AND a.state IN ('live', 'withdrawn'))"
            " OR (NEW.deed = 'unmask' AND a.state = 'masked')"
            " OR (NEW.deed = 'withdraw' AND a.state IN ('live', 'masked'))"
            " OR (NEW.deed = 'redirect' AND a.state IN ('live', 'masked', 'withdrawn', 'gone'))"
            " OR (NEW.deed = 'remove' AND a.state IN ('live', 'masked', 'withdrawn', 'redirected'))"
            " OR (NEW.deed = 'restore' AND a.state IN ('masked', 'withdrawn', 'redirected', 'gone'))"
            " OR (NEW.deed = 'still_exact' AND a.state = 'live')"
            " OR (NEW.deed IN ('propose', 'decline', 'approve') AND a.state <> 'unpublished' AND NEW.state = a.state)))"
        ),
        "the state of an article does not know this act",
        "",
    ),
    # I5: one proposes, another one in the other capacity confirms, and nothing was decided in between.
    (
        "article_act",
        "INSERT",
        "by_two",
        (
            "NEW.proposal_id IS NULL OR EXISTS (SELECT 1 FROM article_act p WHERE p.id = NEW.proposal_id "
            "AND p.article_id = NEW.article_id AND p.deed = 'propose' "
            "AND (NEW.deed = 'decline' OR (p.proposed = NEW.deed AND p.person_id <> NEW.person_id "
            "AND NEW.capacity IS NOT NULL AND p.capacity IS NOT NULL "
            "AND coalesce(p.target_article_id, 0) = coalesce(NEW.target_article_id, 0) "
            "AND (p.capacity <> NEW.capacity OR p.capacity = 'both'))) "
            "AND NOT EXISTS (SELECT 1 FROM article_act b WHERE b.article_id = p.article_id AND b.number > p.number "
            "AND b.deed NOT IN ('mask', 'unmask', 'still_exact', 'approve')))"
        ),
        "two people decide about a public page",
        "",
    ),
    (
        "article_act",
        "INSERT",
        "target_is_live",
        (
            "NEW.target_article_id IS NULL OR NEW.deed NOT IN ('redirect', 'remove') OR EXISTS ("
            "SELECT 1 FROM article t WHERE t.id = NEW.target_article_id AND t.state = 'live')"
        ),
        "readers are sent to a live page only",
        "PERFORM 1 FROM article t WHERE t.id = NEW.target_article_id FOR SHARE; ",
    ),
    (
        "article",
        "UPDATE OF state",
        "state_follows_its_acts",
        (
            "NEW.state = OLD.state OR NEW.state = (SELECT a.state FROM article_act a WHERE a.article_id = NEW.id "
            "ORDER BY a.number DESC LIMIT 1)"
        ),
        "the state of an article follows from its acts",
        "",
    ),
    # What nobody has approved is public only where somebody answers for the urgency, and only as an edition.
    (
        "edition",
        "INSERT",
        "approved_or_urgent",
        (
            "EXISTS (SELECT 1 FROM review_outcome o WHERE o.revision_id = NEW.revision_id "
            "AND o.fingerprint = NEW.fingerprint) OR EXISTS (SELECT 1 FROM urgent_publication u "
            "WHERE u.revision_id = NEW.revision_id AND u.fingerprint = NEW.fingerprint)"
        ),
        "an edition is made of what was approved, or published urgently",
        "",
    ),
    (
        "article",
        "UPDATE OF urgent_revision_id",
        "urgent_by_edition",
        (
            "NEW.urgent_revision_id IS NULL OR EXISTS (SELECT 1 FROM edition e JOIN urgent_publication u "
            "ON u.revision_id = e.revision_id WHERE e.revision_id = NEW.urgent_revision_id AND e.article_id = NEW.id)"
        ),
        "an article is urgently live by an edition of its own",
        "",
    ),
    # Who published alone is not the one whose eyes are second afterwards.
    (
        "revision_part",
        "INSERT",
        "urgent_is_read_by_others",
        (
            "NEW.part <> 'second_eyes' OR NOT EXISTS (SELECT 1 FROM urgent_publication u "
            "WHERE u.revision_id = NEW.revision_id AND u.person_id = NEW.person_id)"
        ),
        "what was published urgently is approved by others",
        "",
    ),
    (
        "urgent_publication",
        "INSERT",
        "read_by_others",
        (
            "NOT EXISTS (SELECT 1 FROM revision_part p WHERE p.revision_id = NEW.revision_id "
            "AND p.person_id = NEW.person_id AND p.part = 'second_eyes')"
        ),
        "what was published urgently is approved by others",
        "",
    ),
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _tables()
    kind = "INTEGER" if sqlite else "BIGINT"
    # Said in SQL: a table made anew (batch mode) would lose its triggers.
    op.execute(
        f"ALTER TABLE article ADD COLUMN urgent_revision_id {kind} "
        "CONSTRAINT fk_article_urgent_revision_id REFERENCES revision (id)"
    )
    if sqlite:
        _edition_anew()
    else:
        op.drop_constraint("fk_edition_outcome", "edition", type_="foreignkey")
        op.create_foreign_key(
            "fk_edition_scope", "edition", "revision_scope",
            ["revision_id", "fingerprint"], ["revision_id", "fingerprint"],
        )  # fmt: skip
    _tell_what_was_published()
    for table in ("article_act", "urgent_publication"):
        if sqlite:
            for deed in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
    for table, occasion, name, holds, words, before in RULES:
        _rule(sqlite, table, occasion, f"{table}_{name}", holds, words, before)


def _tables() -> None:
    op.create_table(
        "urgent_publication",
        sa.Column("revision_id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("approve_by", sa.Date(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_urgent_publication_reason_is_said")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_urgent_publication_person_id")),
        sa.ForeignKeyConstraint(
            ["revision_id", "fingerprint"],
            ["revision_scope.revision_id", "revision_scope.fingerprint"],
            name="fk_urgent_publication_scope",
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_urgent_publication")),
    )
    op.create_table(
        "publication_failure",
        sa.Column("draft_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("said", sa.String(500), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("planned_for", _AT, nullable=False),
        sa.Column("failed_at", _AT, nullable=False),
        sa.Column("next_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_publication_failure_draft_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_publication_failure_person_id")),
        sa.PrimaryKeyConstraint("draft_id", name=op.f("pk_publication_failure")),
    )
    op.create_table(
        "article_act",
        sa.Column("id", _ID, nullable=False),
        sa.Column("article_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("capacity", sa.String(40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed", sa.String(40), nullable=True),
        sa.Column("proposal_id", _ID, nullable=True),
        sa.Column("target_article_id", _ID, nullable=True),
        sa.Column("edition_id", _ID, nullable=True),
        sa.Column("review_date", sa.Date(), nullable=True),
        sa.Column("at", _AT, nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_article_act_{name}")) for name, rule in CHECKS),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_article_act_article_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_article_act_person_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["article_act.id"], name="fk_article_act_proposal_id"),
        sa.ForeignKeyConstraint(
            ["target_article_id"], ["article.id"], name=op.f("fk_article_act_target_article_id")
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_article_act_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_act")),
        sa.UniqueConstraint("article_id", "number", name=op.f("uq_article_act_article_id_number")),
    )


def _edition_anew() -> None:
    """SQLite changes no key of a table: it is made anew, and so are its triggers, whatever they are by now."""
    connection = op.get_bind()
    triggers = [
        str(sql)
        for (sql,) in connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'edition'")
        )
    ]
    # Triggers of other tables name this one while it is not there.
    op.execute("PRAGMA legacy_alter_table = ON")
    with op.batch_alter_table("edition", recreate="always") as table:
        table.drop_constraint("fk_edition_outcome", type_="foreignkey")
        table.create_foreign_key(
            "fk_edition_scope",
            "revision_scope",
            ["revision_id", "fingerprint"],
            ["revision_id", "fingerprint"],
        )
    op.execute("PRAGMA legacy_alter_table = OFF")
    for sql in triggers:
        op.execute(sql)


def _tell_what_was_published() -> None:
    """Every edition that is there already is an act of its article."""
    op.execute(
        "INSERT INTO article_act (article_id, number, deed, state, person_id, reason, edition_id, at) "
        "SELECT e.article_id, e.number, 'publish', 'live', e.published_by, '', e.id, e.published_at FROM edition e "
        "ORDER BY e.article_id, e.number"
    )


def _rule(sqlite: bool, table: str, occasion: str, name: str, holds: str, words: str, before: str) -> None:
    if sqlite:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({holds}) "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {before}"
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
