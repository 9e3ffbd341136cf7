"""Which thing of a partner's file is which of ours, and what becomes of a row: the words every import shares."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import sqlalchemy as sa

from app import clock
from app.db import session
from app.importing.mapping import Field
from app.importing.models import ImportRecord, Kind
from app.policy import Actor

# How many records are read at a time.
AT_ONCE = 200


class State(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    BACK = "back"
    REMOVED = "removed"
    LEFT = "left"
    BAD = "bad"


@dataclass(frozen=True)
class Told:
    """What becomes of one thing. `differences` are (field, old, new); `line` 0: it stands in no line of the file."""

    state: State
    name: str
    line: int = 0
    column: str = ""
    sentence: str = ""
    differences: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """What a file says of one thing: one row, or several that follow one another. `values` has our fields."""

    line: int
    key: str
    rows: tuple[Mapping[str, str], ...]

    @property
    def first(self) -> Mapping[str, str]:
        return self.rows[0]


@dataclass(frozen=True)
class Taken:
    """What an import did with a thing: before and after as people read it, field by field; `before` None: it is new."""

    our_id: int
    name: str
    before: Mapping[str, str] | None
    after: Mapping[str, str]
    left_as: dict[str, Any] = field(default_factory=dict)
    # What is not as the file has it, and why.
    note: str = ""

    def differences(self) -> tuple[tuple[str, str, str], ...]:
        before = self.before or {}
        names = dict.fromkeys([*before, *self.after])
        return tuple(
            (name, before.get(name, ""), self.after.get(name, ""))
            for name in names
            if before.get(name, "") != self.after.get(name, "")
        )


class Importer(Protocol):
    """How things of one kind come in. Verbs run in the open unit of work and raise DomainError."""

    kind: Kind
    fields: tuple[Field, ...]
    # The field that names a thing where the file has no `key`.
    named_by: str
    # Whether several rows may speak of one thing.
    grouped: bool
    # Whether what a key says is a person's affair.
    is_personal: bool

    def take(self, actor: Actor, group: Group, record: ImportRecord | None) -> Taken: ...

    def is_due(self, record: ImportRecord) -> bool:
        """Whether something is to be done although the file says what it said."""
        ...

    def put_away(self, actor: Actor, record: ImportRecord) -> None: ...

    def called(self, record: ImportRecord) -> str: ...


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def known(partner: str, kind: Kind, keys: Collection[str]) -> dict[str, ImportRecord]:
    """The records of these keys, by the digest of the key."""
    rows = session().scalars(
        sa.select(ImportRecord).where(
            ImportRecord.partner == partner,
            ImportRecord.kind == kind,
            ImportRecord.key_digest.in_([key_digest(key) for key in keys]),
        )
    )
    return {row.key_digest: row for row in rows}


def write(
    partner: str, importer: Importer, key: str, print_: str, taken: Taken, row: ImportRecord | None
) -> None:
    """Remember what a thing is here, and that the file has it now."""
    if row is None:
        row = ImportRecord(
            partner=partner,
            kind=importer.kind,
            key_digest=key_digest(key),
            their_key="" if importer.is_personal else key[:300],
        )
        session().add(row)
    row.our_id, row.fingerprint, row.left_as = taken.our_id, print_, taken.left_as
    row.seen_at, row.removed_at, row.put_away = clock.now(), None, False
    session().flush()


def seen(ids: Iterable[int]) -> None:
    """The file still has these."""
    session().execute(
        sa.update(ImportRecord)
        .where(ImportRecord.id.in_(list(ids)))
        .values(seen_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def page(partner: str, kind: Kind, after: int, *, to_put_away: bool) -> list[ImportRecord]:
    """The next records, by id, of what a partner's file had the last time; `to_put_away`: and of what is gone from it but
    was left as it is here."""
    still_here = sa.or_(
        ImportRecord.removed_at.is_(None), sa.and_(sa.literal(to_put_away), ImportRecord.put_away.is_(False))
    )
    return list(
        session().scalars(
            sa.select(ImportRecord)
            .where(
                ImportRecord.partner == partner,
                ImportRecord.kind == kind,
                still_here,
                ImportRecord.id > after,
            )
            .order_by(ImportRecord.id)
            .limit(AT_ONCE)
        )
    )


def others(record: ImportRecord | None, kind: Kind, our_id: int) -> list[ImportRecord]:
    """Records by which other partners, or other rows, speak of the same thing of ours now; the oldest first."""
    rows = session().scalars(
        sa.select(ImportRecord)
        .where(ImportRecord.kind == kind, ImportRecord.our_id == our_id, ImportRecord.removed_at.is_(None))
        .order_by(ImportRecord.id)
    )
    return [row for row in rows if record is None or row.id != record.id]
