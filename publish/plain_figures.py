"""How plain published texts are, month by month, of the portal or of one administration: a number beside others, and no aim.

Counted of editions, by the score that their frozen version kept (`drafts.plain_frozen`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time
from statistics import median

import sqlalchemy as sa

from app import clock
from app.db import session
from drafts.plain_french.score import FEW_WORDS, band_of, band_words
from drafts.plain_models import RevisionReading
from drafts.review_models import RevisionCompetence
from publish.models import Edition

MONTHS = 12
# The middle one of two is their mean: from three texts on a median says something of most of them.
FEWEST_TEXTS = 3


@dataclass(frozen=True)
class Month:
    """Texts published in a month of Nouméa. `ease` is the median and `plain` a percentage, None for too few texts."""

    first: date
    texts: int
    ease: int | None
    plain: int | None

    @property
    def band(self) -> str:
        """How hard the median text is, in words; "" for too few."""
        return "" if self.ease is None else band_words(band_of(self.ease))


def months(administration_id: int | None = None) -> tuple[Month, ...]:
    """The last twelve months in which something was published, the newest first."""
    since = _first_of(MONTHS - 1)
    query = (
        sa.select(Edition.published_at, RevisionReading.words, RevisionReading.ease, RevisionReading.left)
        .outerjoin(RevisionReading, RevisionReading.revision_id == Edition.revision_id)
        .where(Edition.published_at >= datetime.combine(since, time(), clock.NOUMEA))
    )
    if administration_id is not None:
        query = query.join(RevisionCompetence, RevisionCompetence.revision_id == Edition.revision_id).where(
            RevisionCompetence.administration_id == administration_id
        )
    found: defaultdict[date, list[tuple[int | None, float | None, int | None]]] = defaultdict(list)
    for at, words, ease, left in session().execute(query):
        found[clock.local(at).date().replace(day=1)].append((words, ease, left))
    return tuple(_month(first, found[first]) for first in sorted(found, reverse=True))


def _month(first: date, texts: list[tuple[int | None, float | None, int | None]]) -> Month:
    # Under a hundred words the score says more about chance than about the text.
    eases = [ease for words, ease, _left in texts if words and words >= FEW_WORDS and ease is not None]
    lefts = [left for _words, _ease, left in texts if left is not None]
    return Month(
        first,
        len(texts),
        round(median(eases)) if len(eases) >= FEWEST_TEXTS else None,
        round(100 * lefts.count(0) / len(lefts)) if len(lefts) >= FEWEST_TEXTS else None,
    )


def _first_of(back: int) -> date:
    """The first day of the month so many months ago."""
    today = clock.local(clock.now()).date()
    number = today.year * 12 + today.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)
