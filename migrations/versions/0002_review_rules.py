"""What the database itself refuses about a review, where keys and checks cannot say it.

A table that a later migration makes anew (batch mode on SQLite) loses its triggers: such a migration calls
`create_rules` again for it.
"""

from __future__ import annotations

from alembic import op

revision = "0002_review_rules"
down_revision = "0001_the_whole_walk"
branch_labels = None
depends_on = None

_OPEN = "EXISTS (SELECT 1 FROM open_review o WHERE o.revision_id = NEW.revision_id)"
# (table, occasion, name, what must hold, the words of the refusal)
RULES = (
    (
        "draft_act",
        "INSERT",
        "counts",
        (
            "NEW.number = (SELECT coalesce(max(a.number), 0) + 1 FROM draft_act a "
            "WHERE a.draft_id = NEW.draft_id)"
        ),
        "acts are numbered without a gap",
    ),
    (
        "open_review",
        "INSERT",
        "of_its_revision",
        (
            "EXISTS (SELECT 1 FROM revision r WHERE r.id = NEW.revision_id "
            "AND r.draft_id = NEW.draft_id AND r.article_id = NEW.article_id)"
        ),
        "a review is of a revision of its article",
    ),
    ("sign_off", "INSERT", "while_open", _OPEN, "a revision is signed while its review is open"),
    (
        "sign_off",
        "INSERT",
        "carried_as_it_was",
        (
            "NEW.carried_from IS NULL OR EXISTS (SELECT 1 FROM sign_off s WHERE s.id = NEW.carried_from "
            "AND s.fingerprint = NEW.fingerprint AND s.person_id = NEW.person_id "
            "AND s.administration_id = NEW.administration_id AND s.decision = NEW.decision)"
        ),
        "a signature is carried to the same fingerprint only",
    ),
    ("review_outcome", "INSERT", "while_open", _OPEN, "a review comes out while it is open"),
    (
        "review_outcome",
        "INSERT",
        "of_the_whole",
        "EXISTS (SELECT 1 FROM revision r WHERE r.id = NEW.revision_id AND r.fingerprint = NEW.fingerprint)",
        "an outcome is of the whole text",
    ),
    (
        "review_outcome",
        "INSERT",
        "all_answered",
        (
            "EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = "
            "NEW.revision_id AND s.decision = 'signed') AND NOT EXISTS (SELECT 1 FROM revision_competence c WHERE "
            "c.revision_id = NEW.revision_id AND NOT EXISTS (SELECT 1 FROM sign_off s WHERE s.revision_id = c.revision_id "
            "AND s.administration_id = c.administration_id))"
        ),
        "every competent administration answers first",
    ),
    # I5: the second pair of eyes contributed nothing, so that somebody else did.
    (
        "review_outcome",
        "INSERT",
        "two_people",
        "EXISTS (SELECT 1 FROM revision_part p WHERE p.revision_id = NEW.revision_id AND p.part = 'wrote')",
        "two people at least stand behind a text",
    ),
    (
        "review_outcome",
        "INSERT",
        "from_outside",
        (
            "(SELECT count(*) FROM revision_competence c WHERE c.revision_id = "
            "NEW.revision_id) = 1 OR EXISTS (SELECT 1 FROM sign_off s JOIN revision r ON r.id = s.revision_id "
            "JOIN revision_part p ON p.revision_id = s.revision_id AND p.person_id = s.person_id "
            "WHERE s.revision_id = NEW.revision_id AND s.person_id = NEW.second_eyes_person_id "
            "AND s.signed_as = 'second_eyes' AND coalesce(p.administration_id, s.administration_id) "
            "<> coalesce(r.main_author_administration_id, 0))"
        ),
        "the second pair of eyes comes from outside the main author's administration",
    ),
    ("edition", "INSERT", "while_open", _OPEN, "an edition is made while its review is open"),
    (
        "edition",
        "INSERT",
        "of_its_article",
        "EXISTS (SELECT 1 FROM revision r WHERE r.id = NEW.revision_id AND r.article_id = NEW.article_id)",
        "an edition is of a revision of its article",
    ),
    # I4: what the public reads changes only through an edition.
    (
        "article",
        "UPDATE OF live_revision_id",
        "live_by_edition",
        (
            "NEW.live_revision_id IS NULL OR EXISTS ("
            "SELECT 1 FROM edition e WHERE e.revision_id = NEW.live_revision_id AND e.article_id = NEW.id)"
        ),
        "an article is live by an edition of its own",
    ),
)
# Evidence as well: who wrote and who was second eyes; and a lock is taken and given back, never moved.
FIXED = (("revision_part", ("UPDATE", "DELETE")), ("open_review", ("UPDATE",)))


def upgrade() -> None:
    # Said in SQL, because a table made anew (batch mode) would lose the triggers that keep it append-only.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE sign_off ADD COLUMN carried_from {kind} "
        "CONSTRAINT fk_sign_off_carried_from REFERENCES sign_off (id)"
    )
    create_rules()


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")


def create_rules(*only: str) -> None:
    """The triggers of every table, or of the tables named."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, occasion, name, holds, words in RULES:
        if not only or table in only:
            (_sqlite_rule if sqlite else _postgresql_rule)(table, occasion, f"{table}_{name}", holds, words)
    for table, deeds in FIXED:
        if only and table not in only:
            continue
        for deed in deeds:
            name = f"{table}_no_{deed.lower()}"
            if sqlite:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is not changed'); END"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {deed} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                )


def _sqlite_rule(table: str, occasion: str, name: str, holds: str, words: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW WHEN NOT ({holds}) "
        f"BEGIN SELECT RAISE(ABORT, '{_quoted(words)}'); END"
    )


def _postgresql_rule(table: str, occasion: str, name: str, holds: str, words: str) -> None:
    # The lock is shared first, so that a review that is being closed at this moment counts as closed.
    wait = (
        "PERFORM 1 FROM open_review o WHERE o.revision_id = NEW.revision_id FOR SHARE; "
        if holds == _OPEN
        else ""
    )
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {wait}"
        f"IF NOT ({holds}) THEN RAISE EXCEPTION '{_quoted(words)}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {occasion} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _quoted(words: str) -> str:
    return words.replace("'", "''")
