"""The workshop around the text: what happens in a séance, who was there, ballots, minutes; calendars in mails."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_workshop"
down_revision = "0013_people"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NUMBER = sa.BigInteger()
_AT = sa.DateTime(timezone=True)
KINDS = (
    "kind IN ('opened', 'closed', 'agenda', 'item', 'extended', 'hand_up', 'hand_down', 'floor', 'shown', 'said', "
    "'poll_opened', 'voted', 'poll_closed', 'decided', 'action', 'struck')"
)
STATUSES = "status IN ('planned', 'open', 'closed', 'cancelled')"
# (table, name, what must hold for a new row, the words of the refusal)
RULES = (
    (
        "session_event",
        "counts",
        "NEW.number = (SELECT coalesce(max(e.number), 0) + 1 FROM session_event e WHERE e.session_id = NEW.session_id)",
        "events are numbered without a gap",
    ),
    (
        "session_voter",
        "while_open",
        (
            "EXISTS (SELECT 1 FROM session_poll p WHERE p.session_id = NEW.session_id AND p.number = NEW.poll "
            "AND NOT p.closed)"
        ),
        "a vote is given while the poll is open",
    ),
)
# An event is never changed, a vote never given to somebody else.
FIXED = (("session_event", ("UPDATE", "DELETE")), ("session_voter", ("UPDATE",)))


def upgrade() -> None:
    op.add_column("mail", sa.Column("calendar", sa.Text(), nullable=True))
    _sessions()
    _events()
    _polls()
    _minutes()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table, name, holds, words in RULES:
        (_sqlite_rule if sqlite else _postgresql_rule)(table, f"{table}_{name}", holds, words)
    for table, deeds in FIXED:
        for deed in deeds:
            if sqlite:
                op.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is not changed'); END"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                )


def _sessions() -> None:
    columns = (
        sa.Column("video_link", sa.String(500), server_default="", nullable=False),
        sa.Column("uid", sa.String(80), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("organiser_id", _ID, nullable=True),
        sa.Column("head_number", _NUMBER, server_default="0", nullable=False),
        sa.Column("opened_at", _AT, nullable=True),
        sa.Column("closed_at", _AT, nullable=True),
        sa.Column("minutes_wanted_at", _AT, nullable=True),
    )
    for column in columns:
        op.add_column("lab_session", column)
    random = (
        "lower(hex(randomblob(16)))"
        if op.get_bind().dialect.name == "sqlite"
        else "md5(random()::text || id)"
    )
    op.execute(f"UPDATE lab_session SET uid = 'seance-' || id || '-' || {random}")  # nosec B608 # texts of this file, no word of anybody
    with op.batch_alter_table("lab_session") as changed:
        changed.alter_column("uid", existing_type=sa.String(80), nullable=False)
        changed.create_unique_constraint(op.f("uq_lab_session_uid"), ["uid"])
        changed.create_foreign_key(op.f("fk_lab_session_organiser_id"), "person", ["organiser_id"], ["id"])
        changed.drop_constraint(op.f("ck_lab_session_status_known"), type_="check")
        changed.create_check_constraint(op.f("ck_lab_session_status_known"), STATUSES)


def _events() -> None:
    op.create_table(
        "session_event",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("person_id", _ID, nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(40), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_session_event_kind_known")),
        sa.CheckConstraint("number > 0", name=op.f("ck_session_event_number_counts")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["lab_session.id"], name=op.f("fk_session_event_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_event_person_id")),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_session_event")),
        sa.UniqueConstraint(
            "session_id", "person_id", "key", name=op.f("uq_session_event_session_id_person_id_key")
        ),
    )
    op.create_table(
        "session_stay",
        sa.Column("id", _ID, nullable=False),
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.Column("administration_id", _ID, nullable=True),
        sa.Column("came_at", _AT, nullable=False),
        sa.Column("seen_at", _AT, nullable=False),
        sa.Column("is_here", sa.Boolean(), nullable=False),
        sa.CheckConstraint("seen_at >= came_at", name=op.f("ck_session_stay_lasts")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["lab_session.id"], name=op.f("fk_session_stay_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_stay_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["administration_id"], ["administration.id"], name=op.f("fk_session_stay_administration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_stay")),
    )
    op.create_index("ix_session_stay_person", "session_stay", ["session_id", "person_id"])


def _polls() -> None:
    op.create_table(
        "session_poll",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["session_event.session_id", "session_event.number"],
            name="fk_session_poll_event",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_session_poll")),
    )
    of_poll = (["session_id", "poll"], ["session_poll.session_id", "session_poll.number"])
    op.create_table(
        "session_voter",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("poll", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("person_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(*of_poll, name="fk_session_voter_poll", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_voter_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "poll", "person_id", name=op.f("pk_session_voter")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session_count",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("poll", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("choice", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 0", name=op.f("ck_session_count_count_counts")),
        sa.ForeignKeyConstraint(*of_poll, name="fk_session_count_poll", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("session_id", "poll", "choice", name=op.f("pk_session_count")),
    )


def _minutes() -> None:
    op.create_table(
        "session_minutes",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_by", _ID, nullable=True),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("sent_at", _AT, nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_session_minutes_number_counts")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["lab_session.id"], name=op.f("fk_session_minutes_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_session_minutes_made_by")),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_session_minutes")),
    )
    op.create_table(
        "minutes_file",
        sa.Column("session_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(8), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("form IN ('pdf', 'docx')", name=op.f("ck_minutes_file_form_known")),
        sa.ForeignKeyConstraint(
            ["session_id", "number"],
            ["session_minutes.session_id", "session_minutes.number"],
            name="fk_minutes_file_minutes",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", "number", "form", name=op.f("pk_minutes_file")),
    )


def _sqlite_rule(table: str, name: str, holds: str, words: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN NOT ({holds}) "
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def _postgresql_rule(table: str, name: str, holds: str, words: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT ({holds}) THEN "
        f"RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; restore a backup instead")
