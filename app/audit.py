"""The audit log: one row per act, written in the act's transaction, chained in order by a sealer.

Rows hold ids, never names, so that a person can be erased and the chain stays whole. Sealing is apart from
writing because two transactions that commit at the same time have no order of their own yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, BigId, database, session

GENESIS = "0" * 64
# Ids are taken before the commit, so that an entry may appear below ids that are sealed already. So many ids back
# the sealer looks each time; `everything` looks at all.
LOOKS_BACK = 10_000
# Sealing comes seconds after the commit. What is older than this and not chained was not left to the sealer.
GRACE = timedelta(minutes=10)
# The number of the lock that sealers of several processes wait for (PostgreSQL; SQLite has one writer anyway).
_LOCK = 0x6175646974


class AuditEntry(Base):
    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(index=True)
    act: Mapped[str] = mapped_column(sa.String(80))
    object_kind: Mapped[str] = mapped_column(sa.String(40))
    object_id: Mapped[str] = mapped_column(sa.String(80))
    detail: Mapped[dict[str, Any]]
    __table_args__ = (sa.Index("ix_audit_entry_object", "object_kind", "object_id"),)


class AuditSeal(Base):
    """The place of an entry in the chain: `digest` covers the entry and the digest before it."""

    __tablename__ = "audit_seal"
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_entry.id"), unique=True)
    digest: Mapped[str] = mapped_column(sa.String(64))


class AuditCheck(Base):
    """One look at the whole chain, asked for on a page and done by the worker; `broken` is one line of `Break`."""

    __tablename__ = "audit_check"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    asked_by: Mapped[int] = mapped_column(BigId)
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    seals: Mapped[int] = mapped_column(BigId, default=0)
    broken: Mapped[str | None] = mapped_column(sa.String(300))


def record(person_id: int | None, act: str, thing: str, thing_id: object, **detail: Any) -> None:
    """Note one act in the open unit of work. `detail` takes ids and codes, never names or texts."""
    session().add(
        AuditEntry(
            at=clock.now(),
            person_id=person_id,
            act=act,
            object_kind=thing,
            object_id=str(thing_id),
            detail=detail,
        )
    )


def _digest(before: str, entry: AuditEntry) -> str:
    content = json.dumps(
        [
            before,
            entry.id,
            entry.at.isoformat(),
            entry.person_id,
            entry.act,
            entry.object_kind,
            entry.object_id,
            entry.detail,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(content.encode()).hexdigest()


def seal(limit: int = 1000, *, everything: bool = False) -> int:
    """Chain the entries that are not chained yet, in the order of their ids. Returns how many.

    Of two processes that seal at one moment the second one waits, and goes on from what the first one made.
    """
    current = session()
    if not database().is_sqlite:
        current.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    last = current.scalars(sa.select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    number, before = (last.number, last.digest) if last else (0, GENESIS)
    entries = current.scalars(_unsealed(everything).limit(limit)).all()
    for entry in entries:
        number += 1
        before = _digest(before, entry)
        current.add(AuditSeal(number=number, entry_id=entry.id, digest=before))
    current.flush()
    return len(entries)


def is_waiting(*, everything: bool = False) -> bool:
    """Whether there is an entry to be chained."""
    return session().scalars(_unsealed(everything).limit(1)).first() is not None


def oldest_waiting() -> datetime | None:
    """Since when an entry has been waiting to be chained; None when none is."""
    return session().scalar(sa.select(sa.func.min(_unsealed(True).order_by(None).subquery().c.at)))


def _unsealed(everything: bool) -> sa.Select[AuditEntry]:
    query = (
        sa.select(AuditEntry)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditSeal.number.is_(None))
        .order_by(AuditEntry.id)
    )
    if not everything:
        newest = session().scalar(sa.select(sa.func.max(AuditEntry.id))) or 0
        query = query.where(AuditEntry.id > newest - LOOKS_BACK)
    return query


@dataclass(frozen=True)
class Head:
    """The end of the chain: how many seals there are, and the digest that covers them all."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold: the first seal, or an entry that is not in it; `says` is one line."""

    says: str
    number: int | None = None
    entry_id: int | None = None


def head() -> Head:
    """The end of the chain as it is stored; number 0 before the first seal."""
    last = session().scalars(sa.select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    return Head(last.number, last.digest) if last else Head(0, GENESIS)


def verify(heads: Iterator[Head] | None = None) -> Break | None:
    """The first thing that does not hold, or None when the chain is whole.

    Every seal is counted again. `heads` are ends of the chain that were noted elsewhere, in ascending order: the
    chain must have gone through each of them, so that a cut or rewritten end is seen.
    """
    noted = iter(heads or ())
    awaited = next(noted, None)
    before, number = GENESIS, 0
    for row in _links():
        number += 1
        if row.number != number:
            return Break(f"seal {number} is missing", number)
        entry = AuditEntry(**{name: getattr(row, name) for name in _COLUMNS})
        if row.id is None:
            return Break(f"entry {row.entry_id}, sealed as number {number}, is missing", number, row.entry_id)
        if row.digest != _digest(before, entry):
            return Break(
                f"seal {number} does not hold: entry {row.entry_id}, the seal or what stood before it was changed",
                number,
                row.entry_id,
            )
        before = row.digest
        while awaited is not None and awaited.number <= number:
            if awaited.number == number and awaited.digest != row.digest:
                return Break(f"seal {number} is not the one that was noted: the chain was made anew", number)
            awaited = next(noted, None)
    if awaited is not None:
        return Break(
            f"the chain ends at seal {number}, and seal {awaited.number} was noted: its end is missing",
            number + 1,
        )
    return _left_out()


_COLUMNS = ("id", "at", "person_id", "act", "object_kind", "object_id", "detail")


def _links() -> Iterator[Any]:
    """Seals with their entries, in the order of the chain, some at a time."""
    query = (
        sa.select(
            AuditSeal.number,
            AuditSeal.entry_id,
            AuditSeal.digest,
            *(getattr(AuditEntry, name) for name in _COLUMNS),
        )
        .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .order_by(AuditSeal.number)
    )
    yield from session().execute(query, execution_options={"yield_per": 1000})


def _left_out() -> Break | None:
    """An entry that stands beside the chain although it would have been sealed long ago."""
    for entry in session().scalars(_unsealed(True).limit(1000)):
        newer = session().scalar(
            sa.select(AuditEntry.at)
            .join(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
            .order_by(AuditSeal.number.desc())
            .limit(1)
        )
        if newer is not None and entry.at < newer - GRACE:
            return Break(f"entry {entry.id} is not in the chain: it was added", entry_id=entry.id)
    return None
