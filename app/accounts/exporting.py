"""What is kept of a person, for that person: every row of the register's tables that names them, as JSON values.

The register says which tables; the foreign keys say which rows. So a table that is added later is in the export once
it is in the register. Rooms add what names a person otherwise (an address), or say better what bytes would not.
Secrets (digests of passwords and links) are left out: they open doors and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app import clock, privacy
from app.accounts.models import Person
from app.db import Base, session
from app.errors import Missing
from app.extensions import gettext as _
from app.mail import Mail

__all__ = ["FORMAT", "Rows", "export", "exports"]

FORMAT = 1
# (number, address in small letters) → rows by table.
Rows = dict[str, list[dict[str, Any]]]
_rooms: list[Callable[[int, str], Rows]] = []
# Where a person did something to what is another's: that they did is theirs, what the row says of the other is not.
_ACTED = ("invited_by", "revoked_by", "answered_by", "resolved_by", "by_person_id", "entered_by")
_SECRET = (
    "password_hash", "token_digest", "code_digest", "account_digest", "seat", "key", "mark", "sealed", "digest", "id_token", "verifier",
)  # fmt: skip


def exports(room: Callable[[int, str], Rows]) -> Callable[[int, str], Rows]:
    """A room registers what it keeps of a person that no foreign key leads to, or that has to be said in words.

    What it gives for a table takes the place of the table's rows.
    """
    _rooms.append(room)
    return room


@exports
def _mails(_person_id: int, email: str) -> Rows:
    found = session().scalars(sa.select(Mail).where(sa.func.lower(Mail.recipient) == email).order_by(Mail.id))
    return {"mail": [_row(Mail.__table__, item.__dict__) for item in found]}


def export(person_id: int) -> dict[str, Any]:
    """Everything, by entry of the register. Raises Missing for who is not there, or erased."""
    person = session().get(Person, person_id)
    if person is None or person.erased_at is not None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    said: Rows = {}
    for room in _rooms:
        said.update(room(person.id, person.email))
    return {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "person": {"id": person.id, "name": person.name, "email": person.email},
        "register": [
            {
                "what": entry.what,
                "why": entry.why,
                "base": entry.base,
                "kept": entry.kept,
                "seen_by": entry.who,
                "rows": {
                    table: said[table] if table in said else _rows(table, person.id)
                    for table in _tables(entry.columns)
                },
            }
            for entry in privacy.entries()
        ],
    }


def _tables(columns: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(column.partition(".")[0] for column in columns))


def _rows(name: str, person_id: int) -> list[dict[str, Any]]:
    table = Base.metadata.tables[name]
    if name == "person":
        names = [table.c.id]
    else:
        names = [key.parent for key in table.foreign_keys if key.column.table.name == "person"]
        # The audit knows people by their number alone: its rows outlive them.
        names += [table.c.person_id] if not names and "person_id" in table.c else []
    found: list[dict[str, Any]] = []
    for column in names:
        acted = column.name in _ACTED
        query = sa.select(table).where(column == person_id).order_by(*table.primary_key)
        for row in session().execute(query).mappings():
            values = {key.name: row[key] for key in table.primary_key} if acted else dict(row)
            told = _row(table, values) | ({"as": column.name} if acted else {})
            if told not in found:
                found.append(told)
    return found


def _row(table: sa.FromClause, values: dict[str, Any]) -> dict[str, Any]:
    return {
        column.name: _plain(values[column.name])
        for column in table.columns
        if column.name in values
        and column.name not in _SECRET
        and not isinstance(column.type, sa.LargeBinary)
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
