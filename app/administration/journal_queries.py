"""The audit log for reading: a page of it, all that fits as lines for a file, and what is known of its chain.

The log holds ids; names are looked up as the page is made, so who was erased is not named any more.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import audit
from app.accounts.models import Person
from app.accounts.service import names_of
from app.administration.doors import AT_ONCE
from app.audit import AuditCheck, AuditEntry, AuditSeal
from app.db import reading, session
from publish.service_list import harmless

# Rows of one file: some 20 MB. Who needs more asks for it by years.
MOST_ROWS = 100_000
# Rows read in one transaction, so that nobody waits for who loads a file slowly.
PIECE = 500
# The newest entries whose acts are proposed.
LOOKED_AT = 2000
COLUMNS = ("numero", "moment", "personne", "nom", "acte", "sorte", "objet", "detail", "sceau")


@dataclass(frozen=True)
class Asked:
    """What of the log is asked for; None and "": everything. `person` 0 fits nothing, `by_nobody` the system's own."""

    person: int | None = None
    act: str = ""
    kind: str = ""
    thing: str = ""
    begins: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True)
class Line:
    id: int
    at: datetime
    person_id: int | None
    name: str
    act: str
    kind: str
    thing: str
    detail: tuple[tuple[str, str], ...]
    seal: int | None


@dataclass(frozen=True)
class Listing:
    """Lines, the newest first; `older` is where the next page begins, None at the end."""

    lines: tuple[Line, ...]
    older: int | None


@dataclass(frozen=True)
class Chain:
    """What is known of the chain: how many entries are sealed, and the last look at all of it."""

    seals: int
    waiting: bool
    asked_at: datetime | None = None
    done_at: datetime | None = None
    looked_at: int = 0
    broken: str | None = None


def person_called(words: str) -> int | None:
    """The id of a person by number or address, 0 when there is none; None when nothing is asked."""
    words = words.strip()[:320]
    if not words:
        return None
    if words.isascii() and words.isdigit():
        return int(words) if len(words) < 10 else 0
    return session().scalar(sa.select(Person.id).where(Person.email == words.lower())) or 0


def _fitting(asked: Asked) -> sa.Select[AuditEntry, int]:
    query = sa.select(AuditEntry, AuditSeal.number).outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
    if asked.person is not None:
        # Who did it, and whom it was done to.
        query = query.where(
            sa.or_(
                AuditEntry.person_id == asked.person,
                sa.and_(AuditEntry.object_kind == "person", AuditEntry.object_id == str(asked.person)),
            )
        )
    if asked.act:
        query = query.where(AuditEntry.act == asked.act)
    if asked.kind:
        query = query.where(AuditEntry.object_kind == asked.kind)
    if asked.thing:
        query = query.where(AuditEntry.object_id == asked.thing)
    if asked.begins is not None:
        query = query.where(AuditEntry.at >= asked.begins)
    if asked.ends is not None:
        query = query.where(AuditEntry.at < asked.ends)
    return query


def listing(asked: Asked, before: int | None) -> Listing:
    query = _fitting(asked).order_by(AuditEntry.id.desc()).limit(AT_ONCE + 1)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    rows = session().execute(query).all()
    lines = _lines(rows[:AT_ONCE])
    return Listing(tuple(lines), lines[-1].id if len(rows) > AT_ONCE else None)


def _lines(rows: Iterable[sa.Row[AuditEntry, int]]) -> list[Line]:
    rows = list(rows)
    names = names_of(entry.person_id for entry, _seal in rows)
    return [
        Line(
            entry.id, entry.at, entry.person_id, names.get(entry.person_id or 0, ""), entry.act,
            entry.object_kind, entry.object_id,
            tuple((name, _shown(value)) for name, value in sorted(entry.detail.items())), seal,
        )
        for entry, seal in rows
    ]  # fmt: skip


def _shown(value: Any) -> str:
    return ", ".join(str(one) for one in value) if isinstance(value, list) else str(value)


def pieces(asked: Asked) -> Iterator[list[Line]]:
    """All that fits, the oldest first, MOST_ROWS at most, some at a time; each piece is a transaction of its own."""
    last, left = 0, MOST_ROWS
    while left > 0:
        with reading() as current:
            query = (
                _fitting(asked).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(min(PIECE, left))
            )
            found = _lines(current.execute(query))
        if not found:
            return
        last, left = found[-1].id, left - len(found)
        yield found


def as_csv(asked: Asked) -> Iterator[str]:
    """A table for spreadsheets (RFC 4180), in pieces; the mark at its head tells them of UTF-8."""
    yield "\ufeff" + _rows([COLUMNS])
    for piece in pieces(asked):
        yield _rows(harmless([str(cell) for cell in _cells(line)]) for line in piece)


def _rows(rows: Iterable[Iterable[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _cells(line: Line) -> tuple[object, ...]:
    detail = "; ".join(f"{name}={value}" for name, value in line.detail)
    seal = "" if line.seal is None else line.seal
    person = "" if line.person_id is None else line.person_id
    return line.id, line.at.isoformat(), person, line.name, line.act, line.kind, line.thing, detail, seal


def as_json_lines(asked: Asked) -> Iterator[str]:
    """One JSON object a line (jsonlines.org), in pieces."""
    for piece in pieces(asked):
        yield "".join(
            json.dumps(
                {
                    "id": line.id, "at": line.at.isoformat(), "person": line.person_id, "name": line.name,
                    "act": line.act, "object_kind": line.kind, "object_id": line.thing,
                    "detail": dict(line.detail), "seal": line.seal,
                },
                ensure_ascii=False,
            )
            + "\n"
            for line in piece
        )  # fmt: skip


def acts() -> list[str]:
    """The acts of late, for who does not know their names by heart."""
    latest = sa.select(AuditEntry.act).order_by(AuditEntry.id.desc()).limit(LOOKED_AT).subquery()
    return sorted(set(session().scalars(sa.select(latest.c.act))))


def chain() -> Chain:
    checks = sa.select(AuditCheck).order_by(AuditCheck.id.desc())
    waiting = session().scalars(checks.where(AuditCheck.done_at.is_(None)).limit(1)).first()
    last = session().scalars(checks.where(AuditCheck.done_at.is_not(None)).limit(1)).first()
    seals = audit.head().number
    if last is None:
        return Chain(seals, waiting is not None, waiting.asked_at if waiting else None)
    return Chain(
        seals, waiting is not None, last.asked_at, last.done_at, last.seals, last.broken,
    )  # fmt: skip
