"""The pen: strokes of many drafts go to the end of their logs in one transaction, each draft judged by itself.

This is the one place that speaks to the driver in plain SQL. A tick of a busy house happens forty times a second;
building the same statements again cost 2.2 ms of it, saying them costs 0.2 ms (docs/benchmarks.md). The statements
are few, constant, and hold no text of anybody: values are always bound.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from app import clock
from app.db import database

# How long a draft whose row another process holds is waited for, by itself, before its strokes wait for the next
# tick. A tick of another process holds it for some 2 ms; a restore of a long text may hold it for longer.
BUSY_MILLISECONDS = 30


class AuthorityChanged(Exception):
    """Somebody's rights, or a sign-in, changed since the strokes were taken in: ask again before writing."""


class HistoryChanged(Exception):
    """The document began another life (restore, redaction, healing); the room is worthless."""


class DraftGone(Exception):
    """The draft is in the bin, or was never there."""


class DraftBusy(Exception):
    """Another transaction holds the draft; nothing was written."""


class Authority(NamedTuple):
    """The numbers under which rights were judged."""

    draft_epoch: int
    lab_epoch: int


class Stroke(NamedTuple):
    person_id: int
    client_id: int
    update: bytes
    sign_in_id: int


class Row(NamedTuple):
    seq: int
    person_id: int | None
    client_id: int
    update: bytes


class Sheaf(NamedTuple):
    """What one room wants written: its strokes, and what it believed when it took them in."""

    draft_id: int
    seq: int
    history: str
    authority: Authority
    strokes: Sequence[Stroke]


@dataclass
class Outcome:
    """What became of a sheaf: the number of its first stroke and the rows others wrote before, or a failure."""

    first: int = 0
    missed: list[Row] = field(default_factory=list)
    failure: Exception | None = None


@dataclass(frozen=True)
class _Statements:
    """The same five sentences in the dialect of a database."""

    sign_ins: str
    heads: str
    rows: str
    insert: str
    advance: str


_HEADS = """
SELECT draft.id, draft.head_seq, draft.history, draft.access_epoch, draft.trashed_at, lab.access_epoch
FROM draft JOIN lab ON lab.id = draft.lab_id WHERE draft.id """
_SIGN_INS = "SELECT id FROM sign_in WHERE id {among} AND revoked_at IS NULL AND expires_at > {value}"
_ROWS = """
SELECT seq, person_id, client_id, update_bytes FROM draft_update
WHERE draft_id = {value} AND seq > {value} AND seq <= {value} ORDER BY seq"""
_INSERT = "INSERT INTO draft_update (draft_id, seq, person_id, client_id, update_bytes, at) "

SQLITE = _Statements(
    # A list is one bound value, so that the statement stays the same and prepared.
    sign_ins=_SIGN_INS.format(among="IN (SELECT value FROM json_each(?))", value="?"),
    heads=_HEADS + "IN (SELECT value FROM json_each(?))",  # nosec B608 # fixed texts of ours; what is written goes in as parameters
    rows=_ROWS.format(value="?"),
    insert=_INSERT + "VALUES (?, ?, ?, ?, ?, ?)",
    advance="UPDATE draft SET head_seq = ? WHERE id = ?",
)
# Sign-ins are waited for, drafts and labs are not: whoever is held by another transaction is left out of this one,
# so two processes cannot wait for one another.
POSTGRESQL = _Statements(
    sign_ins=_SIGN_INS.format(among="= ANY(%s)", value="%s") + " ORDER BY id FOR SHARE",
    heads=_HEADS + "= ANY(%s) ORDER BY draft.id FOR UPDATE OF draft SKIP LOCKED FOR SHARE OF lab SKIP LOCKED",
    rows=_ROWS.format(value="%s"),
    insert=_INSERT
    + "SELECT *, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[])",  # nosec B608 # fixed texts of ours; what is written goes in as parameters
    advance="UPDATE draft SET head_seq = n.head FROM unnest(%s::bigint[], %s::bigint[]) AS n(head, id)"
    " WHERE draft.id = n.id",
)
POSTGRESQL_WAITING = _Statements(
    POSTGRESQL.sign_ins,
    POSTGRESQL.heads.replace(" SKIP LOCKED", ""),
    POSTGRESQL.rows,
    POSTGRESQL.insert,
    POSTGRESQL.advance,
)


