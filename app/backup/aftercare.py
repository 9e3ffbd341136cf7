"""What has to be said to a restored database before anybody meets it again.

The world went on after the backup: browsers hold newer text, links and tokens were taken back, people were erased. All
verbs here work in the open unit of work on the restored database.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import audit, clock
from app.accounts import erasing
from app.accounts.key_models import PersonalToken
from app.accounts.models import Person
from app.backup import places
from app.db import Base, Database, database, reading, session
from drafts.models import Draft
from drafts.redaction_models import Redaction

# Browsers know by it that their text may be newer than the one they are given (docs/protocol.md): they offer it. After a
# redaction or a repair, which begin a new life too, they must not.
RESTORED = "restored-"


@dataclass(frozen=True)
class Known:
    """What the database that is replaced knows and the backup may not: who was erased, what was redacted, and where
    its audit chain ended."""

    erased: tuple[tuple[int, datetime], ...] = ()
    redactions: tuple[tuple[int, str], ...] = ()
    head: audit.Head | None = None


def known() -> Known:
    """Of the configured database, whatever its schema; nothing where it cannot say."""
    if not places.is_there(database()):
        return Known()
    with reading() as current:
        inspector = sa.inspect(current.connection())
        tables = set(inspector.get_table_names())

        def has(model: type[Base], *columns: str) -> bool:
            name = str(model.__tablename__)
            return name in tables and {*columns} <= {column["name"] for column in inspector.get_columns(name)}

        erased = (
            current.execute(
                sa.select(Person.id, Person.created_at).where(Person.erased_at.is_not(None))
            ).all()
            if has(Person, "erased_at", "created_at")
            else []
        )
        redactions = (
            current.execute(sa.select(Redaction.draft_id, Redaction.reference).order_by(Redaction.id)).all()
            if has(Redaction, "draft_id", "reference")
            else []
        )
        head = audit.head() if "audit_seal" in tables else None
    return Known(
        tuple((number, at) for number, at in erased),
        tuple((draft, reference) for draft, reference in redactions),
        head if head is not None and head.number else None,
    )


def begin_new_lives() -> int:
    """Every draft goes on under a new `history`. Returns how many.

    What was written after the backup is gone here, and browsers still hold it: the same numbers of the same clients
    will be given to other words. Browsers of the former history hear `reload`, offer what they hold, and build
    anew. The log is not touched; what belongs to this life goes along under its new name.
    """
    tables = [
        table
        for table in Base.metadata.sorted_tables
        if {"draft_id", "history"} <= set(table.columns.keys()) and table.name != Draft.__tablename__
    ]
    drafts = session().execute(sa.select(Draft.id, Draft.history).order_by(Draft.id)).all()
    for draft_id, before in drafts:
        after = f"{RESTORED}{secrets.token_hex(8)}"
        for table in tables:
            session().execute(
                sa.update(table)
                .where(table.c.draft_id == draft_id, table.c.history == before)
                .values(history=after)
            )
        session().execute(sa.update(Draft).where(Draft.id == draft_id).values(history=after))
    return len(drafts)


def take_back_tokens() -> int:
    """Personal tokens end: one that was taken back after the backup would work again. Their owners see it, and why."""
    ended = session().execute(
        sa.update(PersonalToken).where(PersonalToken.revoked_at.is_(None)).values(revoked_at=clock.now())
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def erase_again(people: Iterable[tuple[int, datetime]]) -> list[int]:
    """Erase those who had been erased since the backup. Returns their numbers.

    A number may have been given to somebody else since; the instant of the account says whether it is theirs.
    """
    done = []
    for number, created_at in people:
        person = session().get(Person, number)
        if person is not None and person.erased_at is None and person.created_at == created_at:
            erasing.erase(None, number)
            done.append(number)
    return done


def redactions_since(before: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """(draft, reference) of the redactions that the backup does not know. Their words are kept nowhere."""
    there = {
        (draft, reference)
        for draft, reference in session().execute(sa.select(Redaction.draft_id, Redaction.reference))
    }
    return [one for one in before if one not in there]


def note_restore(digest: str, at: str, head: audit.Head | None) -> None:
    """The audit log says that it was restored, from which backup, and where the chain of the replaced database ended:
    heads that were noted outside beyond this backup no longer hold, and this entry says why."""
    audit.record(None, "restore_backup", "database", "all", digest=digest, of=at,
                 replaced=str(head) if head is not None else "")  # fmt: skip


def called(one: Database) -> str:
    """How the database is called in a sentence, without its password."""
    return one.engine.url.render_as_string(hide_password=True)
