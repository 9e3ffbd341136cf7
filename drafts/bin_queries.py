"""What the page of a bin shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app import clock
from app.accounts.models import Person
from app.db import session
from drafts.bin import KEPT_FOR
from drafts.models import Draft
from labs.models import Lab


@dataclass(frozen=True)
class BinRow:
    id: int
    title: str
    person: str
    put_away_at: datetime
    until: datetime


def bin_of(lab: Lab) -> tuple[BinRow, ...]:
    """The drafts of a lab that can be taken back, the one put away last first."""
    rows = session().execute(
        sa.select(Draft.id, Draft.title, Draft.trashed_at, Person.name)
        .outerjoin(Person, Person.id == Draft.trashed_by)
        .where(Draft.lab_id == lab.id, Draft.trashed_at > clock.now() - KEPT_FOR, Draft.purged_at.is_(None))
        .order_by(Draft.trashed_at.desc(), Draft.id.desc())
    )
    return tuple(BinRow(id_, title, name or "", at, at + KEPT_FOR) for id_, title, at, name in rows if at)