def append(cursor: Any, sheaves: Sequence[Sheaf], *, waiting: bool = False) -> dict[int, Outcome]:
    """Write what may be written of `sheaves`, at most one for each draft; the outcome of each by its draft.

    `cursor` is that of `app.pen`. A failure in an outcome is AuthorityChanged, HistoryChanged, DraftGone or
    DraftBusy, and concerns that draft only. With `waiting`, a draft that another transaction holds is waited for
    during BUSY_MILLISECONDS (PostgreSQL; SQLite has one writer at a time).
    """
    sqlite = database().is_sqlite
    say = SQLITE if sqlite else POSTGRESQL_WAITING if waiting else POSTGRESQL
    # SQLite has no other writer now, so what is not there is gone. PostgreSQL passed over what is locked.
    absent = DraftGone if sqlite or waiting else DraftBusy
    if waiting and not sqlite:
        cursor.execute(f"SET LOCAL lock_timeout = {BUSY_MILLISECONDS}")
    now = clock.now()
    wanted = {stroke.sign_in_id for sheaf in sheaves for stroke in sheaf.strokes if stroke.sign_in_id}
    good = {0}
    if wanted:
        cursor.execute(say.sign_ins, (_many(wanted, sqlite), _instant(now, sqlite)))
        good.update(found for (found,) in cursor.fetchall())
    cursor.execute(say.heads, (_many({sheaf.draft_id for sheaf in sheaves}, sqlite),))
    heads = {head[0]: head[1:] for head in cursor.fetchall()}
    outcomes: dict[int, Outcome] = {}
    rows: list[tuple[Any, ...]] = []
    advanced: list[tuple[int, int]] = []
    for sheaf in sheaves:
        outcome = outcomes[sheaf.draft_id] = _judged(sheaf, heads.get(sheaf.draft_id), good)
        if outcome.first == 0 and outcome.failure is None:
            outcome.failure = absent()
        if outcome.failure is not None:
            continue
        head = outcome.first - 1
        if head > sheaf.seq:
            cursor.execute(say.rows, (sheaf.draft_id, sheaf.seq, head))
            outcome.missed = [Row(*row) for row in cursor.fetchall()]
        rows += _rows(sheaf.draft_id, head, sheaf.strokes)
        advanced.append((head + len(sheaf.strokes), sheaf.draft_id))
    if rows:
        _write(cursor, rows, advanced, now, sqlite)
    return outcomes


def put(connection: sa.Connection, draft_id: int, head_seq: int, strokes: Sequence[Stroke]) -> int:
    """Insert strokes after `head_seq` of a draft whose row the caller has locked: the number of the first."""
    sqlite = database().is_sqlite
    rows, advanced = _rows(draft_id, head_seq, strokes), [(head_seq + len(strokes), draft_id)]
    kind = connection.dialect.loaded_dbapi.Error
    try:
        _write(connection.connection.cursor(), rows, advanced, clock.now(), sqlite)
    except kind as error:
        # Told as SQLAlchemy tells it, so that the unit of work around it knows what it is.
        raise sa.exc.DBAPIError.instance("put", None, error, kind, hide_parameters=True) from error
    return head_seq + 1


def _judged(sheaf: Sheaf, head: Any, good: set[int]) -> Outcome:
    if head is None:
        return Outcome()
    head_seq, history, draft_epoch, trashed_at, lab_epoch = head
    if trashed_at is not None:
        return Outcome(failure=DraftGone())
    if history != sheaf.history:
        return Outcome(failure=HistoryChanged())
    if Authority(draft_epoch, lab_epoch) != sheaf.authority:
        return Outcome(failure=AuthorityChanged())
    if any(stroke.sign_in_id not in good for stroke in sheaf.strokes):
        return Outcome(failure=AuthorityChanged())
    return Outcome(first=head_seq + 1)


def _rows(draft_id: int, head_seq: int, strokes: Sequence[Stroke]) -> list[tuple[Any, ...]]:
    return [
        (draft_id, head_seq + place, stroke.person_id or None, stroke.client_id, stroke.update)
        for place, stroke in enumerate(strokes, start=1)
    ]


def _write(
    cursor: Any,
    rows: list[tuple[Any, ...]],
    advanced: list[tuple[int, int]],
    now: datetime,
    sqlite: bool,
) -> None:
    say = SQLITE if sqlite else POSTGRESQL
    if sqlite:
        at = _instant(now, sqlite)
        cursor.executemany(say.insert, [(*row, at) for row in rows])
        cursor.executemany(say.advance, advanced)
        return
    # One statement for all rows: 20 take 0.37 ms, one by one 0.55 ms (PostgreSQL 15 over a socket).
    cursor.execute(say.insert, (now, *map(list, zip(*rows, strict=True))))
    cursor.execute(say.advance, tuple(map(list, zip(*advanced, strict=True))))


def _many(ids: set[int], sqlite: bool) -> object:
    return json.dumps(sorted(ids)) if sqlite else sorted(ids)


def _instant(at: datetime, sqlite: bool) -> object:
    """An instant as SQLAlchemy keeps it on this database: SQLite holds it as text, in UTC."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds") if sqlite else at
