"""The audit log: one row per act, written in the act's transaction, chained in order by a sealer.

Rows hold ids, never names, so that a person can be erased and the chain stays whole. Sealing is apart from
writing because two transactions that commit at the same time have no order of their own yet.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, BigId, session

GENESIS = "0" * 64


class AuditEntry(Base):
    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None]
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


def seal(limit: int = 1000) -> int:
    """Chain the entries that are not chained yet, in the order of their ids. Returns how many."""
    current = session()
    last = current.scalars(sa.select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    number, before = (last.number, last.digest) if last else (0, GENESIS)
    waiting = current.scalars(
        sa.select(AuditEntry)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditSeal.number.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
    ).all()
    for entry in waiting:
        number += 1
        before = _digest(before, entry)
        current.add(AuditSeal(number=number, entry_id=entry.id, digest=before))
    return len(waiting)


def verify() -> int | None:
    """The number of the first seal that does not hold, or None when the chain is whole."""
    before, expected = GENESIS, 1
    rows = session().execute(
        sa.select(AuditSeal, AuditEntry)
        .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .order_by(AuditSeal.number)
    )
    for chained, entry in rows:
        if entry is None or chained.number != expected or chained.digest != _digest(before, entry):
            return int(chained.number)
        before, expected = chained.digest, expected + 1
    return None
