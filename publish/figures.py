"""Figures of the portal, of each administration and of each article, over twelve weeks.

A room registers a sort of figure with the function that counts it (`counted`); everything that shows figures (the public
page, its table and JSON, the agents' pages) shows it from then on. Nothing here knows who read, liked or wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from babel.numbers import format_decimal

from app import clock
from app.db import session
from drafts.models import Article
from drafts.review_models import RevisionCompetence

WEEKS = 12
# A percentage of fewer answers says something of the few, and nothing of the page.
FEWEST_ANSWERS = 5
# The drawing of twelve weeks: so many units high, a bar and the gap after it so wide.
HEIGHT, STEP, BAR = 40, 14, 10


class Level(StrEnum):
    """Of what a sort of figure says something."""

    PORTAL = "portal"
    ADMINISTRATION = "administration"
    ARTICLE = "article"


EVERYWHERE = (Level.PORTAL, Level.ADMINISTRATION, Level.ARTICLE)


@dataclass(frozen=True)
class Period:
    """Twelve weeks, which begin on these Mondays of Nouméa; the last one is under way."""

    mondays: tuple[date, ...]

    @property
    def since(self) -> date:
        return self.mondays[0]

    def week_of(self, day: sa.orm.InstrumentedAttribute[date]) -> sa.Label[int]:
        """0 to 11, by a column of days from `since` on; group by its name, "week"."""
        return self._numbered([(day >= monday, number) for number, monday in enumerate(self.mondays)])

    def week_of_instant(self, instant: sa.orm.InstrumentedAttribute[datetime]) -> sa.Label[int]:
        return self._numbered(
            [(instant >= _midnight(monday), number) for number, monday in enumerate(self.mondays)]
        )

    @property
    def since_instant(self) -> datetime:
        return _midnight(self.since)

    @staticmethod
    def _numbered(begun: list[tuple[sa.ColumnElement[bool], int]]) -> sa.Label[int]:
        return sa.case(*reversed(begun), else_=0).label("week")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), clock.NOUMEA)


def period() -> Period:
    """The twelve weeks up to today."""
    today = clock.local(clock.now()).date()
    last = today - timedelta(days=today.weekday())
    return Period(tuple(last - timedelta(weeks=back) for back in reversed(range(WEEKS))))


@dataclass(frozen=True)
class Row:
    """How many in a week (0 to 11); of a share, how many of how many. `administration_ids`: of what is no article's."""

    week: int
    count: int
    out_of: int = 0
    article_id: int | None = None
    administration_ids: tuple[int, ...] = ()


# Called with the weeks, and with the articles that are asked about (None: all of them).
Source = Callable[[Period, Collection[int] | None], Iterable[Row]]


@dataclass(frozen=True)
class Sort:
    """One sort of figure. `words` gives its name; a share is shown in per cent."""

    key: str
    words: Callable[[], str]
    rows: Source
    levels: tuple[Level, ...]
    is_share: bool
    order: int


_sorts: dict[str, Sort] = {}


def counted(
    key: str,
    words: Callable[[], str],
    *,
    order: int,
    levels: tuple[Level, ...] = EVERYWHERE,
    is_share: bool = False,
) -> Callable[[Source], Source]:
    """Register a function that counts one sort of figure, in the open reading. `key` is stable: files carry it."""

    def register(rows: Source) -> Source:
        _sorts[key] = Sort(key, words, rows, levels, is_share, order)
        return rows

    return register


def sorts() -> list[Sort]:
    return sorted(_sorts.values(), key=lambda sort: sort.order)


