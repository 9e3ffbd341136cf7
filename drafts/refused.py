"""Bytes that the gate refused, kept aside within a bound so that somebody can look at what was tried.

`keep` only puts a few bytes into memory: it is called on the loop of people typing, and a flood must not slow
that down. A flood is counted, not stored. `write_down` brings what waits to the database, off that loop.

What is kept names a person and may hold their words: 30 days, 200 rows, 4 MB, seen by administrators only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.db import session, unit_of_work
from drafts.models import Draft, RefusedUpdate

__all__ = ["CODES", "keep", "kept", "purge", "write_down"]

# What an honest client does not send. The other refusals say something about moments and rights, not about bytes.
CODES = frozenset({"malformed", "forged", "schema"})
LONGEST = 64 * 1024
ROWS, BYTES = 200, 4 * 1024 * 1024
KEPT_FOR = timedelta(days=30)
# What waits in memory: one row for each person, draft and code, the first of its kind until it is written.
WAITING = 20
# Of one kind from one person on one draft; more are counted, or one flood would push out what others sent.
AN_HOUR = 5


@dataclass
class _Waiting:
    size: int
    update: bytes
    untold: int = 0


_waiting: dict[tuple[int, int, str], _Waiting] = {}


def keep(draft_id: int, person_id: int, code: str, update: bytes) -> None:
    """Note a refused update. Some microseconds; never fails, never waits."""
    if code not in CODES:
        return
    key = (draft_id, person_id, code)
    known = _waiting.get(key)
    if known is not None:
        known.untold += 1
    elif len(_waiting) < WAITING:
        _waiting[key] = _Waiting(len(update), bytes(update[:LONGEST]))


def write_down() -> int:
    """Bring what waits to the database, and drop what is beyond the bounds. Returns how many rows."""
    if not _waiting:
        return 0
    taken = dict(_waiting)
    _waiting.clear()
    with unit_of_work() as current:
        there = set(current.scalars(sa.select(Draft.id).where(Draft.id.in_({key[0] for key in taken}))))
        rows = 0
        for (draft_id, person_id, code), waiting in taken.items():
            if draft_id not in there:
                continue
            lately = _lately(draft_id, person_id, code)
            if len(lately) >= AN_HOUR:
                lately[0].untold += 1 + waiting.untold
                continue
            rows += 1
            current.add(
                RefusedUpdate(
                    draft_id=draft_id,
                    person_id=person_id,
                    code=code,
                    size=waiting.size,
                    update=waiting.update,
                    untold=waiting.untold,
                    at=clock.now(),
                )
            )
        current.flush()
        _drop_oldest()
    return rows


def _lately(draft_id: int, person_id: int, code: str) -> Sequence[RefusedUpdate]:
    """What is kept of the last hour for the same reason, the newest first."""
    query = sa.select(RefusedUpdate).where(
        RefusedUpdate.draft_id == draft_id,
        RefusedUpdate.person_id == person_id,
        RefusedUpdate.code == code,
        RefusedUpdate.at > clock.now() - timedelta(hours=1),
    )
    return session().scalars(query.order_by(RefusedUpdate.id.desc())).all()


def _drop_oldest() -> None:
    rows, total = 0, 0
    beyond = []
    for id_, size in session().execute(
        sa.select(RefusedUpdate.id, RefusedUpdate.size).order_by(RefusedUpdate.id.desc())
    ):
        rows, total = rows + 1, total + min(size, LONGEST)
        if rows > ROWS or total > BYTES:
            beyond.append(id_)
    if beyond:
        session().execute(sa.delete(RefusedUpdate).where(RefusedUpdate.id.in_(beyond)))


def purge() -> None:
    """Drop what is older than it may be kept."""
    session().execute(sa.delete(RefusedUpdate).where(RefusedUpdate.at < clock.now() - KEPT_FOR))


def kept(draft_id: int | None = None) -> Sequence[RefusedUpdate]:
    """What is kept, the newest first."""
    query = sa.select(RefusedUpdate).order_by(RefusedUpdate.id.desc())
    if draft_id is not None:
        query = query.where(RefusedUpdate.draft_id == draft_id)
    return session().scalars(query).all()
