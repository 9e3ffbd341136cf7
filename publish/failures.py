"""Planned publications that did not take place: kept where people see them, until they do or somebody plans anew."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app import clock
from app.db import session
from publish.fate_models import PublicationFailure


def keep(
    draft_id: int,
    person_id: int,
    said: str,
    *,
    attempts: int,
    planned_for: datetime,
    next_at: datetime | None,
) -> bool:
    """Write a failure down in the place of the one before. True when it is the first one."""
    row = session().get(PublicationFailure, draft_id)
    is_first = row is None
    if row is None:
        row = PublicationFailure(draft_id=draft_id, planned_for=planned_for)
        session().add(row)
    row.person_id, row.said, row.attempts = person_id, said, attempts
    row.failed_at, row.next_at = clock.now(), next_at
    session().flush()
    return is_first


def forget(draft_id: int) -> None:
    session().execute(sa.delete(PublicationFailure).where(PublicationFailure.draft_id == draft_id))


def failure_of(draft_id: int) -> PublicationFailure | None:
    return session().get(PublicationFailure, draft_id)
