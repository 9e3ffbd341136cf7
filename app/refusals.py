"""Who was refused what, and how often: counted by act, person and hour, and bounded.

`note` only counts in memory, since it is called on the loop of people typing and a flood must not slow that down.
`write_down` brings the counts to the database, some seconds later; what a crash takes with it are those seconds.
A flood by one person makes one row an hour for each act there is; everybody without a sign-in is one person (0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app import clock
from app.db import Base, insert, session, unit_of_work
from app.errors import Unavailable

NOBODY = 0
# Beyond these all others are one: who is refused is then not told apart, that and how often they were still is.
WAITING = 500
OTHERS = "others"
ROWS = 20_000
KEPT_FOR = timedelta(days=90)


class Refusal(Base):
    """So many times in one hour. `person_id` 0: without a sign-in. No foreign key: a count binds nobody's row."""

    __tablename__ = "refusal"
    act: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    count: Mapped[int] = mapped_column(sa.BigInteger)
    __table_args__ = (sa.CheckConstraint("count > 0", name="happened"),)


@dataclass(frozen=True)
class _Key:
    act: str
    person_id: int
    hour: datetime


_waiting: dict[_Key, int] = {}


def note(act: str, person_id: int) -> None:
    """Count one refusal. Some microseconds; never fails, never waits."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    key = _Key(act[:80], person_id, hour)
    if key not in _waiting and len(_waiting) >= WAITING:
        key = _Key(OTHERS, NOBODY, hour)
    _waiting[key] = _waiting.get(key, 0) + 1


def write_down() -> int:
    """Bring the counts to the database, and drop what is beyond the bounds. Returns how many rows they touch.

    When the database does not answer, they wait for the next time. Raises Unavailable.
    """
    if not _waiting:
        return 0
    taken = dict(_waiting)
    _waiting.clear()
    try:
        with unit_of_work() as current:
            for key, count in sorted(taken.items(), key=lambda item: (item[0].act, item[0].person_id)):
                current.execute(_counted(key, count))
            _drop_oldest()
    except Unavailable:
        for key, count in taken.items():
            _waiting[key] = _waiting.get(key, 0) + count
        raise
    return len(taken)


def _counted(key: _Key, count: int) -> sa.Executable:
    return (
        insert(Refusal)
        .values(act=key.act, person_id=key.person_id, hour=key.hour, count=count)
        .on_conflict_do_update(
            index_elements=["act", "person_id", "hour"], set_={"count": Refusal.count + count}
        )
    )


def _drop_oldest() -> None:
    """Whole hours, until the rest is within the bound."""
    hours = session().execute(
        sa.select(Refusal.hour, sa.func.count()).group_by(Refusal.hour).order_by(Refusal.hour.desc())
    )
    rows = 0
    for hour, count in hours.all():
        rows += count
        if rows > ROWS:
            session().execute(sa.delete(Refusal).where(Refusal.hour <= hour))
            return


def purge() -> None:
    """Drop what is older than it may be kept."""
    session().execute(sa.delete(Refusal).where(Refusal.hour < clock.now() - KEPT_FOR))


def kept(person_id: int | None = None, limit: int = 1000) -> Sequence[Refusal]:
    """What was counted, the newest hours first; of one person when one is named."""
    query = sa.select(Refusal).order_by(Refusal.hour.desc(), Refusal.count.desc()).limit(limit)
    if person_id is not None:
        query = query.where(Refusal.person_id == person_id)
    return session().scalars(query).all()
