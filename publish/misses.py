"""What people looked for in vain, so that editors may write it: words and a number for each day, and no person.

A query may hold a name or a whole story. So what has a digit or an @ in it is not kept, nor what is long; what is
kept has lost its order and its small words; and nobody is shown what was asked fewer than three times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from app import clock
from app.db import insert, session
from publish.search_models import LONGEST_MISS, SearchMiss
from publish.words import fold, sought

# Asked less often, it may be somebody's own affair.
FEWEST = 3
# More words are a sentence, and a sentence may tell of somebody.
MOST_WORDS = 4
KEPT_DAYS = 90
# A flood of invented words fills no disk.
MOST_A_DAY = 2000
MOST_SHOWN = 200


@dataclass(frozen=True)
class Missed:
    words: str
    times: int
    last: date


def countable(query: str) -> str | None:
    """The words of a query as they are counted, in alphabetical order; None when they are not kept."""
    if "@" in query or any(character.isdigit() for character in query):
        return None
    words = sorted({fold(word.text) for word in sought(query)})
    line = " ".join(words)
    return line if 0 < len(words) <= MOST_WORDS and len(line) <= LONGEST_MISS else None


def count(query: str) -> None:
    """Count a query that found nothing, in the open unit of work."""
    words = countable(query)
    if words is None:
        return
    day = _today()
    known = session().get(SearchMiss, (day, words))
    if known is None and _on(day) >= MOST_A_DAY:
        return
    session().execute(
        insert(SearchMiss)
        .values(day=day, words=words, times=1)
        .on_conflict_do_update(
            index_elements=[SearchMiss.day, SearchMiss.words], set_={"times": SearchMiss.times + 1}
        )
    )


def missed() -> list[Missed]:
    """What was asked in vain at least three times in ninety days, the most frequent first."""
    times = sa.func.sum(SearchMiss.times)
    rows = session().execute(
        sa.select(SearchMiss.words, times.label("times"), sa.func.max(SearchMiss.day).label("last"))
        .where(SearchMiss.day > _today() - timedelta(days=KEPT_DAYS))
        .group_by(SearchMiss.words)
        .having(times >= FEWEST)
        .order_by(times.desc(), SearchMiss.words)
        .limit(MOST_SHOWN)
    )
    return [Missed(row.words, int(row.times), row.last) for row in rows]


def purge() -> None:
    """Forget what is older than ninety days."""
    session().execute(sa.delete(SearchMiss).where(SearchMiss.day <= _today() - timedelta(days=KEPT_DAYS)))


def _on(day: date) -> int:
    return (
        session().scalar(sa.select(sa.func.count()).select_from(SearchMiss).where(SearchMiss.day == day)) or 0
    )


def _today() -> date:
    return clock.local(clock.now()).date()
