"""What the demonstration holds already, by the names that its texts give things."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app import clock
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import session
from app.directory.models import Administration
from app.policy import Actor
from labs.models import Lab


def known(kind: Any, **key: str | int) -> bool:
    """Whether an earlier, broken-off filling made this already."""
    return session().scalars(sa.select(kind).filter_by(**key)).first() is not None


def administration_of(slug: str) -> Administration:
    return session().scalars(sa.select(Administration).filter_by(slug=slug)).one()


def person_of(email: str) -> Person:
    return session().scalars(sa.select(Person).filter_by(email=email)).one()


def actor_of(email: str) -> Actor:
    return accounts.actor_for_person(person_of(email).id)


def lab_of(entry: dict[str, Any]) -> Lab:
    return session().scalars(sa.select(Lab).filter_by(slug=entry["slug"])).one()


def moment(day: int, hour: str) -> datetime:
    hours, minutes = (int(part) for part in hour.split(":"))
    date = clock.local(clock.now()).date() + timedelta(days=day)
    return datetime.combine(date, time(hours, minutes), tzinfo=clock.NOUMEA)