@dataclass(frozen=True)
class Figure:
    """A sort of figure of one thing. `value`: of all twelve weeks; None where too few answered."""

    key: str
    name: str
    value: int | None
    weeks: tuple[int | None, ...]
    is_share: bool
    # Of a share: how many answered.
    answers: int

    @property
    def said(self) -> str:
        return self.in_words(self.value)

    def in_words(self, value: int | None) -> str:
        """A value as people read it: « 1 234 », « 78 % », or a dash."""
        if value is None:
            return "–"
        return f"{value}\u202f%" if self.is_share else format_decimal(value, locale="fr")

    @property
    def bars(self) -> tuple[tuple[int, int, int], ...]:
        """(x, y, height) of each bar of the drawing, from zero up; a week without a value has none."""
        most = 100 if self.is_share else max((value or 0 for value in self.weeks), default=0)
        found = []
        for number, value in enumerate(self.weeks):
            if value:
                height = max(1, round(HEIGHT * value / most))
                found.append((number * STEP, HEIGHT - height, height))
        return tuple(found)


@dataclass(frozen=True)
class Figures:
    """Everything that was counted, by thing."""

    period: Period
    _sums: dict[tuple[Level, int, str], list[tuple[int, int]]]
    # Of each article the administrations that are competent for it.
    competent: dict[int, frozenset[int]]

    def of_portal(self) -> tuple[Figure, ...]:
        return self._of(Level.PORTAL, 0)

    def of_administration(self, administration_id: int) -> tuple[Figure, ...]:
        return self._of(Level.ADMINISTRATION, administration_id)

    def of_article(self, article_id: int) -> tuple[Figure, ...]:
        return self._of(Level.ARTICLE, article_id)

    def _of(self, level: Level, number: int) -> tuple[Figure, ...]:
        return tuple(self._figure(sort, level, number) for sort in sorts() if level in sort.levels)

    def _figure(self, sort: Sort, level: Level, number: int) -> Figure:
        weeks = self._sums.get((level, number, sort.key), [(0, 0)] * WEEKS)
        count, out_of = (sum(part) for part in zip(*weeks, strict=True))
        if not sort.is_share:
            return Figure(sort.key, sort.words(), count, tuple(one for one, _of in weeks), False, 0)
        shares = tuple(_share(*week) for week in weeks)
        return Figure(sort.key, sort.words(), _share(count, out_of), shares, True, out_of)


def _share(count: int, out_of: int) -> int | None:
    return round(100 * count / out_of) if out_of >= FEWEST_ANSWERS else None


def figures(articles: Collection[int] | None = None) -> Figures:
    """What is counted of these articles (None: of everything), up to now."""
    now = period()
    competent = _competent(articles)
    sums: defaultdict[tuple[Level, int, str], list[tuple[int, int]]] = defaultdict(lambda: [(0, 0)] * WEEKS)
    for sort in sorts():
        for row in sort.rows(now, articles):
            for place in _places(row, competent):
                weeks = sums[(*place, sort.key)]
                count, out_of = weeks[row.week]
                weeks[row.week] = (count + row.count, out_of + row.out_of)
    return Figures(now, dict(sums), competent)


def _places(row: Row, competent: dict[int, frozenset[int]]) -> Iterable[tuple[Level, int]]:
    yield Level.PORTAL, 0
    if row.article_id is not None:
        yield Level.ARTICLE, row.article_id
    for administration_id in {*row.administration_ids, *competent.get(row.article_id or 0, ())}:
        yield Level.ADMINISTRATION, administration_id


def _competent(articles: Collection[int] | None) -> dict[int, frozenset[int]]:
    query = sa.select(Article.id, RevisionCompetence.administration_id).join(
        RevisionCompetence, RevisionCompetence.revision_id == Article.shown_revision_id
    )
    found: defaultdict[int, set[int]] = defaultdict(set)
    for article_id, administration_id in session().execute(among(query, Article.id, articles)):
        found[article_id].add(administration_id)
    return {article_id: frozenset(places) for article_id, places in found.items()}


def among(query: Any, column: Any, articles: Collection[int] | None) -> Any:
    """A query held to these articles; None: to all of them."""
    return query if articles is None else query.where(column.in_(articles))


def called(key: str, found: Sequence[Figure]) -> Figure:
    """The figure of a sort."""
    return next(figure for figure in found if figure.key == key)
