"""Where words stand in live articles, read from the index within bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.db import session
from drafts.models import Article, ArticleState
from publish.search_models import SearchTerm
from publish.words import Sought

# How many rows one query may make us read. 186 articles have 45,000 rows, a word at most 400 of them; so this is some
# thousands of articles with twelve words each.
MOST_ROWS = 40_000
MOST_STEMS = 250
# Of words so common that there is no room for their rows, those of articles that have the rarer words are read.
MOST_NARROWED = 500


@dataclass(frozen=True)
class Posting:
    article_id: int
    spelt: str
    weight: int
    place: int


@dataclass
class Postings:
    """{stem: where it stands}; `room` is how many more rows may be read."""

    rows: dict[str, list[Posting]] = field(default_factory=dict)
    room: int = MOST_ROWS

    def of(self, word: Sought) -> Iterable[Posting]:
        return (posting for stem in word.stems for posting in self.rows.get(stem, ()))

    def has(self, words: Sequence[Sought]) -> bool:
        """Whether articles have each of the words, together or apart."""
        return all(any(self.rows.get(stem) for stem in word.stems) for word in words)

    def add(self, stems: Iterable[str]) -> None:
        """Read the rows of more stems, the rare ones first, as far as there is room."""
        fresh = [stem for stem in dict.fromkeys(stems) if stem not in self.rows]
        fresh = fresh[: max(0, MOST_STEMS - len(self.rows))]
        counts = _counts(fresh)
        whole: list[str] = []
        for stem in sorted(counts, key=lambda stem: (counts[stem], stem)):
            if counts[stem] <= self.room:
                whole.append(stem)
                self.room -= counts[stem]
        for stem in fresh:
            self.rows[stem] = []
        self._take(_rows(whole))
        left = [stem for stem in counts if stem not in whole]
        if left and self.room:
            self.room -= self._take(_narrowed(left, self._heaviest(), self.room))

    def _take(self, rows: Iterable[Any]) -> int:
        taken = 0
        for stem, spelt, article_id, weight, place in rows:
            self.rows[stem].append(Posting(article_id, spelt, weight, place))
            taken += 1
        return taken

    def _heaviest(self) -> list[int]:
        weights: dict[int, int] = defaultdict(int)
        for rows in self.rows.values():
            for posting in rows:
                weights[posting.article_id] += posting.weight
        return sorted(weights, key=lambda one: (-weights[one], one))[:MOST_NARROWED]


def read(stems: Iterable[str]) -> Postings:
    found = Postings(room=MOST_ROWS)
    found.add(stems)
    return found


def live(query: sa.Select[Any]) -> sa.Select[Any]:
    """Of articles that are read now; asked here, so that a page is gone from the search when it is gone."""
    return query.join(Article, Article.id == SearchTerm.article_id).where(Article.state == ArticleState.LIVE)


def _counts(stems: Sequence[str]) -> dict[str, int]:
    if not stems:
        return {}
    rows = session().execute(
        sa.select(SearchTerm.stem, sa.func.count().label("rows"))
        .where(SearchTerm.stem.in_(stems))
        .group_by(SearchTerm.stem)
    )
    return {row.stem: row.rows for row in rows}


_ROW: tuple[Any, ...] = (
    SearchTerm.stem,
    SearchTerm.spelt,
    SearchTerm.article_id,
    SearchTerm.weight,
    SearchTerm.place,
)


def _rows(stems: Sequence[str]) -> Iterable[Any]:
    if not stems:
        return ()
    return _ask(live(sa.select(*_ROW)).where(SearchTerm.stem.in_(stems)))


def _narrowed(stems: Sequence[str], articles: Sequence[int], most: int) -> Iterable[Any]:
    """Rows of common stems: of the articles that have the rarer words, else those that are most about them."""
    query = live(sa.select(*_ROW)).where(SearchTerm.stem.in_(stems))
    if articles:
        query = query.where(SearchTerm.article_id.in_(articles))
    return _ask(query.order_by(SearchTerm.weight.desc(), SearchTerm.article_id, SearchTerm.spelt).limit(most))


def _ask(query: sa.Select[Any]) -> Iterable[Any]:
    return session().execute(query)
